"""Row by row: cells to facts, or the reason why this row has none."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testamur.core.refusals import Reason
from testamur.core.text import text_problem
from testamur.core.words import Facts
from testamur.issuance.check import Checker
from testamur.issuance.email import email_problem

COLUMNS = (
    "name",
    "description",
    "imageUrl",
    "category",
    "recipientEmail",
    "recipientName",
    "expiryDays",
    "attribute_Course",
)
GOOD = {
    "name": "Web Development",
    "description": "Completed the course",
    "imageUrl": "https://cdn.example.com/1.png",
    "category": "education",
    "recipientEmail": "ada@example.com",
    "recipientName": "Ada Lovelace",
    "expiryDays": "30",
    "attribute_Course": "Web 101",
}


def check(*, images: bool = False, **cells: str) -> Facts | Reason:
    """Check the good row, with some of its cells replaced."""
    row = GOOD | cells
    return Checker(COLUMNS, images_optional=images).check(7, [*row.values()])


def facts(*, images: bool = False, **cells: str) -> Facts:
    """Return the facts of the good row with some of its cells replaced."""
    found = check(images=images, **cells)
    assert isinstance(found, Facts), found
    return found


def reason(*, images: bool = False, **cells: str) -> Reason:
    """Return why the good row is wrong with some of its cells replaced."""
    found = check(images=images, **cells)
    assert isinstance(found, Reason), found
    return found


def test_a_good_row_states_its_facts() -> None:
    """Every cell ends where it belongs."""
    assert facts() == Facts(
        name="Web Development",
        description="Completed the course",
        category="education",
        recipient_email="ada@example.com",
        recipient_name="Ada Lovelace",
        attributes=(("Course", "Web 101"),),
        expiry_days=30,
        image="https://cdn.example.com/1.png",
    )


def test_columns_may_stand_in_any_order_and_be_absent() -> None:
    """Optional columns that are not there are facts that are not there."""
    columns = ("recipientEmail", "category", "description", "name")

    found = Checker(columns, images_optional=True).check(
        1, ["ada@example.com", "education", "Done", "Web"]
    )

    assert found == Facts(
        "Web", "Done", "education", "ada@example.com", None, (), None, ""
    )


def test_empty_cells_of_optional_columns_are_absent() -> None:
    """An empty attribute is no attribute, and no days mean the job's default."""
    found = facts(recipientName=" ", expiryDays="  ", attribute_Course="")

    assert found.recipient_name is None
    assert found.expiry_days is None
    assert found.attributes == ()


def test_white_space_around_a_cell_is_trimmed() -> None:
    """Line breaks and wide spaces too, in every column of text."""
    found = facts(
        name=" Web\n",
        description="\t\u3000Done\xa0\r\n",
        recipientEmail=" ada@example.com ",
        imageUrl="\nhttps://cdn.example.com/1.png",
        attribute_Course="Web 101\u2028",
    )

    assert found.name == "Web"
    assert found.description == "Done"
    assert found.recipient_email == "ada@example.com"
    assert found.image == "https://cdn.example.com/1.png"
    assert found.attributes == (("Course", "Web 101"),)


def test_facts_are_in_normalisation_form_c() -> None:
    """T04: both spellings of one name make the same certificate."""
    decomposed = unicodedata.normalize("NFD", "Nguyễn Thị Ánh")

    assert facts(recipientName=decomposed) == facts(recipientName="Nguyễn Thị Ánh")


def test_a_description_keeps_its_lines() -> None:
    """C13: whatever breaks them is stored as it is."""
    text = "one\r\ntwo\tthree\vfour\u2028five\x85six"

    assert facts(description=text).description == text


@pytest.mark.parametrize(
    "name",
    [
        "محمد بن عبد الله",
        "דוד בן־גוריון",
        "श्रीनिवास रामानुजन्",
        "สมชาย ใจดี",
        "葛飾 北斎",
        "葛\U000e0100城",
        "👩‍🔬 ❤️",
        "Nguyễn Thị Ánh",
        "مهندسی نرم‌افزار",
    ],
)
def test_names_of_every_script_pass(name: str) -> None:
    """The name on the certificate is the name in the row."""
    assert facts(recipientName=name, name=name).recipient_name == name


INERT = {
    "C16-formula": '=HYPERLINK("http://evil.example")',
    "T03-cyrillic-a": "P\u0430ypal",
    "T06-script": "<script>alert(1)</script>",
    "T06-attribute": '"><img onerror=alert(1)>',
    "T11-fake-json": '{"level":"error"}',
    "T12-disposition": 'a"; filename="b.exe',
    "T13-calendar": "BEGIN:VCARD;N:x",
    "T15-sql": "'; DROP TABLE rows; --",
    "T15-search": 'NEAR( "*',
}


@pytest.mark.parametrize("text", INERT.values(), ids=INERT)
def test_text_that_is_dangerous_elsewhere_is_text_here(text: str) -> None:
    """Stored as given; each output escapes by its own rules."""
    found = facts(name=text, description=text, recipientName=text)

    assert (found.name, found.description, found.recipient_name) == (text,) * 3


#: Changed cells, the code, and what the message has to mention.
WRONG: dict[str, tuple[dict[str, str], str, str]] = {
    "no-name": ({"name": ""}, "missing_value", "name"),
    "blank-description": ({"description": " \n"}, "missing_value", "description"),
    "no-category": ({"category": ""}, "missing_value", "category"),
    "no-email": ({"recipientEmail": ""}, "missing_value", "recipientEmail"),
    "name-of-joiners": ({"name": "\u200d\u200c"}, "missing_value", "name"),
    "name-of-braille-blanks": ({"name": "\u2800\u2800"}, "missing_value", "name"),
    "C02-nul": ({"name": "A\0"}, "control_character", "name"),
    "C02-nul-in-an-attribute": (
        {"attribute_Course": "A\0B"},
        "control_character",
        "attribute_Course",
    ),
    "C02-nul-in-a-description": (
        {"description": "A\0B"},
        "control_character",
        "description",
    ),
    "C22-header-in-a-name": ({"name": "b\r\nname,"}, "control_character", "line break"),
    "C22-line-in-an-attribute": (
        {"attribute_Course": "a\nb"},
        "control_character",
        "attribute_Course",
    ),
    "C22-line-in-a-category": ({"category": "a\nb"}, "control_character", "category"),
    "T01-bidi-override": ({"recipientName": "A\u202eB"}, "bidi_control", "U+202E"),
    "T02-zero-width-space": ({"name": "A\u200bB"}, "control_character", "U+200B"),
    "T05-lone-surrogate": ({"name": "A\ud800"}, "text_encoding", "U+D800"),
    "T05-combining": ({"name": "a" + "\u0301" * 30}, "combining_marks", "name"),
    "T07-line-in-an-address": (
        {"recipientEmail": "a@b.de\r\nBcc: x@y.de"},
        "control_character",
        "recipientEmail",
    ),
    "T08-display-name": (
        {"recipientEmail": '"a@evil" <b@good.de>'},
        "email_format",
        "recipientEmail",
    ),
    "T14-long-name": ({"name": "x" * 256}, "too_long", "255"),
    "T14-long-category": ({"category": "x" * 256}, "too_long", "255"),
    "T14-long-recipient": ({"recipientName": "é" * 256}, "too_long", "255"),
    "T14-long-description": ({"description": "x" * 4_097}, "too_long", "4096"),
    "T14-long-attribute": ({"attribute_Course": "x" * 1_001}, "too_long", "1000"),
    "T14-longer-when-composed": ({"name": "\u0958" * 128}, "too_long", "255"),
    "seed-example-email": (
        {"recipientEmail": "john@"},
        "email_format",
        'Invalid email format: "john@" in column recipientEmail.',
    ),
    "no-image": ({"imageUrl": ""}, "missing_value", "Invalid image URL: "),
    "image-is-no-url": ({"imageUrl": "1.png"}, "url_scheme", "Invalid image URL: "),
    "U09-file": ({"imageUrl": "file:///etc/passwd"}, "url_scheme", "Invalid image URL"),
    "U09-script": ({"imageUrl": "javascript:1"}, "url_scheme", "Invalid image URL"),
    "U09-no-scheme": ({"imageUrl": "//host/1.png"}, "url_scheme", "Invalid image URL"),
    "U11-space": (
        {"imageUrl": "https://host/my picture.png"},
        "url_characters",
        "Invalid image URL: ",
    ),
    "U11-line-break": (
        {"imageUrl": "https://host/\r\nX: y"},
        "url_characters",
        "Invalid image URL: ",
    ),
    "Q08-zero": ({"expiryDays": "0"}, "expiry_range", "3650"),
    "Q08-negative": ({"expiryDays": "-1"}, "expiry_range", "3650"),
    "Q08-fraction": ({"expiryDays": "1.5"}, "expiry_range", "whole number"),
    "Q08-trailing-space": ({"expiryDays": "30 "}, "expiry_range", "Write 30"),
    "Q08-billion": ({"expiryDays": "1000000000"}, "expiry_range", "3650"),
    "Q08-one-too-many": ({"expiryDays": "3651"}, "expiry_range", "3650"),
    "Q08-nan": ({"expiryDays": "NaN"}, "expiry_range", "3650"),
    "Q08-exponent": ({"expiryDays": "1e5"}, "expiry_range", "3650"),
    "Q08-plus": ({"expiryDays": "+30"}, "expiry_range", "3650"),
    "Q08-leading-zero": ({"expiryDays": "030"}, "expiry_range", "3650"),
    "Q08-underscore": ({"expiryDays": "1_0"}, "expiry_range", "3650"),
    "Q08-arabic-digits": ({"expiryDays": "٣٠"}, "expiry_range", "0 to 9"),
    "Q08-superscript": ({"expiryDays": "²"}, "expiry_range", "0 to 9"),
    "Q08-spreadsheet-fraction": ({"expiryDays": "30.0"}, "expiry_range", "Write 30."),
    "Q08-thousands": ({"expiryDays": "1,000"}, "expiry_range", "from 1 to 3650"),
    "Q08-5000-digits": ({"expiryDays": "9" * 4_000}, "expiry_range", "3650"),
}


@pytest.mark.parametrize(("cells", "code", "told"), WRONG.values(), ids=WRONG)
def test_a_wrong_row_says_what_to_change(
    cells: dict[str, str], code: str, told: str
) -> None:
    """The reason has the documented code; its message can be shown anywhere."""
    found = reason(**cells)

    assert found.code == code
    assert told in found.message
    assert len(found.message) < 400
    assert text_problem(found.message, "error") is None


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        pytest.param([], "empty_row", id="C15-no-cells"),
        pytest.param([""] * 8, "empty_row", id="C15-empty-cells"),
        pytest.param([" ", "\n", *[""] * 6], "empty_row", id="C15-blank-cells"),
        pytest.param(["", ""], "empty_row", id="C15-some-empty-cells"),
        pytest.param([*GOOD.values()][:5], "column_count", id="C06-fewer"),
        pytest.param([*GOOD.values(), "x"], "column_count", id="C06-more"),
        pytest.param([";".join(GOOD.values())], "column_count", id="C06-separator"),
    ],
)
def test_a_row_of_the_wrong_shape_fails_alone(cells: list[str], code: str) -> None:
    """The message names the row by the file's number."""
    found = Checker(COLUMNS, images_optional=False).check(7, cells)

    assert isinstance(found, Reason)
    assert found.code == code
    assert "ow 7" in found.message


@pytest.mark.parametrize("image", ["", "1.png", "folder/é 1.png", GOOD["imageUrl"]])
def test_with_a_zip_the_image_cell_is_anything(image: str) -> None:
    """Empty, the name of an entry, or a URL."""
    assert facts(images=True, imageUrl=image).image == image


@pytest.mark.parametrize("days", ["1", "30", "365", "3650"])
def test_days_within_the_range_pass(days: str) -> None:
    """Both ends belong to it."""
    assert facts(expiryDays=days).expiry_days == int(days)


def test_a_description_of_one_emoji_family_after_another_passes() -> None:
    """T14: a thousand characters are a thousand code points."""
    assert facts(description=("👨‍👩‍👧‍👦" * 143)[:1_000].rstrip("\u200d"))


# --- Addresses ----------------------------------------------------------------

ADDRESSES = {
    "plain": "ada@example.com",
    "tagged": "ada.lovelace+web_101@mail.example.co.uk",
    "odd-but-legal": "!#$%&'*+/=?^_`{|}~-@example.com",
    "digits": "1@2.example",
    "private-name": "ada@intranet.local",
    "test-name": "ada@example.test",
    "T09-idn-domain": "ada@例え.jp",
    "T09-idn-domain-in-punycode": "ada@xn--r8jz45g.jp",
    "T09-idn-upper-case": "ada@BÜCHER.de",
    "T10-role": "postmaster@example.com",
    "local-of-64": "x" * 64 + "@example.com",
    "length-of-254": "x" * 59 + "@" + ".".join(["y" * 63] * 3) + ".de",
}


@pytest.mark.parametrize("address", ADDRESSES.values(), ids=ADDRESSES)
def test_one_address_passes(address: str) -> None:
    """One addr-spec whose domain has a dot; nothing is looked up."""
    assert email_problem(address) is None


NO_ADDRESSES = {
    "T08-display-part": ('"a@evil" <b@good.de>', "email_format"),
    "T08-angle-brackets": ("<b@good.de>", "email_format"),
    "T08-two": ("a@b.de,c@d.de", "email_format"),
    "T08-two-by-semicolon": ("a@b.de;c@d.de", "email_format"),
    "T08-group": ("friends: a@b.de, c@d.de;", "email_format"),
    "T08-comment": ("a(comment)@b.de", "email_format"),
    "T08-quoted-local-part": ('"a b"@b.de', "email_format"),
    "T08-64-ats": ("@" * 64, "email_format"),
    "T08-two-ats": ("a@b@c.de", "email_format"),
    "T08-too-long": ("x" * 60 + "@" + ".".join(["y" * 63] * 3) + ".de", "email_format"),
    "T08-local-too-long": ("x" * 65 + "@b.de", "email_format"),
    "T08-label-too-long": ("a@" + "x" * 64 + ".de", "email_format"),
    "T08-4096-characters": ("a@" + "b." * 2_000 + "de", "email_format"),
    "T09-eai": ("用户@例え.jp", "email_eai"),
    "T09-eai-local-part": ("josé@example.com", "email_eai"),
    "no-at": ("john", "email_format"),
    "no-domain": ("john@", "email_format"),
    "no-local-part": ("@example.com", "email_format"),
    "no-dot": ("john@localhost", "email_format"),
    "two-dots": ("john@example..com", "email_format"),
    "leading-dot": (".john@example.com", "email_format"),
    "trailing-dot": ("john@example.com.", "email_format"),
    "space": ("john smith@example.com", "email_format"),
    "underscore-in-domain": ("john@exa_mple.com", "email_format"),
    "hyphen-first": ("john@-example.com", "email_format"),
    "address-literal": ("john@[127.0.0.1]", "email_format"),
    "number-as-domain": ("john@127.0.0.1", "email_format"),
    "bad-punycode": ("john@xn--zz--zz.jp", "email_format"),
    "ligature-in-domain": ("john@of\ufb01ce.de", "email_format"),
    "full-width-domain": ("john@ｅｘａｍｐｌｅ.com", "email_format"),
    "mailto": ("mailto:john@example.com", "email_format"),
    "line-break": ("john@example.com\n", "email_format"),
}


@pytest.mark.parametrize(("address", "code"), NO_ADDRESSES.values(), ids=NO_ADDRESSES)
def test_what_is_not_one_address_is_refused(address: str, code: str) -> None:
    """The message begins with the documented words, quotes, and helps."""
    found = email_problem(address)

    assert found is not None
    assert found.code == code
    assert found.message.startswith('Invalid email format: "')
    assert text_problem(found.message, "error") is None


# --- Any row ------------------------------------------------------------------

CELL = st.one_of(
    st.sampled_from([*GOOD.values(), *ADDRESSES.values()]),
    st.text(st.characters(codec=None), max_size=30),
)


@given(st.lists(CELL, min_size=7, max_size=9), st.booleans())
def test_any_cells_are_facts_or_a_reason(cells: list[str], images: bool) -> None:
    """Nothing else comes out, and the same comes out again."""
    checker = Checker(COLUMNS, images_optional=images)

    found = checker.check(1, cells)

    assert found == checker.check(1, cells)
    if isinstance(found, Reason):
        assert text_problem(found.message, "error") is None
    else:
        assert found.name
        assert unicodedata.is_normalized("NFC", found.description)


@given(st.text(st.characters(codec=None), max_size=40), st.sampled_from(COLUMNS))
def test_how_a_row_is_read_does_not_depend_on_its_other_cells(
    text: str, column: str
) -> None:
    """The quick way through a plain row and the close look agree."""
    alone = check(**{column: text})
    beside = check(**{"description": GOOD["description"] + "\u200dx"} | {column: text})

    if column == "description":
        return
    if isinstance(alone, Facts):
        assert isinstance(beside, Facts)
        assert alone.name == beside.name
        assert alone.recipient_name == beside.recipient_name
        assert alone.attributes == beside.attributes
        assert alone.expiry_days == beside.expiry_days
    else:
        assert alone == beside


def test_blank_cells_behind_the_last_column_are_no_fault() -> None:
    """C06: what Excel adds at the end of a row says nothing."""
    found = Checker(COLUMNS, images_optional=False).check(1, [*GOOD.values(), "", " "])

    assert isinstance(found, Facts)
