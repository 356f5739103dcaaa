#!/usr/bin/env python3
"""Times loading and measuring a large run: Guidepost, ranx, pytrec_eval, ir_measures.

Reference: ranx 0.3.21, pytrec-eval-terrier 0.5.11, ir_measures 0.4.3.

    pip install ir-measures==0.4.3 pytrec-eval-terrier==0.5.11 ranx==0.3.21
    cargo build --release && python3 scripts/eval/speed_measures.py

Draws qrels and a run with a seed (10,000 topics, 1,000 hits and 50 judgements each), then has
every tool read the two files and compute nDCG@10, AP, RR@10 and R@100, each in a process of its
own, in an order shuffled anew each round. Guidepost is timed from outside, its start included;
the others from inside, without their imports and after compiling what they compile. pytrec_eval
has no RR@10 and computes RR. Before anything is timed all tools must agree within 1e-9.

Prints for each tool the median time, the ratio to Guidepost with a 95% interval (t on the
logarithms of the rounds' ratios), and the peak memory.
"""

import argparse
import json
import math
import os
import random
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCORE = "target/release/guidepost eval score {run} --qrels {qrels} --measure {measures}"
MEASURES = ["nDCG@10", "AP", "RR@10", "R@100"]
# Two-sided 95% quantiles of Student's t by degrees of freedom.
STUDENT = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306,
           9: 2.262}

TOOLS = {
    "ranx": """
import ranx
names = ["ndcg@10", "map", "mrr@10", "recall@100"]
ranx.evaluate(ranx.Qrels({"1": {"a": 1}}), ranx.Run({"1": {"a": 1.0, "b": 0.5}}), names)
started = time.perf_counter()
qrels = ranx.Qrels.from_file(sys.argv[1], kind="trec")
run = ranx.Run.from_file(sys.argv[2], kind="trec")
values = ranx.evaluate(qrels, run, names, make_comparable=True)
values = [values[name] for name in names]
""",
    "pytrec_eval": """
import pytrec_eval
names = ["ndcg_cut_10", "map", "recip_rank", "recall_100"]
started = time.perf_counter()
with open(sys.argv[1]) as file:
    qrels = pytrec_eval.parse_qrel(file)
with open(sys.argv[2]) as file:
    run = pytrec_eval.parse_run(file)
values = pytrec_eval.RelevanceEvaluator(qrels, set(names)).evaluate(run).values()
values = [sum(topic[name] for topic in values) / len(qrels) for name in names]
""",
    "ir_measures": """
import ir_measures
names = [ir_measures.parse_measure(name) for name in ["nDCG@10", "AP", "RR@10", "R@100"]]
started = time.perf_counter()
qrels = list(ir_measures.read_trec_qrels(sys.argv[1]))
run = ir_measures.read_trec_run(sys.argv[2])
values = ir_measures.calc_aggregate(names, qrels, run)
values = [values[name] for name in names]
""",
}
AROUND = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
{body}
print(json.dumps([time.perf_counter() - started, values]))
"""


def draw(folder, seed, topics, hits):
    """No ties; half of the judged documents are found."""
    rng = random.Random(seed)
    qrels, run = folder / "speed.qrels", folder / "speed.run"
    with open(qrels, "w") as qrels_file, open(run, "w") as run_file:
        for topic in range(topics):
            documents = rng.sample(range(1_000_000), hits + 25)
            judged = rng.sample(documents[:hits], min(25, hits)) + documents[hits:]
            qrels_file.writelines(f"{topic} 0 doc-{document:07} {rng.choice([0, 0, 1, 2])}\n"
                                  for document in sorted(judged))
            score = 40.0
            lines = []
            for rank, document in enumerate(documents[:hits], 1):
                score -= 0.001 + rng.random() / 32
                lines.append(f"{topic} Q0 doc-{document:07} {rank} {score:.6f} random\n")
            run_file.writelines(lines)
    return qrels, run


def run_process(arguments, threads=None):
    """Seconds from outside, peak resident memory in MiB, and what was printed."""
    environment = dict(os.environ)
    if threads:
        environment["RAYON_NUM_THREADS"] = str(threads)
    started = time.perf_counter()
    process = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, env=environment)
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status != 0:
        sys.exit(f"{arguments[0]} failed")
    return seconds, usage.ru_maxrss / 1024, printed.decode()


def measure(tool, arguments, qrels, run):
    """Seconds, peak memory in MiB, values in the order of MEASURES."""
    if tool.startswith("guidepost"):
        words = shlex.split(arguments.score)
        words = [part for word in words for part in
                 {"{qrels}": [str(qrels)], "{run}": [str(run)], "{measures}": MEASURES}
                 .get(word, [word])]
        threads = 1 if "one thread" in tool else None
        seconds, memory, printed = run_process(words, threads)
        rows = [line.split("\t") for line in printed.splitlines()]
        values = {row[-2]: float(row[-1]) for row in rows if len(row) >= 2}
        return seconds, memory, [values[name] for name in MEASURES]
    program = AROUND.format(body=TOOLS[tool])
    words = [sys.executable, "-c", program, str(qrels), str(run)]
    _, memory, printed = run_process(words)
    seconds, values = json.loads(printed.splitlines()[-1])
    return seconds, memory, values


def check(arguments, folder, tools):
    """All tools must agree on a small set before a large one is timed."""
    qrels, run = draw(folder, arguments.seed + 1, 50, 200)
    expected = measure("guidepost", arguments, qrels, run)[2]
    for tool in tools:
        values = measure(tool, arguments, qrels, run)[2]
        for name, mine, theirs in zip(MEASURES, expected, values):
            known = tool == "pytrec_eval" and name == "RR@10"
            if abs(mine - theirs) > 1e-9 and not known:
                sys.exit(f"{tool} disagrees on {name}: {theirs} instead of {mine}")


def ratio_with_interval(theirs, mine):
    logs = [math.log(a / b) for a, b in zip(theirs, mine)]
    middle = statistics.fmean(logs)
    if len(logs) < 2:
        return f"{math.exp(middle):6.1f}"
    half = STUDENT[min(len(logs) - 1, 9)] * statistics.stdev(logs) / math.sqrt(len(logs))
    low, high = math.exp(middle - half), math.exp(middle + half)
    return f"{math.exp(middle):6.1f} ({low:.1f} to {high:.1f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--topics", type=int, default=10_000)
    parser.add_argument("--hits", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=20_261)
    parser.add_argument("--score", default=SCORE, help="prints measure and mean, tab between")
    parser.add_argument("--least", type=float, default=3.0,
                        help="exit 1 where the fastest other tool is not this much slower")
    arguments = parser.parse_args()
    tools = ["guidepost", "guidepost, one thread", *TOOLS]
    rng = random.Random(arguments.seed)
    seconds = {tool: [] for tool in tools}
    memory = {tool: 0.0 for tool in tools}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        check(arguments, folder, tools)
        qrels, run = draw(folder, arguments.seed, arguments.topics, arguments.hits)
        size = (qrels.stat().st_size + run.stat().st_size) / 2**20
        print(f"{arguments.topics} topics, {arguments.hits} hits, {size:.0f} MiB, "
              f"{arguments.rounds} rounds, {os.cpu_count()} processors", flush=True)
        for _ in range(arguments.rounds):
            for tool in rng.sample(tools, len(tools)):
                took, peak, _ = measure(tool, arguments, qrels, run)
                seconds[tool].append(took)
                memory[tool] = max(memory[tool], peak)
    print(f"{'tool':24}{'median s':>10}{'peak MiB':>10}  times guidepost (95% interval)")
    for tool in tools:
        ratio = ratio_with_interval(seconds[tool], seconds["guidepost"])
        print(f"{tool:24}{statistics.median(seconds[tool]):10.2f}{memory[tool]:10.0f}  {ratio}")
    fastest = min(TOOLS, key=lambda tool: statistics.median(seconds[tool]))
    ratio = statistics.median(seconds[fastest]) / statistics.median(seconds["guidepost"])
    print(f"fastest other tool: {fastest}, {ratio:.1f} times as long")
    sys.exit(0 if ratio >= arguments.least else 1)


if __name__ == "__main__":
    main()
