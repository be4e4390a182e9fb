"""What text may hold, and the forms it takes."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testamur.core.text import (
    MAX_QUOTED_CHARACTERS,
    formula_safe,
    is_ordinary,
    quoted,
    text_problem,
    trim,
)

NAMES = {
    "ascii": "O'Connor, Mary-Jane (née Smith)",
    "german": "Jürgen Weiß",
    "turkish": "İpek Işık",
    "vietnamese": "Nguyễn Thị Ánh Tuyết",
    "vietnamese-decomposed": unicodedata.normalize("NFD", "Nguyễn Thị Ánh"),
    "greek": "Γιώργος Παπαδόπουλος",
    "russian": "Фёдор Достоевский",
    "arabic": "محمد بن عبد الله",
    "persian-with-zwnj": "مهندسی نرم‌افزار",
    "hebrew-with-points": "דָּוִד בֶּן־גּוּרִיּוֹן",
    "devanagari": "श्रीनिवास रामानुजन्",
    "devanagari-with-zwj": "क्‍ष",
    "tamil": "சுப்பிரமணியன் சந்திரசேகர்",
    "thai": "สมชาย ใจดี",
    "tibetan": "བསྟན་འཛིན་རྒྱ་མཚོ་",
    "khmer": "នរោត្តម សីហនុ",
    "myanmar": "အောင်ဆန်းစုကြည်",
    "mongolian-with-selector": "ᠮᠣᠩᠭᠣᠯ᠋",
    "japanese": "葛飾 北斎",
    "japanese-with-ideographic-selector": "葛\U000e0100城",
    "chinese-beyond-the-bmp": "𠮷野家",
    "korean": "김연아",
    "korean-decomposed": unicodedata.normalize("NFD", "김연아"),
    "emoji-family": "👨‍👩‍👧‍👦",
    "emoji-with-selector": "Best ❤️ Teacher ☀︎",
    "emoji-keycap": "Number 1️⃣",
    "emoji-zwj-with-selector-and-tone": "🏋🏻‍♂️ 🏳️‍🌈 👁️‍🗨️",
    "emoji-newer-than-this-python": "\U0001fae9",
    "ten-marks": "a" + "\u0301" * 10,
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_names_of_every_script_may_stand_on_a_certificate(name: str) -> None:
    """No letter, sign or emoji that people write is refused."""
    assert text_problem(name, "name") is None


#: Text, and the code of the reason why it is refused.
REFUSED = {
    "C02-nul": ("Ada\0 Lovelace", "control_character"),
    "C22-quoted-newline": ("b\r\nname", "control_character"),
    "C13-line-separator": ("a\u2028b", "control_character"),
    "C13-next-line": ("a\x85b", "control_character"),
    "C13-vertical-tab": ("a\vb", "control_character"),
    "T01-embedding": ("\u202aAda", "bidi_control"),
    "T01-override": ("Ada\u202elace", "bidi_control"),
    "T01-isolate": ("Ada\u2066 L", "bidi_control"),
    "T01-pop-isolate": ("Ada\u2069", "bidi_control"),
    "T01-left-to-right-mark": ("Ada\u200e L", "bidi_control"),
    "T01-arabic-letter-mark": ("Ada\u061c L", "bidi_control"),
    "T02-zero-width-space": ("Ada\u200bLovelace", "control_character"),
    "T02-word-joiner": ("Ada\u2060Lovelace", "control_character"),
    "T02-soft-hyphen": ("Love\xadlace", "control_character"),
    "T02-byte-order-mark": ("Ada\ufeffL", "control_character"),
    "T02-grapheme-joiner": ("Ada\u034fL", "control_character"),
    "T02-hangul-filler": ("\u3164", "control_character"),
    "T02-selector-after-a-letter": ("Ada\ufe0f", "control_character"),
    "T02-two-selectors": ("❤\ufe0f\ufe0f", "control_character"),
    "T02-leading-selector": ("\ufe0fAda", "control_character"),
    "T02-ideographic-selector-on-a-letter": ("a\U000e0100", "control_character"),
    "T02-mongolian-selector-on-a-letter": ("a\u180b", "control_character"),
    "T02-tag": ("Ada\U000e0041", "control_character"),
    "T02-private-use": ("Ada\ue000", "control_character"),
    "T02-private-use-plane-15": ("Ada\U000f0000", "control_character"),
    "T02-private-use-plane-16": ("Ada\U0010fffd", "control_character"),
    "T02-noncharacter": ("Ada\uffff", "control_character"),
    "T02-noncharacter-arabic": ("Ada\ufdd0", "control_character"),
    "T02-noncharacter-plane-2": ("Ada\U0002ffff", "control_character"),
    "T05-lone-surrogate": ("Ada\ud800", "text_encoding"),
    "T05-replacement-character": ("Jos\ufffd", "text_encoding"),
    "T05-eleven-marks": ("a" + "\u0301" * 11, "combining_marks"),
    "T05-eleven-marks-beyond-the-bmp": (
        "\U00011013" + "\U00011001" * 11,
        "combining_marks",
    ),
    "T05-joiners-count-as-marks": ("a" + "\u200d" * 11, "combining_marks"),
    "T07-line-break-in-a-header": ("a@b.de\r\nBcc: x", "control_character"),
    "T11-ansi-escape": ("\x1b[31mAda", "control_character"),
    "delete": ("Ada\x7f", "control_character"),
    "c1-control": ("Ada\x9b31m", "control_character"),
}


@pytest.mark.parametrize(("text", "code"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_seen_or_misleads_is_refused(text: str, code: str) -> None:
    """The reason has the documented code, names the column, and can be shown."""
    reason = text_problem(text, "recipientName")

    assert reason is not None
    assert reason.code == code
    assert "recipientName" in reason.message
    assert text_problem(reason.message, "error") is None


@pytest.mark.parametrize(("text", "code"), REFUSED.values(), ids=REFUSED)
def test_the_quick_look_finds_all_that_the_close_look_refuses(
    text: str, code: str
) -> None:
    """Ordinary text is text in which the close look finds nothing."""
    assert not is_ordinary(text), code


@given(st.text(st.characters(codec=None)))
def test_ordinary_text_has_no_problem(text: str) -> None:
    """The quick look may be too careful, and is never too trusting."""
    if is_ordinary(text):
        assert text_problem(text, "name") is None


@given(st.text())
def test_the_message_about_a_text_can_be_shown_itself(text: str) -> None:
    """Whatever is refused, the reason contains nothing that would be refused."""
    reason = text_problem(text, "name")

    if reason is not None:
        assert text_problem(reason.message, "error") is None


@pytest.mark.parametrize("line_break", "\t\n\v\f\r\x85\u2028\u2029")
def test_a_text_of_several_lines_may_break(line_break: str) -> None:
    """Every tab and line break is allowed where lines are, and nothing else is."""
    assert text_problem(f"a{line_break}b", "description", may_break=True) is None
    assert text_problem(f"a{line_break}b\0", "description", may_break=True)


def test_trimming_takes_white_space_and_leaves_control_characters() -> None:
    """Python's own strip would also take the information separators away."""
    assert trim("\u3000\xa0 Ada\r\n\t") == "Ada"
    assert trim("\x1fAda\x1c") == "\x1fAda\x1c"


FORMULAS = {
    "C16-hyperlink": '=HYPERLINK("http://evil.example")',
    "C16-plus": "+1",
    "C16-minus": "-1",
    "C16-at": "@SUM(A1)",
    "C16-tab": "\t=1",
    "C16-tab-alone": "\tx",
    "C16-carriage-return": "\r=1",
    "C16-line-feed": "\nx",
    "C16-apostrophe-and-tab": "'\tx",
    "C16-nul": "\0=1",
    "C16-after-spaces": "   =1",
    "C16-after-a-quote": '"=1',
    "C16-after-an-apostrophe": "'=1",
    "C16-after-a-no-break-space": "\xa0=1",
    "C16-after-a-byte-order-mark": "\ufeff=1",
    "C16-after-a-zero-width-space": "\u200b=1",
    "C16-full-width-equals": "＝1",
    "C16-full-width-plus": "＋1",
    "C16-full-width-at": "＠SUM",
}


@pytest.mark.parametrize("cell", FORMULAS.values(), ids=FORMULAS)
def test_an_exported_formula_is_text(cell: str) -> None:
    """A spreadsheet shows the cell as it was written."""
    assert formula_safe(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["", "Ada", "A+", "1=1", "a@b.de", "'tis", '"so"'])
def test_an_exported_text_stays_as_it_is(cell: str) -> None:
    """Nothing is put before what no spreadsheet computes."""
    assert formula_safe(cell) == cell


@given(st.text(st.sampled_from("='\"+ a\t")), st.text(st.sampled_from("='\"+ a\t")))
def test_an_exported_cell_tells_what_it_was(one: str, other: str) -> None:
    """Different cells stay different, so the export can be read back."""
    assert (formula_safe(one) == formula_safe(other)) is (one == other)


@given(st.text(max_size=1_000))
def test_a_quotation_is_short_and_can_be_shown(text: str) -> None:
    """T11: no value forges a line, colours a terminal or floods a message."""
    quotation = quoted(text)

    assert len(quotation) <= MAX_QUOTED_CHARACTERS + 2
    reason = text_problem(quotation, "error")
    assert reason is None or reason.code == "combining_marks"
