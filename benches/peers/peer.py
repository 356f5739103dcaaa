#!/usr/bin/env python3
"""One Python peer, as a process that run.py asks: `peer.py SYSTEM CORPUS.jsonl CACHE [key=value ...]`.

A JSON line with a text comes in; the ten best documents go out with the nanoseconds from the one to
the other (perf_counter_ns, inside this process), and how many of them were embedding. Every peer
has the whole document (title, blank, text) as one unit and English stop words and stems where it
has words. Nothing is remembered from query to query, except that PyStemmer keeps the stems of
words, which is how it comes.

Systems: bm25s, tantivy-py, embed-int8, embed-f32, dense-int8, dense-f32, pipeline-int8, pipeline-f32, txtai-int8.
"""

import gc
import json
import os
import pathlib
import re
import sys
import time

import numpy as np
from bm25s.numba.selection import topk

DEPTH = 10
K1, B = 1.2, 0.75
# As bm25s.tokenize cuts words, and its 33 English stop words (Lucene's).
WORD = re.compile(r"(?u)\b\w\w+\b")
now = time.perf_counter_ns


def read_corpus(path):
    ids, texts = [], []
    with open(path, encoding="utf-8") as lines:
        for line in filter(str.strip, lines):
            document = json.loads(line)
            ids.append(document["_id"])
            texts.append(f'{document.get("title") or ""} {document.get("text") or ""}'.strip())
    return ids, texts


def best(scores):
    """Places of the ten greatest scores, greatest first: bm25s's heap in numba, faster than numpy."""
    return topk(scores, k=DEPTH, sorted=True)[1]


class Bm25s:
    """bm25s with numba. Words are cut and numbered here instead of by bm25s.tokenize, whose tables
    of a vocabulary cost more than the search; the words are the same."""

    def __init__(self, ids, texts):
        import bm25s
        import Stemmer
        from bm25s.stopwords import STOPWORDS_EN

        self.ids = ids
        self.stop = frozenset(STOPWORDS_EN)
        self.stem = Stemmer.Stemmer("english").stemWords
        self.index = bm25s.BM25(k1=K1, b=B, method="lucene", backend="numba")
        self.index.index([self.words(text) for text in texts], show_progress=False)
        self.vocabulary = self.index.vocab_dict
        held = np.diff(self.index.scores["indptr"])
        self.idf = np.log1p((len(ids) - held + 0.5) / (held + 0.5)).astype(np.float64)
        self.unseen = float(np.log1p((len(ids) + 0.5) / 0.5))
        # By itself bm25s leaves this part to numpy, at four times the cost.
        self.index.activate_numba_scorer()
        # What numba compiles, it compiles now.
        self.top("compile what there is to compile")
        self.scores("compile what there is to compile")

    def words(self, text):
        return self.stem([word for word in WORD.findall(text.lower()) if word not in self.stop])

    def known(self, text):
        words, vocabulary = self.words(text), self.vocabulary
        return words, [vocabulary[word] for word in words if word in vocabulary]

    def top(self, text):
        known = self.known(text)[1]
        if not known:
            return []
        places, scores = self.index.retrieve([known], k=min(DEPTH, len(self.ids)), show_progress=False, n_threads=1)
        return [self.ids[at] for at, score in zip(places[0], scores[0]) if score > 0]

    def scores(self, text):
        """Score of every document, and the most that this query could score."""
        words, known = self.known(text)
        if not known:
            return np.zeros(len(self.ids), np.float32), 1.0
        # bm25s leaves out the factor k1 + 1, so a word approaches its idf.
        most = float(self.idf[known].sum()) + (len(words) - len(known)) * self.unseen
        return self.index.get_scores_from_ids(known), most

    def answer(self, text):
        start = now()
        found = self.top(text)
        return found, now() - start, 0


class Tantivy:
    """tantivy-py: one field, its own tokenizer, stop words and stemmer; ids from a fast field."""

    def __init__(self, ids, texts):
        import tantivy

        self.tantivy, self.ids = tantivy, ids
        analyzer = (
            tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
            .filter(tantivy.Filter.lowercase())
            .filter(tantivy.Filter.custom_stopword(stop_words()))
            .filter(tantivy.Filter.stemmer("english"))
            .build()
        )
        self.analyze = analyzer.analyze
        schema = tantivy.SchemaBuilder()
        schema.add_text_field("text", stored=False, tokenizer_name="english", index_option="freq")
        schema.add_integer_field("place", fast=True)
        self.schema = schema.build()
        self.index = tantivy.Index(self.schema)
        self.index.register_tokenizer("english", analyzer)
        writer = self.index.writer(heap_size=256 << 20, num_threads=1)
        for place, text in enumerate(texts):
            writer.add_document(tantivy.Document(text=text, place=place))
        writer.commit()
        writer.wait_merging_threads()
        self.index.reload()
        self.searcher = self.index.searcher()
        assert self.searcher.num_segments == 1

    def query(self, text):
        # Faster than parse_query, which besides takes marks in free text for syntax.
        tantivy, schema = self.tantivy, self.schema
        should, term = tantivy.Occur.Should, tantivy.Query.term_query
        words = self.analyze(text)
        return tantivy.Query.boolean_query([(should, term(schema, "text", word, "freq")) for word in words])

    def answer(self, text):
        start = now()
        hits = self.searcher.search(self.query(text), DEPTH, count=False).hits
        places = self.searcher.fast_field_values("place", [at for _, at in hits])
        found = [self.ids[place] for place in places]
        return found, now() - start, 0


def stop_words():
    from bm25s.stopwords import STOPWORDS_EN

    return list(STOPWORDS_EN)


class OnnxEmbedder:
    """One unpadded text through onnxruntime, one thread; the vector comes pooled and normalised."""

    def __init__(self, model, tokenizer):
        import onnxruntime
        from tokenizers import Tokenizer

        self.tokenizer = Tokenizer.from_file(str(tokenizer))
        # The published file pads every text to 128 tokens and cuts it there.
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(256)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        # Each measured, and kept where it was faster (README.md).
        options.add_session_config_entry("session.set_denormal_as_zero", "1")
        options.enable_mem_pattern = False
        self.run = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"]).run

    def embed(self, text):
        # encode_batch_fast leaves out the offsets that encode computes.
        ids = np.array([self.tokenizer.encode_batch_fast([text])[0].ids], np.int32)
        return self.run(("vector",), {"ids": ids})[0][0]


class Dense:
    """Exact cosine of the query and every document, f32, by numpy."""

    def __init__(self, ids, texts, embedder, cache):
        self.ids, self.embedder = ids, embedder
        if cache.exists():
            self.vectors = np.load(cache)
        else:
            self.vectors = np.array([embedder.embed(text) for text in texts], np.float32)
            aside = cache.with_suffix(".tmp.npy")
            np.save(aside, self.vectors)
            os.replace(aside, cache)

    def answer(self, text):
        start = now()
        vector = self.embedder.embed(text)
        embedded = now()
        found = [self.ids[at] for at in best(self.vectors @ vector)]
        end = now()
        return found, end - start, embedded - start


class Pipeline:
    """What one would write in Python for speed: onnxruntime, numpy, bm25s and a weighted sum of cosine
    and BM25 as a share of the most that the query could score."""

    def __init__(self, lexical, dense, weight):
        self.lexical, self.dense, self.weight = lexical, dense, np.float32(weight)

    def answer(self, text):
        start = now()
        vector = self.dense.embedder.embed(text)
        embedded = now()
        scores, most = self.lexical.scores(text)
        blend = self.dense.vectors @ vector
        blend *= self.weight
        scores *= np.float32((1 - self.weight) / most)
        blend += scores
        ids = self.dense.ids
        found = [ids[at] for at in best(blend)]
        end = now()
        return found, end - start, embedded - start


class Embedding:
    def __init__(self, embedder):
        self.embedder = embedder

    def answer(self, text):
        start = now()
        self.embedder.embed(text)
        end = now()
        return [], end - start, end - start


def open_system(name, corpus, cache, config):
    ids, texts = read_corpus(corpus)
    if name == "bm25s":
        return Bm25s(ids, texts)
    if name == "tantivy-py":
        return Tantivy(ids, texts)
    part, precision = name.split("-")
    embedder = OnnxEmbedder(config["model"], config["tokenizer"])
    if part == "embed":
        return Embedding(embedder)
    vectors = cache / f"{pathlib.Path(corpus).parent.name}-{precision}.npy"
    dense = Dense(ids, texts, embedder, vectors)
    if part == "dense":
        return dense
    if part == "txtai":
        from txtai_peer import Txtai

        return Txtai(ids, texts, embedder, dense.vectors, float(config["weight"]))
    return Pipeline(Bm25s(ids, texts), dense, float(config["weight"]))


def main():
    name, corpus, cache = sys.argv[1:4]
    config = dict(pair.split("=", 1) for pair in sys.argv[4:])
    system = open_system(name, corpus, pathlib.Path(cache), config)
    # Collection of garbage is off while answering, to the peers' advantage.
    gc.collect()
    gc.freeze()
    gc.disable()
    print(json.dumps({"ready": name}), flush=True)
    for line in sys.stdin:
        documents, total, embedding = system.answer(json.loads(line)["text"])
        print(json.dumps({"documents": documents, "total_ns": total, "embed_ns": embedding}), flush=True)


if __name__ == "__main__":
    main()
