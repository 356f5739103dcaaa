#!/usr/bin/env python3
"""Cosine of tf-idf as a system of an experiment: `{command = ["python3", ".../peer_tfidf.py"]}`.

Python's standard library only, so that tests can run it anywhere; a stand-in, no contender. The
protocol stands in eval/METHODOLOGY.md ("Programs"). A word is a run of letters and digits, in small
letters; weight (1 + ln tf) * ln(1 + N / df), vectors of length 1 (Salton and Buckley, 1988, in
spirit). Confidence is the cosine of the best document; it answers from .2 on and hands over below.
Equal scores stand by document id, descending.
"""

import collections
import json
import math
import re
import sys

THRESHOLD = 0.2


def counts(text):
    return collections.Counter(re.findall(r"[^\W_]+", text.lower()))


class TfIdf:
    def __init__(self, corpus):
        with open(corpus, encoding="utf-8") as lines:
            documents = [json.loads(line) for line in lines if line.strip()]
        bags = {d["_id"]: counts(" ".join([d.get("title") or "", *d.get("questions", []),
                                               d.get("text") or ""])) for d in documents}
        found_in = collections.Counter(word for bag in bags.values() for word in bag)
        self.idf = {word: math.log(1 + len(bags) / n) for word, n in found_in.items()}
        self.postings = collections.defaultdict(list)
        for document, bag in bags.items():
            for word, weight in self.vector(bag):
                self.postings[word].append((document, weight))

    def vector(self, bag):
        # In the order of the words: a sum in another order has other last digits.
        pairs = [(w, (1 + math.log(n)) * self.idf[w]) for w, n in sorted(bag.items()) if w in self.idf]
        length = math.sqrt(sum(weight * weight for _, weight in pairs))
        return [(word, weight / length) for word, weight in pairs]

    def ask(self, text, depth):
        cosines = collections.defaultdict(float)
        for word, weight in self.vector(counts(text)):
            for document, other in self.postings[word]:
                cosines[document] += weight * other
        # Rounded, so that the order of a sum can make no difference between machines.
        ranking = sorted(((round(c, 12), d.encode(), d) for d, c in cosines.items()), reverse=True)
        ranking = [[document, cosine] for cosine, _, document in ranking[:depth]]
        document, confidence = ranking[0] if ranking else (None, 0.0)
        decision = "answer" if confidence >= THRESHOLD else "handover"
        answer = {"ranking": ranking, "decision": decision, "confidence": confidence}
        return answer if document is None else answer | {"document": document}


def main():
    engine, depth = None, 100
    for line in sys.stdin:
        asked = json.loads(line)
        if "guidepost" in asked:
            engine, depth = TfIdf(asked["corpus"]), asked["depth"]
            answer = {"ready": True}
        elif "ping" in asked:
            answer = {"pong": asked["ping"]}
        else:
            answer = {"_id": asked["_id"]} | engine.ask(asked["text"], depth)
        print(json.dumps(answer, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
