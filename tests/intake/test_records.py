"""Rows that come as JSON objects."""

from typing import Any

import pytest

from support.sheets import STANDARD
from testamur.core.refusals import Refusal
from testamur.intake.records import sheet_of

ADA = {
    "name": "Web Development",
    "description": "Completed the course",
    "category": "education",
    "recipientEmail": "ada@example.com",
    "imageUrl": "https://cdn.example.com/1.png",
}


def test_objects_become_rows_in_column_order() -> None:
    """Each field stands in its column; absent and null fields are empty cells."""
    sheet = sheet_of(
        [
            {**ADA, "expiryDays": 30, "attributes": {"Course": "Web"}},
            {**ADA, "recipientName": None, "attributes": {"Grade": "A", "Course": ""}},
        ]
    )

    assert sheet.total == 2
    assert sheet.columns[-2:] == ("attribute_Course", "attribute_Grade")
    first, second = (
        (number, dict(zip(sheet.columns, cells, strict=True)))
        for number, cells in sheet.rows()
    )
    assert first[0] == 1
    assert first[1]["expiryDays"] == "30"
    assert first[1]["attribute_Course"] == "Web"
    assert first[1]["attribute_Grade"] == ""
    assert second[0] == 2
    assert second[1]["recipientName"] == ""
    assert second[1]["attribute_Grade"] == "A"


def test_rows_can_be_read_twice() -> None:
    """Reading uses nothing up."""
    sheet = sheet_of([ADA, ADA])

    assert list(sheet.rows()) == list(sheet.rows())


def test_an_empty_object_keeps_its_number() -> None:
    """It fails later as an empty row; the others go on."""
    assert next(sheet_of([{}, ADA]).rows())[1] == [""] * 7


#: The second row, the code of the refusal.
REFUSED: dict[str, tuple[Any, str]] = {
    "unknown-field": ({**ADA, "Name": "x"}, "unknown_field"),
    "attribute-beside-attributes": ({**ADA, "attribute_X": "x"}, "unknown_field"),
    "C19-proto-field": ({**ADA, "__proto__": {}}, "unknown_field"),
    "name-is-a-number": ({**ADA, "name": 5}, "field_type"),
    "name-is-a-list": ({**ADA, "name": ["x"]}, "field_type"),
    "days-are-text": ({**ADA, "expiryDays": "30"}, "field_type"),
    "days-are-a-fraction": ({**ADA, "expiryDays": 30.0}, "field_type"),
    "days-are-true": ({**ADA, "expiryDays": True}, "field_type"),
    "days-have-5000-digits": ({**ADA, "expiryDays": 10**5000}, "field_type"),
    "attributes-are-a-list": ({**ADA, "attributes": []}, "field_type"),
    "attribute-is-a-number": ({**ADA, "attributes": {"A": 1}}, "field_type"),
    "C19-attribute-without-a-name": (
        {**ADA, "attributes": {"": "x"}},
        "bad_attribute_name",
    ),
    "C19-attribute-context": (
        {**ADA, "attributes": {"@context": "x"}},
        "bad_attribute_name",
    ),
    "C03-long-cell": ({**ADA, "description": "x" * 4_097}, "cell_too_long"),
    "T05-lone-surrogate": ({**ADA, "name": "Ada\ud800"}, "text_encoding"),
    "row-is-a-list": ([], "field_type"),
    "C04-many-attributes": (
        {"attributes": {f"a{n}": "x" for n in range(60)}},
        "too_many_columns",
    ),
}


@pytest.mark.parametrize(("row", "code"), REFUSED.values(), ids=REFUSED)
def test_what_no_csv_could_say_is_refused_with_its_row(row: Any, code: str) -> None:
    """The refusal has a stable code and names the second row."""
    with pytest.raises(Refusal) as refused:
        sheet_of([ADA, row])

    assert refused.value.code == code
    assert "row 2" in f"{refused.value.detail} {refused.value.at}"


def test_a_plan_bounds_the_rows() -> None:
    """C09: the same limit as for a CSV."""
    with pytest.raises(Refusal) as refused:
        sheet_of([ADA] * (STANDARD.max_rows + 1), STANDARD)

    assert refused.value.code == "too_many_rows"


def test_no_rows_are_refused() -> None:
    """C10: a job has at least one row."""
    with pytest.raises(Refusal) as refused:
        sheet_of([])

    assert refused.value.code == "no_rows"
