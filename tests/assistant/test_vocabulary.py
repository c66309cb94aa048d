"""Words and names of the notes, as a question uses them (assistant/vocabulary.py, naming.py)."""

from __future__ import annotations

import pytest

from assistant.answering import Assistant
from assistant.naming import other_words, strange


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("What is LoRA fine-tuning?", ("LoRA",)),
        ("LoRA or full training?", ("LoRA",)),
        ("How tall is Kilimanjaro?", ("Kilimanjaro",)),
        ("Mamba in a sentence", ()),
        ("How does the Dickey-Fuller test work?", ("Dickey-Fuller",)),
        ("explain it like I'm five", ()),
        ("Show that $W1$ is a matrix", ()),
        ("What Are The Troubles Of Kilimanjaro", ()),
        ("what is lora", ()),
    ],
)
def test_a_word_written_like_a_name_is_one(text: str, found: tuple[str, ...]):
    """Capitals within a word or a sentence make a name; formulas, contractions and titles do not."""
    unseen = {"LoRA", "Kilimanjaro", "Mamba", "Dickey-Fuller", "W1", "lora", "I'm", "Troubles"}
    assert strange(text, unseen) == found


@pytest.mark.parametrize(
    ("alias", "name", "apart"),
    [
        ("cost function", "loss function", True),
        ("autodiff", "automatic differentiation", True),
        ("batch norm", "batch normalization", False),
        ("back propagation", "backpropagation", False),
        ("information entropy", "entropy", False),
        ("deep q learning", "deep q network", False),
    ],
)
def test_another_form_is_no_other_word(alias: str, name: str, apart: bool):
    """Only where the words before the last differ is a reader helped by being told which stands for which."""
    assert other_words(alias, name) is apart


def test_an_answer_says_which_word_stands_for_which(real: Assistant):
    """A question that says "cost function" is told that the notes say "loss function"; one that says so itself is not."""
    said = "Our notes call “cost function” “loss function”."
    assert real.ask("What is a cost function?").notice.endswith(said)
    assert said not in real.ask("What is a loss function?").notice
    assert "call" not in real.ask("What is SGD?").notice


@pytest.mark.parametrize(
    "question", ["Where is attention explained for beginners?", "which reading explains capsule networks best?"]
)
def test_a_question_for_readings_is_answered_by_the_reading_path(real: Assistant, question: str):
    """It names the resources of the concept's path in their order, with the reasons, and cites them."""
    answer = real.ask(question)
    (statement,) = answer.statements
    assert answer.outcome == "answered"
    assert "read first" in statement.text
    (note,) = [
        n
        for n in real.index.notes
        if n.concept in ("attention", "capsule-network") and f"On {n.name}," in statement.text
    ]
    assert [c.resource.id for c in answer.citations] == [r for r, _ in note.read_next]
    assert all(why in statement.text for _, why in note.read_next)
    assert {c.claim for c in answer.citations} == {None}


def test_a_claim_on_what_to_read_comes_before_the_path(real: Assistant):
    """Where a claim says which resource explains something best, it answers."""
    answer = real.ask("Which reading is best for neural style transfer?")
    assert answer.citations[0].claim == "jing-2017-neural-style-transfer-choice"


def test_a_path_beside_an_answer(real: Assistant):
    """A second part that asks where to read is answered after the first."""
    answer = real.ask("What is dropout and where can I read about it?")
    assert [s.text.split(",")[0] for s in answer.statements][1] == "On dropout"
    assert len(answer.statements) == 2


def test_her_is_a_person_unless_in_capitals(real: Assistant):
    """An abbreviation that is a pronoun too is a name in capitals alone."""
    assert not [m for m in real.names.mentions("any explanation for her?") if m.name.casefold() == "her"]
    assert [m for m in real.names.mentions("How does HER work?") if m.name == "HER"]
