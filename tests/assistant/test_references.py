"""Answers in the formats of others (assistant/references/), each read by an outside parser, and what each citation says."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import bibtexparser
import pytest
from citeproc import Citation as CiteprocCitation
from citeproc import CitationItem, CitationStylesBibliography, CitationStylesStyle, formatter
from citeproc.source.json import CiteProcJSON
from langchain_core.messages.content import create_citation, create_text_block
from markdown_it import MarkdownIt
from pyld import jsonld

from assistant.answering import Assistant
from assistant.answers import Answer, Citation, Pointer, Quote, ResourceRef, Statement
from assistant.chain import to_message
from assistant.references import FORMATS, to_annotations, to_bibtex, to_csl, to_langchain, to_markdown, to_terminal
from assistant.references.records import name_parts
from ingest.documents import Locator

QUOTE = Quote("the very words", "0" * 64, 3, 17, "1" * 64, "doe-2001-descent/paper.pdf")
DOE = ResourceRef(
    "doe-2001-descent", "Walking Downhill: 100% & more_or_less {$x$} #1", "Doe (2001)", ("Jane van der Doe", "Plato", "Ann Roe"),
    2001, "paper", "https://arxiv.org/abs/2001.01234v2", "certain",
)  # fmt: skip
ROE = ResourceRef("roe-2002-slopes", "Slopes", "Roe (2002)", (), 2002, "book", "https://example.org/slopes", "guess")


def cited(number: int, resource: ResourceRef = DOE, **change: Any) -> Citation:
    plain = Citation(
        number,
        resource,
        "first",
        Locator(written="sec. 2", page=4),
        resource.url,
        "paraphrases",
        "author",
        "c-1",
        "full text",
    )
    return replace(plain, **change)


@pytest.fixture
def answer() -> Answer:
    """One statement of ours with words behind it, one with a formula and an address only, one of a reading."""
    statements = (
        Statement("Momentum helps.", "note", (1, 2), "linked"),
        Statement("It weighs $x[1]$ by 0.9.", "note", (2,), "contradicted", remarks=("The sentence says “0.9”, the quoted words “0.5”.",)),
        Statement("“the very words”", "reading", (3,), "quoted"),
    )  # fmt: skip
    citations = (
        cited(1, quote=QUOTE, check="words_found"),
        cited(2, ROE, check="not_held", locator=Locator(written="“Momentum”")),
        cited(3, quote=QUOTE, check="words_found", relation="quotes", locator=Locator(page=5), claim=None),
    )
    return Answer(
        "What is *momentum*?", "What is *momentum*?", "answered", "", 0.9, "From our study notes.",
        "\n\n".join(s.marked for s in statements), statements, citations,
        read_next=(Pointer("roe-2002-slopes", "goes deeper"),),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "says", "solid", "ours"),
    [
        ({"check": "not_held"}, "The text is not here, so nothing was checked", False, True),
        ({"check": None}, "held here, but to no single sentence", False, True),
        ({"check": "not_held", "basis": "record"}, "the full text was not read", False, True),
        ({"check": "words_found", "quote": QUOTE}, "our author's judgement", True, True),
        ({"check": "moved", "quote": QUOTE}, "elsewhere than the answer said", True, True),
        ({"check": "not_held", "quote": QUOTE}, "The text is not here, so nothing was checked", False, True),
        (
            {"check": "words_found", "quote": QUOTE, "relation": "quotes"},
            "word for word. Found in our copy",
            True,
            False,
        ),
        ({"check": "not_held", "quote": QUOTE, "relation": "quotes"}, "the words were not checked", False, False),
        (
            {"check": "words_found", "quote": QUOTE, "relation": "related"},
            "not the resource itself; not checked",
            False,
            False,
        ),
        ({"check": "altered", "quote": QUOTE, "relation": "quotes"}, "The words were changed", False, False),
        ({"check": "misattributed", "quote": QUOTE}, "in another resource", False, False),
        ({"check": "fabricated", "quote": QUOTE}, "No held resource", False, False),
    ],
)
@pytest.mark.parametrize("write", [to_terminal, to_markdown])
def test_every_case_is_told_in_plain_words(
    answer: Answer, change: dict, says: str, solid: bool, ours: bool, write: Any
):
    """What was checked and whose words they are is said for each case, in the terminal and in Markdown alike."""
    changed = cited(1, **change)
    assert says in changed.explanation
    assert changed.solid is solid
    assert "Doe (2001), sec. 2, p. 4" in changed.explanation
    assert ("Our words" in changed.explanation) is ours
    assert changed.explanation in write(replace(answer, citations=(changed, *answer.citations[1:])))


@pytest.mark.parametrize(
    ("identity", "says"), [("certain", None), ("likely", "is likely, not certain"), ("guess", "is a guess")]
)
def test_a_doubtful_identity_is_told(identity: Any, says: str | None):
    """Where it is not certain that the list means this resource, each citation of it says so."""
    told = cited(1, replace(DOE, identity=identity)).explanation
    assert says in told if says else "the list means" not in told


def test_the_terminal_shows_everything(small: Assistant):
    """Notice, text, a legend, a mark a citation, its explanation and address, how to add the text, what to read next."""
    shown = to_terminal(small.ask("What is momentum?"))
    assert shown.startswith("From our study notes")
    assert "■ the source's own words are here   □ an address only" in shown
    assert "□ [1] Slopes and Valleys" in shown
    assert "https://example.org/slopes" in shown
    assert "underhood ingest --add FILE --as roe-2002-slopes" in shown
    assert "Read next:" in shown


def test_solid_and_hollow_differ_without_colour(answer: Answer):
    """A mark with the source's words behind it has another shape; the remark on a sentence stands behind it."""
    shown = to_terminal(answer)
    assert "■ [1]" in shown
    assert "□ [2]" in shown
    assert "“the very words”" in shown
    assert "by 0.9. [2] (The sentence says “0.9”, the quoted words “0.5”.)" in shown


def test_a_terminal_obeys_no_document(answer: Answer):
    """Control characters and changes of direction in somebody's words are shown, not sent."""
    evil = replace(QUOTE, text="a\x1b[31mred\x07\u202eb")
    shown = to_terminal(replace(answer, citations=(replace(answer.citations[0], quote=evil), *answer.citations[1:])))
    assert "a␛[31mred␇\ufffdb" in shown
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202e]", shown)


def test_markdown_has_a_footnote_for_each_citation(answer: Answer):
    """Every marker has its footnote, and no other; brackets of a formula stay."""
    shown = to_markdown(answer)
    assert all(shown.count(f"[^{c.number}]:") == 1 for c in answer.citations)
    assert re.findall(r"\[\^(\d)\](?!:)", shown) == ["1", "2", "2", "3"]
    assert "$x[1]$" in shown


def test_somebody_elses_markdown_is_shown_as_it_is(answer: Answer):
    """A question, a title and a quote with markup come out as text in an outside renderer."""
    title, words = "<b>Bold</b> [x](javascript:1) `code`", "*star* _line_ <script>alert(1)</script> &amp; \\ |"
    changed = replace(answer.citations[0], resource=replace(DOE, title=title), quote=replace(QUOTE, text=words))
    html = MarkdownIt("commonmark", {"html": True}).render(
        to_markdown(replace(answer, citations=(changed, *answer.citations[1:])))
    )
    assert "<script" not in html
    assert "javascript:1&quot;" not in html
    assert "<b>" not in html
    assert "*star* _line_ &lt;script&gt;alert(1)&lt;/script&gt; &amp;amp; \\ |" in html
    assert "What is *momentum*?" in html


def test_bibtex_is_read_by_bibtexparser(answer: Answer):
    """One entry a resource, under its permanent id, with names, year, address, arXiv number and the places cited."""
    parser = bibtexparser.bparser.BibTexParser(common_strings=True, ignore_nonstandard_types=False)
    entries = bibtexparser.loads(to_bibtex(answer), parser).entries_dict
    assert list(entries) == ["doe-2001-descent", "roe-2002-slopes"]
    doe = entries["doe-2001-descent"]
    assert doe["author"] == "van der Doe, Jane and {Plato} and Roe, Ann"
    assert doe["title"] == r"{Walking Downhill: 100\% \& more\_or\_less \{\$x\$\} \#1}"
    assert (doe["year"], doe["eprint"], doe["archiveprefix"]) == ("2001", "2001.01234", "arXiv")
    assert doe["note"] == "Cited: sec. 2, p. 4; p. 5. Edition: first."
    assert entries["roe-2002-slopes"]["ENTRYTYPE"] == "book"
    assert "author" not in entries["roe-2002-slopes"]


def test_csl_is_set_by_a_citation_processor(answer: Answer):
    """citeproc-py makes a bibliography of the items without a warning, names and years in it."""
    items = json.loads(to_csl(answer))
    assert [i["type"] for i in items] == ["article", "book"]
    style = CitationStylesStyle("harvard-cite-them-right", validate=False)
    bibliography = CitationStylesBibliography(style, CiteProcJSON(items), formatter.plain)
    for item in items:
        bibliography.register(CiteprocCitation([CitationItem(item["id"])]))
    shown = [str(line) for line in bibliography.bibliography()]
    assert len(shown) == 2
    assert "Doe" in shown[0]
    assert "2001" in shown[0]
    assert "Slopes" in shown[1]


OA = "http://www.w3.org/ns/oa#"
#: Terms of the W3C's context that our annotations use, as the Web Annotation Vocabulary defines them.
W3C = {
    "id": "@id", "type": "@type", "label": "http://www.w3.org/2000/01/rdf-schema#label", "value": "http://www.w3.org/1999/02/22-rdf-syntax-ns#value",
    "format": "http://purl.org/dc/elements/1.1/format", "total": "https://www.w3.org/ns/activitystreams#totalItems",
    "first": {"@id": "https://www.w3.org/ns/activitystreams#first", "@type": "@id"},
    "startIndex": "https://www.w3.org/ns/activitystreams#startIndex",
    "items": {"@id": "https://www.w3.org/ns/activitystreams#items", "@type": "@id", "@container": "@list"},
    **{t: f"{OA}{t}" for t in ("Annotation", "TextualBody", "SpecificResource", "TextQuoteSelector", "TextPositionSelector", "FragmentSelector", "exact", "start", "end")},
    **{t: f"https://www.w3.org/ns/activitystreams#{n}" for t, n in (("AnnotationCollection", "OrderedCollection"), ("AnnotationPage", "OrderedCollectionPage"))},
    **{t: {"@id": f"{OA}{n}", "@type": "@id"} for t, n in (("body", "hasBody"), ("target", "hasTarget"), ("source", "hasSource"), ("selector", "hasSelector"))},
    **{t: {"@id": f"{OA}{n}", "@type": "@vocab"} for t, n in (("motivation", "motivatedBy"), ("purpose", "hasPurpose"))},
    "conformsTo": {"@id": "http://purl.org/dc/terms/conformsTo", "@type": "@id"},
    **{m: f"{OA}{m}" for m in ("commenting", "highlighting", "linking")},
}  # fmt: skip


def local_context(url: str, _: Any = None) -> dict[str, Any]:
    """The W3C's context from here; nothing is fetched."""
    assert url == "http://www.w3.org/ns/anno.jsonld"
    return {"contentType": "application/ld+json", "contextUrl": None, "documentUrl": url, "document": {"@context": W3C}}


def test_annotations_are_web_annotations(answer: Answer):
    """pyld reads them with a local context: each has a target with the words, their place and the page."""
    collection = json.loads(to_annotations(answer))
    graph = jsonld.flatten(collection, options={"documentLoader": local_context})
    by_type: dict[str, list[dict]] = {}
    for node in graph:
        for kind in node.get("@type", ()):
            by_type.setdefault(kind.rsplit("#")[-1], []).append(node)
    assert len(by_type["Annotation"]) == collection["total"] == 4
    assert all(n[f"{OA}hasTarget"] and n[f"{OA}motivatedBy"] for n in by_type["Annotation"])
    assert {n[f"{OA}exact"][0]["@value"] for n in by_type["TextQuoteSelector"]} == {"the very words"}
    spans = {(n[f"{OA}start"][0]["@value"], n[f"{OA}end"][0]["@value"]) for n in by_type["TextPositionSelector"]}
    assert spans == {(3, 17)}
    values = "http://www.w3.org/1999/02/22-rdf-syntax-ns#value"
    assert {n[values][0]["@value"] for n in by_type["FragmentSelector"]} == {"page=4", "page=5"}
    assert len({n["@id"] for n in by_type["Annotation"]}) == 4
    known = {"@context", "textSha256", "check", "relation", "support", "edition", "claim", *W3C}
    assert set(re.findall(r'"([^"]+)":', json.dumps({**collection, "@context": None}))) <= known


def test_words_that_were_not_found_select_nothing(answer: Answer):
    """An altered or a fabricated quote is no selector, and no cited text."""
    changed = replace(
        answer, citations=(replace(answer.citations[0], check="altered"), *answer.citations[1:2], answer.citations[2])
    )
    first = json.loads(to_annotations(changed))["first"]["items"][0]["target"]
    assert [s["type"] for s in first["selector"]] == ["FragmentSelector"]
    assert "cited_text" not in json.loads(to_langchain(changed))[0]["annotations"][0]


def test_langchain_reads_its_own_blocks(answer: Answer):
    """The block is what langchain-core's own makers make; its spans are those of the sentences; the message has it."""
    blocks = json.loads(to_langchain(answer))
    for a in blocks[0]["annotations"]:
        made = create_citation(**{k: v for k, v in a.items() if k not in ("type", "extras")}, **a["extras"])
        assert {k: v for k, v in made.items() if k not in ("id", "extras")} == {
            k: v for k, v in a.items() if k != "extras"
        }
    said = [answer.text[a["start_index"] : a["end_index"]] for a in blocks[0]["annotations"]]
    assert said == ["Momentum helps.", "Momentum helps.", "It weighs $x[1]$ by 0.9.", "“the very words”"]
    assert [a.get("cited_text") for a in blocks[0]["annotations"]] == ["the very words", None, None, "the very words"]
    made_block = create_text_block(blocks[0]["text"], annotations=blocks[0]["annotations"])
    assert {k: v for k, v in made_block.items() if k != "id"} == blocks[0]
    message = to_message(answer)
    assert message.text == answer.text
    assert message.content_blocks[0]["annotations"] == blocks[0]["annotations"]


def test_a_related_text_is_never_listed_as_the_resource(answer: Answer):
    """A summary by somebody else has an entry of its own, under its own title."""
    other = cited(
        4,
        replace(DOE, title="A cheat sheet", authors=(), year=None),
        quote=QUOTE,
        check="words_found",
        relation="related",
    )
    changed = replace(answer, citations=(*answer.citations, other))
    assert [i["id"] for i in json.loads(to_csl(changed))] == [
        "doe-2001-descent",
        "roe-2002-slopes",
        "doe-2001-descent-related",
    ]
    assert "@misc{doe-2001-descent-related,\n  title = {{A cheat sheet}}" in to_bibtex(changed)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Jane Doe", ("Jane", "", "Doe")), ("Plato", ("", "", "Plato")), ("Laurent El Ghaoui", ("Laurent", "El", "Ghaoui")),
        ("Guido van Rossum", ("Guido", "van", "Rossum")), ("Richard S. Sutton", ("Richard S.", "", "Sutton")),
    ],
)  # fmt: skip
def test_names_are_taken_apart(name: str, parts: tuple[str, str, str]):
    """Given name, particle, family name."""
    assert name_parts(name) == parts


@pytest.mark.parametrize("name", list(FORMATS))
def test_an_answer_without_citations_has_every_format(small: Assistant, name: str):
    """A declined answer is written too; lists of references are then empty."""
    declined = small.ask("How many goals did Brazil score?")
    assert declined.citations == ()
    assert declined.outcome == "declined"
    written = FORMATS[name](declined)
    if name in ("bibtex", "csl"):
        assert written.strip() in ("", "[]")
    else:
        assert "Brazil" in written or "reading list" in written
