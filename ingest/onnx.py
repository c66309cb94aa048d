"""A graph of operators in ONNX's file format, as far as one model needs it (onnx.proto, protobuf's wire format).

onnxruntime runs such graphs but cannot write them, and the package that can is large; the few messages needed here
are nested fields of a number and some bytes. Weights are named in the graph and handed over beside it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_FLOAT, _INT32 = 1, 6  # TensorProto.DataType
_IR_VERSION, _OPSET = 8, 17


@dataclass
class Graph:
    """Nodes in the order they run, and the weights they name. Inputs: ``ids`` and ``mask``, int32, two axes; one output."""

    weights: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    output: str = ""
    _nodes: list[bytes] = field(default_factory=list)

    def weight(self, name: str, values: NDArray[np.float32]) -> str:
        """Hold a weight, float32; its name."""
        self.weights[name] = values
        return name

    def node(
        self, operator: str, inputs: Sequence[str], domain: str = "", outputs: int = 1, **attributes: float | int
    ) -> str:
        """Add an operator; the name of its first output (the others are not used)."""
        name = f"{operator}-{len(self._nodes)}"
        made = [_text(2, name), *(_text(2, f"{name}-{n}") for n in range(1, outputs))]
        fields = [*(_text(1, i) for i in inputs), *made, _text(4, operator), _text(7, domain)]
        self._nodes.append(b"".join([*fields, *(_bytes(5, _attribute(k, v)) for k, v in attributes.items())]))
        return name

    def dump(self) -> bytes:
        """The ModelProto."""
        graph = [_bytes(1, n) for n in self._nodes]
        graph += [_text(2, "graph"), *(_bytes(5, _outside(n, w.shape)) for n, w in self.weights.items())]
        graph += [_bytes(11, _value(n, _INT32, 2)) for n in ("ids", "mask")]
        graph += [_bytes(12, _value(self.output, _FLOAT, 3))]
        operators = [_text(1, "") + _number(2, _OPSET), _text(1, "com.microsoft") + _number(2, 1)]
        return b"".join([_number(1, _IR_VERSION), _bytes(7, b"".join(graph)), *(_bytes(8, o) for o in operators)])


def _attribute(name: str, value: float | int) -> bytes:
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, 2)
    return _text(1, name) + _tag(2, 5) + struct.pack("<f", value) + _number(20, 1)


def _outside(name: str, shape: Sequence[int]) -> bytes:
    """A TensorProto whose values are handed over beside the graph."""
    place = _text(1, "location") + _text(2, "memory")
    return b"".join(
        [*(_number(1, n) for n in shape), _number(2, _FLOAT), _text(8, name), _bytes(13, place), _number(14, 1)]
    )


def _value(name: str, kind: int, axes: int) -> bytes:
    """A ValueInfoProto of some type with axes of any length."""
    shape = b"".join(_bytes(1, _text(2, f"{name}-{n}")) for n in range(axes))
    return _text(1, name) + _bytes(2, _bytes(1, _number(1, kind) + _bytes(2, shape)))


def _tag(number: int, wire: int) -> bytes:
    return _varint(number << 3 | wire)


def _number(number: int, value: int) -> bytes:
    return _tag(number, 0) + _varint(value)


def _text(number: int, value: str) -> bytes:
    return _bytes(number, value.encode())


def _bytes(number: int, value: bytes) -> bytes:
    return _tag(number, 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])
