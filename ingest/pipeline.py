"""From catalogue, notes and readings to a published index: the one place where ingest is put together."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ingest import bringing, readers
from ingest.added import AddedResource, load_added, merged, save_added
from ingest.bringing import UNKNOWN, Addition, Wanted
from ingest.catalogue import Catalogue, load_catalogue
from ingest.documents import Document
from ingest.embedding import Embedder, SentenceTransformerEmbedder
from ingest.errors import IndexBroken, NotesError, ReadingError, SettingsError
from ingest.index import generation, vectors
from ingest.index.building import RECIPES, Builder, Progress, content_hash
from ingest.index.generation import Manifest, Stamp
from ingest.index.store import SCHEMA
from ingest.note_checks import check_notes
from ingest.notes import Anchor, Note, read_anchors, read_notes
from ingest.report import Report, Skipped, Taken
from ingest.settings import Settings, writable_home
from ingest.sources import Source, SourceShelf
from ingest.vector_cache import CachedEmbedder

if TYPE_CHECKING:
    from ingest.fetching import Fetcher

__all__ = ["Addition", "Corpus", "Report", "Skipped", "corpus_hash", "ingest", "load_corpus", "wanted_stamp"]

#: Rebuild from nothing once this share of all rows ever written to Chroma is dead.
DEAD_ROWS = 0.3


@dataclass(frozen=True)
class Corpus:
    """What the assistant knows by itself: catalogue, notes and anchors."""

    catalogue: Catalogue
    notes: tuple[Note, ...]
    anchors: Mapping[str, tuple[Anchor, ...]]


def load_corpus(folder: Path) -> Corpus:
    """Catalogue, notes and anchors of a corpus folder, checked. Raises CatalogueError or NotesError."""
    catalogue = load_catalogue(folder)
    notes = read_notes(folder / "notes")
    serious = [f for f in check_notes(notes, catalogue.by_id) if f.serious]
    if serious:
        more = f" ({len(serious) - 1} more; see underhood doctor --notes)" if len(serious) > 1 else ""
        raise NotesError(serious[0].what + more, where=serious[0].where)
    return Corpus(catalogue, tuple(notes), read_anchors(folder / "anchors"))


def corpus_hash(folder: Path) -> str:
    """One hash over the catalogue, the notes and the anchors of a corpus folder."""
    digest = hashlib.sha256()
    for path in sorted([folder / "catalogue.toml", *folder.glob("notes/**/*.md"), *folder.glob("anchors/**/*.jsonl")]):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def wanted_stamp(settings: Settings, embedder: Embedder) -> Stamp:
    """What the index should have been made with, now."""
    where: Literal["here", "server"] = "server" if settings.chroma_url else "here"
    return Stamp(SCHEMA, embedder.fingerprint, RECIPES, corpus_hash(settings.corpus), where)


@dataclass(frozen=True)
class _Brought:
    """What a run is asked to bring and to take away."""

    readings: Path | None
    fetch: bool
    addition: Addition | None
    forget: tuple[str, ...]
    only: frozenset[str]
    fetcher: Fetcher | None


def ingest(
    settings: Settings,
    *,
    readings: Path | None = None,
    fetch: bool = False,
    addition: Addition | None = None,
    forget: Sequence[str] = (),
    only: Sequence[str] = (),
    fetcher: Fetcher | None = None,
    embedder: Embedder | None = None,
    progress: Progress = lambda stage, done, total: None,
    before_publish: Callable[[], None] = lambda: None,
) -> Report:
    """Bring the index up to date with the corpus and the kept readings, adding what ``readings`` holds.

    ``fetch`` brings what the catalogue offers freely (by ``fetcher``, if one is given), ``addition`` one file of a
    person's own; ``forget`` takes resources' readings away, ``only`` looks at these resources of ``readings`` and
    ``fetch`` alone. One bad file is skipped with its reason, and an older good one of its name stays; the published
    index stays as it was unless everything else succeeded. Raises UnderhoodError of many kinds; ``before_publish``
    is for tests that kill here.
    """
    brought = _Brought(readings, fetch, addition, tuple(forget), frozenset(only), fetcher)
    started = time.perf_counter()
    writable_home(settings)
    try:
        with generation.writer_lock(settings.index):
            report = _ingest(settings, brought, embedder, progress, before_publish)
    except (OSError, sqlite3.Error) as error:
        full = getattr(error, "errno", None) == 28 or "disk is full" in str(error)
        raise SettingsError(
            "the disk is full; the index is as it was before" if full else f"cannot write the index ({error})",
            where=f"UNDERHOOD_HOME={settings.home}",
            todo="Free some space, then run it again" if full else "Check the folder's permissions, then run it again",
        ) from error
    report.seconds = time.perf_counter() - started
    return report


def _ingest(
    settings: Settings,
    brought: _Brought,
    embedder: Embedder | None,
    progress: Progress,
    before_publish: Callable[[], None],
) -> Report:
    catalogue = load_catalogue(settings.corpus)
    added = load_added(settings.home)
    embedder = embedder or SentenceTransformerEmbedder(settings.embedder)
    stamp = wanted_stamp(settings, embedder)
    base, manifest = _base(settings, stamp)
    same = manifest is not None and manifest.stamp == stamp  # then the notes were read and checked when it was built
    corpus = None if same else load_corpus(settings.corpus)
    shelf = SourceShelf(settings.sources)
    report = Report()
    _bring(shelf, catalogue, added, brought, report, _refused(base), progress)
    report.resources = len(merged(catalogue, added.values()))
    wanted = {s.key: (s, _document_hash(s)) for s in shelf.sources.values()}
    if manifest and same and _holds(base, wanted, report):
        _save(settings, shelf, added)
        report.counts = manifest.counts
        return report
    corpus = corpus or load_corpus(settings.corpus)
    forget = partial(vectors.forget, settings.chroma_url)
    folder = generation.begin(settings.index, base, forget)
    cached = CachedEmbedder(embedder, settings.cache)
    try:
        builder = Builder(folder, cached, progress, settings.chroma_url, base.name if base else None)
        try:
            _fill(builder, corpus, shelf, wanted, report, progress)
            counts = builder.finish()
        finally:
            builder.close()
            cached.close()
        ever = (manifest.rows_ever_added if base and manifest else 0) + builder.rows_added
        before_publish()
        created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        generation.publish(settings.index, folder, Manifest(folder.name, created, stamp, counts, ever), forget)
    except BaseException:
        generation.abandon(folder, forget)
        raise
    _save(settings, shelf, added)
    report.published, report.counts = True, counts
    return report


def _save(settings: Settings, shelf: SourceShelf, added: Mapping[str, AddedResource]) -> None:
    save_added(settings.home, added.values())
    shelf.save()


def _bring(
    shelf: SourceShelf,
    catalogue: Catalogue,
    added: dict[str, AddedResource],
    brought: _Brought,
    report: Report,
    refused: Mapping[str, tuple[str, str]],
    progress: Progress,
) -> None:
    """Change the shelf, and the added resources, as the run asks."""
    known = {**catalogue.by_id, **added}
    if unknown := sorted(brought.only - known.keys()):
        raise ReadingError("no such resource", where=f"--only {unknown[0]}", todo="See: underhood readings")

    def before(source: Source) -> str | None:
        hash_, why = refused.get(source.key, ("", ""))
        return why if hash_ == _document_hash(source) else None

    if brought.fetch:
        files = bringing.wanted(catalogue, shelf, brought.only)
        if brought.only and not files:
            raise ReadingError(
                "it is not free to fetch", where=f"--only {min(brought.only)}", todo="See: underhood readings"
            )
        _fetch(shelf, files, brought.fetcher, report, before, progress)
    _forget(shelf, known, added, brought.forget)
    if brought.readings is not None:
        bringing.bring(shelf, brought.readings, brought.only or known.keys(), report, before)
    if brought.addition is not None and (new := bringing.add(shelf, brought.addition, catalogue, added)):
        added[new.id] = new


def _fetch(
    shelf: SourceShelf,
    files: Sequence[Wanted],
    fetcher: Fetcher | None,
    report: Report,
    before: Callable[[Source], str | None],
    progress: Progress,
) -> None:
    from ingest.fetching import Fetcher

    with fetcher or Fetcher() as used:
        bringing.fetch(shelf, files, used, report, before, lambda done: progress("fetching", done, len(files)))


def _forget(
    shelf: SourceShelf, known: Collection[str], added: dict[str, AddedResource], resources: Iterable[str]
) -> None:
    for resource in resources:
        gone = shelf.forget(resource)
        if added.pop(resource, None) is None and not gone:
            held = sorted({s.resource for s in shelf.sources.values()})
            raise ReadingError(
                "no reading of it is held" if resource in known else "no such resource",
                where=f"--forget {resource}",
                todo=f"Held are: {', '.join(held) or 'none'}",
            )


def _base(settings: Settings, stamp: Stamp) -> tuple[Path | None, Manifest | None]:
    """The generation to start from: the published one, unless it is broken, of another recipe, or mostly dead rows."""
    folder = generation.current(settings.index)
    if folder is None:
        return None, None
    try:
        manifest = Manifest.load(folder)
    except IndexBroken:
        return None, None
    if not manifest.stamp.same_recipe(stamp):
        return None, None
    if settings.chroma_url and not vectors.served(
        settings.chroma_url, folder.name
    ):  # another server, or an emptied one
        return None, None
    live = manifest.counts.get("claims", 0) + manifest.counts.get("questions", 0) + manifest.counts.get("passages", 0)
    if manifest.rows_ever_added and 1 - live / manifest.rows_ever_added > DEAD_ROWS:
        return None, manifest
    return folder, manifest


def _document_hash(source: Source) -> str:
    return content_hash(source.key, source.sha256, source.role, source.edition, source.url, readers.recipe(source.name))


def _holds(base: Path | None, wanted: Mapping[str, tuple[Source, str]], report: Report) -> bool:
    """Whether the generation already holds exactly these readings (those refused before are tried only when they change)."""
    if base is None:
        return False
    from ingest.index.store import Store

    refused = _refused(base)
    store = Store(base / "store.sqlite")
    try:
        stored = store.document_hashes()
    finally:
        store.close()
    if {**{k: r[0] for k, r in refused.items()}, **stored} != {k: h for k, (_, h) in wanted.items()}:
        return False
    report.unchanged = len(stored)
    report.skipped += [Skipped(k, r[1]) for k, r in refused.items() if k in wanted and k not in stored]
    return True


def _refused(folder: Path | None) -> dict[str, tuple[str, str]]:
    """The files that were refused: by key the hash they were tried with, and why."""
    if folder is None:
        return {}
    path = folder / "refused.json"
    return {k: (v[0], v[1]) for k, v in json.loads(path.read_text("utf-8")).items()} if path.is_file() else {}


def _fill(
    builder: Builder,
    corpus: Corpus,
    shelf: SourceShelf,
    wanted: Mapping[str, tuple[Source, str]],
    report: Report,
    progress: Progress,
) -> None:
    if builder.put_notes(corpus.notes) or not (builder.folder / "claims.npy").exists():
        builder.embed_notes()
    stored = builder.store.document_hashes()
    report.removed = sorted(set(stored) - set(wanted))
    builder.drop_documents(report.removed)
    changed = {k: v for k, v in wanted.items() if stored.get(k) != v[1]}
    refused = {k: v for k, v in _refused(builder.folder).items() if k in wanted}
    report.unchanged = len(wanted) - len(changed)
    with readers.Guard() as guard:
        for number, (key, (source, hash_)) in enumerate(changed.items()):
            began = time.perf_counter()
            progress("readings", number, len(changed))
            try:
                document = _read(guard, source, shelf)
            except ReadingError as error:
                report.skipped.append(Skipped(key, _instead(builder, guard, corpus, shelf, key, error.what)))
                refused[key] = (hash_, report.skipped[-1].reason)
                continue
            refused.pop(key, None)
            passages = builder.put_document(document, hash_, corpus.anchors)
            report.taken.append(key)
            report.files.append(Taken(key, document.parsed.pages, passages, time.perf_counter() - began))
            report.warnings += [Skipped(key, w) for w in document.parsed.warnings]
    if changed:
        progress("readings", len(changed), len(changed))
    for key in set(stored) - set(changed) - set(report.removed):
        builder.resolve_anchors(key, corpus.anchors)
    if changed or report.removed or not (builder.folder / "sentences.npy").exists():
        builder.embed_sentences()
    (builder.folder / "refused.json").write_text(json.dumps(refused, ensure_ascii=False), "utf-8")


def _instead(builder: Builder, guard: readers.Guard, corpus: Corpus, shelf: SourceShelf, key: str, why: str) -> str:
    """Keep the older reading of a name whose newer file cannot be read, where there is one; why, and what became of it."""
    older = shelf.restore(key)
    if older is not None:
        hash_ = _document_hash(older)
        if builder.store.document_hashes().get(key) == hash_:
            return f"{why}; the older copy stays"
        with contextlib.suppress(ReadingError):
            builder.put_document(_read(guard, older, shelf), hash_, corpus.anchors)
            return f"{why}; the older copy stays"
    builder.drop_documents([key])
    return why


def _read(guard: readers.Guard, source: Source, shelf: SourceShelf) -> Document:
    data = shelf.read(source)
    format_ = readers.format_of(data, source.name)
    if format_ is None:
        raise ReadingError(UNKNOWN, where=source.key)
    parsed = guard.read(data, source.name, format_)
    if not parsed.text.strip():
        raise ReadingError("; ".join(parsed.warnings) or "it has no text", where=source.key)
    text = parsed.text.replace("\x00", "�").encode("utf-8", "replace").decode("utf-8")
    return Document(
        resource=source.resource,
        name=source.name,
        format=format_,
        role=source.role,
        edition=source.edition,
        source_sha256=source.sha256,
        reader_recipe=readers.recipe(source.name),
        url=source.url,
        parsed=replace(parsed, text=text),
    )
