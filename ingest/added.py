"""The reading list as a person has it: the corpus's catalogue and the resources they added themselves.

What a person adds lives in ``UNDERHOOD_HOME/added.json``, never in the corpus. Nothing of it is invented: authors,
year and address stay empty where they were not given.
"""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from ingest.catalogue import Catalogue, ListSection, Resource, Slug, Text, load_catalogue
from ingest.errors import CatalogueError
from ingest.settings import Settings

SECTION = ListSection("added", "Added by you")
_SLUG = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)*$")


@dataclass(frozen=True)
class AddedResource:
    """A resource that a person added: what they, or the file, said of it."""

    id: Slug
    title: Text
    authors: tuple[Text, ...] = ()
    year: Annotated[int, Field(ge=1, le=2100)] | None = None

    @property
    def short(self) -> str:
        """How a sentence cites it: by its authors' last names and year, or by its title."""
        names = [(a.partition(",")[0] if "," in a else a.split()[-1]).strip() for a in self.authors if a.strip()]
        who = {0: self.title, 1: "".join(names[:1]), 2: " and ".join(names)}.get(
            len(names), f"{''.join(names[:1])} et al."
        )
        return f"{who} ({self.year})" if self.year else who

    def resource(self) -> Resource:
        """It as an entry of the list."""
        return Resource(
            id=self.id,
            title=self.title,
            short=self.short,
            authors=self.authors,
            kind="added reading",
            sections=(SECTION.id,),
            url="",
            licence="not stated",
            identity="certain",
            access="by hand",
            year=self.year,
        )


def is_id(text: str) -> bool:
    """Whether a text can be the id of a resource."""
    return bool(_SLUG.match(text)) and len(text) <= 80


def reading_list(settings: Settings) -> Catalogue:
    """The corpus's catalogue with what the person added. Raises CatalogueError."""
    return merged(load_catalogue(settings.corpus), load_added(settings.home).values())


def merged(catalogue: Catalogue, added: Iterable[AddedResource]) -> Catalogue:
    """A catalogue with added resources in a section of their own; an id that the catalogue has is the catalogue's."""
    more = [a.resource() for a in added if a.id not in catalogue.by_id]
    if not more:
        return catalogue
    sections = catalogue.section
    if SECTION.id not in {s.id for s in sections}:
        sections = (*sections, SECTION)
    return replace(
        catalogue, section=sections, resource=tuple(sorted([*catalogue.resource, *more], key=lambda r: r.id))
    )


def load_added(home: Path) -> dict[str, AddedResource]:
    """The resources that were added, by id. Raises CatalogueError where their file is damaged."""
    path = _path(home)
    if not path.is_file():
        return {}
    try:
        rows = TypeAdapter(tuple[AddedResource, ...]).validate_python(json.loads(path.read_text("utf-8")))
    except (ValidationError, ValueError, OSError) as error:
        first = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise CatalogueError(
            f"the list of added resources is unreadable ({first})", where=str(path), todo="Mend it, or move it away"
        ) from error
    return {r.id: r for r in rows}


def save_added(home: Path, added: Iterable[AddedResource]) -> None:
    """Write the list of added resources, whole."""
    rows = [asdict(a) for a in sorted(added, key=lambda a: a.id)]
    path = _path(home)
    if not rows and not path.exists():
        return
    staged = path.with_name(f".added-{uuid.uuid4().hex[:6]}")
    staged.write_text(json.dumps(rows, ensure_ascii=False, indent=1), "utf-8")
    os.replace(staged, path)


def _path(home: Path) -> Path:
    return home / "added.json"
