"""Checking an answer again, without a model: are the quoted words where the answer says they are?

Works on saved answers and on anybody's text with quotations (assistant/quotations.py). Words are compared after the
normalisation of ingest/wording.py, so typesetting is forgiven and nothing that changes what is said. Likeness only
names the way a quote fails; it never lets one pass.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from assistant.agreement import agreement
from assistant.answers import Answer, Check, Citation, Statement
from assistant.quotations import names_of, quotations
from ingest.added import reading_list
from ingest.catalogue import Catalogue
from ingest.documents import Document, Locator
from ingest.errors import QuestionError
from ingest.index.reading import Index
from ingest.settings import Settings
from ingest.wording import WordIndex, norms

#: A quote that shares this much of its words, in order, with a place of the resource was changed, not invented.
LIKENESS = 0.6
#: Where words were sought that nobody is said to have written.
ANY = "any held resource"
#: A word that stands in a text more often says nothing of where a quote comes from.
COMMON = 300
_ONE_ANSWER = "Save one answer to a file: underhood ask QUESTION --json > answer.json"
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

    @property
    def label(self) -> str:
        """The check in a person's words."""
        if not self.quote:
            return "nothing quoted"
        return "found nowhere" if self.place == ANY else (self.check or "not checked").replace("_", " ")


@dataclass(frozen=True)
class _Place:
    document: Document
    start: int
    end: int

    @property
    def locator(self) -> Locator:
        return self.document.locate(self.start)


@dataclass(frozen=True)
class _Sought:
    """A quotation, the resources it is said to be from (none: any), and the citation that says so."""

    number: int
    quote: str
    named: tuple[str, ...]
    citation: Citation | None = None

    @property
    def source(self) -> str | None:
        """The hash of the file that was quoted, where the citation tells it."""
        return self.citation.quote.source_sha256 if self.citation and self.citation.quote else None

    @property
    def related(self) -> bool:
        """Whether it may be in a text that is not the resource itself."""
        return not self.named or (self.citation is not None and self.citation.relation == "related")


class Verifier:
    """Looks words up in all readings that one index holds."""

    def __init__(self, index: Index, catalogue: Catalogue) -> None:
        self._index, self._catalogue = index, catalogue
        self._held = index.store.document_list()
        self._documents: dict[str, Document] = {}
        self._indexes: dict[str, WordIndex] = {}

    def answer(self, answer: Answer) -> list[Verdict]:
        """A verdict for each citation of an answer, in their order; then one for each sentence that misquotes."""
        verdicts = [self._citation(c) for c in answer.citations]
        cited = {c.number: c for c in answer.citations}
        of_statement = [_statement(s, [cited[n] for n in s.citations if n in cited]) for s in answer.statements]
        return [*verdicts, *filter(None, of_statement)]

    def text(self, text: str) -> list[Verdict]:
        """A verdict for each quotation in any text: does a held resource say this, and the one that is named?"""
        names = names_of(self._catalogue)
        return [self._quote(_Sought(n, q, named)) for n, (q, named) in enumerate(quotations(text, names), 1)]

    def saved(self, text: str, where: str = "") -> list[Verdict]:
        """The verdicts on what somebody saved: an answer (JSON), or any text. Raises QuestionError, which names ``where``."""
        if not text.lstrip().startswith("{") and not _is_list(text):
            return self.text(text)
        try:
            raw = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise QuestionError(f"not JSON: {error}", where=where, todo=_ONE_ANSWER) from error
        if isinstance(raw, list):
            raise QuestionError("a list, not an answer", where=where, todo=_ONE_ANSWER)
        try:
            return self.answer(Answer.from_json(raw))
        except QuestionError as error:
            raise QuestionError(error.what, where=where, todo=error.todo or _ONE_ANSWER) from error

    def _citation(self, citation: Citation) -> Verdict:
        if citation.quote is None:
            return Verdict(citation.number, "", citation.check, citation.place, f"An address only: {citation.place}.")
        found = [self._quoted_from(citation, resource) for resource in self._named(citation)]
        return next((v for v in found if v.failed), found[0])

    def _quoted_from(self, citation: Citation, resource: str) -> Verdict:
        quote = citation.quote
        assert quote is not None  # the caller looked
        sought = _Sought(citation.number, quote.text, (resource,), citation)
        for row in self._held:
            if row["text_sha256"] == quote.text_sha256 and self._allowed(row, sought):
                document = self._document(row["key"])
                if document.text[quote.start : quote.end] == quote.text and quote.text:
                    return self._at(sought, [_Place(document, quote.start, quote.end)])
        return self._quote(sought)

    def _named(self, citation: Citation) -> list[str]:
        """The resource a citation names by its id, and another whose title was put in."""
        own = self._catalogue.by_id.get(citation.resource.id)
        if own is None or citation.relation == "related" or own.title == citation.resource.title:
            return [citation.resource.id]
        return [citation.resource.id, *(r.id for r in self._catalogue if r.title == citation.resource.title)]

    def _quote(self, sought: _Sought) -> Verdict:
        wanted = norms(sought.quote)
        if not wanted:
            return Verdict(sought.number, sought.quote, "fabricated", "", "The quotation holds no word.")
        allowed = [r["key"] for r in self._held if self._allowed(r, sought)]
        if here := list(self._places(wanted, allowed)):
            return self._at(sought, here)
        others = [r["key"] for r in self._held if r["key"] not in allowed]
        there = next(self._places(wanted, others), None)
        gone = not any(r["resource"] in sought.named for r in self._held) and bool(sought.named)
        if gone and (there is None or self._file_is_gone(sought)):
            return self._verdict(sought, "not_held", self._all(sought), "The text is not here, so nothing was checked.")
        if there is not None:
            whose = "a text beside it, " if there.document.resource in sought.named else ""
            said = f"The words are in {whose}{self._where(there)}, not in {self._all(sought)}."
            return self._verdict(sought, "misattributed", self._where(there), said)
        return self._unfound(sought, wanted, allowed)

    def _at(self, sought: _Sought, places: Sequence[_Place]) -> Verdict:
        """The words are there; ``moved`` where an answer says another page or edition."""
        citation = sought.citation
        for place in places:
            if citation is None or not _elsewhere(citation, place):
                newer = " The file is the same, read by a newer reader." if self._reread(sought) else ""
                return self._verdict(
                    sought, "words_found", self._where(place), f"Found in {self._where(place)}.{newer}"
                )
        assert citation is not None
        first = places[0]
        differs = "; ".join(_elsewhere(citation, first))
        return self._verdict(sought, "moved", self._where(first), f"The words are in {self._where(first)}: {differs}.")

    def _unfound(self, sought: _Sought, wanted: Sequence[str], keys: Sequence[str]) -> Verdict:
        best, likeness = None, 0.0
        for key in keys:
            for span, share in alike(wanted, self._words(key)):
                if share > likeness:
                    best, likeness = _Place(self._document(key), *span), share
        if best is None or likeness < LIKENESS:
            return self._verdict(sought, "fabricated", self._all(sought), "No held resource has these words.")
        differs = difference(sought.quote, best.document.text[best.start : best.end])
        return self._verdict(sought, "altered", self._where(best), f"The source says something else: {differs}")

    def _verdict(self, sought: _Sought, check: Check, place: str, explanation: str) -> Verdict:
        return Verdict(sought.number, sought.quote, check, place, explanation)

    def _allowed(self, row: dict[str, str], sought: _Sought) -> bool:
        """Whether the words may stand in this text: of a resource that is named, and that resource itself."""
        return (not sought.named or row["resource"] in sought.named) and (row["role"] == "text" or sought.related)

    def _file_is_gone(self, sought: _Sought) -> bool:
        """Whether the very file that was quoted is no longer held."""
        return sought.source is not None and all(r["source_sha256"] != sought.source for r in self._held)

    def _reread(self, sought: _Sought) -> bool:
        """Whether the quoted file is held, but no longer has the text it was quoted from."""
        quote = sought.citation.quote if sought.citation else None
        texts = {r["text_sha256"] for r in self._held if r["source_sha256"] == sought.source}
        return quote is not None and bool(texts) and quote.text_sha256 not in texts

    def _places(self, wanted: Sequence[str], keys: Iterable[str]) -> Iterator[_Place]:
        for key in keys:
            for start, end in self._words(key).find(wanted):
                yield _Place(self._document(key), start, end)

    def _document(self, key: str) -> Document:
        if key not in self._documents:
            document = self._index.store.document(key)
            assert document is not None  # its key came from the same store
            self._documents[key] = document
        return self._documents[key]

    def _words(self, key: str) -> WordIndex:
        if key not in self._indexes:
            self._indexes[key] = WordIndex(self._document(key).text)
        return self._indexes[key]

    def _short(self, resource: str) -> str:
        known = self._catalogue.by_id.get(resource)
        return known.short if known else resource

    def _all(self, sought: _Sought) -> str:
        return ", ".join(map(self._short, sought.named)) or ANY

    def _where(self, place: _Place) -> str:
        document = place.document
        own = self._short(document.resource) if document.role == "text" else document.parsed.title or document.name
        return ", ".join(p for p in (own, document.edition, str(place.locator)) if p)


def _elsewhere(citation: Citation, place: _Place) -> list[str]:
    """In what a place is another than the citation says: page, time, cell, edition. What it does not say is no claim."""
    said, found = citation.locator, place.locator
    pairs = [
        ("page", said.page, found.page),
        ("second", said.seconds, found.seconds),
        ("cell", said.cell, found.cell),
        ("edition", citation.edition, place.document.edition),
    ]
    return [
        f"the answer says {name} {a}, here it is {name} {b}" if b else f"the answer says {name} {a}, here none is known"
        for name, a, b in pairs
        if a not in (None, b)
    ]


def _statement(statement: Statement, citations: Sequence[Citation]) -> Verdict | None:
    """A verdict on a sentence that is shown as a resource's words, or as resting on them, and says something else."""
    for citation in citations:
        quote = citation.quote
        if quote is None or citation.relation == "related":
            continue
        if statement.voice == "reading" and norms(statement.text) != norms(quote.text):
            told = f"The sentence is not the quoted words: {difference(statement.text, quote.text)}"
            return Verdict(citation.number, statement.text, "altered", citation.place, told)
        compared = agreement(statement.text, quote.text)
        if statement.voice != "reading" and statement.support == "linked" and compared.contradicted:
            return Verdict(citation.number, statement.text, "altered", citation.place, " ".join(compared.remarks))
    return None


def alike(wanted: Sequence[str], held: WordIndex) -> Iterator[tuple[tuple[int, int], float]]:
    """Places that share rarer words with a quote in its order, and the share of its words that stand there."""
    votes: Counter[int] = Counter()
    for offset, word in enumerate(wanted):
        positions = held.positions(word)
        if len(positions) <= COMMON:
            votes.update(at - offset for at in positions)
    for start, _ in votes.most_common(6):
        first = max(0, start - 2)
        near = held.norms[first : start + len(wanted) + 3]
        blocks = [b for b in SequenceMatcher(None, wanted, near, autojunk=False).get_matching_blocks() if b.size]
        if blocks:
            span = held.words[first + blocks[0].b : first + blocks[-1].b + blocks[-1].size]
            share = sum(b.size for b in blocks) / max(len(wanted), len(span))
            yield (span[0].start, span[-1].end), share


def difference(quote: str, held: str) -> str:
    """What a quote has that its source has not, and the reverse: words in [-…-] and {+…+}."""
    a, b = held.split(), quote.split()
    out: list[str] = []
    matcher = SequenceMatcher(None, [w.casefold() for w in a], [w.casefold() for w in b], autojunk=False)
    for op, i, j, k, m in matcher.get_opcodes():
        if op == "equal":
            out += a[i:j] if j - i <= 6 else [*a[i : i + 3], "…", *a[j - 3 : j]]
            continue
        if j > i:
            out.append(f"[-{' '.join(a[i:j])}-]")
        if m > k:
            out.append(f"{{+{' '.join(b[k:m])}+}}")
    return " ".join(out)


def _is_list(text: str) -> bool:
    """Whether a text is a list in JSON, and not one that begins with a bracket by chance."""
    try:
        return text.lstrip().startswith("[") and isinstance(json.loads(text), list)
    except (ValueError, RecursionError):
        return False


def summary(verdicts: Sequence[Verdict]) -> str:
    """What came of checking, in one sentence."""
    if not verdicts:
        return "Nothing to check: no citation, no quotation."
    quoted = [v for v in verdicts if v.quote]
    found = Counter("failed" if v.failed else v.check for v in quoted)
    addresses = len(verdicts) - len(quoted)
    told = [
        f"{found['words_found']} of {len(quoted)} quotations found as quoted" if quoted else "Nothing is quoted",
        f"{found['moved']} in another place than is said" if found["moved"] else "",
        f"{found['not_held']} from a text that is not here" if found["not_held"] else "",
        f"{found['failed']} failed" if found["failed"] else "",
        f"{addresses} {'citation is an address' if addresses == 1 else 'citations are addresses'} only"
        if addresses
        else "",
    ]
    return f"{'; '.join(filter(None, told))}."


def verify_file(settings: Settings, path: Path) -> list[Verdict]:
    """The verdicts on a file: a saved answer, or any text. Raises QuestionError and IndexMissing."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionError(
            f"cannot be read ({error})", where=str(path), todo="Name a saved answer or a text file"
        ) from error
    return Verifier(Index.open(settings.index), reading_list(settings)).saved(text, str(path))
