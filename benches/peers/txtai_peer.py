"""txtai's hybrid search, the same int8 vectors: its own BM25 and faiss's exact inner products, summed
with the weight that run.py gives."""

import numpy as np

from peer import DEPTH, now


class Txtai:
    def __init__(self, ids, texts, embedder, vectors, weight):
        import faiss
        from txtai.embeddings import Embeddings

        faiss.omp_set_num_threads(1)
        self.weight, self.spent, known = weight, 0, dict(zip(texts, vectors))

        def transform(asked):
            start = now()
            rows = [known[text] if text in known else embedder.embed(text) for text in asked]
            self.spent += now() - start
            return np.array(rows, np.float32)

        self.embeddings = Embeddings(
            method="external", transform=transform, normalize=False, content=False, batch=512, encodebatch=512,
            backend="faiss", faiss={"components": "IDMap,Flat"},
            scoring={"method": "bm25", "terms": True, "normalize": True, "k1": 1.2, "b": 0.75},
        )
        self.embeddings.index(zip(ids, texts, [None] * len(ids)))
        # Only documents are looked up by their text, and only while they are indexed.
        known.clear()

    def answer(self, text):
        self.spent = 0
        start = now()
        found = self.embeddings.search(text, DEPTH, weights=self.weight)
        end = now()
        return [document for document, _ in found], end - start, self.spent
