"""Files onto the shelf of kept readings: from a folder, from the web, one of a person's own.

Each is looked at before it is kept; one that is refused never costs the older copy of the same name.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from itertools import chain, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ingest import readers
from ingest.added import AddedResource, is_id
from ingest.catalogue import Catalogue, Fetchable, Resource
from ingest.documents import Parsed
from ingest.errors import FetchError, ReadingError
from ingest.report import Report, Skipped
from ingest.sources import Source, SourceShelf, found_in, plain_name, read_file, write_whole

if TYPE_CHECKING:
    from ingest.fetching import Fetcher

UNKNOWN = "not a format known here (pdf, html, md, ipynb, vtt, srt)"
#: Says why a file was refused before, or None: such a file is not put in the place of a good one again.
Before = Callable[[Source], str | None]


@dataclass(frozen=True)
class Addition:
    """A file of a person's own, the resource it belongs to, and what they say of a new one."""

    file: Path
    resource: str
    title: str | None = None
    authors: tuple[str, ...] = ()
    year: int | None = None


@dataclass(frozen=True)
class Record:
    """What is remembered of a fetch: from where (``final`` after redirects), what came, what the server said, when."""

    resource: str
    url: str
    name: str
    sha256: str
    final: str
    etag: str | None
    modified: str | None
    on: str


@dataclass(frozen=True)
class Wanted:
    """A file that the catalogue offers, and what is held of it: fetched before, or ``by_hand`` in the same edition."""

    resource: Resource
    file: Fetchable
    held: Source | None
    by_hand: tuple[Source, ...]


def bring(shelf: SourceShelf, folder: Path, resources: Collection[str], report: Report, before: Before) -> None:
    """Keep the readings of ``folder`` that belong to ``resources``."""
    for item in found_in(folder, resources):
        if isinstance(item, ReadingError):
            report.skipped.append(Skipped(item.where, item.what))
            continue
        source, data = item
        if readers.format_of(data, source.name) is None:
            report.skipped.append(Skipped(source.key, UNKNOWN))
        elif why := _refused(shelf, source, before):
            report.skipped.append(Skipped(source.key, why))
        else:
            shelf.keep(source, data)


def _refused(shelf: SourceShelf, source: Source, before: Before) -> str | None:
    """Why a file is not put in the place of another one: it was refused before, just as it is."""
    held = shelf.sources.get(source.key)
    return before(source) if held is not None and held.sha256 != source.sha256 else None


def add(
    shelf: SourceShelf, addition: Addition, catalogue: Catalogue, added: Mapping[str, AddedResource]
) -> AddedResource | None:
    """Keep one file of a person's own; the new resource, where it makes or changes one.

    Raises ReadingError where the file cannot be read, or the id cannot be one.
    """
    where = str(addition.file)
    if not is_id(addition.resource):
        raise ReadingError(
            f"{addition.resource!r} cannot be an id",
            where="--as",
            todo="Use lower case letters, digits and hyphens, such as doe-2001-descent",
        )
    if addition.resource in catalogue.by_id and (addition.title or addition.authors or addition.year):
        raise ReadingError(
            f"{addition.resource} is in the list already, with its title, authors and year",
            where="--as",
            todo="Leave --title, --author and --year out, or choose another id",
        )
    data = read_file(addition.file)
    format_ = readers.format_of(data, addition.file.name)
    if format_ is None:
        raise ReadingError(UNKNOWN, where=where)
    with readers.Guard() as guard:
        parsed = guard.read(data, addition.file.name, format_)
    if not parsed.text.strip():
        raise ReadingError("; ".join(parsed.warnings) or "it has no text", where=where)
    digest = hashlib.sha256(data).hexdigest()
    shelf.keep(Source(addition.resource, plain_name(addition.file.name), digest, how="add"), data)
    if addition.resource in catalogue.by_id:
        return None
    known = added.get(addition.resource)
    return AddedResource(
        id=addition.resource,
        title=addition.title or (known.title if known else None) or _title(parsed) or plain_name(addition.file.name),
        authors=addition.authors or (known.authors if known else ()),
        year=addition.year or (known.year if known else None),
    )


def _title(parsed: Parsed) -> str:
    """The title that a file gives itself, else its first heading; empty where it has neither."""
    headings = (s.path[0] for s in parsed.sections if s.path)
    title = " ".join((parsed.title or next(headings, "")).split())
    return title if len(title) <= 300 else f"{title[:299]}…"


def wanted(catalogue: Catalogue, shelf: SourceShelf, only: Collection[str] = ()) -> list[Wanted]:
    """What the catalogue offers of ``only`` (of all, where empty), in an order that spreads a host's files out."""
    by_host: dict[str, list[Wanted]] = defaultdict(list)
    for resource in catalogue:
        if only and resource.id not in only:
            continue
        own = [s for s in shelf.sources.values() if s.resource == resource.id]
        for file in resource.fetch:
            offered = sum(f.edition == file.edition for f in resource.fetch)
            same = tuple(s for s in own if s.how != "fetch" and s.edition == file.edition)
            held = next((s for s in own if s.how == "fetch" and s.url == file.url), None)
            by_host[urlsplit(file.url).netloc].append(
                Wanted(resource, file, held, same if len(same) >= offered else ())
            )
    return [w for w in chain.from_iterable(zip_longest(*by_host.values())) if w is not None]


def fetch(
    shelf: SourceShelf,
    files: Collection[Wanted],
    fetcher: Fetcher,
    report: Report,
    before: Before,
    progress: Callable[[int], None] = lambda done: None,
) -> None:
    """Fetch files and keep them one by one, so that what came is not lost where the rest is interrupted.

    ``progress`` is told how many were asked for; it may raise, to end it between two files.
    """
    from ingest.fetching import Validators

    records = read_records(shelf.folder)
    for done, one in enumerate(files):
        progress(done)
        url, held = one.file.url, one.held
        if one.by_hand:
            report.skipped.append(Skipped(f"{one.resource.id} {url}", "this edition is here already, brought by hand"))
            continue
        record = records.get((one.resource.id, url))
        known = None
        if held and record and record.sha256 == held.sha256 and shelf.path(held).is_file():
            known = Validators(record.final, record.etag, record.modified)
        try:
            got = fetcher.fetch(url, known)
        except FetchError as error:
            todo = f". {error.todo}" if error.todo else ""
            report.skipped.append(Skipped(f"{one.resource.id} {url}", f"{error.what}{todo}"))
            continue
        today = dt.date.today().isoformat()
        if got is None:
            assert record is not None  # the server was asked about this very copy
            records[one.resource.id, url] = Record(**{**asdict(record), "on": today})
            report.not_modified += 1
        else:
            source = Source(
                one.resource.id, got.name, hashlib.sha256(got.data).hexdigest(), one.file.role, one.file.edition,
                one.resource.licence, url, "fetch",
            )  # fmt: skip
            if _keep_fetched(shelf, source, got.data, report, before):
                said = got.validators
                records[one.resource.id, url] = Record(
                    source.resource, url, source.name, source.sha256, said.url, said.etag, said.modified, today
                )
        shelf.write()
        write_whole(shelf.folder / "fetched.json", json.dumps([asdict(r) for r in records.values()], indent=1).encode())
    progress(len(files))


def _keep_fetched(shelf: SourceShelf, source: Source, data: bytes, report: Report, before: Before) -> bool:
    own = [s for s in shelf.sources.values() if s.resource == source.resource]
    if twin := next((s for s in own if s.sha256 == source.sha256 and s.how != "fetch"), None):
        report.skipped.append(Skipped(source.key, f"the same file is here already as {twin.name}"))
        return False
    if why := _refused(shelf, source, before):
        report.skipped.append(Skipped(source.key, why))
        return False
    for other in own:
        if other.how == "fetch" and other.url == source.url and other.name != source.name:
            del shelf.sources[other.key]
    shelf.keep(source, data)
    report.fetched.append(source.key)
    return True


def read_records(folder: Path) -> dict[tuple[str, str], Record]:
    """What is remembered of fetches, by resource and address; nothing where the file is absent or damaged.

    It saves traffic and dates copies, no more, so a damaged one is begun anew.
    """
    try:
        rows = [Record(**r) for r in json.loads((folder / "fetched.json").read_text("utf-8"))]
    except (OSError, ValueError, TypeError):
        return {}
    return {(r.resource, r.url): r for r in rows}
