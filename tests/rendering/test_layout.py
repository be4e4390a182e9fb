"""Every text gets its size, its lines and its place."""

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.designs import BOX, design, text
from testamur.core.refusals import Reason
from testamur.rendering.design import Align, Box, Direction, Fit, Place
from testamur.rendering.text.fonts import Fonts
from testamur.rendering.text.layout import Layout

FONTS = Fonts()

EMOJI = "Noto Color Emoji" in FONTS.families()
needs_emoji = pytest.mark.skipif(not EMOJI, reason="no colour emoji font is installed")

#: How much wider than its box a line may be, in points: nobody sees it.
SLACK = 0.06

WORDS = (
    "This course of forty hours covers the whole way from a first sketch to a shop "
    "that takes orders, with exercises on every step and an examination at its end."
)


def laid(*texts, language="en", **values):
    """Return how *texts* are laid out with *values*: a `Laid`, or a `Reason`."""
    return Layout(design(*texts, language=language), FONTS).lay_out(values)


def one(name="Ana Souza", language="en", **rest):
    """Return how a text that is a recipient's name is laid out."""
    found = laid(text(**rest), language=language, recipientName=name)
    assert not isinstance(found, Reason), found
    return found.texts[0]


def why_not(name, **rest):
    """Return why a recipient's name cannot be laid out."""
    found = laid(text(**rest), recipientName=name)
    assert isinstance(found, Reason)
    return found


def seen(line):
    """Return the runs of *line* from left to right."""
    return [run.text for run in line.runs]


# Sizes. -------------------------------------------------------------------------


def test_a_short_name_has_its_designed_size():
    """
    What fits is left as it was designed.
    """
    assert one("Ana Souza").size == 24


def test_a_long_name_shrinks_until_it_fits():
    """
    The size goes down in steps of a quarter point, never below the smallest.
    """
    box = Box(100, 200, 200, 60)

    set_smaller = one("Maria Francisca da Conceição e Silva", box=box)

    assert 12 <= set_smaller.size < 24
    assert set_smaller.size % 0.25 == 0
    assert set_smaller.lines[0].width <= 200 + SLACK
    assert len(set_smaller.lines) == 1


def test_a_name_that_fits_at_no_size_is_a_reason():
    """
    It is never cut off and never runs off the page.
    """
    reason = why_not("Maria Francisca " * 9, box=Box(100, 200, 200, 60))

    assert reason.code == "text_too_long"
    assert 'Column recipientName: "Maria Francisca' in reason.message
    assert "12 points" in reason.message
    assert "Shorten it" in reason.message


def test_a_text_of_words_alone_that_does_not_fit_blames_the_template():
    """
    Who uploads rows is not told to shorten what the template says.
    """
    reason = laid(text("Certificate", id="heading", box=Box(0, 0, 20, 20)))

    assert reason.code == "text_too_long"
    assert reason.message.startswith('The template\'s text "heading"')


def test_wrapped_text_takes_more_lines_at_its_size():
    """
    Lines end between words, and none is wider than the box.
    """
    box = Box(100, 200, 300, 200)

    wrapped = one(WORDS, box=box, fit=Fit.WRAP, size=14.0)

    assert wrapped.size == 14
    assert len(wrapped.lines) > 2
    assert wrapped.text == WORDS
    assert all(line.width <= 300 + SLACK for line in wrapped.lines)


def test_wrapped_text_that_needs_too_many_lines_is_a_reason():
    """
    With *wrap* alone nothing gets smaller, so nothing runs over what stands below.
    """
    reason = why_not(WORDS, box=Box(100, 200, 300, 40), fit=Fit.WRAP)

    assert reason.code == "text_too_long"
    assert "on lines of 24 points" in reason.message


def test_a_text_may_wrap_and_shrink():
    """
    It takes the largest size at which its lines are no higher than the box.
    """
    box = Box(100, 200, 300, 60)

    both = one(WORDS, box=box, fit=Fit.BOTH, min_size=8.0)
    larger = replace(box, height=400)

    assert 8 <= both.size < 24
    assert len(both.lines) > 1
    assert both.lines[-1].baseline <= 260 + SLACK
    assert one(WORDS, box=larger, fit=Fit.BOTH).size == 24


def test_a_word_wider_than_the_box_shrinks_where_text_wraps():
    """
    Words are not broken; a single long one gets smaller instead.
    """
    box = Box(100, 200, 150, 100)

    long = one("Donaudampfschifffahrt", box=box, fit=Fit.WRAP)

    assert 12 <= long.size < 24
    assert len(long.lines) == 1


def test_a_name_of_4096_letters_is_a_reason_at_once():
    """
    The longest cell that intake lets in costs no more than other cells.
    """
    began = time.process_time()

    for fit in Fit:
        assert why_not("x" * 4096, fit=fit).code == "text_too_long"
        assert why_not("Ana " * 1024, fit=fit).code == "text_too_long"

    assert time.process_time() - began < 1


# Lines. -------------------------------------------------------------------------


@pytest.mark.parametrize("fit", Fit)
def test_line_breaks_in_a_value_begin_new_lines(fit):
    """
    A description of several lines is printed on several lines.
    """
    both = one("First\r\nSecond\n\nThird", fit=fit, box=Box(100, 200, 300, 200))

    assert [line.text for line in both.lines] == ["First", "Second", "Third"]
    steps = [line.baseline - both.lines[0].baseline for line in both.lines]
    assert steps == [0, 24 * 1.25, 3 * 24 * 1.25]


def test_spaces_are_printed_once():
    """
    Spaces at the ends of lines, tabs and repeated spaces leave no holes.
    """
    assert one(" Ana \t  Souza  ").text == "Ana Souza"


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        ("山田太郎と李小龍。「北京」の人", "山田太郎と李小龍。 「北京」の人"),
        ("สมชาย ใจดีมากจริงๆนะเออ", "สมชาย ใจดีมากจริงๆนะเออ"),
    ],
)
def test_text_without_spaces_wraps_where_its_language_allows(value, lines):
    """
    No line of Chinese or Japanese begins with a full stop or ends with a bracket.
    """
    wrapped = one(value, box=Box(100, 200, 216, 200), fit=Fit.WRAP)

    assert wrapped.text.replace(" ", "") == value.replace(" ", "")
    assert len(wrapped.lines) > 1
    assert all(line.text[0] not in "。」ะๆ" for line in wrapped.lines)
    assert all(line.text[-1] not in "「เแโใไ" for line in wrapped.lines)
    assert wrapped.text == lines or "ส" in lines


# Places. ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("align", "x"), [(Align.LEFT, 100), (Align.RIGHT, 740), (Align.CENTER, 420)]
)
def test_a_line_stands_where_it_is_aligned(align, x):
    """
    Left, right and centre are those of the box.
    """
    line = one(align=align).lines[0]

    edge = {Align.LEFT: 0, Align.RIGHT: 1, Align.CENTER: 0.5}[align]
    assert line.x + edge * line.width == pytest.approx(x, abs=0.01)


@pytest.mark.parametrize(
    ("name", "direction", "is_left"),
    [
        ("Ana", Direction.AUTO, True),
        ("محمد", Direction.AUTO, False),
        ("Ana", Direction.RTL, False),
        ("محمد", Direction.LTR, True),
        ("12", Direction.AUTO, True),
    ],
)
def test_start_is_where_the_text_begins(name, direction, is_left):
    """
    Arabic starts on the right unless the design says otherwise.
    """
    line = one(name, align=Align.START, direction=direction).lines[0]

    assert (line.x == 100) is is_left
    assert (line.x + line.width == pytest.approx(740, abs=0.01)) is not is_left


def test_digits_start_where_the_language_does():
    """
    A text without any letter runs as the design's language does.
    """
    line = one("12", align=Align.START, language="ar").lines[0]

    assert line.x > 700


@pytest.mark.parametrize(
    ("place", "baseline"),
    [
        (Place.TOP, 200 + 0.65 * 24),
        (Place.MIDDLE, 230 + 0.65 * 12),
        (Place.BOTTOM, 260),
    ],
)
def test_capitals_and_baselines_say_where_a_text_stands(place, baseline):
    """
    Capitals of EB Garamond are 0.65 of the size: they touch the top of the box, the
    last baseline touches its bottom, and what is between is in the middle.
    """
    assert one(place=place).lines[0].baseline == pytest.approx(baseline, abs=0.01)


def test_all_scripts_share_a_baseline():
    """
    A certificate with a Chinese name stands no lower than the one before it.
    """
    names = ["Ana", "李小龍", "محمد", "शर्मा", "สมชาย"]

    assert len({one(name).lines[0].baseline for name in names}) == 1


# Directions. --------------------------------------------------------------------


def test_an_arabic_line_with_latin_and_digits_is_seen_in_order():
    """
    Runs stand from left to right as they are seen; their words as they are read.
    """
    line = one("محمد Ana 12").lines[0]

    assert seen(line) == ["Ana 12", "محمد "]
    assert [run.is_rtl for run in line.runs] == [False, True]
    assert line.text == "محمد Ana 12"


def test_a_latin_line_with_a_hebrew_word_is_seen_in_order():
    """
    The Hebrew word stands where it was said, and runs the other way.
    """
    line = one("Ana שלום עולם Souza").lines[0]

    assert seen(line) == ["Ana ", "שלום עולם", " Souza"]
    assert [run.is_rtl for run in line.runs] == [False, True, False]


def test_runs_join_without_gaps():
    """
    Each run begins where the one to its left ends, and together they are the line.
    """
    line = one("Ana 李小龍 שלום 12 محمد").lines[0]

    ends = [run.x + run.width for run in line.runs]
    starts = [run.x for run in line.runs]
    assert starts == pytest.approx([0, *ends[:-1]], abs=0.01)
    assert ends[-1] == pytest.approx(line.width, abs=0.01)


def test_marks_that_only_order_text_are_obeyed_and_not_printed():
    """
    Dates in Arabic hold such marks; nobody sees them.
    """
    arabic = one("05\u200f/01\u200f/2026", direction=Direction.RTL).lines[0]

    assert arabic.text == "05/01/2026"
    assert seen(arabic) == ["2026", "/", "01", "/", "05"]


# Letters. -----------------------------------------------------------------------


def test_capitals_are_those_of_the_language():
    """
    ß has two, a final sigma the same as any, and a Turkish i keeps its dot.
    """
    assert one("Straße", is_upper=True).text == "STRASSE"
    assert one("Οδυσσέας", is_upper=True).text == "ΟΔΥΣΣΈΑΣ"
    assert one("izmir ılık", is_upper=True, language="tr").text == "İZMİR ILIK"
    assert one("izmir", is_upper=True, language="az-Latn").text == "İZMİR"
    assert one("izmir", is_upper=True).text == "IZMIR"


def test_letters_set_apart_have_no_ligatures_and_shrink_together():
    """
    Tracking is part of a line's width, and smaller where the letters are.
    """
    tight, wide = one("office"), one("office", tracking=3.0)
    small = one("office " * 9, tracking=3.0)

    assert len(tight.lines[0].runs[0].glyphs) < 6
    assert len(wide.lines[0].runs[0].glyphs) == 6
    assert wide.tracking == 3
    advance = sum(glyph.advance for glyph in wide.lines[0].runs[0].glyphs)
    assert wide.lines[0].width == pytest.approx(advance * 24 / 1000 + 5 * 3, abs=0.01)
    assert small.tracking == pytest.approx(3 * small.size / 24, abs=0.001)


@pytest.mark.parametrize("name", ["محمد", "शर्मा", "สมชาย"])
def test_letters_that_join_are_not_set_apart(name):
    """
    Space between them would tear words apart.
    """
    assert one(name, tracking=3.0).tracking == 0


def test_arabic_letters_join():
    """
    The same letter has other glyphs at the beginning, in the middle and at the end.
    """
    glyphs = one("ببب").lines[0].runs[0].glyphs

    assert len({glyph.id for glyph in glyphs}) > 1


def test_accents_up_to_the_limit_are_drawn():
    """
    Ten marks on one letter are laid out with it, from one font.
    """
    (line,) = one("Z" + "\u0303\u0331\u0317\u0334\u0338" * 2 + "algo").lines

    assert len(line.runs) == 1


@pytest.mark.parametrize(
    "name", ["نرم‌افزار", "क्‍ष", "葛\U000e0100城", "Ana\ufe0f", "a\u2060b\u00adc"]
)
def test_what_draws_nothing_is_never_missing(name):
    """
    Joiners and selectors need no glyph, and leave none behind.
    """
    (line,) = one(name).lines

    assert all(glyph.id for run in line.runs for glyph in run.glyphs)
    assert line.text == name


@needs_emoji
@pytest.mark.parametrize("emoji", ["🎓", "👨‍👩‍👧", "🇵🇹", "1️⃣", "👩🏽‍💻"])
def test_an_emoji_is_one_glyph_and_for_the_typesetter(emoji):
    """
    A family is drawn as one, and only such rows take the slower path.
    """
    unusual = one(f"Ana {emoji}")

    assert [len(run.glyphs) for run in unusual.lines[0].runs] == [4, 1]
    assert unusual.is_unusual
    assert not one("Ana (שלום) 李").is_unusual


# What is missing. ---------------------------------------------------------------


def test_a_character_that_no_font_has_is_a_reason_with_its_name():
    """
    Never a blank box: the column, the value, the character and what to do.
    """
    reason = why_not("Ana Ⴀ")

    assert reason.code == "glyph_missing"
    assert reason.message == (
        'Column recipientName: "Ana Ⴀ" has the character U+10A0 (GEORGIAN CAPITAL '
        "LETTER AN), which no font here has. Write it with other letters, or ask "
        "the operator for a font that has it."
    )


def test_the_column_of_the_field_with_the_character_is_named():
    """
    Of several fields in one text, the one that holds it.
    """
    found = laid(
        text("{{name}} for {{attribute_Unit}} by {{issuerName}}", is_upper=True),
        name="Web",
        attribute_Unit="\U0001df2b",
        issuerName="ⴀ",
    )

    assert found.message.startswith("Column attribute_Unit: ")


def test_words_of_the_template_that_no_font_has_blame_the_template():
    """
    Who uploads rows is told that it is not their doing.
    """
    found = laid(text("Ⴀ {{recipientName}}", id="to"), recipientName="Ana")

    assert found.message.startswith('The template\'s text "to" has the character')


def test_an_emoji_without_a_font_says_where_one_comes_from(monkeypatch, tmp_path):
    """
    Installations without the font fail the row, and name the remedy.
    """
    monkeypatch.setattr("testamur.rendering.text.font_house._SYSTEM", ())
    monkeypatch.setattr("testamur.rendering.text.font_house.sys.prefix", str(tmp_path))
    bare = Fonts(house=type(FONTS._house)())

    reason = Layout(design(), bare).lay_out({"recipientName": "Ana 👨‍👩‍👧"})

    assert reason.code == "glyph_missing"
    assert "U+1F468 (MAN)" in reason.message
    assert "make install" in reason.message


# What is drawn at all. ----------------------------------------------------------


def test_a_text_whose_fields_are_all_empty_is_not_drawn():
    """
    "Valid until" does not stand alone on a certificate that is valid for ever.
    """
    both = (
        text("Valid until {{validUntil}}", id="until"),
        text("{{name}} {{category}}", id="some"),
        text("Certificate", id="words"),
    )

    found = laid(*both, validUntil=" ", name="", category="Course")

    assert [drawn.id for drawn in found.texts] == ["some", "words"]
    assert found.texts[0].text == "Course"


def test_static_texts_can_be_laid_out_apart():
    """
    What is the same for every row is drawn once, and the rest row by row.
    """
    one = design(text("Certificate", id="words"), text(id="name"))
    layout = Layout(one, FONTS)
    values = {"recipientName": "Ana"}

    static = layout.lay_out({}, only_static=True).texts
    variable = layout.lay_out(values, only_variable=True).texts

    assert static + variable == layout.lay_out(values).texts
    assert [drawn.id for drawn in static] == ["words"]


@pytest.mark.parametrize(
    "name", ["{{recipientEmail}}", "${7*7}", "%s", "<b>Ana</b>", "#let x = 1", "\\n"]
)
def test_a_value_that_looks_like_code_is_printed(name):
    """
    Values are letters and nothing else.
    """
    assert one(name).text == name


# Promises about all of it. ------------------------------------------------------

LETTERS = st.one_of(
    st.characters(),
    st.sampled_from("aé اب אב कर्ष ก้า 李ひ한 🎓👩\u200d🇵🇹1️⃣()\u0301\n\u200f-"),
)


@settings(max_examples=150, deadline=None)
@given(
    st.text(LETTERS, max_size=30) | st.text(max_size=30),
    st.sampled_from(Fit),
    st.sampled_from(Direction),
    st.sampled_from(["EB Garamond", "Cinzel", "Great Vibes", "Inter"]),
    st.booleans(),
)
def test_whatever_the_value_every_glyph_is_one_and_in_its_box(
    value, fit, direction, family, is_upper
):
    """
    No value raises, none leaves a blank box, and no line leaves its box. The same
    value is laid out the same by another layout.
    """
    box = Box(100, 200, 300, 90)
    one = design(
        text(
            fit=fit,
            direction=direction,
            family=family,
            is_upper=is_upper,
            tracking=float(is_upper),
            box=box,
        )
    )
    values = {"recipientName": value}

    found = Layout(one, FONTS).lay_out(values)

    assert Layout(one, FONTS).lay_out(values) == found
    if isinstance(found, Reason):
        assert found.code in ("glyph_missing", "text_too_long")
        return
    for drawn in found.texts:
        assert 12 <= drawn.size <= 24
        for line in drawn.lines:
            assert box.x - SLACK <= line.x
            assert line.x + line.width <= box.x + box.width + SLACK
            for run in line.runs:
                assert all(glyph.id for glyph in run.glyphs)
                assert all(0 <= glyph.cluster < len(run.text) for glyph in run.glyphs)
                assert FONTS.face(run.face).key == run.face


def test_a_thousand_rows_are_laid_out_in_no_time():
    """
    Layout is a small part of a certificate: a rehearsal lays out every row.
    """
    texts = [
        text("Certificate of Completion", id="head", family="Cinzel"),
        text(id="name", family="Great Vibes", size=48.0),
        text("has completed {{name}} in {{attribute_hours}} hours", id="what"),
        text("{{issuedAt}}", id="date"),
        text("{{reference}}", id="reference", family="Inter"),
        text("{{url}}", id="url", family="Inter", size=9.0, min_size=6.0),
    ]
    layout = Layout(design(*texts), FONTS)
    began = time.process_time()

    for row in range(1000):
        found = layout.lay_out(
            {
                "recipientName": f"João {row} Żółć",
                "name": "Web Development",
                "attribute_hours": "40",
                "issuedAt": "22 November 2026",
                "reference": f"PB-{row:09}",
                "url": f"https://example.org/c/{row:09}",
            }
        )
        assert not isinstance(found, Reason)

    assert time.process_time() - began < 1
    assert found.texts[1].lines[0].baseline < BOX.y + BOX.height
