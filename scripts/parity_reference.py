#!/usr/bin/env python3
"""Reference vectors for the parity tests, independent of the Rust encoder.

A float64 forward pass of BERT in numpy, with a WordPiece tokenizer written from its
description, over the f32 weights as published. Shares no code with the crate, the tokenizers
library or a deep-learning framework.

    python3 scripts/parity_reference.py models/pulled/all-MiniLM-L6-v2 \
        models/all-MiniLM-L6-v2/parity

reads `sentences.txt` in the second folder and writes `reference.f32` (little-endian f32, one
unit vector a sentence) and `reference_tokens.json` beside it. Needs Python 3.9 and numpy.
"""

import json
import math
import pathlib
import struct
import sys
import unicodedata

import numpy

MAX_TOKENS = 256
HEADS = 12
EPSILON = 1e-12


def read_safetensors(path):
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            start, end = entry["data_offsets"]
            flat = numpy.frombuffer(data[8 + length + start : 8 + length + end], "<f4")
            tensors[name] = flat.reshape(entry["shape"]).astype(numpy.float64)
    return tensors


def is_punctuation(char):
    return char.isascii() and not char.isalnum() and not char.isspace() or (
        unicodedata.category(char).startswith("P")
    )


def is_ideograph(char):
    return any(
        low <= ord(char) <= high
        for low, high in [(0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0xF900, 0xFAFF)]
    )


def words_of(text):
    """Cleans, lower-cases, strips accents and splits at blanks and punctuation."""
    text = "".join(
        " " if char.isspace() else char
        for char in text
        if char in "\t\n\r" or not unicodedata.category(char).startswith("C")
    )
    text = unicodedata.normalize("NFD", text.lower())
    text = "".join(char for char in text if unicodedata.category(char) != "Mn")
    spaced = "".join(
        f" {char} " if is_punctuation(char) or is_ideograph(char) else char for char in text
    )
    return spaced.split()


def pieces_of(word, vocabulary):
    """Longest piece first; a word that cannot be cut becomes [UNK]."""
    if len(word) > 100:
        return ["[UNK]"]
    pieces, start = [], 0
    while start < len(word):
        prefix = "##" if start else ""
        ends = range(len(word), start, -1)
        end = next((e for e in ends if prefix + word[start:e] in vocabulary), None)
        if end is None:
            return ["[UNK]"]
        pieces.append(prefix + word[start:end])
        start = end
    return pieces


def tokens_of(text, vocabulary):
    pieces = [piece for word in words_of(text) for piece in pieces_of(word, vocabulary)]
    pieces = ["[CLS]", *pieces[: MAX_TOKENS - 2], "[SEP]"]
    return [vocabulary[piece] for piece in pieces]


def normalise(rows, tensors, name):
    centred = rows - rows.mean(axis=1, keepdims=True)
    scale = numpy.sqrt((centred**2).mean(axis=1, keepdims=True) + EPSILON)
    return centred / scale * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]


def linear(rows, tensors, name):
    return rows @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]


def attention(rows, tensors, name):
    parts = [linear(rows, tensors, f"{name}.self.{part}") for part in ("query", "key", "value")]
    width = rows.shape[1] // HEADS
    outputs = []
    for head in range(HEADS):
        query, key, value = (part[:, head * width : (head + 1) * width] for part in parts)
        scores = query @ key.T / math.sqrt(width)
        scores = numpy.exp(scores - scores.max(axis=1, keepdims=True))
        outputs.append(scores / scores.sum(axis=1, keepdims=True) @ value)
    return linear(numpy.concatenate(outputs, axis=1), tensors, f"{name}.output.dense")


def gelu(rows):
    return rows * 0.5 * (1.0 + numpy.vectorize(math.erf)(rows / math.sqrt(2.0)))


def embed(tokens, tensors):
    rows = (
        tensors["embeddings.word_embeddings.weight"][tokens]
        + tensors["embeddings.position_embeddings.weight"][: len(tokens)]
        + tensors["embeddings.token_type_embeddings.weight"][0]
    )
    rows = normalise(rows, tensors, "embeddings.LayerNorm")
    layer = 0
    while f"encoder.layer.{layer}.output.dense.weight" in tensors:
        name = f"encoder.layer.{layer}"
        attended = attention(rows, tensors, f"{name}.attention")
        rows = normalise(rows + attended, tensors, f"{name}.attention.output.LayerNorm")
        wide = gelu(linear(rows, tensors, f"{name}.intermediate.dense"))
        narrow = linear(wide, tensors, f"{name}.output.dense")
        rows = normalise(rows + narrow, tensors, f"{name}.output.LayerNorm")
        layer += 1
    mean = rows.mean(axis=0)
    return mean / numpy.linalg.norm(mean)


def main():
    model, parity = (pathlib.Path(argument) for argument in sys.argv[1:3])
    tensors = read_safetensors(model / "model.safetensors")
    vocabulary = json.loads((model / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
    sentences = (parity / "sentences.txt").read_text("utf-8").splitlines()
    tokens = [tokens_of(sentence, vocabulary) for sentence in sentences]
    vectors = numpy.stack([embed(ids, tensors) for ids in tokens])
    (parity / "reference.f32").write_bytes(vectors.astype("<f4").tobytes())
    lines = ",\n".join(json.dumps(ids, separators=(",", ":")) for ids in tokens)
    (parity / "reference_tokens.json").write_text(f"[\n{lines}\n]\n", "utf-8")
    print(f"{len(sentences)} sentences, {sum(map(len, tokens))} tokens, {vectors.shape[1]} wide")


if __name__ == "__main__":
    main()
