"""Reading rows with their outcomes, on both engines."""

import pytest

from support.results import CREATED_AT, Failed, Issued, ResultsWorld, cells
from testamur.adapters.sql.results import SqlResults
from testamur.delivery.ports import ResultRow


@pytest.fixture
def world(database, tmp_path):
    """Return a world without jobs, once on each engine."""
    return ResultsWorld(database, tmp_path / "blobs")


def test_a_page_has_its_rows_in_order_and_no_others(world):
    """
    Rows come by their numbers, from the first to the last one asked for.
    """
    world.job((cells(n), None) for n in range(1, 31))
    job = world.job((cells(n), None) for n in range(1, 31))

    found = SqlResults(world.database).between(job.seq, 4, 17)

    assert [row.number for row in found] == list(range(4, 18))


def test_a_row_comes_with_its_own_outcome(world):
    """
    Certificate, voucher, picture or failure: each beside the row it belongs to,
    whatever rows of other jobs have.
    """
    other = world.job([(cells(1), Failed("other")), (cells(2), Issued())])
    picture = world.picture(b"pixels", source="a", seq=other.seq)
    job = world.job(
        [(cells(1), Issued(picture)), (cells(2), Failed("mine")), (cells(3), None)]
    )

    issued, failed, waiting = SqlResults(world.database).between(job.seq, 1, 3)

    assert issued == ResultRow(
        number=1,
        cells=issued.cells,
        certificate_id="000000020000000000000001",
        reference="PB-000200000001",
        issued_at=CREATED_AT + 1,
        voucher_id="00000002000000000000001f",
        voucher_expires_at=CREATED_AT + 1000,
        picture_digest=issued.picture_digest,
        picture_media_type="image/png",
        picture_size=6,
        picture_crc32=issued.picture_crc32,
        failure_code=None,
        failure_message=None,
        print_size=None,
        print_crc32=None,
        is_on_its_way=False,
    )
    assert world.blobs.path(issued.picture_digest).read_bytes() == b"pixels"
    assert failed[2:] == (*(None,) * 9, "a_code", "mine", None, None, False)
    assert waiting[2:] == (*(None,) * 13, False)


def test_a_failure_that_will_be_tried_again_is_none_yet(world):
    """
    A row fails when its last automatic try has failed, not before.
    """
    job = world.job([(cells(1), Failed(is_final=False))])

    (row,) = SqlResults(world.database).between(job.seq, 1, 1)

    assert row.failure_code is None


def test_of_a_certificate_that_is_not_published_only_its_row_is_told(world):
    """
    I14: until the checkpoint with its leaf is out, a row says that a certificate is
    on its way, and neither its names nor its picture.
    """
    other = world.job([(cells(1), None)])
    picture = world.picture(b"pixels", source="a", seq=other.seq)
    job = world.job([(cells(1), Issued(picture)), (cells(2), None)])
    with world.database.writing() as connection:
        world.wait_for_the_log(connection)

    kept, waiting = SqlResults(world.database).between(job.seq, 1, 2)

    assert kept == (1, kept.cells, *(None,) * 13, True)
    assert waiting == (2, waiting.cells, *(None,) * 13, False)


@pytest.mark.parametrize(
    ("published", "is_shown"), [(None, False), (0, False), (2, True), (3, True)]
)
def test_a_place_in_the_log_is_not_enough(world, published, is_shown):
    """
    I14: what counts is the checkpoint that everybody can read, not that the leaves
    have their place.
    """
    job = world.job([(cells(1), Issued()), (cells(2), Issued())])
    with world.database.writing() as connection:
        world.wait_for_the_log(connection, first_index=0, published=published)

    rows = SqlResults(world.database).between(job.seq, 1, 2)

    assert [row.certificate_id is not None for row in rows] == [is_shown] * 2
    assert [row.is_on_its_way for row in rows] == [not is_shown] * 2
