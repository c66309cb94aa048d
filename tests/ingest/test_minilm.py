"""The model by onnxruntime (ingest/minilm.py) against sentence-transformers, and the graph's file format."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from ingest.embedding import SentenceTransformerEmbedder, packaged_model
from ingest.minilm import MiniLM
from ingest.notes import read_notes
from ingest.onnx import Graph
from tests.conftest import ROOT

ODD = ["", "word " * 400, "é😀 \ud7ff x", "a", "$\\nabla f(x)$ of a 3x3 kernel?", "ALL CAPITALS", "tab\tand\nline"]


@pytest.fixture(scope="module")
def light() -> MiniLM:
    return MiniLM(packaged_model())


def agree(light: MiniLM, minilm: SentenceTransformerEmbedder, texts: list[str]) -> float:
    """The least cosine between the vectors of both, in batches as questions come."""
    reference = minilm._forward(texts, bulk=False)
    ours = np.concatenate([light.encode(texts[n : n + 7]) for n in range(0, len(texts), 7)])
    return float((reference * ours).sum(1).min())


def test_it_agrees_with_sentence_transformers(light: MiniLM, minilm: SentenceTransformerEmbedder):
    """Empty, long, odd and ordinary texts get the vectors that sentence-transformers gives, to a cosine of 0.999999."""
    assert agree(light, minilm, [*ODD, "What is momentum?", "why do gradients vanish in deep nets"]) > 0.999999


@pytest.mark.long
def test_the_first_ten_are_the_same(light: MiniLM, minilm: SentenceTransformerEmbedder):
    """For 1,000 questions of our notes the ten nearest of the notes' claims are the same by either model."""
    claims = [c for n in read_notes(ROOT / "corpus" / "notes") for c in n.claims]
    questions = [c.questions[1] for c in claims[:: len(claims) // 1000]][:1000]
    ours = np.concatenate([light.encode(questions[n : n + 16]) for n in range(0, 1000, 16)])
    theirs, texts = minilm._forward(questions, bulk=False), minilm._forward([c.text for c in claims[::4]], bulk=False)
    assert (ours * theirs).sum(1).min() > 0.9999
    assert np.array_equal(*(np.argsort(-(v @ texts.T), axis=1, kind="stable")[:, :10] for v in (ours, theirs)))


def test_a_text_has_one_vector_in_any_company(light: MiniLM):
    """Padding and neighbours in a batch change nothing."""
    alone, together = light.encode(["What is dropout?"]), light.encode(["word " * 200, "What is dropout?", "x"])
    assert np.allclose(alone[0], together[1], atol=1e-6)


def test_a_question_loads_no_torch():
    """Embedding a question and counting tokens leaves torch and sentence-transformers out."""
    code = (
        "import sys; from ingest.embedding import SentenceTransformerEmbedder as E; e = E(); e.encode(['x']); e.count(['x']);"
        "e.dimensions; assert not {'torch', 'transformers', 'sentence_transformers'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_a_graph_is_what_onnxruntime_reads():
    """Operators, attributes and weights arrive as they were written: rows of a table, then a softmax."""
    import onnxruntime

    graph = Graph()
    table = graph.weight("table", np.arange(600, dtype=np.float32).reshape(200, 3))
    rows = graph.node("Gather", [table, "ids"])
    graph.output = graph.node("Softmax", [rows], axis=2)
    options = onnxruntime.SessionOptions()
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(v) for v in graph.weights.values()]
    options.add_external_initializers(list(graph.weights), values)
    session = onnxruntime.InferenceSession(graph.dump(), options, providers=["CPUExecutionProvider"])
    ids = np.array([[0, 199]], np.int32)
    (out,) = session.run(None, {"ids": ids, "mask": ids})
    exact = np.exp([0, 1, 2]) / np.exp([0, 1, 2]).sum()
    assert np.allclose(out, [[exact, exact]], atol=1e-6)
