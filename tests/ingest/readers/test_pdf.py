"""PDFs made on purpose: order, places, labels, boxes, margins, marks."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from ingest.documents import Parsed, boxes_of, locate
from ingest.errors import ReadingError
from ingest.readers import pdf

Make = Callable[..., bytes]

WORDS = [
    "the",
    "gradient",
    "of",
    "a",
    "smooth",
    "function",
    "points",
    "uphill",
    "and",
    "a",
    "small",
    "step",
    "against",
    "it",
    "lowers",
    "the",
    "value",
    "while",
    "larger",
    "steps",
    "may",
    "overshoot",
    "so",
    "that",
    "learning",
    "rates",
    "are",
    "chosen",
    "with",
    "care",
    "by",
    "people",
    "who",
    "watch",
    "how",
    "training",
    "goes",
    "and",
    "stop",
    "when",
    "it",
    "no",
    "longer",
    "helps",
    "on",
    "data",
    "that",
    "was",
    "kept",
    "aside",
    "before",
    "anything",
    "else",
    "had",
    "been",
    "tried",
]


def prose(seed: int, lines: int, width: int = 60) -> list[str]:
    """Lines of ordinary words, each about ``width`` characters long; the last ends in a full stop."""
    chooser, made = random.Random(seed), []
    for _ in range(lines):
        line = chooser.choice(WORDS)
        while len(line) < width:
            line += " " + chooser.choice(WORDS)
        made.append(line)
    made[0] = made[0].capitalize()
    made[-1] += "."
    return made


def kinds(parsed: Parsed) -> dict[str, str]:
    return {parsed.text[mark.start : mark.end]: mark.kind for mark in parsed.marks}


def test_two_columns_are_read_one_after_the_other(make_pdf: Make, lines_at: Make) -> None:
    """Left column whole, then the right one, even where the file writes them line by line across."""
    left, right = prose(1, 20, 40), prose(2, 20, 40)
    both = [item for pair in zip(lines_at(left, size=9), lines_at(right, x=320, size=9), strict=True) for item in pair]
    assert pdf.read(make_pdf([both])).text == " ".join(left) + "\n\n" + " ".join(right)


def test_lines_across_both_columns_keep_their_place(make_pdf: Make, lines_at: Make) -> None:
    """A title above and a full-width paragraph between two bands of columns are read where they stand."""
    above, below = prose(3, 12, 40), prose(4, 12, 40)
    wide = prose(5, 3, 100)
    page = [
        *lines_at(["A title over both columns of this page"], x=150, top=740, size=18),
        *lines_at(above, size=9),
        *lines_at(below, x=320, size=9),
        *lines_at(wide, top=540, size=9),
        *lines_at(prose(6, 12, 40), top=480, size=9),
        *lines_at(prose(7, 12, 40), top=480, x=320, size=9),
    ]
    text = pdf.read(make_pdf([page])).text
    found = [text.index(lines[0][:30]) for lines in (above, below, wide, prose(6, 12, 40), prose(7, 12, 40))]
    assert found == sorted(found)


def test_single_column_in_scrambled_file_order(make_pdf: Make, lines_at: Make) -> None:
    """Reading order is that of the page, not that in which the file happens to write its lines."""
    lines = prose(8, 15)
    drawn = lines_at(lines)
    random.Random(0).shuffle(drawn)
    assert pdf.read(make_pdf([drawn])).text == " ".join(lines)


def test_page_and_printed_label(make_pdf: Make, lines_at: Make) -> None:
    """Each character knows its page, and the label that the file or the page itself prints."""
    pages = [lines_at(prose(seed, 8)) for seed in range(3)]
    parsed = pdf.read(make_pdf(pages, labels="0 << /S /r >> 1 << /S /D /St 7 >>"))
    assert [(place.page, place.label) for place in parsed.places] == [(1, "i"), (2, "7"), (3, "8")]
    printed = [[*page, (300, 40, 9, "F", str(41 + i))] for i, page in enumerate(pages)]
    parsed = pdf.read(make_pdf(printed))
    assert [place.label for place in parsed.places] == ["41", "42", "43"]
    assert "41" not in parsed.text


def test_boxes_cover_their_words(make_pdf: Make, lines_at: Make) -> None:
    """A box is where the line was drawn, as fractions from the top left, also on a page shown turned."""
    lines = prose(9, 10)
    for rotate in (0, 90, 180, 270):
        parsed = pdf.read(make_pdf([lines_at(lines)], rotate=rotate))
        assert parsed.text == " ".join(lines)
        box = parsed.boxes[4]
        assert parsed.text[box.start : box.end] == lines[4]
        x, y = 72 / 612, 1 - (700 - 4 * 12) / 792  # where the line begins, on its base line
        x, y = {0: (x, y), 90: (1 - y, x), 180: (1 - x, 1 - y), 270: (y, 1 - x)}[rotate]
        assert box.left - 0.01 <= x <= box.right + 0.01
        assert box.top - 0.01 <= y <= box.bottom + 0.01
    span = boxes_of(parsed, 5, 30)
    assert len(span) == 1


def test_running_heads_and_page_numbers_are_out(make_pdf: Make, lines_at: Make) -> None:
    """What repeats at one height over the pages is no text; a heading at the top of one page is."""
    pages = []
    for number in range(6):
        page = lines_at(["2 Gradients in detail"], size=14, font="B") if number == 3 else []
        page += lines_at(prose(number, 10), top=660)
        page += [(72, 760, 9, "F", "A JOURNAL OF SLOPES"), (500, 760, 9, "F", f"page {number + 1}")]
        pages.append(page)
    parsed = pdf.read(make_pdf(pages))
    assert "JOURNAL" not in parsed.text
    assert "page" not in parsed.text
    assert [section.path for section in parsed.sections] == [("2 Gradients in detail",)]
    assert locate(parsed, parsed.sections[0].start).page == 4


def test_sentence_goes_on_over_a_page_past_footnote_and_caption(make_pdf: Make, lines_at: Make) -> None:
    """A paragraph broken by the end of a page is one; footnote and caption come after it, marked."""
    first, second = prose(10, 12), prose(11, 4)
    first[-1] = first[-1].removesuffix(".")
    second[0] = second[0].lower()
    pages = [
        [*lines_at(first), *lines_at(["1 A note below the text that nobody needs."], top=60, size=7)],
        [*lines_at(["Figure 1: What a slope looks like from above."], top=720, size=8), *lines_at(second, top=680)],
    ]
    parsed = pdf.read(make_pdf(pages))
    assert parsed.text.startswith(" ".join(first) + " " + " ".join(second))
    marks = kinds(parsed)
    assert marks["1 A note below the text that nobody needs."] == "footnote"
    assert marks["Figure 1: What a slope looks like from above."] == "caption"
    assert locate(parsed, parsed.text.index(second[0])).page == 2


def test_the_permission_at_the_foot_of_a_first_page_interrupts_no_sentence(make_pdf: Make, lines_at: Make) -> None:
    """What a publisher puts below the first column, without a mark, is a footnote; the sentence goes on in the next."""
    left, right = prose(50, 30, 40), prose(51, 30, 40)
    left[-1] = left[-1].rstrip(".") + " and further"
    right[0] = right[0].lower()
    foot = ["Permission to make copies of this work is", "granted without fee to all who read it."]
    page = [*lines_at(left, size=10), *lines_at(foot, size=8, top=100), *lines_at(right, x=320, size=10)]
    parsed = pdf.read(make_pdf([page]))
    assert f"{left[-1]} {right[0]}" in parsed.text
    assert kinds(parsed)[" ".join(foot)] == "footnote"


def test_hyphens_at_line_ends(make_pdf: Make, lines_at: Make) -> None:
    """Halves of a word are joined, parts of a compound keep their hyphen, capitals keep theirs."""
    lines = [
        "Every opti-",
        "mization run that people care about is a long run of many steps-",
        "wise moves on a non-",
        "convex surface, which Monte-",
        "Carlo methods explore.",
    ]
    text = pdf.read(make_pdf([lines_at(lines)])).text
    assert text.startswith("Every optimization run")
    assert "a non-convex surface" in text
    assert "Monte-Carlo methods" in text


def test_ligatures_without_a_meaning_are_found_by_words(make_pdf: Make, lines_at: Make) -> None:
    """Codes of the private use area, and control codes, become the ligature that makes words."""
    lines = ["We de\x80ne a speci\x80c \x80nite set, su\x81cient for e\x81cient and di\x82erent e\x82ects."]
    text = lines[0].replace("\x80", "€").replace("\x81", "‡").replace("\x82", "‚")  # what cp1252 can write
    meanings = {"L": {0x80: "\ue001", 0x87: "\ue00e", 0x82: "\x0b"}}
    parsed = pdf.read(make_pdf([lines_at([text], font="L")], meanings=meanings))
    assert parsed.text == "We define a specific finite set, sufficient for efficient and different effects."


def test_unknown_codes_are_never_a_wrong_letter(make_pdf: Make, lines_at: Make) -> None:
    """A code that no ligature explains stands as U+FFFD."""
    text = "Take the symbol € alone, as it is."
    parsed = pdf.read(make_pdf([lines_at([text], font="L")], meanings={"L": {0x80: "\ue0f7"}}))
    assert parsed.text == text.replace("€", "\ufffd")


def test_signs_drawn_with_the_codes_of_line_breaks_are_kept(make_pdf: Make, lines_at: Make) -> None:
    """TeX's "fl" has the code of a line break (13): PDFium's own breaks are blanks, a drawn one is a letter."""
    lines = [
        "The \x80ow re\x80ects a con\x80ict of in\x80uence.".replace("\x80", "€"),
        "It \x80oats.".replace("\x80", "€"),
    ]
    parsed = pdf.read(make_pdf([lines_at(lines, font="L")], meanings={"L": {0x80: "\r"}}))
    assert " ".join(parsed.text.split()) == "The flow reflects a conflict of influence. It floats."


def test_fonts_of_drawn_letters_have_a_size(make_pdf: Make, lines_at: Make) -> None:
    """Type 3 fonts give their size as a hundredth of a point; their words are read, their headings told by height."""
    page = [
        *((x, y, size / 1000, font, text) for x, y, size, font, text in lines_at(prose(40, 8, 50), font="G")),
        (72, 740, 0.02, "G", "Slopes of valleys"),
    ]
    page = [(x, y, size, font, text.rstrip(".")) for x, y, size, font, text in page]
    parsed = pdf.read(make_pdf([page]))
    assert parsed.text.split("\n\n")[0] == "Slopes of valleys"
    assert kinds(parsed) == {"Slopes of valleys": "heading"}
    assert "gradient" in parsed.text


def test_slides_have_a_heading_each_and_their_printed_number(make_pdf: Make) -> None:
    """One idea a page in large letters: the title is a heading, the points are text, the foot is out."""
    points = ["Momentum averages the steps, so that the zigzags", "of a narrow valley cancel each other."]
    pages = [
        [
            (60, 520, 30, "B", f"Idea {'abcdefgh'[n]} of momentum"),
            (80, 440, 20, "F", "• " + points[0]),
            (92, 414, 20, "F", points[1]),
            (80, 370, 20, "F", "• A second point is made in a line."),
            (40, 30, 10, "F", "Deep learning, lecture 3"),
            (520, 30, 10, "F", f"{n + 1} / 8"),
        ]
        for n in range(8)
    ]
    parsed = pdf.read(make_pdf(pages))
    assert [s.path for s in parsed.sections] == [(f"Idea {c} of momentum",) for c in "abcdefgh"]
    assert parsed.text.split("\n\n")[1:3] == ["• " + " ".join(points), "• A second point is made in a line."]
    assert "lecture 3" not in parsed.text
    assert [p.label for p in parsed.places] == [str(n + 1) for n in range(8)]


def book(pages: int) -> list[list[tuple[float, float, float, str, str]]]:
    """A book with running heads, twenty pages a chapter, and a section every fifth page."""
    made = []
    for n in range(pages):
        page = [] if n % 20 == 0 else [(72, 750, 10, "F", "Of slopes"), (500, 750, 10, "F", str(n + 1))]
        page += [(72, 700, 24, "B", f"Chapter {n // 20 + 1}")] if n % 20 == 0 else []
        page += [(72, 700, 13, "B", f"{n // 20 + 1}.{n % 20 // 5 + 1} Steeper slopes")] if n % 5 == 2 else []
        made.append(page + [(72, 670 - 12 * i, 10, "F", line) for i, line in enumerate(prose(n, 45, 85))])
    return made


@pytest.mark.parametrize("pages", [40, pytest.param(800, marks=pytest.mark.long)])
def test_a_book_is_read_within_the_guards_time(make_pdf: Make, pages: int) -> None:
    """800 pages of text are read in less processor time than a file may take, with all chapters, sections and labels."""
    data = make_pdf(book(pages), outline=[(f"Chapter {n // 20 + 1}", n) for n in range(0, pages, 20)])
    began = time.process_time()
    parsed = pdf.read(data)
    assert time.process_time() - began < 20
    assert parsed.pages == pages
    assert "Of slopes" not in parsed.text
    assert sum(len(s.path) == 1 for s in parsed.sections) == pages / 20
    assert sum(len(s.path) == 2 for s in parsed.sections) == pages / 5
    assert [p.label for p in parsed.places] == [str(n + 1) for n in range(pages)]


def test_headings_from_size_weight_and_outline(make_pdf: Make, lines_at: Make) -> None:
    """Numbers give the depth; an outline entry makes a heading of a line that looks like text."""
    page = [
        *lines_at(["1 Slopes"], top=730, size=16, font="B"),
        *lines_at(prose(12, 5), top=700),
        *lines_at(["1.1 Steep slopes"], top=620, size=12, font="B"),
        *lines_at(prose(13, 5), top=600),
        *lines_at(["Plain heading"], top=520),
        *lines_at(prose(14, 5), top=500),
    ]
    parsed = pdf.read(make_pdf([page], outline=[("Plain heading", 0)]))
    assert [section.path for section in parsed.sections] == [
        ("1 Slopes",),
        ("1 Slopes", "1.1 Steep slopes"),
        ("Plain heading",),
    ]
    assert kinds(parsed)["1.1 Steep slopes"] == "heading"


def test_reference_list_contents_formula_and_code_are_marked(make_pdf: Make, lines_at: Make) -> None:
    """What must not be quoted is marked with what it is."""
    page = [
        *lines_at(["1 Start ................. 3", "2 More ................. 9"], top=760),
        *lines_at(prose(15, 5), top=700),
        *lines_at(["w = w - a * g + (1 - b) / 2"], x=200, top=620),
        *lines_at(prose(16, 5), top=590),
        *lines_at(["for step in range(100):", "    weights -= rate * gradient"], top=510, font="T"),
        *lines_at(["References"], top=450, size=14, font="B"),
        *lines_at(["[1] Jane Doe. Walking Downhill. Journal of Slopes, 2001."], top=420),
    ]
    parsed = pdf.read(make_pdf([page]))
    marks = kinds(parsed)
    assert marks["1 Start ................. 3\n2 More ................. 9"] == "table"
    assert marks["w = w - a * g + (1 - b) / 2"] == "formula"
    assert marks["for step in range(100):\nweights -= rate * gradient"] == "code"
    assert marks["[1] Jane Doe. Walking Downhill. Journal of Slopes, 2001."] == "reference"


def test_exponents_and_footnote_marks(make_pdf: Make) -> None:
    """A raised number behind a word is a footnote's mark and goes; behind a number it is a power and says so."""
    page = [
        (72, 700, 10, "F", "The method"),
        (122, 704, 6, "F", "3"),
        (128, 700, 10, "F", "has about 10"),
        (184.5, 704, 6, "F", "22"),
        (194, 700, 10, "F", "states in all."),
    ]
    assert pdf.read(make_pdf([page])).text == "The method has about 10^22 states in all."


def test_exponents_of_letters_say_so(make_pdf: Make) -> None:
    """A raised letter or number behind a lone letter is a power; TeX's transpose, which stands as ">", is one as well."""
    page = [
        (72, 700, 10, "F", "There are m"),
        (126.8, 704, 6, "F", "n"),
        (131, 700, 10, "F", "policies, and w"),
        (197.6, 704, 6, "F", ">"),
        (204, 700, 10, "F", "x is a number."),
    ]
    assert pdf.read(make_pdf([page])).text == "There are m^n policies, and w^⊤ x is a number."


def test_pages_without_words_are_named(make_pdf: Make, lines_at: Make) -> None:
    """Scanned pages among others are warned of by number; a scan as a whole is refused, with what to do."""
    written = lines_at(prose(17, 8))
    parsed = pdf.read(make_pdf([written, [], [], written, []], picture=True))
    assert parsed.warnings == ("pages 2-3, 5 have no text layer; run OCR (for example ocrmypdf) and add the result",)
    with pytest.raises(ReadingError, match="has no text layer; run OCR"):
        pdf.read(make_pdf([[], []], picture=True))
    with pytest.raises(ReadingError, match="has no text"):
        pdf.read(make_pdf([[]]))


def test_slanted_text_is_said_to_be_slanted(make_pdf: Make, lines_at: Make) -> None:
    """A page scanned askew is not called one without a text layer; a little askew it is read as it is."""
    askew = make_pdf([lines_at(prose(1, 8))], picture=True, hidden=True, aslant=-7)
    with pytest.raises(ReadingError, match="slanted text only"):
        pdf.read(askew)
    assert pdf.read(make_pdf([lines_at(prose(1, 8))], aslant=-1)).text == " ".join(prose(1, 8))


def test_bad_hidden_text_is_noticed(make_pdf: Make, lines_at: Make) -> None:
    """Garbage behind a scan is warned of and never quoted; good words behind a scan are taken."""
    chooser = random.Random(0)
    garbage = [" ".join("".join(chooser.choices("bcdfgklmnrtx", k=5)) for _ in range(9)) for _ in range(12)]
    parsed = pdf.read(make_pdf([lines_at(garbage)], hidden=True, picture=True))
    assert parsed.warnings == (
        "the text layer of page 1 is mostly no words; run OCR (for example ocrmypdf) and add the result",
    )
    assert {mark.kind for mark in parsed.marks} <= {"table", "formula", "caption", "heading"}
    good = pdf.read(make_pdf([lines_at(prose(18, 12))], hidden=True, picture=True))
    assert good.warnings == ()
    assert good.text == " ".join(prose(18, 12))


def test_encrypted_file_asks_for_a_copy_without_password() -> None:
    """Only the owner can open it, so the message says what to do."""
    fpdf = pytest.importorskip("fpdf")
    document = fpdf.FPDF()
    document.add_page()
    document.set_font("Helvetica")
    document.cell(text="secret")
    document.set_encryption(owner_password="one", user_password="two")
    with pytest.raises(ReadingError, match="needs a password; save a copy without one"):
        pdf.read(bytes(document.output()))


def test_truncated_file_gives_what_is_left_or_a_reason(make_pdf: Make, lines_at: Make) -> None:
    """A download that broke off is read as far as it goes, or refused as damaged."""
    whole = make_pdf([lines_at(prose(seed, 20)) for seed in range(4)])
    for share in (0.1, 0.5, 0.9):
        with suppress(ReadingError):
            assert pdf.read(whole[: int(share * len(whole))]).text
