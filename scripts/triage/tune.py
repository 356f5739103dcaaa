"""Tunes the last layers of all-MiniLM-L6-v2 for the urgency model.

    guidepost triage sample ... --out sample.jsonl
    python scripts/triage/tune.py sample.jsonl tuned/
    guidepost triage fit ... --tuned tuned/ --out models/triage/shipped.bin

Reads the published f32 weights (`scripts/models.sh` obtains them) and a sample, and writes one
safetensors file for each group of sources held out (`fold-0.safetensors`, ...: fitted on all other
groups) and one fitted on everything (`all.safetensors`). A file holds the tuned layers under their
published names and a head: detectors look at every token (linear, rectified); their strongest and
mean responses and the mean token lead to log odds of "urgent" and to log odds of each kind of
message. Kinds beside "urgent" are learned along, since telling them apart teaches the layers what
an urgent message is. Adam (Kingma and Ba 2015), decoupled decay, linear warm-up and decline;
copies of messages that were joined, mistyped or stripped of punctuation are added. From a fixed
seed; equal bytes only on one machine with one version of everything.
"""

import argparse
import json
import random
import re
import sys
import time
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

MODEL = Path(__file__).resolve().parents[2] / "models/pulled/all-MiniLM-L6-v2"
KINDS = [
    "urgent", "emergency", "crisis", "safeguarding", "answer", "personal", "identity",
    "complaint", "abuse", "injection", "opt_out", "chitchat", "person",
]  # fmt: skip
ORDINARY = KINDS.index("answer")
LAYERS, HIDDEN, HEADS, DETECTORS = 6, 384, 12, 64
FROM = 2
EPOCHS, BATCH, MOST_TOKENS = 3, 32, 96
RATE, HEAD_RATE, DECAY = 1e-4, 1e-3, 0.01
DROPPED, DROPPED_RESPONSES = 0.1, 0.3
KIND_WEIGHT = 0.3
JOINED, MISTYPED, STRIPPED = 0.15, 0.15, 0.05
EPSILON = 1e-12

NAMES = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "output": "attention.output.dense",
    "attention_norm": "attention.output.LayerNorm",
    "up": "intermediate.dense",
    "down": "output.dense",
    "norm": "output.LayerNorm",
}


def normalise(x, p):
    mean = x.mean(-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(-1, keepdims=True)
    return (x - mean) / jnp.sqrt(variance + EPSILON) * p["weight"] + p["bias"]


def linear(x, p):
    return x @ p["weight"].T + p["bias"]


def drop(x, key, rate):
    if key is None:
        return x
    return x * jax.random.bernoulli(key, 1 - rate, x.shape) / (1 - rate)


def layer(p, x, mask, key=None):
    texts, tokens, _ = x.shape
    keys = jax.random.split(key, 3) if key is not None else [None] * 3

    def split(y):
        return y.reshape(texts, tokens, HEADS, HIDDEN // HEADS).transpose(0, 2, 1, 3)

    query, keyed, value = (split(linear(x, p[n])) for n in ("query", "key", "value"))
    scores = query @ keyed.transpose(0, 1, 3, 2) / np.sqrt(HIDDEN // HEADS)
    scores = jax.nn.softmax(scores + (1 - mask[:, None, None, :]) * -1e9, -1)
    context = drop(scores, keys[0], DROPPED) @ value
    context = context.transpose(0, 2, 1, 3).reshape(texts, tokens, HIDDEN)
    x = normalise(x + drop(linear(context, p["output"]), keys[1], DROPPED), p["attention_norm"])
    wide = jax.nn.gelu(linear(x, p["up"]), approximate=False)
    return normalise(x + drop(linear(wide, p["down"]), keys[2], DROPPED), p["norm"])


class Encoder:
    """The layers that stay as they are."""

    def __init__(self, folder):
        self.weights = load_file(folder / "model.safetensors")
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(MOST_TOKENS)
        self.lower = [self.layer(i) for i in range(FROM)]
        self.run = jax.jit(self._run)

    def layer(self, i):
        def part(name):
            at = f"encoder.layer.{i}.{name}."
            return {k: np.asarray(self.weights[at + k], np.float32) for k in ("weight", "bias")}

        return {short: part(name) for short, name in NAMES.items()}

    def _run(self, x, mask):
        for p in self.lower:
            x = layer(p, x, mask)
        return x

    def rows(self, texts):
        """Token vectors after the kept layers, one array a text."""
        encoded = [e.ids for e in self.tokenizer.encode_batch(texts)]
        words = self.weights["embeddings.word_embeddings.weight"]
        places = self.weights["embeddings.position_embeddings.weight"]
        kind = self.weights["embeddings.token_type_embeddings.weight"][0]
        norm = {k: self.weights[f"embeddings.LayerNorm.{k}"] for k in ("weight", "bias")}
        out = [None] * len(texts)
        order = sorted(range(len(texts)), key=lambda i: len(encoded[i]))
        for start in range(0, len(order), 64):
            chosen = order[start : start + 64]
            first = []
            for i in chosen:
                x = words[encoded[i]] + places[: len(encoded[i])] + kind
                first.append(np.asarray(normalise(x, norm), np.float32))
            x, mask = pad(first)
            y = np.asarray(self.run(x, mask))
            for row, i in enumerate(chosen):
                out[i] = y[row, : len(encoded[i])].astype(np.float16)
        return out


def pad(rows):
    longest = -(-max(len(r) for r in rows) // 16) * 16
    x = np.zeros((len(rows), longest, HIDDEN), np.float32)
    mask = np.zeros((len(rows), longest), np.float32)
    for at, r in enumerate(rows):
        x[at, : len(r)], mask[at, : len(r)] = r, 1
    return x, mask


def forward(p, x, mask, key=None):
    keys = jax.random.split(key, len(p["layers"]) + 1) if key is not None else None
    for i, one in enumerate(p["layers"]):
        x = layer(one, x, mask, keys[i] if keys is not None else None)
    responses = jax.nn.relu(x @ p["detectors"].T + p["offsets"]) * mask[..., None]
    tokens = mask.sum(1, keepdims=True)
    mean = (x * mask[..., None]).sum(1) / tokens
    features = jnp.concatenate([responses.max(1), responses.sum(1) / tokens, mean], -1)
    features = drop(features, keys[-1] if keys is not None else None, DROPPED_RESPONSES)
    return features @ p["out"].T + p["intercepts"]


def loss(p, x, mask, urgent, kind, key):
    odds = forward(p, x, mask, key)
    first = jnp.maximum(odds[:, 0], 0) - odds[:, 0] * urgent
    first += jnp.log1p(jnp.exp(-jnp.abs(odds[:, 0])))
    kinds = -jax.nn.log_softmax(odds[:, 1:])[jnp.arange(len(kind)), kind]
    return first.mean() + KIND_WEIGHT * kinds.mean()


@partial(jax.jit, donate_argnums=(0, 1, 2))
def step(p, first, second, t, x, mask, urgent, kind, share, key):
    gradient = jax.grad(loss)(p, x, mask, urgent, kind, jax.random.fold_in(key, t))
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradient)

    def move(path, value, m, v):
        rate = (RATE if path[0].key == "layers" else HEAD_RATE) * share
        moved = (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8)
        return value - rate * (moved + DECAY * value * (value.ndim > 1))

    return jax.tree_util.tree_map_with_path(move, p, first, second), first, second


def mistyped(text, rng):
    letters = list(text)
    for _ in range(max(1, len(letters) // 40)):
        i, what = rng.randrange(len(letters)), rng.random()
        if what < 0.3 and i + 1 < len(letters):
            letters[i], letters[i + 1] = letters[i + 1], letters[i]
        elif what < 0.6:
            letters[i] = ""
        elif what < 0.8:
            letters[i] *= 2
        elif letters[i].isalpha():
            letters[i] = rng.choice("aeiourstnl")
    return "".join(letters)


def more(messages, seed):
    """The messages, and changed copies of some."""
    rng = random.Random(seed)
    out = list(messages)
    short = [m for m in messages if 0 < len(m["text"]) < 160]
    urgent = [m for m in short if m["urgent"]]
    harmless = [m for m in short if not m["urgent"]]
    for _ in range(int(len(messages) * JOINED)):
        first = rng.choice(urgent if rng.random() < 0.5 else harmless)
        parts = [first["text"].strip(), rng.choice(harmless)["text"].strip()]
        rng.shuffle(parts)
        joint = "" if parts[0][-1:] in ".?!" else rng.choice([".", ",", "", " x", " and"])
        out.append({**first, "text": f"{parts[0]}{joint} {parts[1]}"})
    some = [m for m in messages if len(m["text"]) > 4]
    for m in rng.sample(some, int(len(some) * MISTYPED)):
        out.append({**m, "text": mistyped(m["text"], rng)})
    for m in rng.sample(some, int(len(some) * STRIPPED)):
        out.append({**m, "text": re.sub(r"[.,!?']", "", m["text"]).lower()})
    return out


def tune(encoder, messages, seed, say):
    messages = more(messages, seed)
    rows = encoder.rows([m["text"] for m in messages])
    urgent = np.array([m["urgent"] for m in messages], np.float32)
    kind = np.array([KINDS.index(m["kind"]) if m["kind"] in KINDS else ORDINARY for m in messages])
    rng = np.random.default_rng(seed)
    p = {
        "layers": [encoder.layer(i) for i in range(FROM, LAYERS)],
        "detectors": rng.normal(0, HIDDEN**-0.5, (DETECTORS, HIDDEN)).astype(np.float32),
        "offsets": np.zeros(DETECTORS, np.float32),
        "out": rng.normal(0, 0.05, (1 + len(KINDS), 2 * DETECTORS + HIDDEN)).astype(np.float32),
        "intercepts": np.zeros(1 + len(KINDS), np.float32),
    }
    p = jax.tree.map(jnp.asarray, p)
    first = jax.tree.map(jnp.zeros_like, p)
    second = jax.tree.map(jnp.zeros_like, p)
    key = jax.random.PRNGKey(seed)
    n = len(messages)
    total, t = EPOCHS * -(-n // BATCH), 0
    for epoch in range(EPOCHS):
        began = time.time()
        order = np.argsort(np.array([len(r) for r in rows]) + rng.uniform(-8, 8, n))
        batches = [order[i : i + BATCH] for i in range(0, n, BATCH)]
        for at in rng.permutation(len(batches)):
            chosen = batches[at]
            if len(chosen) < BATCH:
                chosen = np.concatenate([chosen, rng.choice(n, BATCH - len(chosen))])
            t += 1
            x, mask = pad([rows[i] for i in chosen])
            share = min(1, t / (0.1 * total)) * (1 - t / total) + 0.01
            p, first, second = step(
                p, first, second, t, x, mask, urgent[chosen], kind[chosen], share, key
            )
        say(f"  epoch {epoch + 1} of {EPOCHS}: {time.time() - began:.0f} s")
    return p


def store(p, path):
    out = {}
    for i, one in enumerate(p["layers"]):
        for short, name in NAMES.items():
            for k in ("weight", "bias"):
                out[f"encoder.layer.{FROM + i}.{name}.{k}"] = np.asarray(one[short][k])
    for name in ("detectors", "offsets", "out", "intercepts"):
        out[f"head.{name}"] = np.asarray(p[name])
    save_file(out, path, metadata={"from": str(FROM)})


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("sample", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if not (MODEL / "model.safetensors").is_file():
        sys.exit(f"{MODEL} lacks model.safetensors: scripts/models.sh obtains it")
    lines = arguments.sample.read_text("utf-8").splitlines()
    messages = [m for m in map(json.loads, lines) if m["text"].strip()]
    arguments.out.mkdir(parents=True, exist_ok=True)
    encoder = Encoder(MODEL)

    def say(text):
        print(text, file=sys.stderr, flush=True)

    folds = sorted({m["fold"] for m in messages if m["fold"] is not None})
    for fold in [None, *folds]:
        name = "all" if fold is None else f"fold-{fold}"
        kept = [m for m in messages if fold is None or m["fold"] != fold]
        say(f"{name}: {len(kept)} of {len(messages)} messages")
        store(tune(encoder, kept, arguments.seed, say), arguments.out / f"{name}.safetensors")


if __name__ == "__main__":
    main()
