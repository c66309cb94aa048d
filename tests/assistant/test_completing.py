"""Where one claim is not the whole answer (assistant/writers/completing.py, extractive.py)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assistant.confidence import calibration
from assistant.questions import Part, Question
from assistant.ranking import NAMES, Features
from assistant.retrieval import ClaimFound, Evidence, PartEvidence
from assistant.writers.completing import companions, repeats
from assistant.writers.extractive import LONGEST, compose
from ingest.notes import Claim, Kind

ZERO = Features(*(0.0 for _ in NAMES))
WHAT = "Stride is the distance between two places of a kernel."
WHY = "Larger steps serve to shrink maps and save computation."
HOW = "One computes products at every second position and skips all others."


def claim(
    id: str, kind: Kind, text: str, *questions: str, note: str = "concepts/stride", also: tuple[str, ...] = ()
) -> Claim:
    return Claim(id, text, kind, questions, (), note, "", 1, also)


def part(
    text: str, *claims: Claim, gap: float = 1.0, kinds: tuple[float, ...] = (), sides: tuple[str, ...] = ()
) -> PartEvidence:
    """A part with its candidates, each ``gap`` behind the one before; ``kinds``: how much each one's kind is asked for."""
    found = [
        ClaimFound(c, -gap * n, replace(ZERO, kind=kinds[n] if kinds else 0.0)) for n, c in enumerate(claims)
    ]  # fmt: skip
    return PartEvidence(Part(text, "relation" if sides else "whole", sides), tuple(found))


def beside(found: PartEvidence) -> list[str]:
    return [f.claim.id for f in companions(found, found.claims[0], [])]


def said(*parts: PartEvidence, probability: float = 0.9) -> list[str]:
    """The ids of the claims of an answer to these parts, every claim trusted alike."""
    evidence = Evidence(Question("", tuple(p.part for p in parts)), parts, (), (), 0.0, 0.0)
    return [c.found.claim.id for c in compose(evidence, lambda *_: probability, calibration()).chosen]


STRIDE = claim("what", "definition", WHAT, "What is stride?")
PURPOSE = claim("why", "purpose", WHY, "Why use a stride?")
MECHANISM = claim("how", "mechanism", HOW, "How does a stride work?")


def test_a_plain_question_gets_one_claim():
    """ "What is X?" asks for nothing beside the definition, however near the next claim is."""
    assert beside(part("What is stride?", STRIDE, PURPOSE, MECHANISM, gap=0.1)) == []


def test_a_kind_that_is_asked_for_stands_beside_a_definition():
    """ "The use of X" gets what X is and what it is for, unless that claim is far behind or of another concept."""
    found = part("What is the use of stride?", STRIDE, PURPOSE, kinds=(-3.0, -1.0))
    assert beside(found) == ["why"]
    assert beside(part("What is the use of stride?", STRIDE, PURPOSE, kinds=(-3.0, -1.0), gap=5.0)) == []
    other = replace(PURPOSE, note="concepts/pooling")
    assert beside(part("What is the use of stride?", STRIDE, other, kinds=(-3.0, -1.0))) == []


@pytest.mark.parametrize(
    ("question", "first", "second"),
    [
        ("Describe stride.", STRIDE, MECHANISM),
        ("Can you explain stride?", STRIDE, MECHANISM),
        ("Describe how stride works", MECHANISM, STRIDE),
        (
            "What is stride used for?",
            claim("for", "purpose", WHY, "What is stride for?"),
            claim("uses", "application", HOW, "Where is stride used?", note="concepts/uses", also=("stride",)),
        ),
        (
            "How do you calculate stride?",
            claim("example", "example", "For 7 pixels it is 2.", "stride example"),
            claim("formula", "formula", HOW, "What is the formula of stride?"),
        ),
    ],
)
def test_some_forms_of_question_want_two_claims(question: str, first: Claim, second: Claim):
    """To describe is to say what it is and how it works; uses are a purpose and applications; to calculate is a formula."""
    assert beside(part(question, first, second)) == [second.id]


def test_what_carries_both_needs_no_companion():
    """A claim that has the second question itself is the whole answer."""
    both = replace(STRIDE, questions=("What is stride?", "How does stride work?"))
    assert beside(part("Describe stride.", both, MECHANISM)) == []


def test_nothing_is_said_twice():
    """A companion that repeats the first claim, or what an earlier part said, is left out."""
    same = replace(MECHANISM, text="The distance between two places of a kernel is stride.")
    assert repeats(same, [STRIDE])
    assert beside(part("Describe stride.", STRIDE, same)) == []
    assert not repeats(MECHANISM, [STRIDE])


def test_a_comparison_of_three_speaks_of_all_three():
    """Comparisons are added until each thing is spoken of; none that adds nothing."""
    sides = ("apples", "pears", "plums")
    first = claim("ap", "comparison", "Apples are rounder than pears.")
    second = claim("pl", "comparison", "Plums ripen before pears do.")
    third = claim("pa", "comparison", "Pears differ from apples in taste.")
    assert beside(part("apples vs pears vs plums", first, third, second, sides=sides)) == ["pl"]
    assert beside(part("apples vs pears", first, second, sides=sides[:2])) == []


def test_a_second_part_gets_the_next_claim():
    """What an earlier part said leaves a later part open, unless the next claim is far behind and no better suited."""
    first, near = part("What is stride?", STRIDE), part("what is it for?", STRIDE, PURPOSE, gap=0.5)
    assert said(first, near) == ["what", "why"]
    assert said(first, part("what is it for?", STRIDE, PURPOSE, gap=2.0)) == ["what"]
    assert said(first, part("what is it for?", STRIDE, PURPOSE, gap=2.0, kinds=(-3.0, -1.0))) == ["what", "why"]


def test_definitions_come_first_and_answers_stay_short():
    """A companion that says what a thing is opens the answer; companions give way where many parts are asked."""
    assert said(part("Describe how stride works", MECHANISM, STRIDE)) == ["what", "how"]
    texts = ["Cats purr at night.", "Dogs bark by day.", "Cows graze on hills.", "Fish swim in rivers."]
    many = [part(f"q{n}", claim(f"c{n}", "effect", t)) for n, t in enumerate(texts)]
    answer = said(*many[:3], part("Describe stride.", STRIDE, MECHANISM), many[3])
    assert len(answer) == LONGEST + 1
    assert "how" not in answer


def test_what_is_not_trusted_is_left_open():
    """Below the line a part is unanswered, and no claim is chosen."""
    evidence = Evidence(Question("", ()), (part("What is stride?", STRIDE),), (), (), 0.0, 0.0)
    draft = compose(evidence, lambda *_: 0.01, calibration())
    assert (draft.chosen, draft.unanswered, draft.probability) == ((), ("What is stride?",), 0.01)


@pytest.mark.parametrize(("second", "answered"), [("why is it wide?", False), ("What is stride?", True)])
def test_a_part_that_leans_on_a_silent_one_is_silent(second: str, answered: bool):
    """Where nothing answers the first part, "it" of the second means nothing that the notes know."""
    parts = (part("What is Lepanto", MECHANISM), part(second, STRIDE))
    evidence = Evidence(Question("", tuple(p.part for p in parts)), parts, (), (), 0.0, 0.0)
    draft = compose(evidence, lambda _, found: 0.9 if found.claim is STRIDE else 0.0, calibration())
    assert bool(draft.chosen) == answered
