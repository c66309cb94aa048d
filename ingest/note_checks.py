"""What a machine can check about the notes together: ids, citations, lengths, subjects, aliases, kinds.

Pure functions from notes to findings. What needs vectors (two claims that say the same, questions that do
not find their claim) or readings (borrowed sentences, lost anchors) is in assistant/doctor.py.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ingest.notes import KINDS, Claim, Note

MIN_WORDS, MAX_WORDS = 8, 60
NEEDED_KINDS = 3
_OPENING = re.compile(
    r"^(it|its|they|their|them|this|that|these|those|he|she|here|there|such|the former|the latter|both|another)\b",
    re.I,
)
_MATHS = re.compile(r"\$[^$]*\$")
_LOCATOR = re.compile(
    r'^(?:"[^"]+"|(?:sec|ch|p|pp|lecture|app|fig|eq|table|note|notes|part|cell|lesson|course|week|slide|module|abstract|introduction|record)\b.*)$',
    re.I,
)


@dataclass(frozen=True)
class Finding:
    """Something wrong with a note: what, where, and whether it fails the check or only deserves a look."""

    where: str
    what: str
    serious: bool = True

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def check_notes(notes: Sequence[Note], resources: Collection[str]) -> list[Finding]:
    """Everything that can be checked without vectors or readings, in the order of the notes."""
    concepts = {n.concept for n in notes if n.concept}
    return [
        *_unique_ids(notes),
        *_aliases(notes),
        *(f for n in notes for f in _note(n, resources)),
        *(f for n in notes for c in n.claims for f in _claim(c, n, resources, concepts)),
        *_same_text(notes),
    ]


def _unique_ids(notes: Iterable[Note]) -> Iterator[Finding]:
    seen: dict[str, Claim] = {}
    for note in notes:
        for claim in note.claims:
            if other := seen.get(claim.id):
                yield Finding(_place(note, claim), f"the id {claim.id} is taken by {other.note}:{other.line}")
            seen[claim.id] = claim


def _aliases(notes: Iterable[Note]) -> Iterator[Finding]:
    owners: dict[str, list[Note]] = defaultdict(list)
    for note in notes:
        if note.concept:
            for name in {plain(n) for n in (note.name, note.concept, *note.aliases)}:
                owners[name].append(note)
    for name, found in owners.items():
        for note in found[1:]:
            yield Finding(note.path, f"the name {name!r} belongs to {found[0].path} too: one name, one concept")


def plain(name: str) -> str:
    """A name as it is compared: lower case, hyphens and white space as single spaces."""
    return " ".join(name.casefold().replace("-", " ").split())


def _note(note: Note, resources: Collection[str]) -> Iterator[Finding]:
    if note.resource and note.resource not in resources:
        yield Finding(note.path, f"no resource {note.resource!r} in the catalogue")
    if not note.claims:
        yield Finding(note.path, "the note has no claims")
    for resource, _ in note.read_next:
        if resource not in resources:
            yield Finding(note.path, f"read_next names {resource!r}, which is not in the catalogue")
    if note.concept:
        kinds = {c.kind for c in note.claims}
        if "definition" not in kinds:
            yield Finding(note.path, "no claim says what it is (kind=definition)")
        if len(kinds) < NEEDED_KINDS:
            yield Finding(
                note.path, f"only {len(kinds)} kinds of claims of {len(KINDS)}; say what it is for, how it works …"
            )
        if not note.read_next:
            yield Finding(note.path, "no read_next: which resource first, and why")


def _claim(claim: Claim, note: Note, resources: Collection[str], concepts: Collection[str]) -> Iterator[Finding]:
    place = _place(note, claim)
    length = len(_MATHS.sub("x", claim.text).split())
    if not MIN_WORDS <= length <= MAX_WORDS:
        yield Finding(place, f"{claim.id} has {length} words; {MIN_WORDS} to {MAX_WORDS} please")
    if _OPENING.match(claim.text):
        yield Finding(place, f"{claim.id} opens with {claim.text.split()[0]!r}: name the subject")
    if not 2 <= len(claim.questions) <= 4:
        yield Finding(place, f"{claim.id} has {len(claim.questions)} questions; two to four please")
    if len({plain(q) for q in claim.questions}) < len(claim.questions):
        yield Finding(place, f"{claim.id} asks the same question twice")
    if claim.text.count("$") % 2:
        yield Finding(place, f"{claim.id} has a $ without its partner")
    for other in claim.also:
        if other not in concepts:
            yield Finding(place, f"{claim.id}: also={other} is not a concept with a note")
    for citation in claim.citations:
        if citation.resource not in resources:
            yield Finding(place, f"{claim.id} cites {citation.resource!r}, which is not in the catalogue")
        if citation.locator and not all(_LOCATOR.match(p.strip()) for p in _parts(citation.locator)):
            yield Finding(place, f'{claim.id}: the locator {citation.locator!r} is not like sec. 6.5, "Momentum", p. 4')


def _parts(locator: str) -> list[str]:
    return re.split(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', locator)


def _same_text(notes: Iterable[Note]) -> Iterator[Finding]:
    claims = [(n, c) for n in notes for c in n.claims]
    texts = Counter(plain(c.text) for _, c in claims)
    questions: dict[str, str] = {}
    for note, claim in claims:
        if texts[plain(claim.text)] > 1:
            yield Finding(_place(note, claim), f"{claim.id} says word for word what another claim says")
        for question in claim.questions:
            if (other := questions.setdefault(plain(question).rstrip("?"), claim.id)) != claim.id:
                yield Finding(_place(note, claim), f"{claim.id} and {other} ask the same: {question!r}")


def _place(note: Note, claim: Claim) -> str:
    return f"{note.path}:{claim.line}"
