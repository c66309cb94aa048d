"""What readings were brought, kept by their hash under ``UNDERHOOD_HOME/sources``.

The bytes are kept because the index is only a cache, and because pages are shown as pictures. A file that was
brought stays until it is forgotten, also when the folder it came from is gone.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import unicodedata
import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from ingest.documents import Role
from ingest.errors import ReadingError

#: The largest file that is taken.
MAX_BYTES = 200 * 1024 * 1024
#: Endings of files that lie beside readings and are none.
IGNORED = frozenset({".json", ".license", ".ds_store", ".gitignore"})


@dataclass(frozen=True)
class Source:
    """One file that was brought: which resource, which edition, from where.

    ``role`` is ``related`` for a text that is not the resource itself. ``how`` is the verb that brought it.
    """

    resource: str
    name: str
    sha256: str
    role: Role = "text"
    edition: str | None = None
    licence: str | None = None
    url: str | None = None
    how: Literal["readings", "fetch", "add"] = "readings"

    @property
    def key(self) -> str:
        """``resource/name``."""
        return f"{self.resource}/{self.name}"


class SourceShelf:
    """The kept files and their list (``sources.json``), changed by whole replacement only.

    A file that takes another's place is not sure of it before ``save``: ``restore`` brings the older one back.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sources: dict[str, Source] = {}
        self._older: dict[str, Source] = {}
        self._load()

    def _load(self) -> None:
        path = self.folder / "sources.json"
        if not path.exists():
            return
        try:
            rows: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
            self.sources = {s.key: s for s in (Source(**r) for r in rows)}
        except (ValueError, TypeError) as error:
            raise ReadingError(
                f"the list of kept readings is unreadable ({error})",
                where=str(path),
                todo="Move it away and ingest again",
            ) from error

    def keep(self, source: Source, data: bytes) -> bool:
        """Keep a file; False where exactly it was kept already."""
        if self.sources.get(source.key) == source and self.path(source).is_file():
            return False
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.path(source).is_file():
            write_whole(self.path(source), data)
        if (older := self.sources.get(source.key)) is not None and older.sha256 != source.sha256:
            self._older.setdefault(source.key, older)
        self.sources[source.key] = source
        return True

    def restore(self, key: str) -> Source | None:
        """Put the file back that another of the same name had replaced; None where there was none."""
        if (older := self._older.pop(key, None)) is None or not self.path(older).is_file():
            return None
        self.sources[key] = older
        return older

    def forget(self, resource: str) -> list[Source]:
        """Take a resource's files off the list; the bytes go with ``save``."""
        gone = [s for s in self.sources.values() if s.resource == resource]
        for source in gone:
            del self.sources[source.key]
        return gone

    def write(self) -> None:
        """Write the list, with the older file wherever its place is not yet sure; no bytes are removed."""
        self._write_list({**self.sources, **{k: s for k, s in self._older.items() if k in self.sources}})

    def save(self) -> None:
        """Write the list as it is now, then remove bytes that nothing names any more."""
        self._older.clear()
        self._write_list(self.sources)
        live = {s.sha256 for s in self.sources.values()}
        for path in self.folder.iterdir():
            if len(path.name) == 64 and path.name not in live:
                path.unlink(missing_ok=True)

    def _write_list(self, sources: Mapping[str, Source]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        rows = [asdict(s) for _, s in sorted(sources.items())]
        write_whole(
            self.folder / "sources.json", json.dumps(rows, indent=1, ensure_ascii=False).encode("utf-8", "replace")
        )

    def path(self, source: Source) -> Path:
        """Where the bytes of a source lie."""
        return self.folder / source.sha256

    def read(self, source: Source) -> bytes:
        """The bytes of a source. Raises ReadingError where they are gone."""
        try:
            return self.path(source).read_bytes()
        except OSError as error:
            raise ReadingError(
                f"the kept file is gone ({error.strerror})", where=source.key, todo="Bring it again"
            ) from error


def found_in(folder: Path, resources: Collection[str]) -> Iterator[tuple[Source, bytes] | ReadingError]:
    """The files of ``folder/<resource-id>/…`` with their bytes, or why one is refused.

    Raises ReadingError where the folder itself is gone, which is never a removal of what was kept.
    """
    if not folder.is_dir():
        raise ReadingError(
            "no such folder", where=str(folder), todo="What was brought before is kept; name another folder"
        )
    facts = _manifest(folder)
    root = folder.resolve()
    for path in sorted(folder.rglob("*")):
        listed = path.relative_to(folder).as_posix()
        name = plain_name(listed)
        if (path.is_dir() and not path.is_symlink()) or path.suffix.casefold() in IGNORED or path.name.startswith("."):
            continue
        resource, _, rest = name.partition("/")
        if not rest and not path.is_dir():
            yield ReadingError("it lies in no folder named after a resource (see: underhood readings)", where=name)
            continue
        if resource not in resources:
            yield ReadingError(
                f"no resource {resource!r} in the catalogue", where=name, todo="Rename its folder to a resource id"
            )
            continue
        try:
            data = _read_inside(path, root)
        except (OSError, ReadingError) as error:
            reason = error.what if isinstance(error, ReadingError) else (error.strerror or str(error))
            yield ReadingError(reason, where=name)
            continue
        known = facts.get(listed, {})
        yield (
            Source(
                resource=resource,
                name=rest,
                sha256=hashlib.sha256(data).hexdigest(),
                role="related" if known.get("role") == "related" else "text",
                edition=known.get("edition"),
                licence=known.get("licence"),
                url=known.get("url"),
            ),
            data,
        )


def plain_name(name: str) -> str:
    """A file's name as it can be kept and shown: what is no text, and what steers a terminal, becomes U+FFFD."""
    return "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cf", "Cs") else c for c in name)


def _read_inside(path: Path, root: Path) -> bytes:
    """The bytes of a regular file inside ``root``; links to folders or out of it, pipes and devices are refused."""
    if not path.resolve().is_relative_to(root):
        raise ReadingError("a link that leads out of the folder; skipped")
    if path.is_dir():
        raise ReadingError("a link to a folder; skipped")
    return _read_regular(path)


def read_file(path: Path) -> bytes:
    """The bytes of one file that a person named. Raises ReadingError."""
    try:
        return _read_regular(path)
    except FileNotFoundError as error:
        raise ReadingError("no such file", where=str(path)) from error
    except (OSError, ReadingError) as error:
        reason = (
            error.what.removesuffix("; skipped") if isinstance(error, ReadingError) else (error.strerror or str(error))
        )
        raise ReadingError(reason, where=str(path)) from error


def _read_regular(path: Path) -> bytes:
    info = path.stat()
    if not stat.S_ISREG(info.st_mode):
        raise ReadingError("not a regular file; skipped")
    if info.st_size > MAX_BYTES:
        raise ReadingError(f"larger than {MAX_BYTES // 2**20} MB; skipped")
    data = path.read_bytes()
    after = path.stat()
    if (after.st_size, after.st_mtime_ns) != (info.st_size, info.st_mtime_ns):
        raise ReadingError("it changed while it was read; try again")
    return data


def _manifest(folder: Path) -> dict[str, dict[str, Any]]:
    path = folder / "manifest.json"
    if not path.is_file():
        return {}
    try:
        rows = json.loads(path.read_text("utf-8"))
        return {str(r["file"]): r for r in rows}
    except (ValueError, TypeError, KeyError) as error:
        raise ReadingError(f"not a manifest: {error}", where=str(path)) from error


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that others see the old one or the new one, never a part."""
    staged = path.with_name(f".{path.name[:40]}-{uuid.uuid4().hex[:6]}")
    with staged.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(staged, path)
