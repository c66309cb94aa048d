"""Where things live, and the few settings; every one has a default.

Settings are read from the environment once, into one frozen value that is handed down. Nothing here
touches the disk except ``writable_home``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from ingest.errors import SettingsError

DEFAULT_EMBEDDER = "all-MiniLM-L6-v2"


@dataclass(frozen=True)
class Settings:
    """What the environment says.

    ``home``: everything that is written (index, kept readings, caches, conversations).
    ``corpus``: catalogue and notes. ``embedder``: the packaged model, or a sentence-transformers name or path.
    ``model``: a LangChain chat model string such as ``openai:gpt-4o-mini``, or None for the extractive writer.
    ``chroma_url``: a Chroma server, or None for the embedded one.
    """

    home: Path
    corpus: Path
    embedder: str = DEFAULT_EMBEDDER
    model: str | None = None
    chroma_url: str | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """The settings that ``UNDERHOOD_HOME``, ``_CORPUS``, ``_EMBEDDER``, ``_MODEL`` and ``_CHROMA_URL`` name."""
        home = environ.get("UNDERHOOD_HOME")
        corpus = environ.get("UNDERHOOD_CORPUS")
        return cls(
            home=Path(home).expanduser() if home else Path(platformdirs.user_data_path("underhood")),
            corpus=Path(corpus).expanduser() if corpus else packaged_corpus(),
            embedder=environ.get("UNDERHOOD_EMBEDDER") or DEFAULT_EMBEDDER,
            model=environ.get("UNDERHOOD_MODEL") or None,
            chroma_url=environ.get("UNDERHOOD_CHROMA_URL") or None,
        )

    @property
    def index(self) -> Path:
        """The folder of the generations of the index."""
        return self.home / "index"

    @property
    def sources(self) -> Path:
        """The folder of kept readings, by hash."""
        return self.home / "sources"

    @property
    def cache(self) -> Path:
        """The folder of the vector cache."""
        return self.home / "cache"


def packaged_corpus() -> Path:
    """The corpus in the installed wheel, or beside the packages in a checkout."""
    inside = Path(__file__).parent / "_corpus"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "corpus"


def writable_home(settings: Settings) -> Path:
    """``settings.home``, made if absent. Raises SettingsError where it cannot be written."""
    home = settings.home
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe = home / f".writable-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise SettingsError(
            f"cannot write there ({error.strerror or error})",
            where=f"UNDERHOOD_HOME={home}",
            todo="Set UNDERHOOD_HOME to a folder you may write, with some free space",
        ) from error
    return home
