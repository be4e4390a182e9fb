"""Going on with a database that lost what came after it."""

from support.workshop import Workshop, row
from testamur.adapters.sql.audit import SqlAuditTrail
from testamur.adapters.sql.log_store import SqlLogStore
from testamur.adapters.sql.restored import accept_loss
from testamur.tlog.tree import EMPTY_ROOT


def test_the_log_begins_anew_and_no_old_place_is_handed_out(
    workshop: Workshop,
) -> None:
    """Leaves wait for places again, in their order; lists are closed; it is told."""
    for count in (1, 2):
        workshop.admit(workshop.tenant(), [row(number) for number in range(count)])
        workshop.drain()
    store = SqlLogStore(workshop.database)
    before = store.waiting(100)

    accept_loss(
        workshop.database,
        at=7,
        by="operator",
        origin="example.org/log/2",
        root=EMPTY_ROOT,
        detail={"log": "example.org/log"},
    )

    assert not before
    assert [len(batch.digests) // 32 for batch in store.waiting(100)] == [1, 2]
    assert store.origin() == "example.org/log/2"
    assert store.published() is None
    with workshop.database.reading() as connection:
        lists = connection.exec_driver_sql("SELECT used, size FROM status_lists")
        assert all(used == size for used, size in lists)
    told = SqlAuditTrail(workshop.database).head()
    assert told is not None
    assert (told.act, told.detail) == ("record.accept", '{"log":"example.org/log"}')
