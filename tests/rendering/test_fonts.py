"""Which letter gets which font, and what of it goes into a file."""

import shutil
import zlib

import pytest
import uharfbuzz as hb

from testamur.rendering.design import FontFile, Style
from testamur.rendering.text.font_house import House
from testamur.rendering.text.fonts import Fonts

FONTS = Fonts()

EMOJI = FONTS.families().count("Noto Color Emoji") == 1
needs_emoji = pytest.mark.skipif(not EMOJI, reason="no colour emoji font is installed")


def style(family="EB Garamond", **rest):
    """Return a style of *family*."""
    return Style(family=family, size=24.0, min_size=12.0, **rest)


def chosen(text, family="EB Garamond", language="en"):
    """Return which family draws which part of *text*."""
    return [
        (text[one.start : one.end], one.face and one.face.family)
        for one in FONTS.choose(style(family), text, language)
    ]


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("Ana Souza", "Cinzel"),
        ("Łukasz Żółć", "Cinzel"),
        ("Nguyễn Thị Ánh Tuyết", "Noto Serif"),
        ("Ελένη Παπαδοπούλου", "Noto Serif"),
        ("Фёдор Достоевский", "Noto Serif"),
        ("محمد بن سلمان", "Amiri"),
        ("דָּוִד בֶּן־גּוּרִיּוֹן", "Noto Sans Hebrew"),
        ("श्रीनिवास रामानुजन्", "Noto Sans Devanagari"),
        ("রবীন্দ্রনাথ ঠাকুর", "Noto Sans Bengali"),
        ("சுப்பிரமணியன் சந்திரசேகர்", "Noto Sans Tamil"),
        ("తెలుగు", "Noto Sans Telugu"),
        ("สมชาย ใจดี", "Noto Sans Thai"),
        ("ສົມສະຫວາດ", "Noto Sans Lao"),
        ("នរោត្តម សីហនុ", "Noto Sans Khmer"),
        ("အောင်ဆန်းစုကြည်", "Noto Sans Myanmar"),
        ("李小龍", "Noto Sans CJK"),
        ("𠮷野家", "Noto Sans CJK"),
        ("김연아", "Noto Sans CJK"),
        ("2026-11-22", "Cinzel"),
    ],
)
def test_a_name_is_drawn_by_one_font_that_has_it_all(name, family):
    """
    No word changes its letters' style half way, whatever the template's font lacks.
    """
    assert chosen(name, "Cinzel") == [(name, family)]


def test_what_stands_in_is_of_the_same_kind():
    """
    Serif letters are replaced by serif ones, and plain ones by plain ones.
    """
    assert chosen("محمد", "Inter") == [("محمد", "Noto Sans Arabic")]
    assert chosen("Ελένη", "Great Vibes") == [("Ελένη", "Noto Serif")]
    face = FONTS.choose(style("Great Vibes"), "Ελένη", "en")[0].face
    assert face.is_italic


def test_only_the_word_that_needs_it_changes_its_font():
    """
    Where no font has all letters of a text, each word is still of one font.
    """
    assert chosen("Ana \U0001df2a\u1eaf Đỗ", "Cinzel") == [
        ("Ana ", "Cinzel"),
        ("\U0001df2a", None),
        ("\u1eaf Đỗ", "Noto Serif"),
    ]


def test_marks_come_from_the_font_of_their_letter():
    """
    A letter that only another font can accent is drawn whole by that font.
    """
    (one,) = FONTS.choose(style("Playfair Display"), "Z\u0303\u0331\u035c", "en")

    assert one.face.family == "Noto Serif"


def test_digits_and_punctuation_follow_the_letters_before_them():
    """
    They look like the text that they stand in, and brackets come in pairs.
    """
    assert chosen("Ελένη 12, Β'", "Cinzel") == [("Ελένη 12, Β'", "Noto Serif")]
    assert chosen("Ana (北京) 5") == [
        ("Ana ", "EB Garamond"),
        ("(北京) 5", "Noto Sans CJK"),
    ]


def test_a_symbol_that_the_font_lacks_changes_nothing_else():
    """
    After a sign from elsewhere the text goes on in its own font.
    """
    assert chosen("Ana № 5", "Cinzel") == [
        ("Ana ", "Cinzel"),
        ("№", "Noto Serif"),
        (" 5", "Cinzel"),
    ]


@needs_emoji
@pytest.mark.parametrize("emoji", ["🎓", "👨‍👩‍👧", "🇵🇹", "1️⃣", "👩🏽‍💻", "❤️", "🏳️‍🌈"])
def test_an_emoji_is_one_piece_of_the_emoji_font(emoji):
    """
    Families, flags, shades and keycaps are drawn by one font from end to end.
    """
    assert chosen(f"Ana {emoji} Souza") == [
        ("Ana ", "EB Garamond"),
        (emoji, "Noto Color Emoji"),
        (" Souza", "EB Garamond"),
    ]


@pytest.mark.parametrize(
    ("text", "language", "forms"),
    [
        ("骨", "en", "zh-Hans"),
        ("骨", "zh", "zh-Hans"),
        ("骨", "zh-TW", "zh-Hant"),
        ("骨", "zh-Hant-HK", "zh-Hant"),
        ("骨", "ja", "ja"),
        ("骨", "ko-KR", "ko"),
        ("骨ひ", "en", "ja"),
        ("骨한", "en", "ko"),
    ],
)
def test_chinese_characters_take_the_forms_of_their_language(text, language, forms):
    """
    The same character is written otherwise in Beijing, Taipei, Tokyo and Seoul.
    """
    assert FONTS.choose(style(), text, language)[0].language == forms


def test_weights_slopes_and_sizes_are_pinned():
    """
    A variable font is one static face per key, and the key leads back to it.
    """
    bold = FONTS.face_of(style("eb garamond", weight=700, is_italic=True))
    small = FONTS.face_of(style("Inter", weight=1000))

    assert (bold.key, bold.axes) == ("EB Garamond/700/italic", {"wght": 700.0})
    assert (small.key, small.axes) == (
        "Inter/900/upright/24",
        {"wght": 900.0, "opsz": 24.0},
    )
    assert FONTS.face(bold.key) is bold
    assert Fonts().face(small.key).axes == small.axes
    for nowhere in ("Nowhere/400/upright", "EB Garamond/100/upright", "EB Garamond"):
        with pytest.raises(KeyError):
            FONTS.face(nowhere)


def test_every_face_of_the_house_has_sane_metrics():
    """
    Capitals are taller than small letters, and lines reach above both.
    """
    for family in set(FONTS.families()) - {"Noto Color Emoji"}:
        face = FONTS.face_of(style(family))

        assert 0 < face.x_height < face.cap_height < face.upem, family
        assert face.ascent > face.x_height, family
        assert face.descent < 0, family
        assert face.bbox[0] < face.bbox[2], family
        assert face.postscript_name.isascii(), family
        assert face.postscript_name, family


@pytest.mark.parametrize("family", ["EB Garamond", "Amiri", "Noto Sans CJK"])
def test_a_subset_is_small_static_and_always_the_same(family):
    """
    What goes into a file has the glyphs asked for, under their ids, and no more.
    """
    face = FONTS.face_of(style(family, weight=700))
    glyphs = [face.hb_font.get_nominal_glyph(ord(letter)) for letter in "Ana"]

    made = face.subset(glyphs)

    assert made == face.subset(reversed(glyphs))
    assert len(zlib.compress(made)) < 2_000
    if not face.is_cff:
        font = hb.Face(hb.Blob(made))
        advance = hb.Font(font).get_glyph_h_advance
        assert not font.axis_infos
        assert {"GSUB", "GPOS", "cmap", "name"}.isdisjoint(font.table_tags)
        for glyph in glyphs:
            assert advance(glyph) == face.hb_font.get_glyph_h_advance(glyph)


def test_an_instance_is_the_whole_font_without_its_axes():
    """
    A typesetter that is given it draws the same letters as we do.
    """
    face = FONTS.face_of(style(weight=700))

    font = hb.Face(hb.Blob(face.instance()))

    assert not font.axis_infos
    assert "GSUB" in font.table_tags
    assert font.glyph_count == face.hb_face.glyph_count


def test_fonts_of_a_package_come_first():
    """
    A package may bring a family of its own, and one that the house has too.
    """
    cinzel = FONTS.face_of(style("Cinzel"))
    own = FontFile("My House", 700, False, "assets/mine.ttf")
    other = FontFile("Inter", 400, True, "assets/other.ttf")
    fonts = Fonts([(own, cinzel.path), (other, cinzel.data)])

    face = fonts.face_of(style("my house", weight=400))

    assert "My House" in fonts.families()
    assert (face.key, face.axes) == ("My House/700/upright", {"wght": 700.0})
    assert face.subset([face.hb_font.get_nominal_glyph(65)])
    assert fonts.face_of(style("Inter")).key == "Inter/400/italic"
    assert fonts.face_of(style("Inter")).data == cinzel.data


def test_a_folder_of_the_operator_adds_families(tmp_path):
    """
    What lies there can be named by templates; what is no font is passed over.
    """
    shutil.copy(FONTS.face_of(style("Cinzel")).path, tmp_path / "house.ttf")
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    (tmp_path / "empty.otf").touch()

    house = House(tmp_path)

    assert house.own == ["Cinzel"]
    assert house.sources("Cinzel")[0].path == tmp_path / "house.ttf"
    assert House(tmp_path / "nowhere").own == []
