#!/usr/bin/env python3
"""Runs judged by somebody else: ranks a public set and lets ir_measures say how well.

    python3 scripts/check_runs.py --guidepost target/release/guidepost --data FOLDER

imports `beir/scifact` of FOLDER into a temporary corpus (whole documents), approves it for
research, indexes it, writes a TREC run for the topics of the train split, and has ir_measures,
which shares no code with Guidepost, compute nDCG@10. The test split is never read. Fails when the
run is not one that every tool scores alike (a tie, a repeated document, a topic missing), or when
nDCG@10 is clearly below what it was when the floor was written down. Needs Python 3.9 and
ir-measures.
"""

import argparse
import collections
import math
import pathlib
import subprocess
import sys
import tempfile
import time

import ir_measures
from ir_measures import RR, R, nDCG

SET = "beir/scifact"
SPLIT = "train"
DEPTH = 100
# Measured .739 with default settings on 809 topics; the standard error of the mean is .013. The
# run is the same every time, so the floor a standard error below leaves room for other settings
# and fails on a real loss only.
FLOOR = 0.72
NEEDED_FLAGS = {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni"}


def is_fast():
    """Whether 5,183 abstracts are embedded in minutes; the scalar path takes over an hour."""
    try:
        text = pathlib.Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    flags = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return NEEDED_FLAGS <= set(flags.split())


def read_qrels(path):
    lines = path.read_text("utf-8").splitlines()[1:]
    rows = (line.split("\t") for line in lines)
    return [ir_measures.Qrel(topic, document, int(grade)) for topic, document, grade in rows]


def faults(run, topics):
    """What would make two tools score the run differently."""
    rankings = collections.defaultdict(list)
    for line in run.read_text("utf-8").splitlines():
        topic, _, document, _, score, _ = line.split(" ")
        rankings[topic].append((document, float(score)))
    for topic in sorted(topics - rankings.keys()):
        yield f"topic {topic} is missing"
    for topic in sorted(rankings.keys() - topics):
        yield f"topic {topic} is not judged in this split"
    for topic, ranking in rankings.items():
        documents = [document for document, _ in ranking]
        scores = [score for _, score in ranking]
        if len(documents) > DEPTH:
            yield f"topic {topic} has {len(documents)} documents"
        if len(set(documents)) < len(documents):
            yield f"topic {topic} ranks a document twice"
        if any(b >= a for a, b in zip(scores, scores[1:])):
            yield f"topic {topic} has scores that do not decrease"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--guidepost", required=True, help="the program, built with --release")
    parser.add_argument("--data", required=True, type=pathlib.Path, help="folder of public sets")
    parser.add_argument("--settings", help="settings to rank with, instead of the defaults")
    parser.add_argument("--floor", type=float, default=FLOOR)
    arguments = parser.parse_args()
    source = arguments.data / SET
    if not source.is_dir():
        sys.exit(f"{source} is not there")
    if not is_fast():
        print("not checked: without AVX-512 VNNI, embedding this set would take over an hour")
        return
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        corpus, index, run = folder / "corpus", folder / "index", folder / "run.trec"

        def guidepost(*args):
            places = ["--quiet", "--corpus", corpus, "--index", index]
            command = [arguments.guidepost, *places, *args]
            done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
            if done.returncode != 0:
                sys.exit(f"{args[:2]} ended with {done.returncode}:\n{done.stderr}")

        guidepost("corpus", "import", source, "--format", "jsonl", "--cut", "whole", "--to", corpus)
        guidepost("corpus", "approve", "--approve-all", "research")
        guidepost("index", "build")
        settings = ["--settings", arguments.settings] if arguments.settings else []
        qrels_path = source / "qrels" / f"{SPLIT}.tsv"
        guidepost(
            *settings, "run", "--topics", source / "queries.jsonl", "--qrels", qrels_path,
            "--depth", DEPTH, "--out", run,
        )
        qrels = read_qrels(qrels_path)
        topics = {qrel.query_id for qrel in qrels}
        found = list(faults(run, topics))
        scored = list(ir_measures.read_trec_run(str(run)))

    measures = [nDCG @ 10, RR @ 10, R @ DEPTH]
    values = ir_measures.calc_aggregate(measures, qrels, scored)
    by_topic = [value.value for value in ir_measures.iter_calc([nDCG @ 10], qrels, scored)]
    mean = values[nDCG @ 10]
    variance = sum((value - mean) ** 2 for value in by_topic) / (len(by_topic) - 1)
    half = 1.96 * math.sqrt(variance / len(by_topic))
    print(f"{SET} {SPLIT}, {len(topics)} topics, whole documents, ir_measures {version()}:")
    for measure in measures:
        print(f"  {measure} {values[measure]:.4f}")
    print(f"  95% interval of nDCG@10: {mean - half:.4f} to {mean + half:.4f} (normal)")
    print(f"  {time.monotonic() - started:.0f} seconds")
    for fault in found[:10]:
        print(f"fault: {fault}")
    if found:
        sys.exit(f"{len(found)} faults in the run")
    if mean < arguments.floor:
        sys.exit(f"nDCG@10 {mean:.4f} is below the floor of {arguments.floor}")


def version():
    return getattr(ir_measures, "__version__", "of unknown version")


if __name__ == "__main__":
    main()
