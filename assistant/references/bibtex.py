"""The resources of an answer as BibTeX, one entry each, in UTF-8."""

from __future__ import annotations

import re

from assistant.answers import Answer
from assistant.references.records import Record, name_parts, records

_ARXIV = re.compile(r"arxiv\.org/(?:abs|pdf)/(\d{4}\.\d{4,5})(v\d+)?")
_TEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip


def to_bibtex(answer: Answer) -> str:
    """An entry for each resource that the answer cites; empty where it cites none."""
    return "\n".join(_entry(r) for r in records(answer))


def _entry(record: Record) -> str:
    resource = record.resource
    fields = {
        "author": " and ".join(map(_author, resource.authors)),
        "title": f"{{{_escaped(resource.title)}}}",
        "year": str(resource.year or ""),
        "howpublished": {
            "video": "Video",
            "course": "Course",
            "lecture-notes": "Lecture notes",
            "blog": "Blog post",
        }.get(resource.kind, ""),
        "url": record.url.replace("{", "%7B").replace("}", "%7D"),
        "note": _escaped(record.note),
    }
    if arxiv := _ARXIV.search(record.url):
        fields |= {"eprint": arxiv[1], "archiveprefix": "arXiv"}
    kind = "book" if resource.kind == "book" else "misc"
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@{kind}{{{record.key},", *lines, "}", ""])


def _author(name: str) -> str:
    given, particle, family = name_parts(name)
    if not given:
        return name if name == "others" else f"{{{_escaped(name)}}}"
    return _escaped(f"{particle} {family}, {given}".strip())


def _escaped(text: str) -> str:
    return "".join(_TEX.get(c, c) for c in " ".join(text.split()))
