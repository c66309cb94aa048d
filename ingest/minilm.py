"""all-MiniLM-L6-v2 by onnxruntime: a question to its vector without loading torch.

The graph is written here, the weights come from the model's own safetensors file. Loading takes a fraction of what
torch needs, and one short text a half to a third of the time. It knows this one architecture (BERT with mean
pooling), in float32; everything else is the work of sentence-transformers (embedding.py).
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.onnx import Graph
from ingest.parts import Ints, Tokens, padded, unit

Array = NDArray[np.float32]
#: More threads than this wait for each other on texts as short as ours.
THREADS = 4


class MiniLM:
    """The model in a folder of sentence-transformers' form: ``model.safetensors``, ``config.json``, ``tokenizer.json``."""

    def __init__(self, folder: Path) -> None:
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # else it warns wherever a process is forked
        from tokenizers import Tokenizer

        self._folder = folder
        self._config = json.loads((folder / "config.json").read_text("utf-8"))
        self.dimensions: int = self._config["hidden_size"]
        self.limit: int = json.loads((folder / "sentence_bert_config.json").read_text("utf-8"))["max_seq_length"]
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        empty = self._tokenizer.encode("").ids
        #: The special tokens before and behind a text.
        self.ends: tuple[int, int] = (empty[0], empty[-1])

    @cached_property
    def _session(self) -> Any:
        """The model itself, loaded when it first runs: who embeds by torch wants the tokens alone."""
        from safetensors.numpy import load_file

        return _session(bert(self._config, load_file(self._folder / "model.safetensors")))

    def count(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, special tokens not counted, however long it is."""
        return [len(e.ids) for e in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]

    def encode(self, texts: Sequence[str]) -> Array:
        """Unit vectors, shape (len(texts), dimensions), float32. A text is cut at the model's 256 tokens."""
        ids, mask = padded([self._cut(e.ids) for e in self._tokenizer.encode_batch_fast(list(texts))])
        return unit(np.einsum("btd,bt->bd", self.run(ids, mask), mask.astype(np.float32)))

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """The tokens of each text, however long it is, and where they stand."""
        found = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        spans = [np.array(e.offsets, np.int64).reshape(-1, 2) for e in found]
        return [Tokens(e.ids, s[:, 0], s[:, 1]) for e, s in zip(found, spans, strict=True)]

    def run(self, ids: Ints, mask: Ints) -> Array:
        """The last layer's states: int32 (texts, tokens) to float32 (texts, tokens, dimensions)."""
        states: Array = self._session.run(None, {"ids": ids, "mask": mask})[0]
        return states

    def _cut(self, ids: list[int]) -> list[int]:
        return ids if len(ids) <= self.limit else [*ids[: self.limit - 1], ids[-1]]


def bert(config: dict[str, Any], weights: dict[str, Array]) -> Graph:
    """BERT (Devlin et al. 2019) as a graph: ``ids`` and ``mask``, int32 (texts, tokens), to ``out``, float32 (texts, tokens, d).

    The operators are those of onnxruntime's own set, to which it reduces a BERT anyway.
    """
    g, ms = Graph(), "com.microsoft"
    epsilon = config["layer_norm_eps"]

    def norm(name: str) -> list[str]:
        return [g.weight(f"{name}.{n}", weights[f"{name}.{n}"]) for n in ("weight", "bias")]

    def dense(x: str, name: str) -> tuple[str, str]:
        """A product with a weight; its result and the name of the bias."""
        product = g.node("MatMul", [x, g.weight(f"{name}.weight", weights[f"{name}.weight"].T)])
        return product, g.weight(f"{name}.bias", weights[f"{name}.bias"])

    word, place, segment = (weights[f"embeddings.{n}_embeddings.weight"] for n in ("word", "position", "token_type"))
    tables = [
        g.weight("word", word),
        g.weight("place", place + segment[0]),
        "",
    ]  # one segment: its vector joins the place
    scale = norm("embeddings.LayerNorm")
    x = g.node("EmbedLayerNormalization", ["ids", "", *tables, *scale], ms, outputs=2, epsilon=epsilon)
    for n in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{n}"
        parts = [f"{layer}.attention.self.{p}" for p in ("query", "key", "value")]
        joint = [np.concatenate([weights[f"{p}.{k}"] for p in parts]) for k in ("weight", "bias")]
        inputs = [g.weight(f"{layer}.attention.weight", joint[0].T), g.weight(f"{layer}.attention.bias", joint[1])]
        heads = config["num_attention_heads"]
        attended = g.node("Attention", [x, *inputs, "mask"], ms, num_heads=heads)
        product, bias = dense(attended, f"{layer}.attention.output.dense")
        scale = norm(f"{layer}.attention.output.LayerNorm")
        x = g.node("SkipLayerNormalization", [product, x, *scale, bias], ms, epsilon=epsilon)
        wide = g.node("BiasGelu", [*dense(x, f"{layer}.intermediate.dense")], ms)
        product, bias = dense(wide, f"{layer}.output.dense")
        x = g.node(
            "SkipLayerNormalization", [product, x, *norm(f"{layer}.output.LayerNorm"), bias], ms, epsilon=epsilon
        )
    g.output = x
    return g


def _session(graph: Graph) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = min(THREADS, processors())
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(v)) for v in graph.weights.values()]
    options.add_external_initializers(list(graph.weights), values)
    return onnxruntime.InferenceSession(graph.dump(), options, providers=["CPUExecutionProvider"])


def processors() -> int:
    """How many processors this process may use; ``OMP_NUM_THREADS`` says less."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdigit() and int(wanted):
        return int(wanted)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
