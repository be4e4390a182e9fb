"""Where a line may end."""

import pytest

from testamur.rendering.text.breaking import syllables_of, words_of


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", ""),
        ("  ", ""),
        (" Ana  Souza ", "Ana|Souza"),
        ("1\u00a0000 km", "1\u00a0000|km"),
        ("Rio-Tinto 2020-2024", "Rio-|Tinto|2020-2024"),
        ("-5 – 7", "-5|–|7"),
        ("und/oder 1/2", "und/|oder|1/2"),
        ("山田さん、北京。", "山|田|さ|ん、|北|京。"),
        ("「東京」ABC社", "「東|京」|ABC|社"),
        ("データ・ベース", "デー|タ・|ベー|ス"),
        ("한국어 이름", "한국어|이름"),
        ("e\u0301té 葛\U000e0100城", "e\u0301té|葛\U000e0100|城"),
        ("สวัสดี ครับ", "สวัสดี|ครับ"),
    ],
)
def test_lines_end_between_words(text, pieces):
    """
    At spaces that may break, after hyphens, and between Chinese letters; never so
    that a line begins with what closes or ends with what opens.
    """
    assert "|".join(text[start:end] for start, end in words_of(text)) == pieces


@pytest.mark.parametrize(
    ("word", "pieces"),
    [
        ("Donaudampfschiff", "Donaudampfschiff"),
        ("ประเทศไทย", "ประ|เทศ|ไทย"),
        ("한국어", "한|국|어"),
        ("ភ្នំពេញ", "ភ្នំ|ពេ|ញ"),
        ("မြန်မာ", "မြန်|မာ"),
    ],
)
def test_only_words_of_some_languages_may_be_cut(word, pieces):
    """
    Before a Thai vowel that begins a syllable, between Korean, Khmer and Myanmar
    ones, and nowhere else.
    """
    cut = syllables_of(word, 0, len(word))

    assert "|".join(word[start:end] for start, end in cut) == pieces
