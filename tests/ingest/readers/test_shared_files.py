"""The real readings and the odd PDFs beside the checkout: everything is read, or refused for a true reason."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections import Counter
from difflib import SequenceMatcher
from pathlib import Path

import pytest

from ingest.documents import locate
from ingest.errors import ReadingError
from ingest.pipeline import ingest
from ingest.readers import Guard, format_of
from ingest.report import Report
from ingest.settings import Settings
from ingest.wording import norms
from tests.conftest import HashingEmbedder

SHARED = Path(__file__).resolve().parents[4] / "shared"
ROBUSTNESS = SHARED / "robustness" / "pdf"


def odd_pdfs() -> list[Path]:
    if not ROBUSTNESS.is_dir():
        pytest.skip("the odd PDFs are not here")
    return sorted(ROBUSTNESS.rglob("*.pdf"))


def all_end(files: list[Path], seconds: float) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    with Guard() as guard:
        for file in files:
            data, began = file.read_bytes(), time.monotonic()
            try:
                parsed = guard.read(data, file.name, format_of(data, file.name))
                assert all(0 <= m.start < m.end <= len(parsed.text) for m in (*parsed.marks, *parsed.boxes))
                outcomes["parsed"] += 1
            except ReadingError as error:
                outcomes[error.what] += 1
            assert time.monotonic() - began < seconds
    return outcomes


def test_sample_of_odd_pdfs_ends_in_text_or_reason() -> None:
    """Every ninth of the odd files, twenty seconds each at most, no crash among them."""
    outcomes = all_end(odd_pdfs()[::9], 20)
    assert outcomes["parsed"] > 20
    assert not [what for what in outcomes if "could not be read" in what or "crashed" in what]


@pytest.mark.long
def test_all_odd_pdfs_end_in_text_or_reason() -> None:
    """All of them."""
    outcomes = all_end(odd_pdfs(), 20)
    assert not [what for what in outcomes if "could not be read" in what or "crashed" in what]


def ingested(files: list[Path], settings: Settings, folder: Path) -> Report:
    """An ingest of files as one folder, whose second run writes nothing."""
    (folder / "doe-2001-descent").mkdir(parents=True)
    for number, file in enumerate(files):
        shutil.copyfile(file, folder / "doe-2001-descent" / f"{number:03d} {file.name}")
    report = ingest(settings, readings=folder, embedder=HashingEmbedder())
    assert report.published
    assert len(report.taken) + len(report.skipped) == len(files)
    assert all(skipped.reason and "\n" not in skipped.reason for skipped in report.skipped)
    again = ingest(settings, readings=folder, embedder=HashingEmbedder())
    assert (again.published, again.unchanged, len(again.skipped)) == (False, len(report.taken), len(report.skipped))
    return report


def test_odd_pdfs_of_one_folder_do_not_stop_an_ingest(settings: Settings, tmp_path: Path) -> None:
    """Every thirtieth of them, in one folder: each is taken or skipped with a reason of one line, once."""
    assert ingested(odd_pdfs()[::30], settings, tmp_path / "readings").taken


@pytest.mark.long
def test_all_odd_pdfs_in_one_folder_do_not_stop_an_ingest(settings: Settings, tmp_path: Path) -> None:
    """All of them, in one folder."""
    assert len(ingested(odd_pdfs(), settings, tmp_path / "readings").taken) > 200


def test_real_readings_are_all_read(readings: Path) -> None:
    """Each of the readings gives text, with a place for every character and no broken letters to speak of."""
    with Guard() as guard:
        for file in sorted(readings.rglob("*.*")):
            if file.name == "manifest.json":
                continue
            data = file.read_bytes()
            parsed = guard.read(data, file.name, format_of(data, file.name))
            assert len(parsed.text) > 300, file.name
            assert sum("\ue000" <= c <= "\uf8ff" or c < "\t" for c in parsed.text) == 0, file.name
            if parsed.pages:
                assert locate(parsed, len(parsed.text) // 2).page is not None


def test_words_agree_with_another_implementation(readings: Path) -> None:
    """On clean papers at least 97 of 100 of pdftotext's words are there, in its order."""
    pdftotext = shutil.which("pdftotext")
    if pdftotext is None:
        pytest.skip("pdftotext is not installed")
    for name in ("ruder-2017-multi-task/1706.05098.pdf", "ruder-2016-gradient-descent/1609.04747.pdf"):
        file = readings / name
        with Guard() as guard:
            ours = norms(guard.read(file.read_bytes(), name, "pdf").text)
        theirs = norms(subprocess.run([pdftotext, file, "-"], capture_output=True, text=True, check=True).stdout)
        theirs = [word for word in theirs if len(word) > 3 and word.isalpha()]
        ours = [word for word in ours if len(word) > 3 and word.isalpha()]
        same = sum(block.size for block in SequenceMatcher(None, theirs, ours, autojunk=False).get_matching_blocks())
        assert same >= 0.97 * len(theirs), name
