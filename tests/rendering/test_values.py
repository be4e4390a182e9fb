"""From facts to the words that a template prints."""

from dataclasses import replace

import pytest

from support.designs import FACTS, design, text
from testamur.rendering.design import Box, Field, Qr
from testamur.rendering.values import FIELDS, filled, key_of, parts_of, values_of

NEW_YEAR = 1_767_225_600_000  # 2026-01-01T00:00:00Z


def values(one, facts=FACTS, issued_at=NEW_YEAR, valid_until=None):
    """Return the values of the design *one*."""
    return values_of(
        one,
        facts,
        certificate_id="0193a",
        reference="PB-7K3MZQ9XH2TD",
        issued_at=issued_at,
        valid_until=valid_until,
        issuer_name="Universidade de Lisboa",
        url="https://example.org/c/0193a",
    )


def printed(said, language="en", **rest):
    """Return what a text that is written *said* says."""
    one = design(text(said), language=language)
    return filled(one.texts[0].parts, values(one, **rest))


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("", ()),
        ("Certificate", ("Certificate",)),
        ("{{name}}", (Field("name"),)),
        ("{{ name }}", (Field("name"),)),
        ("a {{name}}{{id}} b", ("a ", Field("name"), Field("id"), " b")),
        ("{{issuedAt|iso}}", (Field("issuedAt", "iso"),)),
        ("{{issuedAt | d. MMMM y}}", (Field("issuedAt", "d. MMMM y"),)),
        ("{{validUntil|d 'de' MMMM}}", (Field("validUntil", "d 'de' MMMM"),)),
        ("{{attribute_hours}}", (Field("attribute_hours"),)),
        ("{{attribute_Course Hours}}", (Field("attribute_Course Hours"),)),
        ("{single} $ {1} %s ${2}", ("{single} $ {1} %s ${2}",)),
    ],
)
def test_a_text_is_taken_apart_into_words_and_fields(written, parts):
    """
    Fields stand in double braces; whatever else looks like code is words.
    """
    assert parts_of(written) == parts


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("{{nmae}}", "recipientName"),
        ("{{ ''.__class__ }}", "no field"),
        ("{{recipientName", "never closed"),
        ("recipientName}}", "closes nothing"),
        ("{{}}", "no field"),
        ("{{{name}}}", "no field"),
        ("{{name|long}}", "only dates"),
        ("{{issuedAt|}}", "long, medium, short, iso"),
        ("{{issuedAt|HH:mm}}", "pattern of CLDR"),
        ("{{issuedAt|'d'}}", "pattern of CLDR"),
        ("{{issuedAt|d 'of}}", "pattern of CLDR"),
        ("{{issuedAt|" + "d" * 99 + "}}", "pattern of CLDR"),
        ("{{attribute_}}", "names no attribute"),
        ("{{attribute_1st}}", "names no attribute"),
        ("{{attribute_constructor}}", "names no attribute"),
    ],
)
def test_what_is_no_field_is_refused_with_what_to_write(written, remedy):
    """
    A slip in a template shows when it is uploaded, not on a thousand certificates.
    """
    with pytest.raises(ValueError, match=remedy):
        parts_of(written)


def test_every_field_has_its_value():
    """
    Each name that a template may use stands for what the certificate says.
    """
    said = {name: printed("{{%s}}" % name) for name in FIELDS}  # noqa: UP031

    assert said == {
        "name": "Web Development",
        "description": "Built a shop.",
        "category": "Course",
        "recipientName": "Ana Souza",
        "recipientEmail": "ana@example.org",
        "issuerName": "Universidade de Lisboa",
        "issuedAt": "January 1, 2026",
        "validUntil": "",
        "reference": "PB-7K3MZQ9XH2TD",
        "id": "0193a",
        "url": "https://example.org/c/0193a",
    }


def test_attributes_are_found_by_their_name_and_its_case():
    """
    What follows `attribute_` is the column's name as the rows have it.
    """
    said = "{{attribute_hours}} {{attribute_Grade}}{{attribute_grade}}"

    assert printed(said) == "40 A+"


@pytest.mark.parametrize("name", ["{{recipientEmail}}", "{{", "${7*7}", "%s", "{0}"])
def test_a_value_that_looks_like_a_field_is_only_text(name):
    """
    Values are put in once and never read again.
    """
    facts = replace(FACTS, recipient_name=name)

    assert printed("To {{recipientName}}!", facts=facts) == f"To {name}!"


@pytest.mark.parametrize(
    ("language", "format", "said"),
    [
        ("en", "", "January 1, 2026"),
        ("en-GB", "|long", "1 January 2026"),
        ("en", "|medium", "Jan 1, 2026"),
        ("en", "|short", "1/1/26"),
        ("pt-BR", "", "1 de janeiro de 2026"),
        ("de", "|d. MMMM y", "1. Januar 2026"),
        ("ja", "", "2026年1月1日"),
        ("de", "|iso", "2026-01-01"),
        ("xx-Zzzz-YY", "", "January 1, 2026"),
    ],
)
def test_dates_are_spelt_in_the_language_of_the_design(language, format, said):
    """
    The formats with a name are CLDR's; what it does not know is spelt in English.
    """
    assert printed("{{issuedAt%s}}" % format, language) == said  # noqa: UP031


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("2024-02-29", "29. Februar 2024"),
        ("2025-02-29", "2025-02-29"),
        ("in spring", "in spring"),
        ("", ""),
    ],
)
def test_an_attribute_that_is_a_date_takes_a_format(value, said):
    """
    What is no date is printed as the row has it.
    """
    facts = replace(FACTS, attributes=(("passed", value),))

    assert printed("{{attribute_passed|d. MMMM y}}", "de", facts=facts) == said


def test_dates_are_those_of_utc():
    """
    The last millisecond of a year is in that year, wherever the server stands.
    """
    assert printed("{{issuedAt|iso}}", issued_at=NEW_YEAR - 1) == "2025-12-31"
    assert printed("{{validUntil|iso}}", valid_until=NEW_YEAR) == "2026-01-01"


def test_fields_that_are_only_spoken_have_values_too():
    """
    The title and the QR code's description may hold fields that no text prints.
    """
    qr = Qr("qr", Box(0, 0, 50, 50), alt=(Field("url"),))
    one = design(qr, title=(Field("reference"),))

    assert values(one) == {
        "url": "https://example.org/c/0193a",
        "reference": "PB-7K3MZQ9XH2TD",
    }
    assert key_of(Field("issuedAt", "iso")) == "issuedAt|iso"
