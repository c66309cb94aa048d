"""The command line (assistant/cli.py), as a person types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.answers import SCHEMA_VERSION, Answer
from ingest.settings import Settings
from tests.conftest import ROOT


def run(*args: str, home: Path, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "assistant.cli", *args],
        capture_output=True,
        text=True,
        input=stdin,
        cwd=ROOT,
        env={**os.environ, "UNDERHOOD_HOME": str(home), **environ},
        timeout=300,
        check=False,
    )


VERBS = ["ask", "ingest", "new-list", "chat", "evaluate", "compare", "verify", "fit", "readings", "doctor"]


def test_help_names_every_verb_and_loads_nothing_heavy(tmp_path: Path):
    """``--help`` lists the verbs; neither it nor ``import assistant`` imports a heavy library."""
    done = run("--help", home=tmp_path)
    assert done.returncode == 0
    assert all(v in done.stdout for v in VERBS)
    code = (
        "import sys, assistant, assistant.cli; heavy = {'torch', 'chromadb', 'gradio', 'langchain', 'langchain_core', "
        "'sentence_transformers', 'numpy', 'scipy', 'sklearn', 'ir_measures', 'pandas', 'pypdfium2', 'httpx'} & set(sys.modules); print(sorted(heavy))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str, tmp_path: Path):
    """Each verb has help with a sentence and its options, and the README names it."""
    done = run(verb, "--help", home=tmp_path)
    assert done.returncode == 0
    assert len(done.stdout.split()) > 10
    assert f"underhood {verb}" in (ROOT / "README.md").read_text("utf-8")


def test_the_version_is_printed(tmp_path: Path):
    """``--version`` names the program and its version."""
    assert run("--version", home=tmp_path).stdout.startswith("underhood 0.")


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["ask", "what is momentum?"], "underhood ingest"),
        (["ask", "   "], "empty"),
        (["ask", "x" * 100_000], "100,000 characters"),
        (["evaluate", "nowhere.jsonl", "--out", "out"], "nowhere.jsonl"),
        (["evaluate", "--out", "out"], "evaluate needs QUESTIONS.jsonl"),
        (["evaluate", "--retrieval", "nowhere", "--out", "out"], "A BEIR folder holds"),
        (["evaluate", "q.jsonl", "--retrieval", "nowhere", "--out", "out"], "goes with neither"),
        (["evaluate", "--out", "nowhere", "--grade"], "no finished run"),
        (["compare", "nowhere", "nowhere"], "no finished run"),
        (["ingest", "--readings", "nowhere"], "no such folder"),
        (["ingest", "--forget", "nobody"], "no such resource"),
    ],
)
def test_bad_use_is_one_line_and_exit_2(args: list[str], says: str, tmp_path: Path):
    """What is wrong, where and what to do, on one line of stderr; nothing on stdout."""
    done = run(*args, home=tmp_path / "home")
    assert done.returncode == 2
    assert done.stdout == ""
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_an_embedder_that_is_absent_is_one_line(tmp_path: Path):
    """A wrong UNDERHOOD_EMBEDDER is named."""
    done = run("ingest", home=tmp_path, UNDERHOOD_EMBEDDER="/nowhere/model")
    assert (done.returncode, "UNDERHOOD_EMBEDDER=/nowhere/model" in done.stderr) == (2, True)


def test_an_unknown_format_is_one_line(tmp_path: Path):
    """What formats there are is said before anything is loaded."""
    done = run("ask", "what is stride?", "--format", "docx", home=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        "underhood: no format 'docx'. Use one of: text, markdown, bibtex, csl, annotations, langchain, json\n"
    )


def test_asking_and_evaluating_from_a_shell(real_settings: Settings, tmp_path: Path):
    """``ask --json`` prints one object, ``evaluate`` writes its files and goes on where it stopped."""
    home = real_settings.home
    done = run("ask", "what is batch normalization?", "--json", home=home)
    assert done.returncode == 0, done.stderr
    answer = Answer.from_json(json.loads(done.stdout))
    assert answer.outcome == "answered"
    listed = run("ask", "what is batch normalization?", "--format", "csl", home=home)
    assert {i["id"] for i in json.loads(listed.stdout)} == {c.resource.id for c in answer.citations}
    questions = tmp_path / "q.jsonl"
    rows = [
        {"id": "a", "question": "What is stride?", "answerable": "yes"},
        {"id": "b", "question": "Who won the world cup?", "answerable": "no"},
    ]
    questions.write_text("\n".join([json.dumps(rows[0]), "{broken", json.dumps(rows[1]), '{"id": "c"}']) + "\n")
    done = run("evaluate", str(questions), "--out", str(tmp_path / "out"), home=home)
    assert done.returncode == 0, done.stderr
    assert "q.jsonl:2" in done.stderr
    assert "q.jsonl:4" in done.stderr
    results = [json.loads(line) for line in (tmp_path / "out/results.jsonl").read_text().splitlines()]
    assert [(r["id"], r["outcome"]) for r in results] == [("a", "answered"), ("b", "declined")]
    assert all(r["result"]["schema_version"] == SCHEMA_VERSION for r in results)
    assert (tmp_path / "out/report.html").read_text().startswith("<!doctype html>")
    assert json.loads((tmp_path / "out/summary.json").read_text())["outcomes"] == {"answered": 1, "declined": 1}


def test_compare_names_a_regression_and_exits_1(tmp_path: Path):
    """Two runs that differ: the figure and the question are named, exit 1; a wide threshold passes, exit 0."""
    for name, outcome in (("a", "answered"), ("b", "declined")):
        (tmp_path / name).mkdir()
        row = {
            "id": "1",
            "question": "What?",
            "answerable": "yes",
            "outcome": outcome,
            "confidence": 0.5,
            "result": None,
        }
        (tmp_path / name / "results.jsonl").write_text(json.dumps(row) + "\n")
        (tmp_path / name / "summary.json").write_text("{}")
    runs = ("compare", str(tmp_path / "a"), str(tmp_path / "b"))
    done = run(*runs, home=tmp_path)
    assert done.returncode == 1
    assert "outcome right" in done.stdout
    assert "answered → declined" in done.stdout
    assert run(*runs, "--threshold", "1", home=tmp_path).returncode == 0
    assert json.loads(run(*runs, "--json", home=tmp_path).stdout)["regressions"] == ["outcome right"]
