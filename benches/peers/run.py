#!/usr/bin/env python3
"""Guidepost beside its peers, in one interleaved run: `python3 benches/peers/run.py`.

Installs the peers into an environment of its own, makes the model files and indices, starts every
system as a process on the same core, and asks them in turn, a block of queries each. Writes
peers.md and peers.json; progress goes to stderr. README.md says what is measured and what is not.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import venv

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
WORK = TARGET / "peers"

# Name: folder of the data, the split that is not the test split, and the weight of the cosine in the
# Python pipeline, picked by nDCG@10 on train and dev topics. Guidepost has one default for all three.
DATASETS = {
    "scifact": ("beir/scifact", "train", 0.4),
    "feedbackqa-cdc": ("faq/feedbackqa_cdc", "dev", 0.65),
    "feedbackqa-au": ("faq/feedbackqa_au", "dev", 0.55),
}
# Weight of the cosine in txtai's hybrid: the best of .3, .5 and .7 on the dev topics of FeedbackQA AU.
TXTAI_WEIGHT = 0.7
# Textbook BM25 in one field, as tantivy and bm25s have it: the field holds title and text.
TEXTBOOK = """[lexical]
k1 = 1.2
title = { weight = 0.0, b = 0.75 }
body = { weight = 1.0, b = 0.75 }
synonyms = false
typos = false
"""
GROUPS = ("lexical", "embed", "dense", "whole")
FEATURES = ("avx2", "fma", "avx_vnni", "avx512f", "avx512bw", "avx512_vnni", "amx_int8")
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS"), "1"
) | {"TOKENIZERS_PARALLELISM": "false", "PYTHONHASHSEED": "0", "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
BLOCK = 20
WARM_UP = 5


def tell(message):
    print(message, file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", default=os.environ.get("GUIDEPOST_DATA"), help="folder of the labelled sets (GUIDEPOST_DATA)")
    parser.add_argument("--datasets", nargs="+", choices=DATASETS, default=list(DATASETS))
    parser.add_argument("--groups", nargs="+", choices=GROUPS, default=list(GROUPS), help="lexical alone needs no model")
    parser.add_argument("--split", choices=("dev", "test"), default="dev", help="dev: train or dev topics; test: a read of the test split, which METHODOLOGY.md wants counted")
    parser.add_argument("--queries", type=int, default=300, help="most queries of a set, drawn with the seed")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    parser.add_argument("--worker", type=pathlib.Path, help="Guidepost's worker, built before (default: cargo bench --no-run --bench peer)")
    parser.add_argument("--out", type=pathlib.Path, default=WORK)
    parser.add_argument("--smoke", action="store_true", help="20 queries, one round, one set: whether all of it works")
    wished = parser.parse_args()
    if not wished.data:
        parser.error("the labelled sets are not here: set GUIDEPOST_DATA or give --data")
    if wished.smoke:
        wished.datasets, wished.queries, wished.rounds = ["feedbackqa-au"], 20, 1
    return wished


def enter_environment():
    """Runs this script again with the pinned packages, unless that is where it runs."""
    folder = WORK / "venv"
    python = folder / "bin" / "python"
    lists = {"requirements.txt": [], "requirements-txtai.txt": ["--no-deps"]}
    pinned = "".join((HERE / name).read_text("utf-8") for name in lists)
    stamp = folder / "installed.txt"
    if not stamp.exists() or stamp.read_text("utf-8") != pinned:
        tell("installing the peers ...")
        venv.create(folder, with_pip=True)
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        for name, options in lists.items():
            subprocess.run([*command, *options, "-r", HERE / name], check=True, stdout=sys.stderr)
        stamp.write_text(pinned, "utf-8")
    if pathlib.Path(sys.prefix) != folder:
        os.execv(python, [str(python), __file__, *sys.argv[1:]])


def built_worker():
    tell("building Guidepost's worker ...")
    command = ["cargo", "bench", "--no-run", "--bench", "peer", "--message-format", "json-render-diagnostics"]
    out = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    messages = (json.loads(line) for line in out.splitlines())
    (worker,) = [m["executable"] for m in messages if m.get("target", {}).get("name") == "peer" and m.get("executable")]
    return worker


def models():
    """The two ONNX models and the tokenizer, from the very weights that Guidepost's int8 file was made of."""
    import minilm_onnx

    pulled = ROOT / "models" / "pulled" / "all-MiniLM-L6-v2"
    if not (pulled / "model.safetensors").exists():
        subprocess.run(["sh", ROOT / "scripts" / "models.sh"], check=True, stdout=sys.stderr)
    paths = minilm_onnx.prepare(pulled / "model.safetensors", WORK / "onnx")
    cosines = minilm_onnx.check(paths, ROOT / "models" / "all-MiniLM-L6-v2" / "parity", pulled / "tokenizer.json")
    tell(f"cosines to the reference: {json.dumps(cosines)}")
    return paths, pulled / "tokenizer.json", cosines


class Dataset:
    """Documents, queries and judgements of a set."""

    def __init__(self, name, wished):
        folder, split, self.weight = DATASETS[name]
        self.name, self.split = name, split if wished.split == "dev" else "test"
        self.folder = pathlib.Path(wished.data) / folder
        self.corpus = self.folder / "corpus.jsonl"
        self.documents = [json.loads(line) for line in self.corpus.read_text("utf-8").splitlines() if line.strip()]
        texts = {q["_id"]: q["text"] for q in map(json.loads, (self.folder / "queries.jsonl").read_text("utf-8").splitlines())}
        qrels = {}
        for line in (self.folder / "qrels" / f"{self.split}.tsv").read_text("utf-8").splitlines()[1:]:
            query, document, grade = line.split("\t")
            qrels.setdefault(query, {})[document] = int(grade)
        # The same words asked twice would be a repetition, which a cache could answer.
        distinct = list({texts[query]: query for query in sorted(qrels)}.values())
        random.Random(wished.seed).shuffle(distinct)
        chosen = distinct[: wished.queries]
        self.queries = {query: texts[query] for query in chosen}
        self.qrels = {query: qrels[query] for query in chosen}
        # Warming up takes other words; where all are measured, those of documents.
        spare = [texts[query] for query in distinct[wished.queries :]]
        spare += [document["title"] for document in self.documents if document.get("title")]
        self.spare = spare[:200]

    def one_field(self):
        """The corpus with title and text in one field, for textbook BM25."""
        path = WORK / "one-field" / f"{self.folder.name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "w", encoding="utf-8") as out:
            for document in self.documents:
                text = f'{document.get("title") or ""} {document.get("text") or ""}'.strip()
                out.write(json.dumps({"_id": document["_id"], "title": "", "text": text}) + "\n")
        return path


def indices(worker, dataset, groups):
    """Guidepost's indices: of words in the fields as imported and in one field, and of all with vectors."""
    folder = WORK / "indices"
    kinds = {"words": (dataset.corpus, "words"), "one-field": (dataset.one_field(), "words")}
    if groups != ["lexical"]:
        kinds["model"] = (dataset.corpus, "model")
    for kind, (corpus, vectors) in kinds.items():
        # An index is made again when the worker is: its format may have changed.
        stamp = folder / f"{dataset.folder.name}-{kind}.txt"
        version = f"{os.stat(worker).st_mtime_ns} {os.stat(corpus).st_size}"
        if not stamp.exists() or stamp.read_text() != version:
            tell(f"{dataset.name}: building the index ({kind}) ...")
            target = folder / f"{dataset.folder.name}-{kind}"
            subprocess.run([worker, "prepare", corpus, target, vectors], check=True, stdout=sys.stderr)
            stamp.write_text(version)
    return {kind: folder / f"{dataset.folder.name}-{kind}" for kind in ("words", "one-field", "model")}


def systems(dataset, worker, onnx, tokenizer, groups):
    """Every system: its name, group, what it is, and the command that starts it."""
    built = indices(worker, dataset, groups)
    textbook = WORK / "textbook.toml"
    textbook.write_text(TEXTBOOK)

    def peer(name, group, what, *options):
        command = [sys.executable, HERE / "peer.py", name, dataset.corpus, WORK / "vectors", *options]
        return {"name": name, "group": group, "what": what, "ours": False, "command": command}

    def ours(name, group, what, index, settings=None, is_ours=True, system=None):
        command = [worker, "serve", system or name, built[index], *([settings] if settings else [])]
        name = f"guidepost {name}" if is_ours else name
        return {"name": name, "group": group, "what": what, "ours": is_ours, "command": command}

    (WORK / "vectors").mkdir(exist_ok=True)
    model = {precision: (f"model={onnx[precision]}", f"tokenizer={tokenizer}") for precision in onnx}
    found = [
        peer("bm25s", "lexical", "bm25s, numba"),
        peer("tantivy-py", "lexical", "tantivy's Python binding"),
        ours("tantivy", "lexical", "tantivy's own collector from Rust", "one-field", is_ours=False),
        ours("tantivy-same-words", "lexical", "the same on the words of Guidepost's analyzer", "one-field", is_ours=False),
        ours("lexical textbook", "lexical", "BM25 in one field, k1 1.2, no synonyms or typos", "one-field", textbook, system="lexical"),
        ours("lexical", "lexical", "BM25F, as shipped", "words"),
        *(peer(f"embed-{p}", "embed", f"tokenizers and onnxruntime {p}", *model[p]) for p in onnx),
        ours("embed", "embed", "int8", "model"),
        *(peer(f"dense-{p}", "dense", f"onnxruntime {p}, numpy", *model[p]) for p in onnx),
        ours("dense", "dense", "int8, exact cosines", "model"),
        *(peer(f"pipeline-{p}", "whole", f"onnxruntime {p}, numpy, bm25s, weighted sum", *model[p], f"weight={dataset.weight}") for p in onnx),
        peer("txtai-int8", "whole", "txtai hybrid on onnxruntime int8", *model["int8"], f"weight={TXTAI_WEIGHT}"),
        ours("search", "whole", "the ten best documents, as the pipelines", "model"),
        ours("ask-rules-alone", "whole", "whole ask, without the urgency model", "model"),
        ours("ask", "whole", "whole ask, as shipped", "model"),
    ]
    return [system for system in found if system["group"] in groups]


class Process:
    """A system that runs and is asked line by line."""

    def __init__(self, command, core):
        command = [str(part) for part in command]
        self.child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", bufsize=1,
            env=os.environ | ONE_THREAD, preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
        self.about = self.read()

    def read(self):
        line = self.child.stdout.readline()
        if not line:
            raise SystemExit(f"`{' '.join(self.child.args)}` ended with {self.child.wait()}")
        return json.loads(line)

    def ask(self, text, documents=False):
        self.child.stdin.write(json.dumps({"text": text, "documents": documents}) + "\n")
        self.child.stdin.flush()
        return self.read()

    def close(self):
        self.child.stdin.close()
        self.child.wait()


def measure(dataset, processes, wished):
    """Samples and rankings of every system. Blocks of queries, the systems in an order drawn anew for
    each block; before a block a system answers some other queries, unmeasured."""
    draw = random.Random(f"{wished.seed} {dataset.name}")
    rankings = {name: {} for name in processes}
    decisions = {name: {} for name in processes}
    samples = {name: {query: [] for query in dataset.queries} for name in processes}
    for query, text in dataset.queries.items():
        for name, process in processes.items():
            answer = process.ask(text, documents=True)
            rankings[name][query] = answer["documents"]
            if answer.get("decision"):
                decisions[name][answer["decision"]] = decisions[name].get(answer["decision"], 0) + 1
    for round in range(wished.rounds):
        tell(f"{dataset.name}: round {round + 1} of {wished.rounds}")
        order = list(dataset.queries)
        draw.shuffle(order)
        for start in range(0, len(order), BLOCK):
            turns = list(processes)
            draw.shuffle(turns)
            warm = draw.choices(dataset.spare, k=WARM_UP)
            for name in turns:
                process = processes[name]
                for text in warm:
                    process.ask(text)
                for query in order[start : start + BLOCK]:
                    answer = process.ask(dataset.queries[query])
                    samples[name][query].append((answer["total_ns"], answer["embed_ns"]))
                    if answer["documents"] and answer["documents"] != rankings[name][query]:
                        raise SystemExit(f"{name} ranks `{dataset.queries[query]}` differently when asked again")
    return samples, rankings, decisions


def run_dataset(name, wished, worker, onnx, tokenizer):
    import report

    dataset = Dataset(name, wished)
    listed = systems(dataset, worker, onnx, tokenizer, wished.groups)
    processes = {}
    for system in listed:
        tell(f"{name}: starting {system['name']} ...")
        processes[system["name"]] = Process(system["command"], wished.core)
    # What asks must not sit on the core of what answers.
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, everywhere - {wished.core} or everywhere)
    samples, rankings, decisions = measure(dataset, processes, wished)
    os.sched_setaffinity(0, everywhere)
    about = {name: process.about for name, process in processes.items()}
    for process in processes.values():
        process.close()
    rows, stages = [], {}
    for system in listed:
        name = system["name"]
        row, stages[name] = report.summarise(system, dataset.qrels, list(samples[name].values()), rankings[name])
        rows.append(row | {"about": about[name]} | ({"decisions": decisions[name]} if decisions[name] else {}))
    return {
        "name": dataset.name, "split": dataset.split, "documents": len(dataset.documents),
        "queries": len(dataset.queries), "systems": rows, "comparisons": report.compare(rows, stages, wished.seed),
    }


def machine(core):
    cpu = dict(
        (part.strip() for part in line.split(":", 1))
        for line in pathlib.Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines() if ":" in line
    )
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    present = set(cpu.get("flags", "").split())
    return {
        "processor": f"{cpu.get('model name', '?')} (family {cpu.get('cpu family', '?')}, model {cpu.get('model', '?')})",
        "cores": os.cpu_count(), "core": core, "features": [f for f in FEATURES if f in present],
        "commit": commit, "load_before": os.getloadavg(),
    }


def main():
    wished = arguments()
    enter_environment()
    import report

    WORK.mkdir(parents=True, exist_ok=True)
    worker = wished.worker or built_worker()
    onnx, tokenizer, cosines = models() if wished.groups != ["lexical"] else (dict.fromkeys(("f32", "int8")), None, None)
    result = {"machine": machine(wished.core), "rounds": wished.rounds, "seed": wished.seed, "block": BLOCK,
              "onnx_cosine_to_reference": cosines, "datasets": []}
    for name in wished.datasets:
        result["datasets"].append(run_dataset(name, wished, worker, onnx, tokenizer))
    result["machine"]["load_after"] = os.getloadavg()
    kernels = {row["about"].get("kernel") for d in result["datasets"] for row in d["systems"] if row["guidepost"]}
    result["machine"]["kernel"] = ", ".join(sorted(filter(None, kernels)))
    wished.out.mkdir(parents=True, exist_ok=True)
    (wished.out / "peers.json").write_text(json.dumps(result, indent=1), "utf-8")
    table = report.markdown(result)
    (wished.out / "peers.md").write_text(table, "utf-8")
    print(table)
    tell(f"written: {wished.out}/peers.md and peers.json")


if __name__ == "__main__":
    main()
