"""Bytes to rows: what a CSV file may be, and what is refused as a whole."""

import contextlib
import csv
import gzip
import io
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.sheets import HEADER, ROW, STANDARD, csv_bytes, surveyed
from testamur.core.policy import MAX_CELL_CHARACTERS, PLANS
from testamur.core.refusals import Kind, Refusal
from testamur.intake.csv import survey

LINE = ",".join(HEADER)
DATA = ",".join(ROW)


def with_header(*extra: str) -> bytes:
    """Write the usual columns and *extra* ones, with one row."""
    return csv_bytes(ROW + ("x",) * len(extra), header=HEADER + extra)


def archive(entry: str) -> bytes:
    """Write a ZIP with one entry."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(entry, "<x/>")
    return buffer.getvalue()


# --- Files that are read ------------------------------------------------------

READ: dict[str, bytes] = {
    "lf": f"{LINE}\n{DATA}\n".encode(),
    "no-final-line-break": f"{LINE}\n{DATA}".encode(),
    "C11-utf-8-mark": f"\ufeff{LINE}\r\n{DATA}\r\n".encode(),
    "C11-utf-8-mark-and-quoted-header": f'\ufeff"name",{LINE[5:]}\n{DATA}'.encode(),
    "C12-utf-16-with-mark": f"{LINE}\r\n{DATA}\r\n".encode("utf-16"),
    "C12-utf-16-big-endian": b"\xfe\xff" + f"{LINE}\n{DATA}".encode("utf-16-be"),
    "C12-excel-unicode-text": b"\xff\xfe"
    + f"{LINE}\r\n{DATA}\r\n".replace(",", "\t").encode("utf-16-le"),
    "C13-cr-only": f"{LINE}\r{DATA}\r".encode(),
    "C13-crlf": f"{LINE}\r\n{DATA}\r\n".encode(),
    "C13-mixed": f"{LINE}\r{DATA}\n\r\n".encode(),
    "C14-semicolon": f"{LINE}\n{DATA}\n".replace(",", ";").encode(),
    "C14-tab": f"{LINE}\n{DATA}\n".replace(",", "\t").encode(),
    "C15-trailing-blank-lines": f"{LINE}\n{DATA}\n\n\r\n\n".encode(),
    "C15-trailing-blank-cells": f"{LINE}\n{DATA}\n,,,,\n , ,,,\n".encode(),
    "blank-lines-before-the-header": f"\n\r\n{LINE}\n{DATA}\n".encode(),
    "white-space-around-headers": (
        f"{LINE}\n{DATA}\n".replace("category", " category\xa0").encode()
    ),
    "all-quoted": f"{LINE}\n{DATA}\n".replace(",", '","')
    .replace("\n", '"\n"')
    .removesuffix('"')
    .join(['"', ""])
    .encode(),
}


@pytest.mark.parametrize("content", READ.values(), ids=READ)
def test_what_programs_write_is_read(tmp_path: Path, content: bytes) -> None:
    """The same row comes out of each of them."""
    sheet = surveyed(tmp_path, content)

    assert sheet.columns == HEADER
    assert sheet.total == 1
    assert list(sheet.rows()) == [(1, list(ROW))]


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("windows-1252", "José Müller"),
        ("latin-1", "José Müller"),
        ("windows-1251", "Фёдор"),
        ("shift_jis", "葛飾北斎"),
        ("GB18030", "北京大学"),
        ("utf-16-le", "José"),
    ],
)
def test_the_caller_may_name_the_encoding(
    tmp_path: Path, encoding: str, name: str
) -> None:
    """C12: what is not UTF-8 is read in the encoding that was named."""
    content = csv_bytes((name, *ROW[1:])).decode().encode(encoding)

    sheet = surveyed(tmp_path, content, encoding=encoding)

    assert next(sheet.rows())[1][0] == name


def test_a_byte_order_mark_outranks_the_named_encoding(tmp_path: Path) -> None:
    """The file itself says it is UTF-8."""
    content = b"\xef\xbb\xbf" + csv_bytes(("José", *ROW[1:]))

    sheet = surveyed(tmp_path, content, encoding="windows-1252")

    assert sheet.encoding == "utf-8"
    assert next(sheet.rows())[1][0] == "José"


@pytest.mark.parametrize(
    "encoding",
    [
        "utf-7",
        "unicode_escape",
        "rot13",
        "base64",
        "idna",
        "undefined",
        "klingon",
        "",
        "../x",
        "a\0b",
        "x" * 5_000,
    ],
)
def test_an_encoding_that_hides_text_is_refused(tmp_path: Path, encoding: str) -> None:
    """Only encodings of text can be named."""
    with pytest.raises(Refusal) as refused:
        surveyed(tmp_path, csv_bytes(ROW), encoding=encoding)

    assert refused.value.code == "encoding"


@pytest.mark.parametrize("mark", "\n\r\v\f\x85\u2028\u2029\x1c")
def test_a_line_break_inside_a_quoted_cell_is_data(tmp_path: Path, mark: str) -> None:
    """C13, C22: it starts no row and is not translated."""
    cell = f"one{mark}{LINE}"

    sheet = surveyed(tmp_path, csv_bytes((ROW[0], cell, *ROW[2:])))

    assert sheet.total == 1
    assert next(sheet.rows())[1][1] == cell


@pytest.mark.parametrize("mark", "\v\f\x85\u2028\u2029\x1c\0")
def test_only_cr_and_lf_end_a_row(tmp_path: Path, mark: str) -> None:
    """C02, C13: other separators are data even without quotes."""
    content = f"{LINE}\nA{mark}B,{','.join(ROW[1:])}\n".encode()

    assert next(surveyed(tmp_path, content).rows())[1][0] == f"A{mark}B"


def test_blank_rows_keep_their_numbers(tmp_path: Path) -> None:
    """C15: numbers are those of the file; the row in the middle has no cells."""
    content = f"{LINE}\n{DATA}\n\n,,,,\n{DATA}\n\n".encode()

    sheet = surveyed(tmp_path, content)

    assert sheet.total == 4
    assert [(n, bool(cells)) for n, cells in sheet.rows()] == [
        (1, True),
        (2, False),
        (3, False),
        (4, True),
    ]


def test_rows_of_another_width_are_left_to_the_row_check(tmp_path: Path) -> None:
    """C06: the file is accepted, and every cell is handed on."""
    sheet = surveyed(tmp_path, f"{LINE}\nA,B\n{DATA},more\n".encode())

    assert [len(cells) for _, cells in sheet.rows()] == [2, 6]


def test_columns_without_a_name_at_the_end_are_left_out(tmp_path: Path) -> None:
    """C08: Excel saves columns that were once used; nobody loses anything."""
    content = csv_bytes([*ROW, "", ""], header=(*HEADER, "", " "))

    sheet = surveyed(tmp_path, content)

    assert sheet.columns == HEADER
    assert list(sheet.rows()) == [(1, [*ROW, "", ""])]


@pytest.mark.parametrize("times", [1, STANDARD.max_rows])
def test_identical_rows_are_rows(tmp_path: Path, times: int) -> None:
    """C17, C18: nobody is told what to issue twice."""
    assert surveyed(tmp_path, csv_bytes(*[ROW] * times)).total == times


def test_formulas_are_stored_as_they_are(tmp_path: Path) -> None:
    """C16: only an export changes them."""
    row = ('=HYPERLINK("x")', "+1", "-1", "@SUM", "\t＝1")

    assert list(surveyed(tmp_path, csv_bytes(row)).rows()) == [(1, list(row))]


def test_a_zip_of_images_makes_the_image_column_optional(tmp_path: Path) -> None:
    """Without it the file is accepted, with it too."""
    without = csv_bytes(ROW[:2] + ROW[3:], header=HEADER[:2] + HEADER[3:])

    assert "imageUrl" not in surveyed(tmp_path, without, images=True).columns
    assert "imageUrl" in surveyed(tmp_path, csv_bytes(ROW), images=True).columns


def test_a_mapping_renames_headers(tmp_path: Path) -> None:
    """The file's own words come out as ours, before anything is checked."""
    header = ("Title", "Text", "Picture", "category", "E-Mail; private")
    mapping = {
        "Title ": "name",
        "Text": "description",
        "Picture": "imageUrl",
        "E-Mail; private": "recipientEmail",
    }

    sheet = surveyed(tmp_path, csv_bytes(ROW, header=header), mapping=mapping)

    assert sheet.columns == HEADER


# --- Files that are refused ---------------------------------------------------

REFUSED: dict[str, tuple[bytes, str, str]] = {
    # content, code, what the detail or the place has to mention
    "C01-unterminated-quote": (
        f'{LINE}\n{DATA}\nA,"b\n'.encode() + b"c,d\n" * 999,
        "csv_unterminated_quote",
        "line 3",
    ),
    "C01-swallows-more-than-a-cell-may-hold": (
        f'{LINE}\nA,"b\n'.encode() + f"{DATA}\n".encode() * 5_000,
        "csv_unterminated_quote",
        "line 2",
    ),
    "C01-closed-by-the-next-opening": (
        f'{LINE}\n{DATA}\nA,"b,c,d,e\n"Q",b,c,d,e\n'.encode(),
        "csv_unterminated_quote",
        "line 3",
    ),
    "C01-far-from-the-next-opening": (
        f'{LINE}\nA,"b\n'.encode() + f"{DATA}\n".encode() * 3_000 + b'x,"y",z\n',
        "csv_unterminated_quote",
        "line 2",
    ),
    "C01-in-the-header": (f'"{LINE}\n{DATA}\n'.encode(), "csv_unterminated_quote", "1"),
    "C01-stray-quote": (
        f'{LINE}\n"Ada" L,{DATA}\n'.encode(),
        "csv_stray_quote",
        "row 1",
    ),
    "C03-cell-of-200-kb": (
        csv_bytes(ROW, ("x" * 200_000, *ROW[1:])),
        "cell_too_long",
        "row 2",
    ),
    "C03-cell-of-200-kb-with-line-breaks": (
        csv_bytes(ROW, ("x\n" * 100_000, *ROW[1:])),
        "cell_too_long",
        "row 2",
    ),
    "C03-one-character-too-many": (
        csv_bytes(ROW, ROW, (*ROW[:4], "x" * (MAX_CELL_CHARACTERS + 1))),
        "cell_too_long",
        "row 3, column recipientEmail",
    ),
    "C04-million-columns": (b"," * 1_000_000, "too_many_columns", "64"),
    "C04-65-columns": (
        with_header(*(f"attribute_a{n}" for n in range(60))),
        "too_many_columns",
        "65",
    ),
    "C04-million-cells-in-a-row": (
        f"{LINE}\n".encode() + b"x," * 1_000_000,
        "too_many_columns",
        "Row 1",
    ),
    "C05-duplicate-column": (with_header("name"), "duplicate_column", "name"),
    "C05-nothing-but-duplicates": (b"name,name\n1,2\n", "duplicate_column", "name"),
    "C07-missing-columns": (
        b"name,description\na,b\n",
        "missing_column",
        "category, recipientEmail, imageUrl",
    ),
    "C07-wrong-case": (
        csv_bytes(ROW, header=("Name", *HEADER[1:])),
        "missing_column",
        'Rename "Name" to name',
    ),
    "C07-written-with-a-space": (
        csv_bytes(ROW, header=(*HEADER[:4], "Recipient Email")),
        "missing_column",
        'Rename "Recipient Email" to recipientEmail',
    ),
    "C08-unknown-column": (with_header("Course"), "unknown_column", "Course"),
    "C08-unnamed-column": (
        csv_bytes(ROW, header=("", *HEADER)),
        "unknown_column",
        "Column 1 (A in",
    ),
    "C08-unknown-columns": (
        csv_bytes(ROW, header=("Grade", "", *HEADER)),
        "unknown_column",
        "Not known either: Column 2 (",
    ),
    "C08-wrong-case-of-an-optional": (
        with_header("expirydays"),
        "unknown_column",
        "expiryDays",
    ),
    "C08-wrong-case-of-the-prefix": (
        with_header("Attribute_Course"),
        "unknown_column",
        "attribute_",
    ),
    "C09-1001-rows": (csv_bytes(*[ROW] * 1_001), "too_many_rows", "1000"),
    "C09-million-rows": (
        f"{LINE}\n".encode() + b",\n" * 1_000_000,
        "too_many_rows",
        "1000",
    ),
    "C10-empty-file": (b"", "empty_csv", "header"),
    "C10-only-a-mark": (b"\xef\xbb\xbf", "empty_csv", "header"),
    "C10-only-a-utf-16-mark": (b"\xff\xfe", "empty_csv", "header"),
    "C10-only-line-breaks": (b"\r\n\n\n", "empty_csv", "header"),
    "C10-only-a-header": (f"{LINE}\n".encode(), "empty_csv", "no rows"),
    "C10-header-and-blank-rows": (f"{LINE}\n\n,,,,\n".encode(), "empty_csv", "no rows"),
    "C12-latin-1": (
        csv_bytes(("José", *ROW[1:])).decode().encode("latin-1"),
        "not_utf8",
        "José",
    ),
    "C12-bad-byte-in-row-500": (
        csv_bytes(*[ROW] * 499) + b"\xff" + csv_bytes(ROW),
        "not_utf8",
        f"offset {len(csv_bytes(*[ROW] * 499))}",
    ),
    "C12-bad-byte-after-a-mark": (
        b"\xef\xbb\xbf" + csv_bytes(ROW) + b"\xff",
        "not_utf8",
        f"offset {len(csv_bytes(ROW)) + 3}",
    ),
    "C12-cut-inside-a-character": (
        csv_bytes(ROW) + "é".encode()[:1],
        "not_utf8",
        f"offset {len(csv_bytes(ROW))}",
    ),
    "C12-utf-16-without-mark": (
        csv_bytes(ROW).decode().encode("utf-16-le"),
        "not_utf8",
        "UTF-16",
    ),
    "C12-utf-16-cut-in-half": (
        csv_bytes(ROW).decode().encode("utf-16")[:-1],
        "not_utf8",
        "UTF-16",
    ),
    "C12-utf-32": (csv_bytes(ROW).decode().encode("utf-32"), "not_utf8", "UTF-32"),
    "T05-overlong-utf-8": (csv_bytes(ROW) + b"\xc0\xaf", "not_utf8", "offset"),
    "T05-surrogate-in-utf-8": (csv_bytes(ROW) + b"\xed\xa0\x80", "not_utf8", "offset"),
    "C14-pipe": (f"{LINE}\n{DATA}\n".replace(",", "|").encode(), "delimiter", "comma"),
    "C14-two-delimiters": (
        f"{LINE}\n{DATA}\n".replace("imageUrl,", "imageUrl;").encode(),
        "delimiter",
        "semicolon",
    ),
    "C14-sep-line": (f"sep=;\n{LINE}\n{DATA}\n".encode(), "delimiter", "sep="),
    "C19-proto": (with_header("__proto__"), "bad_attribute_name", "__proto__"),
    "C19-constructor": (with_header("constructor"), "bad_attribute_name", "constr"),
    "C19-attribute-constructor": (
        with_header("attribute_constructor"),
        "bad_attribute_name",
        "constructor",
    ),
    "C19-empty-suffix": (with_header("attribute_"), "bad_attribute_name", "empty"),
    "C19-5000-characters": (
        with_header("attribute_" + "x" * 5_000),
        "bad_attribute_name",
        "64",
    ),
    "C19-id": (with_header("attribute_id"), "bad_attribute_name", "id"),
    "C19-context": (with_header("attribute_@context"), "bad_attribute_name", "@con"),
    "C21-zip": (archive("1.png"), "not_csv", "ZIP"),
    "C21-empty-zip": (b"PK\x05\x06" + b"\0" * 18, "not_csv", "ZIP"),
    "C21-xlsx": (archive("[Content_Types].xml"), "not_csv", "CSV UTF-8"),
    "C21-xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "not_csv", "XLS"),
    "C21-png": (b"\x89PNG\r\n\x1a\n" + b"\0" * 99, "not_csv", "PNG"),
    "C21-jpeg": (b"\xff\xd8\xff\xe0" + b"\0" * 99, "not_csv", "JPEG"),
    "C21-pdf": (b"%PDF-1.7\n", "not_csv", "PDF"),
    "C21-html": (b"\n <!DOCTYPE html><html></html>", "not_csv", "HTML"),
    "C21-html-in-utf-16": ("<html></html>".encode("utf-16"), "not_csv", "HTML"),
    "C21-gzip": (gzip.compress(csv_bytes(ROW)), "not_csv", "gzip"),
    "C21-json": (b'[ {"name": "x"}]', "not_csv", "JSON"),
}


@pytest.mark.parametrize(("content", "code", "told"), REFUSED.values(), ids=REFUSED)
def test_a_file_that_cannot_be_used_is_refused_as_a_whole(
    tmp_path: Path, content: bytes, code: str, told: str
) -> None:
    """The refusal has the documented code and kind, and says where and what to do."""
    with pytest.raises(Refusal) as refused:
        surveyed(tmp_path, content)

    refusal = refused.value
    assert refusal.code == code
    assert refusal.kind is (Kind.UNSUPPORTED if code == "not_csv" else Kind.INVALID)
    assert told in f"{refusal.detail} {refusal.at}"
    assert len(refusal.detail) < 500
    assert refusal.detail.isprintable()


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    """The plan's bytes are counted before anything is parsed."""
    plan = replace(STANDARD, max_csv_bytes=10)
    path = tmp_path / "metadata.csv"
    path.write_bytes(csv_bytes(ROW))

    with pytest.raises(Refusal) as refused:
        survey(path, plan, images=False)

    assert refused.value.code == "csv_too_large"
    assert refused.value.kind is Kind.TOO_LARGE


def test_a_wrong_named_encoding_is_refused_where_it_fails(tmp_path: Path) -> None:
    """The caller hears the offset, and that the encoding was theirs."""
    content = csv_bytes(ROW) + b"\x81\xff"

    with pytest.raises(Refusal) as refused:
        surveyed(tmp_path, content, encoding="shift_jis")

    assert refused.value.code == "encoding"
    assert f"offset {len(content) - 2}" in refused.value.detail


def test_a_mapping_of_an_absent_header_is_refused(tmp_path: Path) -> None:
    """A misspelt mapping is not ignored."""
    with pytest.raises(Refusal) as refused:
        surveyed(tmp_path, csv_bytes(ROW), mapping={"Nmae": "name"})

    assert refused.value.code == "mapping"


def test_a_mapping_cannot_name_a_column_twice(tmp_path: Path) -> None:
    """C05 holds for our names, whatever the file's are."""
    with pytest.raises(Refusal) as refused:
        surveyed(tmp_path, with_header("Title"), mapping={"Title": "name"})

    assert refused.value.code == "duplicate_column"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lambda: b'"' * (10 << 20), id="C20-quotes-in-the-header"),
        pytest.param(
            lambda: f"{LINE}\n".encode() + b'"' * (10 << 20), id="C20-quotes-in-a-row"
        ),
        pytest.param(
            lambda: f"{LINE}\n".encode() + b'"",' * (3 << 20), id="C20-empty-cells"
        ),
        pytest.param(
            lambda: f"{LINE}\n".encode() + b'"\n",' * (2 << 20), id="C20-quoted-breaks"
        ),
        pytest.param(
            lambda: f'{LINE}\nA,"'.encode() + b'""\n' * (3 << 20), id="C20-open-quote"
        ),
        pytest.param(lambda: LINE.encode() + b"\n" * (9 << 20), id="C20-line-breaks"),
        pytest.param(lambda: b" " * (10 << 20), id="C20-spaces"),
        pytest.param(lambda: b"," * (10 << 20), id="C20-commas"),
        pytest.param(
            lambda: f"{LINE}\n".encode() + b"x" * (10 << 20), id="C20-one-cell"
        ),
    ],
)
def test_ten_mebibytes_of_nonsense_are_refused_in_linear_time(
    tmp_path: Path, content: Callable[[], bytes]
) -> None:
    """C20: within two seconds, and in a few times the memory of one record."""
    path = tmp_path / "metadata.csv"
    path.write_bytes(content())

    began = time.process_time()
    with pytest.raises(Refusal):
        survey(path, STANDARD, images=False)
    assert time.process_time() - began < 2

    tracemalloc.start()
    with pytest.raises(Refusal):
        survey(path, STANDARD, images=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 << 20


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    """Fifty thousand rows are surveyed and read in the memory of a few."""
    path = tmp_path / "metadata.csv"
    path.write_bytes(csv_bytes(*[ROW] * 50_000))

    tracemalloc.start()
    sheet = survey(path, PLANS["unlimited"], images=False)
    last = max(number for number, _ in sheet.rows())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert last == sheet.total == 50_000
    assert peak < 1 << 20


# --- Any file -----------------------------------------------------------------

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\ufeff"), max_size=20)
ROWS = st.lists(st.lists(CELLS, min_size=5, max_size=7), min_size=1, max_size=5)


@given(
    ROWS,
    st.sampled_from(",;\t"),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_written_is_what_is_read(
    tmp_path: Path,
    rows: list[list[str]],
    delimiter: str,
    line_break: str,
    encoding: str,
    quoting: int,
) -> None:
    """Any cells, however they are written, come out as they went in."""
    text = io.StringIO(newline="")
    writer = csv.writer(
        text, delimiter=delimiter, lineterminator=line_break, quoting=quoting
    )
    writer.writerow(HEADER)
    # A last row with something in it, so that none counts as trailing.
    rows = [*rows, list(ROW)]
    for row in rows:
        # The writer leaves a line break that is not its own unquoted.
        if {"\r", "\n"} & set("".join(row)):
            csv.writer(
                text,
                delimiter=delimiter,
                lineterminator=line_break,
                quoting=csv.QUOTE_ALL,
            ).writerow(row)
        else:
            writer.writerow(row)

    sheet = surveyed(tmp_path, text.getvalue().encode(encoding))

    assert sheet.delimiter == delimiter
    blank = [not "".join(row).strip() for row in rows]
    assert list(sheet.rows()) == [
        (number, [] if is_blank else row)
        for number, (row, is_blank) in enumerate(zip(rows, blank, strict=True), 1)
    ]


@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(st.sampled_from('",;\t\r\nab\0\ufeff'), max_size=80).map(str.encode),
    ),
    st.booleans(),
    st.sampled_from([None, "utf-8", "windows-1252", "utf-16", "shift_jis", "gb18030"]),
)
@settings(max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_a_sheet_or_a_refusal(
    tmp_path: Path, content: bytes, headed: bool, encoding: str | None
) -> None:
    """Nothing else comes out, and a sheet has the rows it says it has."""
    if headed:
        content = f"{LINE}\n".encode() + content
    with contextlib.suppress(Refusal):
        sheet = surveyed(tmp_path, content, encoding=encoding)
        assert [number for number, _ in sheet.rows()] == [*range(1, sheet.total + 1)]
