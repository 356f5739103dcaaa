#!/usr/bin/env python3
"""BM25 in Python (bm25s) as a system of an experiment: `{command = ["python3", ".../peer_bm25.py"]}`.

The protocol stands in eval/METHODOLOGY.md ("Programs"). Text is title, question variants where there
are any, and text; words are those of bm25s.tokenize without its 33 English stop words, stemmed by
PyStemmer (Snowball English); k1 1.2, b 0.75, method "lucene"
(idf = ln(1 + (N - df + 0.5) / (df + 0.5)), no factor k1 + 1).
Scores are bm25s's single-precision sums. Documents that share no word with the query are not
ranked; equal scores stand by document id, descending, which bm25s by itself leaves open.

Packages: scripts/eval/requirements.txt. numba is used where it is installed and numpy otherwise;
the first line on stderr says which.
"""

import json
import sys

import bm25s
import numpy as np
import Stemmer

K1, B = 1.2, 0.75


class Bm25:
    """An index over one corpus.jsonl."""

    def __init__(self, corpus):
        ids, texts = [], []
        with open(corpus, encoding="utf-8") as lines:
            for line in filter(str.strip, lines):
                document = json.loads(line)
                ids.append(document["_id"])
                variants = document.get("questions", [])
                parts = [document.get("title") or "", *variants, document.get("text") or ""]
                texts.append(" ".join(parts))
        self.ids = np.array(ids, dtype=object)
        # Place of each document in the order in which ties stand: by the bytes of the id, greatest
        # first.
        by_id = sorted(range(len(ids)), key=lambda i: ids[i].encode(), reverse=True)
        self.tie_rank = np.empty(len(ids), dtype=np.int64)
        self.tie_rank[by_id] = np.arange(len(ids))
        self.stemmer = Stemmer.Stemmer("english")
        tokens = self.words(texts)
        # Without a single word there is nothing to index, and every query finds nothing.
        self.index = None
        if any(tokens):
            self.index = bm25s.BM25(k1=K1, b=B, method="lucene", backend="auto")
            self.index.index(tokens, show_progress=False)

    def words(self, texts):
        # Words, not numbers of words: bm25s numbers stems in the order of a set, which Python
        # shuffles anew in each process.
        return bm25s.tokenize(texts, stopwords="en", stemmer=self.stemmer, return_ids=False,
                              show_progress=False)

    def rank(self, query, depth):
        known = self.index.get_tokens_ids(self.words([query])[0]) if self.index else []
        if not known:
            return []
        scores = self.index.get_scores_from_ids(known)
        found = np.flatnonzero(scores > 0)
        if len(found) > depth:
            least = np.partition(scores[found], len(found) - depth)[len(found) - depth]
            found = found[scores[found] >= least]
        order = np.lexsort((self.tie_rank[found], -scores[found]))[:depth]
        return [[self.ids[i], float(scores[i])] for i in found[order]]


def main():
    engine, depth = None, 100
    for line in sys.stdin:
        asked = json.loads(line)
        if "guidepost" in asked:
            if asked["guidepost"] != 1:
                sys.exit(f"speaks version 1 of the protocol, was asked for {asked['guidepost']}")
            engine, depth = Bm25(asked["corpus"]), asked["depth"]
            backend = engine.index.backend if engine.index else "nothing to index"
            print(f"bm25s {bm25s.__version__}, {backend}", file=sys.stderr)
            engine.rank("compiles what numba compiles", depth)
            answer = {"ready": True}
        elif "ping" in asked:
            answer = {"pong": asked["ping"]}
        else:
            answer = {"_id": asked["_id"], "ranking": engine.rank(asked["text"], depth)}
        print(json.dumps(answer, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
