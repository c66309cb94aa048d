"""From catalogue, notes and readings to a published index: the one place where ingest is put together."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ingest import readers
from ingest.catalogue import Catalogue, load_catalogue
from ingest.documents import Document
from ingest.embedding import CachedEmbedder, Embedder, SentenceTransformerEmbedder
from ingest.errors import IndexBroken, NotesError, ReadingError, SettingsError
from ingest.index import generation
from ingest.index.building import RECIPES, Builder, Progress, content_hash
from ingest.index.generation import Manifest, Stamp
from ingest.index.store import SCHEMA
from ingest.note_checks import check_notes
from ingest.notes import Anchor, Note, read_anchors, read_notes
from ingest.settings import Settings, writable_home
from ingest.sources import Source, SourceShelf, found_in

#: Rebuild from nothing once this share of all rows ever written to Chroma is dead.
DEAD_ROWS = 0.3


@dataclass(frozen=True)
class Skipped:
    """A file that was not taken, and why."""

    name: str
    reason: str


@dataclass
class Report:
    """What an ingest did. ``counts`` is what the index now holds."""

    published: bool = False
    taken: list[str] = field(default_factory=list)
    unchanged: int = 0
    removed: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    warnings: list[Skipped] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    resources: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Corpus:
    """What the assistant knows by itself: catalogue, notes and anchors, with one hash of it all."""

    catalogue: Catalogue
    notes: tuple[Note, ...]
    anchors: Mapping[str, tuple[Anchor, ...]]
    sha256: str


def load_corpus(folder: Path) -> Corpus:
    """Catalogue, notes and anchors of a corpus folder, checked. Raises CatalogueError or NotesError."""
    catalogue = load_catalogue(folder)
    notes = read_notes(folder / "notes")
    serious = [f for f in check_notes(notes, catalogue.by_id) if f.serious]
    if serious:
        more = f" ({len(serious) - 1} more; see underhood doctor --notes)" if len(serious) > 1 else ""
        raise NotesError(serious[0].what + more, where=serious[0].where)
    return Corpus(catalogue, tuple(notes), read_anchors(folder / "anchors"), corpus_hash(folder))


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
    return Stamp(SCHEMA, embedder.fingerprint, RECIPES, corpus_hash(settings.corpus))


def ingest(
    settings: Settings,
    *,
    readings: Path | None = None,
    forget: Sequence[str] = (),
    only: Sequence[str] = (),
    embedder: Embedder | None = None,
    progress: Progress = lambda stage, done, total: None,
    before_publish: Callable[[], None] = lambda: None,
) -> Report:
    """Bring the index up to date with the corpus and the kept readings, adding what ``readings`` holds.

    ``forget`` takes resources' readings away, ``only`` looks at these resources of ``readings`` alone. One bad
    file is skipped with its reason; the published index stays as it was unless everything else succeeded.
    Raises UnderhoodError of many kinds; ``before_publish`` is for tests that kill here.
    """
    started = time.perf_counter()
    writable_home(settings)
    try:
        with generation.writer_lock(settings.index):
            report = _ingest(settings, readings, forget, only, embedder, progress, before_publish)
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
    readings: Path | None,
    forget: Sequence[str],
    only: Sequence[str],
    embedder: Embedder | None,
    progress: Progress,
    before_publish: Callable[[], None],
) -> Report:
    corpus = load_corpus(settings.corpus)
    report = Report(resources=len(corpus.catalogue))
    shelf = SourceShelf(settings.sources)
    _forget(shelf, corpus.catalogue, forget)
    if readings is not None:
        _bring(shelf, readings, only or corpus.catalogue.by_id.keys(), report)
    embedder = embedder or SentenceTransformerEmbedder(settings.embedder)
    stamp = Stamp(SCHEMA, embedder.fingerprint, RECIPES, corpus.sha256)
    base, manifest = _base(settings.index, stamp)
    wanted = {s.key: (s, _document_hash(s)) for s in shelf.sources.values()}
    if manifest and manifest.stamp == stamp and _holds(base, wanted, report):
        shelf.save()
        report.counts = manifest.counts
        return report
    folder = generation.begin(settings.index, base)
    cached = CachedEmbedder(embedder, settings.cache)
    try:
        builder = Builder(folder, cached, progress)
        try:
            _fill(builder, corpus, shelf, wanted, report)
            counts = builder.finish()
        finally:
            builder.close()
            cached.close()
        ever = (manifest.rows_ever_added if base and manifest else 0) + builder.rows_added
        before_publish()
        created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        generation.publish(settings.index, folder, Manifest(folder.name, created, stamp, counts, ever))
    except BaseException:
        generation.abandon(folder)
        raise
    shelf.save()
    report.published, report.counts = True, counts
    return report


def _forget(shelf: SourceShelf, catalogue: Catalogue, resources: Iterable[str]) -> None:
    for resource in resources:
        if not shelf.forget(resource):
            held = sorted({s.resource for s in shelf.sources.values()})
            raise ReadingError(
                "no reading of it is held" if resource in catalogue.by_id else "no such resource",
                where=f"--forget {resource}",
                todo=f"Held are: {', '.join(held) or 'none'}",
            )


def _bring(shelf: SourceShelf, folder: Path, resources: Iterable[str], report: Report) -> None:
    wanted = set(resources)
    for item in found_in(folder, wanted):
        if isinstance(item, ReadingError):
            report.skipped.append(Skipped(item.where, item.what))
            continue
        source, data = item
        if readers.format_of(data, source.name) is None:
            report.skipped.append(Skipped(source.key, "not a format known here (pdf, html, md, ipynb, vtt, srt)"))
        else:
            shelf.keep(source, data)


def _base(index: Path, stamp: Stamp) -> tuple[Path | None, Manifest | None]:
    """The generation to start from: the published one, unless it is broken, of another recipe, or mostly dead rows."""
    folder = generation.current(index)
    if folder is None:
        return None, None
    try:
        manifest = Manifest.load(folder)
    except IndexBroken:
        return None, None
    if not manifest.stamp.same_recipe(stamp):
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
    refused = _refused(base)
    from ingest.index.store import Store

    store = Store(base / "store.sqlite")
    try:
        stored = store.document_hashes()
    finally:
        store.close()
    report.unchanged = len(stored)
    report.skipped += [Skipped(k, r[1]) for k, r in refused.items() if k in wanted]
    return {**stored, **{k: r[0] for k, r in refused.items()}} == {k: h for k, (_, h) in wanted.items()}


def _refused(folder: Path) -> dict[str, tuple[str, str]]:
    import json

    path = folder / "refused.json"
    return {k: (v[0], v[1]) for k, v in json.loads(path.read_text("utf-8")).items()} if path.is_file() else {}


def _fill(
    builder: Builder,
    corpus: Corpus,
    shelf: SourceShelf,
    wanted: Mapping[str, tuple[Source, str]],
    report: Report,
) -> None:
    import json

    if builder.put_notes(corpus.notes) or not (builder.folder / "claims.npy").exists():
        builder.embed_notes()
    stored = builder.store.document_hashes()
    report.removed = sorted(set(stored) - set(wanted))
    builder.drop_documents(report.removed)
    changed = {k: v for k, v in wanted.items() if stored.get(k) != v[1]}
    refused = {k: v for k, v in _refused(builder.folder).items() if k in wanted}
    report.unchanged = len(wanted) - len(changed)
    report.skipped = [s for s in report.skipped if s.name not in wanted]
    with readers.Guard() as guard:
        for key, (source, hash_) in changed.items():
            try:
                document = _read(guard, source, shelf)
            except ReadingError as error:
                report.skipped.append(Skipped(key, error.what))
                refused[key] = (hash_, error.what)
                builder.drop_documents([key])
                continue
            refused.pop(key, None)
            builder.put_document(document, hash_, corpus.anchors)
            report.taken.append(key)
            report.warnings += [Skipped(key, w) for w in document.parsed.warnings]
    for key in set(stored) - set(changed) - set(report.removed):
        if (held := builder.store.document(key)) is not None:
            builder.resolve_anchors(held, corpus.anchors)
    if changed or report.removed or not (builder.folder / "sentences.npy").exists():
        builder.embed_sentences()
    (builder.folder / "refused.json").write_text(json.dumps(refused, ensure_ascii=False), "utf-8")


def _read(guard: readers.Guard, source: Source, shelf: SourceShelf) -> Document:
    data = shelf.read(source)
    format_ = readers.format_of(data, source.name)
    if format_ is None:
        raise ReadingError("not a format known here (pdf, html, md, ipynb, vtt, srt)", where=source.key)
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
