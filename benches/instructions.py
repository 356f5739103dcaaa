#!/usr/bin/env python3
"""Counts the instructions of each stage under callgrind and compares them with a baseline.

    benches/instructions.py            print, and say what has risen by more than 5%
    benches/instructions.py --gate     the same, and end with 1 where a stage has risen
    benches/instructions.py --write    make what is counted the baseline

Counted is the release build of the program itself (`cargo build --release`), on messages and
guidance made here from a fixed seed: no edit of the shipped corpus moves a count. Stages are those
of `src/eval/bench/once.rs`. The corpus has no rules, so safety and routes are not in `ask`.

Counts do not depend on what else the machine does, so a rise of two per cent is a rise. What they do
not show: caches, branches, how wide an instruction is; and callgrind of valgrind 3.19 knows no
AVX-512, so the encoder is counted on the fastest path without it, which the first line names. Times
are `cargo bench --bench stages` and `guidepost bench`.

A baseline holds for one compiler, one valgrind, one path of the encoder and one corpus: where one of
them is another, counts are printed and nothing is compared. Where the rankings are other than those
of the baseline, that is said: fewer instructions for another result are no gain.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BASELINE = Path(__file__).resolve().parent / "instructions.json"
RISE = 0.05
# Functions kept for each stage, by their own instructions in all stages together.
FUNCTIONS = 30
DOCUMENTS, PASSAGES, WORDS, MESSAGES = 120, 8, 16, 6
# Stages that a whole message is made of.
PARTS = ["tokens", "embed", "lexical", "scan", "candidates", "fuse", "calibrate", "analyse"]
STEMS = """screen scan letter clinic nurse result breast bowel kit sample cancer risk age year offer
invite book cancel travel park bus hospital doctor film image picture report post home blood pressure
drop eye sugar insulin vessel leak treat laser surgeon ward sleep food drink water walk run lift weight
smoke alcohol heart lung cough breath chest pain sore skin lump gland arm leg foot hand wrist neck baby
mother father sister family gene test swab cell virus vaccine dose needle tablet cream wash towel gown
room door stair ramp wheel chair hear deaf sign language form consent record private data share decide
choice leaflet video phone text email address move abroad prison""".split()
ENDINGS = ["", "s", "ing", "ed", "er", "less"]
SMALL_WORDS = "the a of to and in is you for with that it at be may if not from by your when".split()


def main():
    options = arguments()
    program = options.program
    if program is None:
        subprocess.run(["cargo", "build", "--release"], check=True, cwd=ROOT)
        program = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "release" / "guidepost"
    with tempfile.TemporaryDirectory() as scratch:
        found = counted(program, Path(scratch))
    if options.write:
        BASELINE.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
        print(f"{BASELINE} written")
    baseline = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    other = [
        f"{name} is {found[name]}, of the baseline {baseline.get(name)}"
        for name in ("compiler", "valgrind", "path", "corpus")
        if found[name] != baseline.get(name)
    ]
    show(found, {} if other else baseline["stages"])
    for line in other:
        print(f"not compared: {line}")
    if other:
        return 0
    if found["rankings"] != baseline["rankings"]:
        print("the rankings are other than those of the baseline; if that is meant: --write")
    risen = regressions(found["stages"], baseline["stages"])
    for line in risen:
        print(line)
    return 1 if risen and options.gate else 0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gate", action="store_true", help="end with 1 where a stage has risen")
    parser.add_argument("--write", action="store_true", help="make what is counted the baseline")
    parser.add_argument(
        "--program", type=lambda name: Path(name).resolve(), help="count this release build"
    )
    return parser.parse_args()


class Words:
    """Words by Zipf's law; SplitMix64 (Steele, Lea and Flood 2014)."""

    def __init__(self, seed):
        self.state = seed
        self.words = [stem + ending for ending in ENDINGS for stem in STEMS]
        self.ranks = []
        for rank in range(1, len(self.words) + 1):
            self.ranks.append((self.ranks[-1] if self.ranks else 0) + 1_000_000 // rank)

    def below(self, end):
        mask = (1 << 64) - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return (z ^ (z >> 31)) % end

    def word(self):
        drawn = self.below(self.ranks[-1])
        rank = next(rank for rank, most in enumerate(self.ranks) if drawn < most)
        return self.words[rank * 7 % len(self.words)]

    def some(self, count):
        small = lambda: SMALL_WORDS[self.below(len(SMALL_WORDS))]
        return [small() if self.below(10) < 4 else self.word() for _ in range(count)]


def write_corpus(corpus, topics):
    """Guidance and messages; a hash of both."""
    words, passages = Words(7), []
    corpus.mkdir()
    hashed = hashlib.sha256()
    for number in range(DOCUMENTS):
        own = [words.some(WORDS) for _ in range(PASSAGES)]
        passages += own
        sections = "".join(
            f"\n## {' '.join(passage[4:7])}\n\n{' '.join(passage)}.\n" for passage in own
        )
        text = (
            f'+++\nid = "g{number:03}"\ntitle = "{" ".join(own[0][:4])}"\nprogramme = "all"\n'
            'kind = "guidance"\nnations = ["england"]\n\n[source]\ntitle = "Generated"\n'
            'publisher = "Nobody"\naddress = "https://example.org"\nupdated = "2026-11-01"\n'
            'licence = "None"\n\n[approval]\nstatus = "approved"\nby = "Nobody"\n'
            'role = "research"\non = 2026-11-01\nreview_due = 2027-11-01\nversion = "1"\n+++\n'
        )
        (corpus / f"g{number:03}.md").write_text(text + sections)
        hashed.update((text + sections).encode())
    lines = []
    for number in range(MESSAGES):
        source = passages[words.below(len(passages))]
        asked = source[2:10] + [words.word()]
        lines.append(json.dumps({"_id": f"m{number:02}", "text": " ".join(asked)}) + "\n")
    topics.write_text("".join(lines))
    hashed.update("".join(lines).encode())
    return hashed.hexdigest()[:16]


def counted(program, scratch):
    """Instructions by stage, from one run."""
    corpus, topics = scratch / "corpus", scratch / "topics.jsonl"
    hashed = write_corpus(corpus, topics)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GUIDEPOST_")}
    common = [program, "--quiet", "--index", scratch / "index", "--corpus", corpus]

    def run(*command):
        done = subprocess.run(
            command, cwd=scratch, env=environment | {"RAYON_NUM_THREADS": "1"},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        if done.returncode:
            sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}\n{done.stderr[-3000:]}")
        return done.stdout

    run(*common, "index", "build")
    ranked = run(*common, "run", "--topics", topics, "--depth", "10", "--out", "-")
    documents = [line.split()[::2][:2] for line in ranked.splitlines()]
    callgrind = [
        "valgrind", "--tool=callgrind", "--toggle-collect=*bench::once::counted_*",
        f"--callgrind-out-file={scratch / 'callgrind'}",
    ]
    said_by_it = run(
        *callgrind, *common, "bench", "--once", "--topics", topics, "--now", "2026-12-01"
    )
    path, stages = json.loads(said_by_it)
    stages = {stage["name"]: {"calls": stage["calls"]} for stage in stages}
    totals, own, calls = read(scratch / "callgrind")
    for name, stage in stages.items():
        if name in totals:
            within = [(f, own[f]) for f in reached(calls, name) if f in own]
            most = sorted(within, key=lambda item: (-item[1], item[0]))[:FUNCTIONS]
            stage |= {"total": totals[name], "functions": dict(most)}
    missing = [name for name, stage in stages.items() if "total" not in stage]
    if missing or not stages:
        sys.exit(f"nothing was counted of {', '.join(missing) or 'any stage'}")
    return {
        "compiler": said(["rustc", "--version"]),
        "valgrind": said(["valgrind", "--version"]),
        "path": path,
        "corpus": hashed,
        "rankings": hashlib.sha256(json.dumps(documents).encode()).hexdigest()[:16],
        "stages": stages,
    }


def said(command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def read(file):
    """A profile: instructions of each stage with all it calls, of each function by itself, and who
    calls whom."""
    names, own, calls, stages = {}, {}, {}, {}
    current = callee = None
    called = False

    def name_of(text):
        number, _, name = text.partition(" ")
        if name:
            names[number] = function(name)
        return names.get(number, number)

    for line in file.read_text(errors="replace").splitlines():
        if line.startswith("fn="):
            current = name_of(line[3:])
        elif line.startswith("cfn="):
            callee = name_of(line[4:])
        elif line.startswith("calls="):
            called = True
        elif re.match(r"[+\-*\d]", line):
            cost = int(line.split()[1])
            if called:
                called = False
                calls.setdefault(current, set()).add(callee)
                stage = re.search(r"bench::once::counted_([a-z]+)$", callee)
                if stage:
                    stages[stage[1]] = stages.get(stage[1], 0) + cost
            else:
                own[current] = own.get(current, 0) + cost
    return stages, own, calls


def reached(calls, stage):
    """Functions that a stage calls, directly or not."""
    found = {name for name in calls if name.endswith(f"bench::once::counted_{stage}")}
    waiting = list(found)
    while waiting:
        for name in calls.get(waiting.pop(), ()):
            if name not in found:
                found.add(name)
                waiting.append(name)
    return found


def function(name):
    """A function's name without what differs between two builds."""
    return re.sub(r"(::h[0-9a-f]{16}|\[[0-9a-f]{8,16}\]|'\d+)", "", name)


def show(found, baseline):
    print(f"encoder on {found['path']}, {found['compiler']}, {found['valgrind']}")
    print(f"{'stage':12} {'instructions a call':>20} {'baseline':>14} {'change':>8}")
    for name, stage in found["stages"].items():
        line = f"{name:12} {stage['total'] / stage['calls']:20,.0f}"
        known = baseline.get(name)
        if known:
            change = stage["total"] / known["total"] - 1
            line += f" {known['total'] / known['calls']:14,.0f} {change:+8.2%}"
        print(line)


def regressions(found, baseline):
    """Lines on each stage that has risen, with what in it has."""
    risen = [
        name for name, stage in found.items()
        if name in baseline and stage["total"] > baseline[name]["total"] * (1 + RISE)
    ]
    lines = []
    for name in risen:
        stage, known = found[name], baseline[name]
        change = stage["total"] / known["total"] - 1
        lines.append(f"REGRESSION: stage `{name}` takes {change:+.1%} instructions")
        causes = [part for part in PARTS if part in risen]
        if name == "ask" and causes:
            lines.append(f"  of what it is made of have risen: {', '.join(causes)}")
        for function_name, more in rises(stage, known)[:3]:
            lines.append(f"  {more / known['total']:+.1%} in {function_name}")
    return lines


def rises(stage, known):
    """Functions by how much more they take themselves. One that was not listed took no more than
    the least that was."""
    before, after = known["functions"], stage["functions"]
    least = min(before.values(), default=0)
    more = [(name, count - before.get(name, min(least, count))) for name, count in after.items()]
    return sorted((item for item in more if item[1] > 0), key=lambda item: -item[1])


if __name__ == "__main__":
    sys.exit(main())
