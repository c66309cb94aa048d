"""Reading a BEIR folder (assistant/evaluation/beir.py), whole and broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.evaluation.beir import read_collection
from ingest.errors import RunError

CORPUS = ['{"_id": "d1", "title": "Slopes", "text": "Go down."}', '{"_id": 2, "text": "Go up.", "metadata": {}}']
QUERIES = ['{"_id": "q1", "text": "which way?"}', '{"_id": "q2", "text": "nobody judged this"}']
QRELS = ["query-id\tcorpus-id\tscore", "q1\td1\t1", "q1\t2\t0"]


def folder(path: Path, corpus: list[str] = CORPUS, queries: list[str] = QUERIES, qrels: list[str] = QRELS) -> Path:
    (path / "qrels").mkdir(parents=True, exist_ok=True)
    for name, lines in (("corpus.jsonl", corpus), ("queries.jsonl", queries), ("qrels/test.tsv", qrels)):
        (path / name).write_text("\n".join(lines) + "\n", "utf-8", "surrogateescape")
    return path


def test_a_whole_folder(tmp_path: Path):
    """Documents with their titles, the judged queries alone, grades by document; ids may be numbers."""
    found = read_collection(folder(tmp_path / "slopes"))
    assert [d.whole for d in found.documents] == ["Slopes Go down.", "Go up."]
    assert [q.id for q in found.queries] == ["q1"]
    assert found.qrels == {"q1": {"d1": 1, "2": 0}}
    assert (found.name, found.problems) == ("slopes", ())


@pytest.mark.parametrize(
    ("file", "line", "says"),
    [
        ("corpus", "{", "corpus.jsonl:3: "),
        ("corpus", "[" * 100_000, "corpus.jsonl:3: "),
        ("corpus", '"text"', 'needs an object with "_id" and "text"'),
        ("corpus", '{"_id": "d3"}', 'needs an object with "_id" and "text"'),
        ("corpus", '{"_id": "d1", "text": "again"}', "the id 'd1' is taken"),
        ("corpus", '{"_id": "d3", "text": "\\ud800"}', "surrogates not allowed"),
        ("corpus", '{"_id": "d3", "text": "\udcff"}', "corpus.jsonl:3: "),
        ("queries", "null", "queries.jsonl:3: "),
        ("qrels", "q1\td1", "qrels/test.tsv:4: needs query-id, corpus-id and score"),
        ("qrels", "q9\td1\t1", "no query 'q9'"),
        ("qrels", "q1\td9\t1", "no document 'd9'"),
        ("qrels", "q1\td1\tmuch", "'much' is no whole number"),
        ("qrels", "q1\td1\t1.5", "'1.5' is no whole number"),
    ],
)
def test_a_broken_line_is_left_out_by_its_number(tmp_path: Path, file: str, line: str, says: str):
    """What is wrong is one line with file and number; every other line is read."""
    lines = {"corpus": CORPUS, "queries": QUERIES, "qrels": QRELS}
    found = read_collection(folder(tmp_path, **{**lines, file: [*lines[file], line]}))
    assert len(found.problems) == 1
    assert says in found.problems[0]
    assert "\n" not in found.problems[0]
    assert len(found.documents) == 2
    assert found.qrels == {"q1": {"d1": 1, "2": 0}}


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"])
def test_a_missing_or_empty_file_is_one_line(tmp_path: Path, name: str):
    """The file is named."""
    path = folder(tmp_path)
    (path / name).write_text("")
    with pytest.raises(RunError, match="nothing in it can be used") as empty:
        read_collection(path)
    assert name in str(empty.value)
    (path / name).unlink()
    with pytest.raises(RunError, match="A BEIR folder holds") as missing:
        read_collection(path)
    assert name in str(missing.value)
