#!/usr/bin/env python3
"""Compares Guidepost's measures with ir_measures, pytrec_eval and ranx on random topics.

Reference: ir_measures 0.4.3, pytrec-eval-terrier 0.5.11, ranx 0.3.21 (exponential gain only).

    pip install ir-measures==0.4.3 pytrec-eval-terrier==0.5.11 ranx==0.3.21
    python3 scripts/eval/parity_measures.py            # 12,000 topics through the release binary
    python3 scripts/eval/parity_measures.py --fixture  # writes tests/data/eval/measures.jsonl

Topics are drawn with a seed, in three sets: `graded` and `pooled` (grades below 0 too) without
ties, `tied` with them. Each set holds short, long, empty and missing rankings, documents not
judged, judged documents not found, topics without relevant documents, topics that are not judged.
Tied runs are compared after export, which leaves no ties, so that every tool ranks them alike.
Every value of every topic must agree within 1e-12. Exit 0 if all do, else 1.
"""

import argparse
import json
import random
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = ROOT / "tests/data/eval/measures.jsonl"
SCORE = "target/release/guidepost eval score {run} --qrels {qrels} --measure {measures} --per-topic"
EXPORT = "target/release/guidepost eval convert {run} {out} --to-kind trec-run"
TOLERANCE = 1e-12
SETS = ["graded", "pooled", "tied"]
MEASURES = [
    "AP", "AP@10", "AP(rel=2)", "AP(rel=2)@100", "AP(judged_only=True)", "nDCG", "nDCG@5",
    "nDCG@10", "nDCG@100", "nDCG(judged_only=True)@10", "RR", "RR@10", "RR(rel=2)", "RR(rel=3)@5",
    "P@1", "P@5", "P(rel=2)@10", "P(judged_only=True)@5", "R@5", "R@100", "R(rel=2)@10",
    "Success@1", "Success(rel=2)@5", "Rprec", "Rprec(rel=2)", "Rprec(judged_only=True)", "Bpref",
    "Bpref(rel=2)", "Judged", "Judged@10",
]
EXPONENTIAL = {"nDCG(dcg='exp-log2')@10": "ndcg_burges@10", "nDCG(dcg='exp-log2')": "ndcg_burges"}


def draw_topic(rng, kind):
    """Grades by document, and hits with scores; hits are None where the run lacks the topic."""
    size = rng.choice([1, 2, 5, 20, 20, 50, 50, 100])
    if rng.random() < 0.02:
        size = 1500
    documents = [f"d{number}" for number in rng.sample(range(10 * size), size)]
    grades = rng.choice([[0, 1], [0, 1, 2], [0, 0, 0, 1, 2, 3], [0], [1, 2, 3, 4]])
    if kind == "pooled":
        grades = grades + [-1, -2]
    share = rng.choice([0.1, 0.5, 0.9, 1.0])
    judged = {d: rng.choice(grades) for d in documents if rng.random() < share}
    if not judged:
        judged = {documents[0]: rng.choice(grades)}
    if max(judged.values()) < 0:  # pytrec_eval reads past its memory where no grade is 0 or more
        judged[rng.choice(list(judged))] = grades[0]
    if rng.random() < 0.05:
        return judged, None
    share = rng.choice([0.05, 0.5, 1.0])
    found = [d for d in documents if rng.random() < share] or documents[:1]
    rng.shuffle(found)
    if kind == "tied":
        levels = rng.choice([1, 2, 5, len(found)])
        scores = [rng.randrange(levels) / 4 - 1 for _ in found]
    else:
        scores = rng.sample(range(-50 * len(found), 50 * len(found)), len(found))
        scores = [score / rng.choice([1, 64]) for score in scores]
        if len(set(scores)) < len(scores):
            scores = list(range(len(scores)))
    return judged, dict(zip(found, scores))


def draw_set(rng, kind, topics):
    qrels, run = {}, {}
    for number in range(topics):
        judged, hits = draw_topic(rng, kind)
        topic = f"{kind}-{number}"
        if rng.random() >= 0.02:  # else the topic is not judged
            qrels[topic] = judged
        if hits is not None:
            run[topic] = hits
    return qrels, run


def reference(qrels, run, kind):
    """Values by (topic, measure)."""
    import ir_measures
    measures = [ir_measures.parse_measure(name) for name in MEASURES]
    assert [str(measure) for measure in measures] == MEASURES, "names print back"
    values = {}
    for metric in ir_measures.iter_calc(measures, qrels, run):
        values[metric.query_id, str(metric.measure)] = float(metric.value)
    if kind == "graded":
        values.update(reference_exponential(qrels, run))
    return values


def reference_exponential(qrels, run):
    try:
        import ranx
    except ImportError:
        print("ranx is not installed: exponential gain is left out")
        EXPONENTIAL.clear()
        return {}
    scored = {topic: run[topic] for topic in run if topic in qrels}
    judged = {topic: qrels[topic] for topic in scored}
    theirs = ranx.Run({topic: {d: float(s) for d, s in hits.items()}
                       for topic, hits in scored.items()})
    ranx.evaluate(ranx.Qrels(judged), theirs, list(EXPONENTIAL.values()))
    values = {}
    for ours, name in EXPONENTIAL.items():
        for topic in qrels:
            values[topic, ours] = float(theirs.scores[name].get(topic, 0.0))
    return values


def write_files(folder, kind, qrels, run, rng):
    """Lines of topics stay together; ranks are wrong on purpose."""
    paths = folder / f"{kind}.qrels", folder / f"{kind}.run"
    with open(paths[0], "w") as file:
        for topic, judged in qrels.items():
            for document, grade in judged.items():
                file.write(f"{topic} 0 {document} {grade}\n")
    with open(paths[1], "w") as file:
        for topic, hits in run.items():
            for document, score in hits.items():
                file.write(f"{topic} Q0 {document} {rng.randrange(9)} {score!r} random\n")
    return paths


def command(template, **values):
    filled = [part for word in shlex.split(template) for part in fill(word, values)]
    done = subprocess.run(filled, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{filled[0]}: exit {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def fill(word, values):
    name = word[1:-1]
    if word.startswith("{") and name in values:
        value = values[name]
        return value if isinstance(value, list) else [str(value)]
    return [word]


def read_run(path):
    run = {}
    for line in open(path):
        topic, _, document, _, score, _ = line.split()
        run.setdefault(topic, {})[document] = float(score)
    return run


def compare(arguments, folder, kind, rng):
    qrels, run = draw_set(rng, kind, arguments.topics // len(SETS))
    qrels_path, run_path = write_files(folder, kind, qrels, run, rng)
    theirs_on = run
    if kind == "tied":
        out = folder / "exported.run"
        command(arguments.export, run=run_path, out=out)
        theirs_on = read_run(out)
    expected = reference(qrels, theirs_on, kind)
    names = MEASURES + (list(EXPONENTIAL) if kind == "graded" else [])
    found = {}
    printed = command(arguments.score, qrels=qrels_path, run=run_path, measures=names)
    for line in printed.splitlines():
        topic, measure, value = line.split("\t")
        if topic != "all":
            found[topic, measure] = float(value)
    if found.keys() != expected.keys():
        different = sorted(found.keys() ^ expected.keys())
        print(f"{kind}: {len(different)} values on one side only, such as {different[:3]}")
        return False
    worst = max(expected, key=lambda key: abs(expected[key] - found[key]))
    apart = abs(expected[worst] - found[worst])
    agrees = apart <= TOLERANCE
    print(f"{kind}: {len(qrels)} topics, {len(expected)} values, largest difference {apart:.1e}"
          + ("" if agrees else f" at {worst}: {found[worst]} instead of {expected[worst]}"))
    return agrees


def write_fixture(arguments):
    rng = random.Random(arguments.seed)
    rows = [{"reference": "ir_measures 0.4.3, pytrec-eval-terrier 0.5.11", "seed": arguments.seed,
             "measures": MEASURES}]
    while len(rows) <= 240:
        judged, hits = draw_topic(rng, SETS[len(rows) % 2])
        if hits is None or len(judged) > 60 or len(hits) > 40:
            continue
        values = reference({"1": judged}, {"1": hits}, "fixture")
        rows.append({"judged": judged, "hits": hits,
                     "values": [values["1", name] for name in MEASURES]})
    FIXTURE.parent.mkdir(parents=True, exist_ok=True)
    FIXTURE.write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows))
    print(f"{FIXTURE}: {len(rows) - 1} cases, {FIXTURE.stat().st_size} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--topics", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=20_261)
    parser.add_argument("--score", default=SCORE, help="prints topic, measure, value by tabs")
    parser.add_argument("--export", default=EXPORT, help="writes a run without ties")
    parser.add_argument("--fixture", action="store_true")
    arguments = parser.parse_args()
    if arguments.fixture:
        return write_fixture(arguments)
    rng = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        agree = [compare(arguments, Path(folder), kind, rng) for kind in SETS]
    print("all values agree" if all(agree) else "values DIFFER")
    sys.exit(0 if all(agree) else 1)


if __name__ == "__main__":
    main()
