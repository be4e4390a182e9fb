"""What looks wrong: each kind of finding as data, and what is not one."""

import doctest
import importlib

import pytest

from testamur.core.columns import RECIPIENT_EMAIL, RECIPIENT_NAME
from testamur.core.words import Facts
from testamur.rehearsal.doubts import Doubts
from testamur.rehearsal.pages import doubts as page_doubts
from testamur.rehearsal.ports import PrintedPicture, PrintedText, Tried

DAY = 24 * 60 * 60 * 1000
NOW = 20_000 * DAY

COLUMNS = (
    "name",
    "description",
    "category",
    "recipientEmail",
    "recipientName",
    "attribute_Course",
    "attribute_Exam date",
)
PLAIN = {
    "name": "Web Development",
    "description": "Completed the course.",
    "category": "education",
    "recipientEmail": "ana@example.org",
    "recipientName": "Ana Ibáñez",
    "attribute_Course": "Web 101",
    "attribute_Exam date": "12 May 2026",
}


def facts_of(cells: dict[str, str], **more: object) -> Facts:
    """Return what a row with these cells says."""
    fields = {
        "name": cells["name"],
        "description": cells["description"],
        "category": cells["category"],
        "recipient_email": cells["recipientEmail"].strip(),
        "recipient_name": cells["recipientName"].strip() or None,
        "attributes": (),
        "expiry_days": None,
        "image": "",
    }
    return Facts(**(fields | more))


def look(*rows: dict[str, str], printed: tuple[str, ...] = (), **more: object):
    """Return the findings of a file: (row, code, column), and the findings."""
    doubts = Doubts(COLUMNS, total=len(rows), printed=printed, now=NOW)
    found = []
    for number, row in enumerate(rows, 1):
        cells = PLAIN | row
        listed = [cells[column] for column in COLUMNS]
        found += doubts.of_cells(number, listed)
        found += doubts.of_facts(number, listed, facts_of(cells, **more))
    found += doubts.of_file()
    return [(one.row, one.code, one.column) for one in found], found


NAMES = {
    "capitals": ("ANA IBÁÑEZ", "name_capitals"),
    "capitals-cyrillic": ("АННА ПЕТРОВА", "name_capitals"),
    "caps-lock": ("aNNA pETROVA", "name_capitals"),
    "small": ("ana ibáñez", "name_small"),
    "digits": ("Ana Ibáñez2", "name_digits"),
    "address": ("ana@example.org", "name_is_address"),
    "stand-in": ("N/A", "name_stand_in"),
    "lost-letter": ("Ana Ib??ez", "name_lost_letters"),
    "surname-first": ("Ibáñez, Ana", "name_order"),
    "spaces": ("Ana  Ibáñez", "spaces"),
    "mojibake": ("JosÃ© Ibáñez", "mojibake"),
    "mojibake-twice": ("JosÃƒÂ© Ibáñez", "mojibake"),
    "mojibake-mac": ("Jos√© Garcia", "mojibake"),
    "mojibake-greek": ("ÎœÎ±Î¯Î± Petrou", "mojibake"),
    "merge-field": ("{{firstName}} Ibáñez", "merge_field"),
    "merge-field-word": ("«First_Name»", "merge_field"),
    "entity": ("O&#39;Brien", "markup"),
    "tag": ("Ana <b>Ibáñez</b>", "markup"),
    "spreadsheet": ("#NAME?", "spreadsheet_error"),
}

FINE = [
    "Ana Ibáñez",
    "李明",
    "AJ",
    "José María de la Cruz y García",
    "MacDonald O'Brien-Smith",
    "van der Berg",
    "John Smith, PhD",
    "Sammy Davis, Jr.",
    "გიორგი",
    "أحمد بن محمد",
    "Ångström Ærø Ñandú",
    "CAFÉ» Owner",
    "Ã",
    "bell hooks III & Sons",
    "𝒜da Lovelace",
    "Mary-Jane 😀",
    "ᎠᏂᏴᏫᏯ",
]

#: What is taken for meant, where capitals are not.
MEANT = {
    "O'NEILL": "O'Neill",
    "JEAN-LUC D’ARRAS": "Jean-Luc D’Arras",
    "MARÍA DE LA CRUZ": "María de la Cruz",
    "de la cruz": "De la Cruz",
    "HENRY VIII": "Henry VIII",
    "İBRAHİM ÇELİK": "İbrahim Çelik",
    "NNO\u0323\u0300A OBI": "Nno\u0323\u0300a Obi",
    "k.d. lang": "K.D. Lang",
}

CELLS = {
    "excel-date": ("attribute_Exam date", "45231", "spreadsheet_date"),
    "excel-number": ("attribute_Course", "1.23457E+11", "spreadsheet_number"),
    "excel-error": ("attribute_Course", "#REF!", "spreadsheet_error"),
    "excel-narrow": ("attribute_Course", "########", "spreadsheet_error"),
    "placeholder": ("description", "For {{recipientEmail}}.", "merge_field"),
    "dollar": ("name", "${7*7}", "merge_field"),
    "entity": ("name", "Tom &amp; Jerry", "markup"),
}

FINE_CELLS = [
    ("attribute_Course", "45231"),  # no column of dates
    ("attribute_Course", "Web <101>"),
    ("attribute_Course", "C# & .NET"),
    ("attribute_Course", "#1"),
    ("description", "Two.  Sentences."),
    ("description", "5 % of all; R&D {x} [y]"),
    ("name", "CERTIFICATE OF MERIT"),
    ("name", "Why? What? How?"),
]

ADDRESSES = {
    "gmial": ("ana@gmial.com", "address_typo"),
    "gmail-letter-missing": ("ana@gmal.com", "address_typo"),
    "gmail-letter-more": ("ana@gmaill.com", "address_typo"),
    "hotmial": ("ana@hotmial.com", "address_typo"),
    "outlok": ("ana@outlok.com", "address_typo"),
    "yaho": ("ana@yaho.com", "address_typo"),
    "con": ("ana@example.con", "address_typo"),
    "gmail-con": ("ana@gmail.con", "address_typo"),
    "gmail-co": ("ana@gmail.co", "address_typo"),
    "capitals": ("Ana@GMIAL.com", "address_typo"),
    "role": ("info@university.edu", "address_role"),
    "disposable": ("ana@mailinator.com", "address_disposable"),
}

FINE_ADDRESSES = [
    "ana@gmail.com",
    "ana@mail.com",
    "ana@ymail.com",
    "ana@outlook.de",
    "ana@yahoo.co.uk",
    "ana@company.co",
    "ana@uni-köln.de",
    "information@university.edu",
    "ana@gmx.com",
]


@pytest.mark.parametrize(("name", "code"), NAMES.values(), ids=NAMES)
def test_a_name_that_looks_wrong_is_doubted(name, code):
    """
    What nobody would print on a certificate is named, with its row and column.
    """
    found, _ = look({"recipientName": name})

    assert found == [(1, code, RECIPIENT_NAME)]


@pytest.mark.parametrize("name", FINE)
def test_a_name_as_people_have_them_is_not_doubted(name):
    """
    Names of every script and custom pass without a word.
    """
    assert look({"recipientName": name}) == ([], [])


@pytest.mark.parametrize(("column", "cell", "code"), CELLS.values(), ids=CELLS)
def test_what_programs_leave_in_cells_is_doubted(column, cell, code):
    """
    Spreadsheets, mail merges and web pages leave traces that would be printed.
    """
    assert look({column: cell})[0] == [(1, code, column)]


@pytest.mark.parametrize(("column", "cell"), FINE_CELLS)
def test_what_only_resembles_such_a_trace_is_not_doubted(column, cell):
    """
    A guess that is often wrong would teach people to read none of them.
    """
    assert look({column: cell}) == ([], [])


@pytest.mark.parametrize(("address", "code"), ADDRESSES.values(), ids=ADDRESSES)
def test_an_address_that_is_probably_another_is_doubted(address, code):
    """
    Slips in well-known domains, desks and throw-away mailboxes are named.
    """
    assert look({"recipientEmail": address})[0] == [(1, code, RECIPIENT_EMAIL)]


@pytest.mark.parametrize("address", FINE_ADDRESSES)
def test_an_address_like_any_other_is_not_doubted(address):
    """
    Real domains that lie close to a well-known one are not slips.
    """
    assert look({"recipientEmail": address}) == ([], [])


def test_what_is_meant_is_said():
    """
    A doubt that can guess the right value names it.
    """
    row = {"recipientEmail": "ana@gmial.com", "recipientName": "ZoÃ« Smith"}

    _, (name, address) = look(row)

    assert '"Zoë Smith"' in name.message
    assert name.value == "ZoÃ« Smith"
    assert "ana@gmail.com" in address.message


@pytest.mark.parametrize("name", MEANT)
def test_a_name_is_proposed_as_it_is_usually_written(name):
    """With the capitals inside it, and without those that names do not have."""
    _, found = look({"recipientName": name})

    assert [one.code for one in found] == [
        "name_small" if name.islower() else "name_capitals"
    ]
    assert f'"{MEANT[name]}"' in found[0].message


def test_a_day_that_a_spreadsheet_made_a_number_is_named():
    """
    45231 is 2023-11-01 to spreadsheet programs.
    """
    _, (found,) = look({"attribute_Exam date": "45231"})

    assert "2023-11-01" in found.message


def test_swapped_columns_are_one_finding():
    """
    The address among the names and the name among the addresses: one slip.
    """
    row = PLAIN | {"recipientName": "ana@example.org", "recipientEmail": "Ana Ibáñez"}
    doubts = Doubts(COLUMNS, total=1, now=NOW)

    found = list(doubts.of_cells(1, [row[column] for column in COLUMNS]))

    assert [one.code for one in found] == ["columns_swapped"]


def test_a_row_that_comes_again_names_the_first():
    """
    The same person and title, however it is spelt, is doubted; other titles are not.
    """
    found, told = look(
        {},
        {"recipientEmail": "ANA@example.org", "recipientName": "ana  ibáñez"},
        {"name": "Another course"},
        {},
    )

    doubled = [one for one in told if one.code == "duplicate"]
    assert [one.row for one in doubled] == [2, 4]
    assert "row 1" in doubled[0].message
    assert "is the same as row 1" in doubled[1].message
    assert (3, "duplicate", RECIPIENT_EMAIL) not in found


def test_an_address_with_two_names_is_doubted():
    """
    A column that slipped by a row in the spreadsheet shows in shared addresses.
    """
    found, _ = look({}, {"recipientName": "Li Ming"}, {"recipientName": "Ana Ibáñez"})

    assert found == [
        (2, "address_shared", RECIPIENT_EMAIL),
        (3, "duplicate", RECIPIENT_EMAIL),
    ]


@pytest.mark.parametrize(
    ("days", "code"),
    [(1, "ends_soon"), (6, "ends_soon"), (8, None), (40_000, "ends_late")],
)
def test_an_end_that_is_hardly_meant_is_doubted(days, code):
    """
    What ends within a week, or after a century, has a slip in the year.
    """
    found, _ = look({}, valid_until=NOW + days * DAY)

    assert [one[1] for one in found] == ([code] if code else [])


def test_empty_cells_that_are_printed_are_one_line_for_each_column():
    """
    A column that some rows leave empty is told of once, with its first rows.
    """
    rows = [{"attribute_Course": ""} if n % 2 else {} for n in range(20)]
    for number, row in enumerate(rows):
        row["recipientEmail"] = f"p{number}@example.org"

    found, (told,) = look(*rows, printed=("attribute_Course", "recipientName"))

    assert found == [(None, "field_empty", "attribute_Course")]
    assert "10 of 20 rows (rows 2, 4, 6, 8, 10, ...)" in told.message


def test_a_column_that_the_template_prints_and_nobody_has_is_named():
    """
    A slip in capitals between file and template is found before it is printed.
    """
    _, found = look({}, printed=("attribute_course", "attribute_hours"))

    assert [(one.code, one.column) for one in found] == [
        ("field_missing", "attribute_course"),
        ("field_missing", "attribute_hours"),
    ]
    assert "The file has attribute_Course" in found[0].message


def test_white_space_around_cells_is_one_line_for_each_column():
    """
    It does no harm, so it is told of once and not in every row.
    """
    found, _ = look({"recipientName": " Ana Ibáñez"}, {"recipientName": "Li Ming "})

    assert (None, "spaces_around", RECIPIENT_NAME) in found


@pytest.mark.parametrize(
    ("tried", "codes"),
    [
        (
            Tried(texts=[PrintedText(("recipientName",), "Ana", 28, 20.9, 1)]),
            ["text_shrunk"],
        ),
        (Tried(texts=[PrintedText(("recipientName",), "Ana", 28, 21, 1)]), []),
        (
            Tried(texts=[PrintedText(("recipientName",), "Ana", 28, 28, 2)]),
            ["text_wrapped"],
        ),
        (Tried(texts=[PrintedText(("description",), "A b", 10, 10, 3)]), []),
        (Tried(texts=[PrintedText((), "awards this to", 10, 1, 3)]), []),
        (Tried(pictures=[PrintedPicture(149, 0)]), ["picture_coarse"]),
        (Tried(pictures=[PrintedPicture(300, 0.21)]), ["picture_cut"]),
        (Tried(pictures=[PrintedPicture(150, 0.2)]), []),
    ],
)
def test_a_page_that_looks_wrong_is_doubted(tried, codes):
    """
    Small letters, names on two lines, coarse and cut pictures are told of.
    """
    found = list(page_doubts(7, tried))

    assert [one.code for one in found] == codes
    assert all(one.row == 7 for one in found)


def test_shrunk_text_says_how_much():
    """
    The part of its designed size, and both sizes, are in the message.
    """
    tried = Tried(texts=[PrintedText(("recipientName",), "Ana", 28, 14, 1)])

    (found,) = page_doubts(1, tried)

    assert "50%" in found.message
    assert "14 points instead of 28" in found.message


@pytest.mark.parametrize("module", ["addresses", "texts", "doubts", "names", "seen"])
def test_the_examples_in_the_code_hold(module):
    """
    What docstrings show is so.
    """
    found = importlib.import_module(f"testamur.rehearsal.{module}")

    assert doctest.testmod(found).failed == 0
