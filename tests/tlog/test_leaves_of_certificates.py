"""I14: a certificate that was kept has its leaf, and a leaf its certificate."""

import pytest
from sqlalchemy import text

from support.logs import LogHouse, digest_of
from support.workshop import failing, row


@pytest.fixture
def joined(open_workshop, database_url, tmp_path):
    """Return an installation, and its log as another process sees it."""
    workshop = open_workshop()
    house = LogHouse(database_url, tmp_path)
    yield workshop, house
    house.close()


def chunks_of(workshop) -> dict[int, int]:
    """Return how many certificates each chunk that has any kept."""
    with workshop.database.reading() as connection:
        found = connection.execute(
            text("SELECT chunk_id, count(*) FROM certificates GROUP BY chunk_id")
        )
        return dict(tuple(row) for row in found)


def change(workshop, statement: str, **values: object) -> None:
    """Change the tables behind everybody's back."""
    with workshop.database.writing() as connection:
        connection.execute(text(statement), values)


def work(workshop) -> None:
    """Issue what waits, and publish none of it."""
    while workshop.work_once():
        pass


def test_every_chunk_that_kept_certificates_has_as_many_leaves(joined):
    """
    One batch per chunk, one leaf per certificate, and none for rows that failed;
    each credential's own digest stands at the place that its proof is made for.
    """
    workshop, house = joined
    rows = [row(1), failing(2), row(3), row(4), row(5), failing(6)]
    job = workshop.admit(workshop.tenant(), rows, chunk_rows=2)
    work(workshop)
    assert house.step_all() == 4

    assert workshop.wrong() == []
    assert house.wrong() == []
    assert house.watcher.look() == 4
    digests = {}
    for name in workshop.names(job).values():
        found = workshop.vouching.credentials.find(name.certificate)
        digests.setdefault(found.chunk_id, []).append(found.digest)
    assert {chunk: len(own) for chunk, own in digests.items()} == chunks_of(workshop)
    for chunk, own in digests.items():
        places = [house.store.place(chunk, digest) for digest in own]
        assert places == [*range(places[0], places[0] + len(own))]


def test_certificates_without_leaves_are_found(joined):
    """
    A signed chunk whose leaves are gone is a violation; one that an earlier
    release issued, without signing it, never had any.
    """
    workshop, _ = joined
    workshop.admit(workshop.tenant(), [row(1), row(2)], chunk_rows=2)
    work(workshop)
    change(workshop, "DELETE FROM leaf_batches")

    assert any(
        "has signed certificates, and no leaves" in line for line in workshop.wrong()
    )


@pytest.mark.parametrize("count", [1, 3])
def test_a_leaf_without_a_certificate_is_found(joined, count):
    """
    One leaf too many, or too few, is a violation that names the batch.
    """
    workshop, _ = joined
    workshop.admit(workshop.tenant(), [row(1), row(2)], chunk_rows=2)
    work(workshop)
    digests = b"".join(digest_of(str(n)) for n in range(count))

    change(
        workshop,
        "UPDATE leaf_batches SET count = :count, digests = :digests",
        count=count,
        digests=digests,
    )

    assert any("other leaves than its chunk" in line for line in workshop.wrong())


def test_a_chunk_has_its_leaves_once(joined):
    """
    Keeping the same chunk twice is impossible, whatever is kept.
    """
    workshop, house = joined
    workshop.admit(workshop.tenant(), [row(1), row(2)], chunk_rows=2)
    work(workshop)
    ((chunk, count),) = chunks_of(workshop).items()

    with pytest.raises(Exception, match=r"(?i)unique"):
        change(
            workshop,
            "INSERT INTO leaf_batches (chunk_id, count, digests) "
            "VALUES (:chunk, 1, :digests)",
            chunk=chunk,
            digests=digest_of("another"),
        )
    assert house.step_all() == count


def test_nothing_but_a_chunk_or_an_act_keeps_leaves(joined):
    """
    Each batch says where it came from, and holds as many digests as it counts.
    """
    _, house = joined
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
