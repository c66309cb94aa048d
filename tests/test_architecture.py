"""The shape of the house: which way imports point, who owns which library, and that the README's tree is true."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

#: Each big library is imported by its owners alone.
OWNERS = {
    "chromadb": {"ingest/index/vectors.py", "ingest/index/server.py"},
    "bm25s": {"ingest/index/words.py"},
    "Stemmer": {"ingest/index/words.py"},
    "sentence_transformers": {"ingest/embedding.py"},
    "torch": {"ingest/embedding.py"},
    "transformers": {"ingest/embedding.py"},
    "langchain": {"assistant/models.py"},
    "langchain_core": {"assistant/chain.py"},
    "gradio": {"assistant/chat/"},
    "rapidfuzz": {"assistant/spelling.py"},
    "typer": {"assistant/cli.py"},
    "onnxruntime": {"ingest/minilm.py"},
    "tokenizers": {"ingest/minilm.py", "ingest/embedding.py"},
    "safetensors": {"ingest/minilm.py"},
    "filelock": {"ingest/index/generation.py"},
    "httpx": {"ingest/fetching.py", "ingest/connecting.py", "ingest/index/server.py"},
    "httpcore": {"ingest/fetching.py", "ingest/connecting.py"},
    "tenacity": {"ingest/fetching.py", "ingest/index/server.py"},
    "pypdfium2": {"ingest/readers/", "assistant/chat/"},
    "trafilatura": {"ingest/readers/html.py"},
    "ir_measures": {"assistant/evaluation/retrieval_runs.py"},
    "sklearn": {"assistant/evaluation/fitting.py", "assistant/evaluation/grading.py"},
    "scipy": {"assistant/evaluation/fitting.py", "assistant/evaluation/metrics.py"},
    "mcp": {"assistant/programs/mcp.py"},
    "jinja2": {"assistant/evaluation/report.py", "assistant/programs/describing.py", "assistant/chat/"},
}
#: From the bottom up; a module imports only modules of lines above its own, or of its own line.
LAYERS = [
    {"ingest.errors"},
    {
        "ingest.addresses",
        "ingest.connecting",
        "ingest.report",
        "ingest.starting",
        "ingest.settings",
        "ingest.documents",
        "ingest.wording",
        "ingest.notes",
        "ingest.catalogue",
        "ingest.onnx",
        "ingest.parts",
    },
    {"ingest.minilm"},
    {"ingest.added", "ingest.note_checks", "ingest.passages", "ingest.embedding", "ingest.readers", "ingest.sources"},
    {"ingest.fetching", "ingest.vector_cache"},
    {"ingest.bringing"},
    {"ingest.index"},
    {"ingest.anchoring", "ingest.pipeline"},
    {"assistant"},
]
ASSISTANT = [
    {
        "assistant.answers",
        "assistant.agreement",
        "assistant.contents",
        "assistant.talk",
        "assistant.questions",
        "assistant.confidence",
        "assistant.fusion",
        "assistant.ranking",
        "assistant.models",
    },
    {
        "assistant.intent",
        "assistant.coverage",
        "assistant.pointing",
        "assistant.ellipsis",
        "assistant.conversation",
        "assistant.references",
        "assistant.quotations",
    },
    {"assistant.vocabulary"},
    {"assistant.retrieval"},
    {"assistant.grounding", "assistant.writers"},
    {"assistant.composing"},
    {"assistant.answering"},
    {"assistant.chain", "assistant.listing", "assistant.doctor", "assistant.verification", "assistant.evaluation"},
    {"assistant.programs"},
    {"assistant.chat"},
    {"assistant.terminal"},
    {"assistant.cli"},
]


def modules() -> Iterator[tuple[str, ast.Module]]:
    for package in ("ingest", "assistant"):
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


def imported(tree: ast.AST) -> Iterator[tuple[str, bool]]:
    """Each imported module's name, and whether it is imported at the top of its file."""
    top = {id(n) for n in getattr(tree, "body", [])}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in top
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, id(node) in top


def layer(module: str, layers: list[set[str]]) -> int | None:
    for n, names in enumerate(layers):
        if any(module == name or module.startswith(f"{name}.") for name in names):
            return n
    return None


def test_ingest_never_imports_assistant():
    """The arrow between the packages points one way."""
    assert [
        p
        for p, tree in modules()
        if p.startswith("ingest/")
        for m, _ in imported(tree)
        if m.split(".")[0] == "assistant"
    ] == []


@pytest.mark.parametrize("layers", [LAYERS, ASSISTANT], ids=["ingest", "assistant"])
def test_imports_point_downward(layers: list[set[str]]):
    """A module imports nothing that stands above it."""
    wrong = []
    for path, tree in modules():
        own = layer(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."), layers)
        for module, _ in imported(tree):
            other = layer(module, layers)
            if own is not None and other is not None and other > own:
                wrong.append(f"{path} imports {module}")
    assert wrong == []


def test_big_libraries_have_one_owner():
    """A library is imported by its owner, and not at the top of a file that others import at once."""
    wrong = []
    for path, tree in modules():
        for module, _ in imported(tree):
            owners = OWNERS.get(module.split(".")[0])
            if owners and not any(path.startswith(o) for o in owners):
                wrong.append(f"{path} imports {module}")
    assert wrong == []


def test_errors_imports_nothing():
    """The error tree stands on nothing."""
    tree = ast.parse((ROOT / "ingest/errors.py").read_text("utf-8"))
    assert list(imported(tree)) == []


def test_files_are_read_in_one_sitting():
    """No source file is longer than 400 lines."""
    assert {p: n for p, n in ((p, (ROOT / p).read_text("utf-8").count("\n")) for p, _ in modules()) if n > 400} == {}


def test_the_tree_in_the_readme_is_true():
    """Every file and folder of the README's tree exists, and every module stands in it."""
    block = re.search(r"## The house\n```text\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)
    assert block
    named: set[str] = set()
    stack: list[str] = []
    for line in block[1].splitlines():
        match = re.match(r"( *)([\w.*<>-]+/?)", line)
        if not match:
            continue
        depth = len(match[1]) // 2
        stack[depth:] = [match[2].rstrip("/")]
        named.add("/".join(stack[: depth + 1]))
    missing = {n for n in named if "<" not in n and "*" not in n and not (ROOT / n).exists()}
    assert missing == set()
    tracked = {p for p, _ in modules() if not p.endswith("__init__.py")}
    covered = {
        p
        for p in tracked
        if p in named or any(p.startswith(n + "/") and not any(m.startswith(n + "/") for m in named) for n in named)
    }
    assert tracked - covered == set()


def test_no_path_of_a_machine_in_the_repository():
    """Nothing in the repository names a path or a host of somebody's machine."""
    done = subprocess.run(
        ["git", "grep", "-nIE", r"/(root|home/[a-z]+)/\.|/work/|/farm/"], cwd=ROOT, capture_output=True, text=True
    )
    found = [line for line in done.stdout.splitlines() if not line.startswith("tests/test_architecture.py")]
    assert found == []


def test_every_dependency_is_pinned_and_reasoned():
    """Each dependency has its reason beside it in pyproject.toml and its version in constraints.txt."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    pins = {
        re.sub(r"[-_.]+", "-", line.split("==")[0]).lower()
        for line in Path(ROOT / "constraints.txt").read_text("utf-8").splitlines()
        if "==" in line
    }
    project = tomllib.loads(text)["project"]
    wanted = [*project["dependencies"], *(d for extra in project["optional-dependencies"].values() for d in extra)]
    unreasoned = [d for d in wanted if not re.search(rf'"{re.escape(d)}"\]?,?\s+#', text)]
    assert unreasoned == []
    names = {re.sub(r"[-_.]+", "-", re.split(r"[<>=!~\[ ]", d)[0]).lower() for d in wanted}
    assert len(names) > 20
    assert names - pins == set()
