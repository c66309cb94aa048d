"""Checking an answer again, without a model: are the quoted words where the answer says they are?

Works on saved answers and on anybody's text with quotations. Words are compared after the normalisation of
ingest/wording.py, so typesetting is forgiven and nothing that changes what is said. Likeness only names the
way a quote fails; it never lets one pass.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.answers import Answer, Check, Citation
from ingest.added import reading_list
from ingest.catalogue import Catalogue
from ingest.documents import Document, Locator
from ingest.errors import QuestionError
from ingest.index.reading import Index
from ingest.settings import Settings
from ingest.wording import WordIndex, norms

#: A quote that shares this much of its words, in order, with a place of the resource was changed, not invented.
LIKENESS = 0.6
#: Quotations of fewer words are phrases, not evidence.
MIN_WORDS = 4
_QUOTED = re.compile(r"“([^”]+)”|\"([^\"\n]+)\"|«([^»]+)»|„([^“”]+)[“”]")
_FAILED: frozenset[Check | None] = frozenset({"altered", "misattributed", "fabricated"})


@dataclass(frozen=True)
class Verdict:
    """What was found for one quotation: ``check``, where (``place``), and what differs, in words.

    ``number`` is the citation's, or the quotation's in a text. ``check`` is None where nothing was quoted.
    """

    number: int
    quote: str
    check: Check | None
    place: str
    explanation: str

    @property
    def failed(self) -> bool:
        """Whether the quote is not what it says it is."""
        return self.check in _FAILED


@dataclass(frozen=True)
class _Place:
    document: Document
    start: int
    end: int

    @property
    def locator(self) -> Locator:
        return self.document.locate(self.start)


class Verifier:
    """Looks words up in all readings that one index holds."""

    def __init__(self, index: Index, catalogue: Catalogue) -> None:
        self._index, self._catalogue = index, catalogue
        self._keys = [d["key"] for d in index.store.document_list()]
        self._indexes: dict[str, WordIndex] = {}

    def answer(self, answer: Answer) -> list[Verdict]:
        """A verdict for each citation of an answer, in their order."""
        return [self._citation(c) for c in answer.citations]

    def text(self, text: str) -> list[Verdict]:
        """A verdict for each quotation in any text: does a held resource say this, and the one that is named?"""
        found: list[Verdict] = []
        for paragraph in re.split(r"\n\s*\n", text):
            named = self._named(paragraph)
            for match in _QUOTED.finditer(paragraph):
                quote = next(g for g in match.groups() if g)
                if len(norms(quote)) >= MIN_WORDS:
                    found.append(self._quote(len(found) + 1, quote, named, None))
        return found

    def _citation(self, citation: Citation) -> Verdict:
        quote = citation.quote
        if quote is None:
            return Verdict(citation.number, "", citation.check, citation.place, "Nothing was quoted; an address only.")
        document = self._exact(quote.text_sha256, citation.resource.id)
        if document and document.text[quote.start : quote.end] == quote.text:
            return self._at(citation.number, quote.text, [_Place(document, quote.start, quote.end)], citation)
        return self._quote(citation.number, quote.text, [citation.resource.id], citation)

    def _quote(self, number: int, quote: str, named: Sequence[str], citation: Citation | None) -> Verdict:
        places = list(self._places(norms(quote)))
        here = [p for p in places if not named or p.document.resource in named]
        if here:
            return self._at(number, quote, here, citation)
        if places:
            owner = self._short(places[0].document.resource)
            return Verdict(
                number,
                quote,
                "misattributed",
                owner,
                f"The words are in {self._where(places[0])}, not in {self._all(named)}.",
            )
        if named and not any(k.split("/")[0] in named for k in self._keys):
            return Verdict(number, quote, "not_held", self._all(named), "The text is not here, so nothing was checked.")
        return self._unfound(number, quote, named)

    def _at(self, number: int, quote: str, places: Sequence[_Place], citation: Citation | None) -> Verdict:
        """The words are there; ``moved`` where an answer says another page or edition."""
        if citation is None:
            return Verdict(number, quote, "words_found", self._where(places[0]), f"Found in {self._where(places[0])}.")
        said = citation.locator
        for place in places:
            if (said.page, said.seconds, said.cell) == (
                place.locator.page,
                place.locator.seconds,
                place.locator.cell,
            ) and (citation.edition == place.document.edition):
                return Verdict(number, quote, "words_found", self._where(place), f"Found in {self._where(place)}.")
        return Verdict(
            number,
            quote,
            "moved",
            self._where(places[0]),
            f"The words are in {self._where(places[0])}; the answer says {citation.place}.",
        )

    def _unfound(self, number: int, quote: str, named: Sequence[str]) -> Verdict:
        wanted, best, likeness = norms(quote), None, 0.0
        for document in self._documents(named):
            for place, share in _alike(wanted, self._words(document.key)):
                if share > likeness:
                    best, likeness = _Place(document, *place), share
        if best is None or likeness < LIKENESS:
            return Verdict(number, quote, "fabricated", self._all(named), "No held resource has these words.")
        held = best.document.text[best.start : best.end]
        return Verdict(
            number, quote, "altered", self._where(best), f"The source says something else: {difference(quote, held)}"
        )

    def _places(self, wanted: Sequence[str]) -> Iterator[_Place]:
        for key in self._keys:
            index = self._words(key)
            for start, end in index.find(wanted):
                document = self._index.store.document(key)
                if document is not None:
                    yield _Place(document, start, end)

    def _documents(self, named: Sequence[str]) -> Iterator[Document]:
        for key in self._keys:
            if not named or key.split("/")[0] in named:
                document = self._index.store.document(key)
                if document is not None:
                    yield document

    def _words(self, key: str) -> WordIndex:
        if key not in self._indexes:
            document = self._index.store.document(key)
            self._indexes[key] = WordIndex(document.text if document else "")
        return self._indexes[key]

    def _exact(self, text_sha256: str, resource: str) -> Document | None:
        for key in self._index.store.document_keys(text_sha256=text_sha256):
            if key.split("/")[0] == resource:
                return self._index.store.document(key)
        return None

    def _named(self, paragraph: str) -> list[str]:
        """The resources that a paragraph names by id, title or short form."""
        lower = paragraph.casefold()
        return [
            r.id
            for r in self._catalogue
            if any(n.casefold() in lower for n in (r.id, r.title, r.short, r.short.replace("(", "").replace(")", "")))
        ]

    def _short(self, resource: str) -> str:
        known = self._catalogue.by_id.get(resource)
        return known.short if known else resource

    def _all(self, resources: Iterable[str]) -> str:
        return ", ".join(map(self._short, resources)) or "any held resource"

    def _where(self, place: _Place) -> str:
        locator = str(place.locator)
        edition = f", {place.document.edition}" if place.document.edition else ""
        return f"{self._short(place.document.resource)}{edition}{f', {locator}' if locator else ''}"


def _alike(wanted: Sequence[str], held: WordIndex) -> Iterator[tuple[tuple[int, int], float]]:
    """Places that share rare words with a quote, and the share of its words that stand there in order."""
    seen: set[int] = set()
    rare = sorted(set(wanted), key=lambda w: held.frequency(w) or 10**9)[:4]
    for word in rare:
        for at in held.positions(word)[:200]:
            first = max(0, at - wanted.index(word) - 2)
            if first in seen:
                continue
            seen.add(first)
            near = held.words[first : first + len(wanted) + 4]
            blocks = difflib.SequenceMatcher(None, wanted, [w.norm for w in near], autojunk=False).get_matching_blocks()
            used = [b for b in blocks if b.size]
            if used:
                size = sum(b.size for b in used)
                span = near[used[0].b : used[-1].b + used[-1].size]
                yield (span[0].start, span[-1].end), size / max(len(wanted), len(span))


def difference(quote: str, held: str) -> str:
    """What a quote has that its source has not, and the reverse: words in [-…-] and {+…+}."""
    a, b = held.split(), quote.split()
    out: list[str] = []
    for op, i, j, k, m in difflib.SequenceMatcher(
        None, [w.casefold() for w in a], [w.casefold() for w in b], autojunk=False
    ).get_opcodes():
        if op == "equal":
            out += a[i:j] if j - i <= 6 else [*a[i : i + 3], "…", *a[j - 3 : j]]
            continue
        if j > i:
            out.append(f"[-{' '.join(a[i:j])}-]")
        if m > k:
            out.append(f"{{+{' '.join(b[k:m])}+}}")
    return " ".join(out)


def verify_file(settings: Settings, path: Path) -> list[Verdict]:
    """The verdicts on a file: a saved answer, or any text. Raises QuestionError and IndexMissing."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionError(
            f"cannot be read ({error})", where=str(path), todo="Name a saved answer or a text file"
        ) from error
    verifier = Verifier(Index.open(settings.index), reading_list(settings))
    if text.lstrip().startswith("{"):
        try:
            raw = json.loads(text)
        except ValueError as error:
            raise QuestionError(f"not JSON: {error}", where=str(path)) from error
        return verifier.answer(Answer.from_json(raw))
    return verifier.text(text)
