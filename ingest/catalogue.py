"""The reading list: its sections and resources, loaded from ``catalogue.toml`` and validated."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config

from ingest.errors import CatalogueError

Identity = Literal["certain", "likely", "guess"]
Access = Literal["fetch", "by hand", "watch only"]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Url = Annotated[str, Field(pattern=r"^https?://\S+$")]
Text = Annotated[str, Field(min_length=1)]
_STRICT = ConfigDict(extra="forbid")


@with_config(_STRICT)
@dataclass(frozen=True)
class Link:
    """Another address of a resource."""

    url: Url
    title: Text | None = None


@with_config(_STRICT)
@dataclass(frozen=True)
class Fetchable:
    """A file that ``underhood ingest --fetch`` may bring; ``bytes`` is the size of a copy that was seen, if one was."""

    url: Url
    edition: Text
    role: Literal["text", "related"] = "text"
    bytes: Annotated[int, Field(ge=1)] | None = None


@with_config(_STRICT)
@dataclass(frozen=True)
class ListSection:
    """A section of the reading list, with questions shown as examples and a reading path: ids in order, each with a reason."""

    id: Slug
    title: Text
    examples: tuple[str, ...] = ()
    path: tuple[tuple[Slug, Text], ...] = ()


@with_config(_STRICT)
@dataclass(frozen=True)
class Resource:
    """One entry of the reading list.

    ``short`` is how a sentence cites it, "Ruder (2016)". ``identity`` says how sure it is that this is what
    the list means; ``identity_note`` why, ``could_be`` what else it might be.
    """

    id: Slug
    title: Text
    short: Text
    authors: tuple[Text, ...]
    kind: Text
    sections: Annotated[tuple[Slug, ...], Field(min_length=1)]
    url: Url
    licence: Text
    identity: Identity
    access: Access
    year: Annotated[int, Field(ge=1600, le=2100)] | None = None
    identity_note: Text | None = None
    alternates: tuple[Link, ...] = ()
    could_be: tuple[Link, ...] = ()
    fetch: tuple[Fetchable, ...] = ()


@with_config(_STRICT)
@dataclass(frozen=True)
class Catalogue:
    """All sections, in the order of the list, and all resources, sorted by id; ``ends`` says until when the list reaches."""

    section: tuple[ListSection, ...]
    resource: tuple[Resource, ...]
    ends: Text | None = None

    @cached_property
    def by_id(self) -> dict[str, Resource]:
        """Resources by id."""
        return {r.id: r for r in self.resource}

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resource)

    def __len__(self) -> int:
        return len(self.resource)

    def of_section(self, section: str) -> list[Resource]:
        """The resources of a section of the list."""
        return [r for r in self.resource if section in r.sections]


def load_catalogue(corpus: Path) -> Catalogue:
    """The catalogue of a corpus folder. Raises CatalogueError naming the entry and the field."""
    path = corpus / "catalogue.toml"
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise CatalogueError(
            "no catalogue.toml", where=str(corpus), todo="Set UNDERHOOD_CORPUS to a folder made by `underhood new-list`"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise CatalogueError(f"not readable as TOML: {error}", where=str(path)) from error
    try:
        catalogue = TypeAdapter(Catalogue).validate_python(raw)
    except ValidationError as error:
        raise CatalogueError(_explain(raw, error), where=str(path)) from error
    _check(catalogue, path)
    return catalogue


def _explain(raw: dict[str, object], error: ValidationError) -> str:
    first = error.errors()[0]
    place = [str(p) for p in first["loc"]]
    entries = raw.get(place[0]) if place else None
    if len(place) > 1 and isinstance(entries, list) and place[1].isdigit():
        entry = entries[int(place[1])]
        name = entry.get("id") if isinstance(entry, dict) else None
        place[:2] = [f"{place[0]} {name or 'number ' + str(int(place[1]) + 1)}"]
    return f"{', field '.join([place[0], '.'.join(place[1:])]) if len(place) > 1 else place[0]}: {first['msg']}"


def _check(catalogue: Catalogue, path: Path) -> None:
    ids = [r.id for r in catalogue.resource]
    if twice := {i for i in ids if ids.count(i) > 1}:
        raise CatalogueError(f"two resources with the id {min(twice)}", where=str(path))
    sections = {s.id for s in catalogue.section}
    for section in catalogue.section:
        if unknown := {i for i, _ in section.path} - set(ids):
            raise CatalogueError(f"section {section.id}: its path names no resource {min(unknown)!r}", where=str(path))
    for resource in catalogue:
        if unknown := set(resource.sections) - sections:
            raise CatalogueError(f"resource {resource.id}: no section {min(unknown)!r}", where=str(path))
        if (resource.access == "fetch") != bool(resource.fetch):
            raise CatalogueError(
                f"resource {resource.id}: access = {resource.access!r} needs "
                + ("a [[resource.fetch]]" if resource.access == "fetch" else "no [[resource.fetch]]"),
                where=str(path),
            )
