"""What every list of references needs: the resources an answer cites, each once, with the places cited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.answers import Answer, Citation, ResourceRef

_PARTICLES = frozenset(["de", "del", "della", "der", "den", "di", "du", "da", "la", "le", "van", "von", "el"])


@dataclass(frozen=True)
class Record:
    """One cited resource: a key, and what its citations say of editions and places, in the order cited."""

    key: str
    resource: ResourceRef
    url: str
    editions: tuple[str, ...]
    places: tuple[str, ...]

    @property
    def note(self) -> str:
        """Places and editions in words; empty where the answer knows neither."""
        cited = f"Cited: {'; '.join(self.places)}." if self.places else ""
        edition = f"Edition: {'; '.join(self.editions)}." if self.editions else ""
        return " ".join(p for p in (cited, edition) if p)


def records(answer: Answer) -> list[Record]:
    """The resources that an answer cites, in its order; a related text stands beside its resource, not for it."""
    grouped: dict[tuple[str, bool, str], list[Citation]] = {}
    for c in answer.citations:
        related = c.relation == "related"
        grouped.setdefault((c.resource.id, related, c.resource.title if related else ""), []).append(c)
    made: list[Record] = []
    for (resource, related, _), cited in grouped.items():
        key = f"{resource}-related" if related else resource
        twice = sum(r.key.split("+")[0] == key for r in made)
        made.append(_record(f"{key}+{twice + 1}" if twice else key, cited))
    return made


def _record(key: str, cited: Sequence[Citation]) -> Record:
    first = cited[0].resource
    return Record(
        key=key,
        resource=first,
        url=first.url or cited[0].url,
        editions=tuple(dict.fromkeys(c.edition for c in cited if c.edition)),
        places=tuple(dict.fromkeys(str(c.locator) for c in cited if str(c.locator))),
    )


def name_parts(name: str) -> tuple[str, str, str]:
    """(given, particle, family) of a person's name; for a name of one word, all of it is the family name."""
    words = name.split()
    if len(words) < 2:
        return "", "", name
    first = len(words) - 1
    while first > 1 and words[first - 1].casefold() in _PARTICLES:
        first -= 1
    return " ".join(words[:first]), " ".join(words[first:-1]), words[-1]
