"""A reading list of one's own to start from: a small valid corpus with remarks on how to go on."""

from __future__ import annotations

from pathlib import Path

from ingest.errors import CatalogueError

_CATALOGUE = """\
# A reading list. Use it with UNDERHOOD_CORPUS=<this folder>; after a change run `underhood ingest`.
#
# ends = "spring 2018"            # until when the list reaches: said where a question is declined

# Sections come first, in the order they are shown. An example is a question that the page offers.

[[section]]
id = "memory"                     # lower case letters, digits and hyphens
title = "Memory and learning"
examples = ["What is the forgetting curve?"]

# Then the resources, each under an id that stays for good.

[[resource]]
id = "ebbinghaus-1885-memory"
title = "Memory: A Contribution to Experimental Psychology"
short = "Ebbinghaus (1885)"       # how a sentence cites it
authors = ["Hermann Ebbinghaus"]  # may be empty: []
year = 1885                       # may be left out
kind = "book"
sections = ["memory"]
url = "https://psychclassics.yorku.ca/Ebbinghaus/"
licence = "public domain"
identity = "certain"              # or likely, guess: how sure it is that this is what the list means
access = "by hand"                # or watch only; or fetch, which needs what follows, one for each file:
# [[resource.fetch]]
# url = "https://example.org/paper.pdf"
# edition = "author's version"
"""

_CONCEPT = """\
---
# A note on a concept. Its file name is the concept's id; notes/concepts/ holds one file a concept.
concept: forgetting-curve
# A section of catalogue.toml.
section: memory
# Other names that people use; a name belongs to one concept only.
aliases: [curve of forgetting, Ebbinghaus curve]
# Which resource to read first, and why.
read_next: [[ebbinghaus-1885-memory, "where it was first measured"]]
# Below, each line that opens with "- " is a claim: one fact in your own words that makes sense alone (8 to 60 words),
# what it rests on in [@resource-id, locator], a permanent id and its kind: definition, purpose, mechanism, formula,
# parts, cause, effect, remedy, comparison, application, choice, example, limit or history. A concept needs a definition
# and two more kinds. Under each stand two to four questions that it answers, the plainest first: they are what a
# reader's question is matched against. `underhood doctor --notes` says what is wrong.
---
## What it is
- The forgetting curve describes how much of what was learned is still retained as time passes: it falls steeply at first, then ever more slowly. [@ebbinghaus-1885-memory] {#forgetting-curve-what kind=definition}
  ? What is the forgetting curve?
  ? forgetting curve meaning
- The forgetting curve was measured by Hermann Ebbinghaus on himself: he learned lists of nonsense syllables and noted how much less work it took to learn them again later. [@ebbinghaus-1885-memory] {#forgetting-curve-how kind=mechanism}
  ? How was the forgetting curve measured?
  ? ebbinghaus nonsense syllables experiment
- The forgetting curve was first published by Hermann Ebbinghaus in 1885, in his book on memory. [@ebbinghaus-1885-memory] {#forgetting-curve-who kind=history}
  ? Who discovered the forgetting curve?
  ? forgetting curve inventor year
"""

_RESOURCE = """\
---
# A note on a resource. Its file name is the resource's id.
resource: ebbinghaus-1885-memory
edition: English translation of 1913
# How much of it you read: full text, part, or record (an abstract or a catalogue's entry).
basis: record
read: 2026-11-24
---
## What it is
- Memory by Hermann Ebbinghaus is a book of 1885 that reports experiments its author made on himself, learning and relearning lists of nonsense syllables. [@ebbinghaus-1885-memory] {#ebbinghaus-memory-what kind=definition}
  ? What is Ebbinghaus's book on memory about?
  ? ebbinghaus memory book summary
"""

_FILES = {
    "catalogue.toml": _CATALOGUE,
    "notes/concepts/forgetting-curve.md": _CONCEPT,
    "notes/ebbinghaus-1885-memory.md": _RESOURCE,
}


def new_list(folder: Path) -> list[Path]:
    """Write a small valid corpus into ``folder``, made if absent; the files. Raises CatalogueError where it is not empty."""
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise CatalogueError("it is not an empty folder", where=str(folder), todo="Name a new one")
        made = []
        for name, text in _FILES.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            made.append(path)
    except OSError as error:
        raise CatalogueError(f"cannot be written ({error.strerror or error})", where=str(folder)) from error
    return made
