"""I14: a certificate that was kept has its leaf, and a leaf its certificate."""

import pytest
from sqlalchemy import text

from support.logs import LogHouse, digest_of
from support.workshop import failing, row


@pytest.fixture
def joined(open_workshop, database_url, tmp_path):
    """Return an installation, its log, and what keeps a chunk's leaves."""
    workshop = open_workshop()
    house = LogHouse(database_url, tmp_path)
    house.step_all()

    def keep(chunk: int, count: int) -> None:
        digests = b"".join(digest_of(f"{chunk}/{n}") for n in range(count))
        with house.database.writing() as connection:
            connection.execute(
                text(
                    "INSERT INTO leaf_batches (chunk_id, count, digests) "
                    "VALUES (:chunk, :count, :digests)"
                ),
                {"chunk": chunk, "count": count, "digests": digests},
            )

    yield workshop, house, keep
    house.close()


def chunks_of(workshop) -> dict[int, int]:
    """Return how many certificates each chunk that has any kept."""
    with workshop.database.reading() as connection:
        found = connection.execute(
            text("SELECT chunk_id, count(*) FROM certificates GROUP BY chunk_id")
        )
        return dict(tuple(row) for row in found)


def test_every_chunk_that_kept_certificates_has_as_many_leaves(joined):
    """
    One batch per chunk, one leaf per certificate, and none for rows that failed.
    """
    workshop, house, keep = joined
    rows = [row(1), failing(2), row(3), row(4), row(5), failing(6)]
    workshop.admit(workshop.tenant(), rows, chunk_rows=2)
    workshop.drain()
    assert any("no leaves although there is a log" in line for line in workshop.wrong())

    for chunk, count in chunks_of(workshop).items():
        keep(chunk, count)
    house.step_all()

    assert workshop.wrong() == []
    assert house.watcher.look() == 4
    for chunk, count in chunks_of(workshop).items():
        places = [
            house.store.place(chunk, digest_of(f"{chunk}/{n}")) for n in range(count)
        ]
        assert places == [*range(places[0], places[0] + count)]


def test_a_leaf_without_a_certificate_is_found(joined):
    """
    One leaf too many, or too few, is a violation that names the batch.
    """
    workshop, _, keep = joined
    workshop.admit(workshop.tenant(), [row(1), row(2)], chunk_rows=2)
    workshop.drain()
    ((chunk, count),) = chunks_of(workshop).items()

    keep(chunk, count + 1)

    assert ["other leaves than its chunk" in line for line in workshop.wrong()] == [
        True
    ]


def test_a_chunk_has_its_leaves_once(joined):
    """
    Keeping the same chunk twice is impossible, whatever is kept.
    """
    workshop, house, keep = joined
    workshop.admit(workshop.tenant(), [row(1), row(2)], chunk_rows=2)
    workshop.drain()
    ((chunk, count),) = chunks_of(workshop).items()
    keep(chunk, count)

    with pytest.raises(Exception, match=r"(?i)unique"):
        keep(chunk, count)
    assert house.step_all() == count


def test_nothing_but_a_chunk_or_an_act_keeps_leaves(joined):
    """
    Each batch says where it came from, and holds as many digests as it counts.
    """
    _, house, _ = joined
    for columns, values in [
        ("count, digests", "1, :one"),
        ("act, count, digests", "'a', 0, :none"),
        ("act, count, digests", "'a', 2, :one"),
    ]:
        with (
            pytest.raises(Exception, match=r"(?i)check"),
            house.database.writing() as connection,
        ):
            connection.execute(
                text(f"INSERT INTO leaf_batches ({columns}) VALUES ({values})"),
                {"one": b"d" * 32, "none": b""},
            )
