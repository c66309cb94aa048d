"""Questions and their parts (assistant/questions.py)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.naming import Names, american
from assistant.questions import MAX_CHARACTERS, analyse, clean, pair
from ingest.errors import QuestionError

NAMES = Names(
    {
        "gradient-descent": ("gradient descent", "GD"),
        "backpropagation": ("backpropagation", "backprop"),
        "chain-rule": ("chain rule",),
        "rnn": ("recurrent neural network", "RNN"),
        "cnn": ("convolutional neural network", "convnet", "CNN"),
        "batch-normalization": ("batch normalization", "batchnorm"),
        "learning-rate": ("learning rate",),
        "learning-rate-schedule": ("learning rate schedule",),
        "overfitting": ("overfitting",),
        "underfitting": ("underfitting",),
    }
)


def parts(question: str) -> list[str]:
    return [p.text for p in analyse(clean(question), NAMES).parts]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is momentum?", ["What is momentum?"]),
        ("What is backprop and why does it need the chain rule?", ["What is backprop", "why does backprop need the chain rule?"]),
        (
            "What is backpropagation? How does it work? Why do we need it?",
            ["What is backpropagation?", "How does backpropagation work?", "Why do we need backpropagation?"],
        ),
        ("What are overfitting and underfitting?", ["What is overfitting?", "What is underfitting?"]),
        ("what exactly is the chain rule and backpropagation?", ["What is chain rule?", "What is backpropagation?"]),
        (
            "are gradient descent and backprop the same thing?",
            ["are gradient descent and backprop the same thing?", "What is gradient descent?", "What is backprop?"],
        ),
        (
            "should I use convnets or RNNs on text?",
            ["should I use convnets or RNNs on text?"],
        ),
        ("What is the difference between a CNN and an RNN?", ["What is the difference between a CNN and an RNN?"]),
        ("CNN vs RNN", ["CNN vs RNN"]),
        (
            "What happens when I flip a CNN or shuffle the RNN?",
            ["What happens when I flip a CNN", "What happens when I shuffle the RNN"],
        ),
        ("learning rate schedules", ["What is learning rate schedules?"]),
        (
            "What is the difference between a CNN and an RNN, and which is faster?",
            ["What is the difference between a CNN and an RNN", "which is faster, CNN or RNN?"],
        ),
        (
            "What is overfitting and which remedies are there?",
            ["What is overfitting", "which remedies are there in overfitting?"],
        ),
        ("What is backprop and does the loss change?", ["What is backprop", "does the loss change in backprop?"]),
        ("What is backprop and would an RNN do without it?", ["What is backprop", "would an RNN do without backprop?"]),
        (
            "What are units that saturate and are never active called?",
            ["What are units that saturate and are never active called?"],
        ),
        ("explain backprop and when it is cheap", ["explain backprop", "when backprop is cheap"]),
        (
            "explain what happens when a is big and when b is small",
            ["explain what happens when a is big, when b is small"],
        ),
        ("Can an RNN overfit? If not, why?", ["Can an RNN overfit, If not, why?"]),
        ("my colleague told me that backprop is slow, is that true?", ["backprop is slow is that true?"]),
        ("I read somewhere that an RNN forgets, why?", ["an RNN forgets why?"]),
        ("What is a learning rate and why do we need one?", ["What is a learning rate", "why do we need learning rate?"]),
        ("How does backprop work and what is the cost?", ["How does backprop work", "what is the cost in backprop?"]),
        (
            "What are the pros and cons of CNNs?",
            ["What are the advantages of CNNs?", "What are the disadvantages of CNNs?"],
        ),
        ("explain overfitting to a beginner and what it's caused by", ["explain overfitting", "what overfitting is caused by"]),
        (
            "can a CNN be small on purpose, and why would I do that",
            ["can a CNN be small on purpose, and why would I do that"],
        ),
        ("can I use a CNN on text? or on sound?", ["can I use a CNN on text, or on sound?"]),
        (
            "What is the difference between overfitting and underfitting, and how do you detect each?",
            [
                "What is the difference between overfitting and underfitting",
                "how do you detect overfitting?",
                "how do you detect underfitting?",
            ],
        ),
        (
            "What are learning rate schedules and in what cases are they preferred?",
            ["What are learning rate schedules", "in what cases are learning rate schedules preferred?"],
        ),
        (
            "How do CNNs and RNNs avoid overfitting?",
            ["How do CNNs avoid overfitting?", "How do RNNs avoid overfitting?"],
        ),
        ("How do CNNs and RNNs work together?", ["How do CNNs and RNNs work together?"]),
        ("CNN vs RNN vs backprop", ["CNN vs RNN vs backprop"]),
        (
            "Why does backprop have high cost, and how do you lower it?",
            ["Why does backprop have high cost", "how do you lower high cost of backprop?"],
        ),
        (
            "Why was layer-wise training used and is it still needed?",
            ["Why was layer-wise training used", "is layer-wise training still needed?"],
        ),
        ("is a CNN really an RNN and does it matter?", ["is a CNN really an RNN, and does it matter?"]),
        (
            "What is overfitting, why do we see it, and give some examples of common signs",
            ["What is overfitting", "why do we see overfitting", "give some examples of common signs of overfitting"],
        ),
        (
            "Briefly describe convnets (vs RNNs) and give two examples",
            ["Briefly describe convnets", "give two examples of convnets"],
        ),
        (
            "When we share weights (e.g. in an RNN), in the chain rule, do we change W often?",
            ["When we share weights (e.g. in an RNN), in the chain rule, do we change W often?"],
        ),
    ],
)  # fmt: skip
def test_a_question_is_cut_into_what_it_asks(question: str, expected: list[str]):
    """Each part is a question that makes sense alone; a comparison asks for its sides where they matter."""
    assert parts(question) == expected


@pytest.mark.parametrize(
    ("text", "concepts"),
    [
        ("Why does GD need a learning rate schedule?", ["gradient-descent", "learning-rate-schedule"]),
        ("Is batch normalisation used in convnets?", ["batch-normalization", "cnn"]),
        ("gd as a word in lower case is none", []),
        ("Recurrent Neural Networks and learning rates", ["rnn", "learning-rate"]),
    ],
)
def test_names_are_found(text: str, concepts: list[str]):
    """The longest name at a place counts, plurals and British forms too; two letters only in capitals."""
    assert [m.concept for m in NAMES.mentions(text)] == concepts


def test_an_abbreviation_that_is_a_word_is_a_name_in_capitals_only():
    """GAP is global average pooling, a gap is a gap, and mAP is not MAP; other abbreviations count as typed."""
    names = Names({"pooling": ("global average pooling", "GAP"), "map": ("MAP",), "gan": ("GAN",)}, {"gap", "map"})
    found = [[m.concept for m in names.mentions(t)] for t in ("What is GAP?", "the gap", "mAP", "MAP", "a gan", "GAPs")]
    assert found == [["pooling"], [], [], ["map"], ["gan"], ["pooling"]]


@pytest.mark.parametrize(
    ("british", "expected"),
    [("regularise", "regularize"), ("normalisation", "normalization"), ("noise", "noise"), ("colour", "color"),
     ("centre", "center"), ("modelling", "modeling"), ("four", "four"), ("analyse", "analyze"), ("precise", "precise")],
)  # fmt: skip
def test_british_forms_meet_american_ones(british: str, expected: str):
    """Spellings that differ by rule compare equal, words that only look like it are left alone."""
    assert american(british) == expected


@pytest.mark.parametrize("raw", ["", "   ", "\x00\x1b", "?!…", None, 7, "x" * (MAX_CHARACTERS + 1)])
def test_what_is_no_question_is_refused(raw: object):
    """Empty, blank, too long or not text: one line that says so."""
    with pytest.raises(QuestionError) as caught:
        clean(raw)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=300))
def test_any_text_is_answered_or_refused(text: str):
    """Whatever is typed gives parts on one line each, or a QuestionError; nothing else."""
    try:
        found = analyse(clean(text), NAMES)
    except QuestionError:
        return
    assert 1 <= len(found.parts) <= 5
    assert all("\n" not in p.text and "\x00" not in p.text for p in found.parts)


@pytest.mark.parametrize(
    ("question", "sides"),
    [
        ("CNN vs RNN vs backprop", ("CNN", "RNN", "backprop")),
        ("What is the difference between CNNs, RNNs and backprop?", ("CNNs", "RNNs", "backprop")),
        ("Compare overfitting, underfitting, and backprop.", ("overfitting", "underfitting", "backprop")),
        ("CNN vs RNN", ("CNN", "RNN")),
        ("How does a CNN, or an RNN, work?", ()),
    ],
)
def test_a_comparison_knows_all_its_sides(question: str, sides: tuple[str, ...]):
    """Two or more things, by commas or by "vs"."""
    assert analyse(clean(question), NAMES).parts[0].sides == sides


def test_two_things_may_share_their_noun():
    """In "vanishing and exploding gradients" the first is a gradient too, where both are names; "cat and dog" stays."""
    names = Names({"vanishing": ("vanishing gradient",), "exploding": ("exploding gradient",)})
    found = analyse("What are vanishing and exploding gradients and how do you detect each?", names).parts
    assert [p.text for p in found] == [
        "What is vanishing gradients?",
        "What is exploding gradients?",
        "how do you detect vanishing gradients?",
        "how do you detect exploding gradients?",
    ]
    assert pair("cat", "dog", names) is None


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "Write the update rule of batchnorm and state how it differs from gradient descent.",
            ["Write the update rule of batchnorm", "state how batchnorm differs from gradient descent."],
        ),
        (
            "Write the update of batchnorm and identify the mask.",
            ["Write the update of batchnorm", "identify the mask"],
        ),
        (
            "Define batchnorm and the role of the mask.",
            ["Define batchnorm", "what is the role of the mask in batchnorm?"],
        ),
        (
            "What is batchnorm and when would you use momentum versus gradient descent?",
            ["What is batchnorm", "when would you use momentum versus gradient descent?"],
        ),
        (
            "For training: what is batchnorm, and how does it work?",
            ["For training: what is batchnorm", "how does batchnorm work?"],
        ),
    ],
)
def test_tasks_of_an_examination_are_parts(text: str, parts: list[str]):
    """What an examiner joins by "and" is asked one by one."""
    found = [p.text for p in analyse(text, NAMES).parts]
    assert [f.startswith(p.rstrip(".")) for f, p in zip(found, parts, strict=True)] == [True] * len(parts), found
