"""The results of a job as CSV."""

import csv
import io
import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.results import COLUMNS, Failed, Issued, cells
from testamur.core.lifecycle import JobState
from testamur.core.refusals import Fault
from testamur.core.text import formula_safe
from testamur.delivery.ports import ResultRow
from testamur.delivery.results_csv import PAGE_ROWS, results_csv

HEADER = "row,name,status,certificateId,voucherId,referenceNumber,recipientEmail,error"


def text_of(downloads, job):
    """Return the whole CSV of *job*."""
    return b"".join(downloads.csv(job).chunks(0)).decode()


def records_of(downloads, job):
    """Return the records of the CSV of *job*, without the header."""
    return list(csv.reader(io.StringIO(text_of(downloads, job), newline="")))[1:]


def test_it_reads_like_the_documented_sample(world, downloads):
    """
    A header, a line for each row, the reason where one failed; eight fields each,
    and line feeds between lines.
    """
    job = world.job(
        [
            (cells(1, name="Web Development Certificate"), Issued()),
            (cells(2, name="Cloud, Certificate"), Failed("Invalid image URL")),
        ]
    )

    assert text_of(downloads, job) == (
        f"{HEADER}\n"
        "1,Web Development Certificate,success,000000010000000000000001,"
        "00000001000000000000001f,PB-000100000001,recipient1@example.com,\n"
        '2,"Cloud, Certificate",failed,,,,recipient2@example.com,Invalid image URL\n'
    )


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (JobState.QUEUED, "pending"),
        (JobState.PROCESSING, "pending"),
        (JobState.CANCELLED, "cancelled"),
    ],
)
def test_a_row_without_outcome_says_why(world, downloads, state, status):
    """
    Before a row's turn it is pending; after a cancel it will never have one. What
    was issued before stays issued, and what failed stays failed.
    """
    job = world.job(
        [(cells(1), None), (cells(2), Issued()), (cells(3), Failed())], state=state
    )

    statuses = [record[2] for record in records_of(downloads, job)]

    assert statuses == [status, "success", "failed"]


def test_a_row_waiting_for_its_second_try_is_pending(world, downloads):
    """
    The first of two tries is nobody's result.
    """
    job = world.job([(cells(1), Failed(is_final=False))], state=JobState.PROCESSING)

    assert records_of(downloads, job)[0][2:] == [
        *("pending", "", "", "", "recipient1@example.com", "")
    ]


@pytest.mark.parametrize(
    "row", [[], ["only a name"], ["a name", *"123456789"]], ids=len
)
def test_a_row_of_another_length_shows_what_it_has(world, downloads, row):
    """
    A failed row may hold fewer or more cells than the header; it still gets a line
    of eight fields.
    """
    job = world.job([(row, Failed("too short"))])

    (record,) = records_of(downloads, job)

    assert record[:3] == ["1", *(row[:1] or [""]), "failed"]
    assert len(record) == 8


def test_columns_are_found_wherever_they_stand(world, downloads):
    """
    The order of columns is the submitter's.
    """
    columns = ("recipientEmail", "category", "description", "name")
    job = world.job([(["a@example.com", "c", "d", "N"], Issued())], columns=columns)

    (record,) = records_of(downloads, job)

    assert (record[1], record[6]) == ("N", "a@example.com")


@pytest.mark.parametrize(
    "cell",
    [
        pytest.param('=HYPERLINK("http://x.example","y")', id="C16-equals"),
        pytest.param("+1", id="C16-plus"),
        pytest.param("-1", id="C16-minus"),
        pytest.param("@SUM(A1)", id="C16-at"),
        pytest.param("\t=1", id="C16-tab"),
        pytest.param("\r=1", id="C16-carriage-return"),
        pytest.param("\0=1", id="C16-nul"),
        pytest.param("  =1", id="C16-space-first"),
        pytest.param('"=1', id="C16-quote-first"),
        pytest.param("＝1", id="C16-full-width"),
    ],
)
def test_a_formula_is_not_computed(world, downloads, cell):
    """
    In every column that a submitter can fill, a spreadsheet finds text.
    """
    row = cells(1, name=cell, recipientEmail=cell)
    job = world.job([(row, Failed(cell.replace("\0", "")))])

    (record,) = records_of(downloads, job)

    assert record[1] == record[6] == f"'{cell}"
    assert record[7].startswith("'")


ANY_TEXT = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from(',;"\r\n\t=+-@\0 '),
    max_size=12,
)
NO_NUL = ANY_TEXT.map(lambda text: text.replace("\0", ""))  # PostgreSQL stores none
OUTCOMES = st.one_of(st.just(Issued()), st.none(), st.builds(Failed, message=NO_NUL))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    made=st.lists(
        st.tuples(st.lists(ANY_TEXT, max_size=len(COLUMNS) + 2), OUTCOMES), min_size=1
    )
)
def test_whatever_a_row_holds_it_can_be_read_back(world, downloads, made):
    """
    As many records as rows, eight fields each, and in them the row's own cells and
    reason, neutralised and otherwise unchanged.
    """
    job = world.job(made)

    records = records_of(downloads, job)

    assert len(records) == job.total == len(made)
    for number, (record, (row, outcome)) in enumerate(
        zip(records, made, strict=True), 1
    ):
        padded = [*row, *[""] * len(COLUMNS)]
        message = outcome.message if isinstance(outcome, Failed) else ""
        assert len(record) == 8
        assert record[0] == str(number)
        assert record[1] == formula_safe(padded[0])
        assert record[6] == formula_safe(padded[4])
        assert record[7] == formula_safe(message)
        assert bool(record[3]) == isinstance(outcome, Issued)


@pytest.mark.parametrize("total", [1, PAGE_ROWS - 1, PAGE_ROWS, PAGE_ROWS + 1])
def test_there_is_a_line_for_every_row(world, downloads, total):
    """
    No row is lost or said twice where one page of rows ends and the next begins.
    """
    job = world.job((cells(n), Issued()) for n in range(1, total + 1))

    numbers = [int(record[0]) for record in records_of(downloads, job)]

    assert numbers == list(range(1, total + 1))


def test_fewer_rows_than_were_accepted_are_no_result(world, downloads):
    """
    Should rows be missing from the tables, the download breaks; it never ends well.
    """
    job = world.job((cells(n), Issued()) for n in range(1, 6))
    with world.database.writing() as connection:
        for table in ("vouchers", "certificates", "rows"):
            connection.exec_driver_sql(f"DELETE FROM {table} WHERE number = 3")

    with pytest.raises(Fault):
        text_of(downloads, job)


class EndlessRows:
    """Rows made as they are asked for; they take no room of their own."""

    def between(self, job, first, last):
        """Return rows that wait."""
        return [
            ResultRow(n, '["n","d","u","c","e"]', *(None,) * 13, False)
            for n in range(first, last + 1)
        ]


def test_memory_does_not_grow_with_the_job(world):
    """
    A hundred thousand rows take what a thousand take.
    """
    job = world.job([(cells(1), None)])
    peaks = []
    for total in (1_000, 100_000):
        tracemalloc.start()
        for _ in results_csv(replace(job, total=total), EndlessRows()):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < peaks[0] + 100_000
