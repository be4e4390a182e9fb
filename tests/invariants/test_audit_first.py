"""I25: what the audit log cannot tell does not happen."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from support.access import AccessRoom
from support.mortal import served
from support.server import good_rows, pictures, sheet
from support.workshop import Workshop, row
from testamur.access.audit import Head, problems
from testamur.access.halt import KillSwitch
from testamur.adapters.sql.audit import SqlAuditTrail
from testamur.adapters.sql.database import Database
from testamur.adapters.sql.fsck import violations
from testamur.adapters.sql.house_state import SqlSwitch
from testamur.adapters.sql.migrate import migrate
from testamur.core.refusals import Fault, StorageFull

BREAK = {
    True: """
        CREATE TRIGGER broken BEFORE INSERT ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit log is broken'); END
    """,
    False: """
        CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN RAISE EXCEPTION 'the audit log is broken'; END $$;
        CREATE TRIGGER broken BEFORE INSERT ON audit
        FOR EACH ROW EXECUTE FUNCTION broken()
    """,
}

MEND = {True: "DROP TRIGGER broken", False: "DROP TRIGGER broken ON audit"}


def break_audit(database: Database) -> None:
    """Let no entry be written from now on."""
    with database.writing() as connection:
        connection.exec_driver_sql(BREAK[database.is_sqlite])


def mend_audit(database: Database) -> None:
    """Let entries be written again."""
    with database.writing() as connection:
        connection.exec_driver_sql(MEND[database.is_sqlite])


def everything(database: Database) -> dict[str, list[tuple]]:
    """Return every row of what administration changes."""
    tables = ("tenants", "api_keys", "tokens", "house", "audit")
    with database.reading() as connection:
        return {
            table: [
                tuple(one) for one in connection.execute(text(f"SELECT * FROM {table}"))
            ]
            for table in tables
        }


@pytest.fixture
def room(database_url: str) -> Iterator[AccessRoom]:
    """Return the access room with a tenant, a key and a token, on both engines."""
    database = Database(database_url)
    migrate(database)
    yield AccessRoom(database)
    database.close()


ACTS: dict[str, Callable[[AccessRoom, str, str], object]] = {
    "tenant.create": lambda room, key, token: room.tenant("another"),
    "tenant.suspend": lambda room, key, token: room.tenants.suspend("academy"),
    "tenant.resume": lambda room, key, token: room.tenants.resume("academy"),
    "api_key.create": lambda room, key, token: room.keys.create(
        room.tenants.find("academy")
    ),
    "api_key.revoke": lambda room, key, token: room.keys.revoke(
        room.tenants.find("academy"), key
    ),
    "token.create": lambda room, key, token: room.tokens.create(
        room.tenants.find("academy")
    ),
    "token.revoke": lambda room, key, token: room.tokens.revoke(
        room.tenants.find("academy"), token
    ),
    "issuing.halt": lambda room, key, token: KillSwitch(
        SqlSwitch(room.database), room.clock
    ).halt("drill"),
}


@pytest.mark.parametrize("act", ACTS)
def test_an_act_is_done_with_its_entry_or_not_at_all(
    room: AccessRoom, act: str
) -> None:
    """
    While no entry can be written, administration is refused and nothing changes;
    afterwards the same act is done, and leaves one entry.
    """
    tenant = room.tenant()
    key = room.keys.create(tenant).key.id
    token = room.tokens.create(tenant).id
    before = everything(room.database)
    break_audit(room.database)

    with pytest.raises(Fault, match="audit log cannot be written"):
        ACTS[act](room, key, token)
    assert everything(room.database) == before

    mend_audit(room.database)
    ACTS[act](room, key, token)
    newest = SqlAuditTrail(room.database).head()
    assert newest is not None
    assert (newest.act, newest.actor) == (act, "operator")
    assert list(violations(room.database)) == []


def test_a_full_disk_leaves_no_act_without_its_entry(tmp_path: Path) -> None:
    """Until the very last page: as many tenants as entries that tell of them."""
    database = Database(f"sqlite:///{tmp_path / 'testamur.db'}")
    migrate(database)
    room = AccessRoom(database)
    with database.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {int(pages or 0) + 3}")

    def fill() -> None:
        for number in range(1_000):
            room.tenant(f"tenant-{number}")

    with pytest.raises(StorageFull):
        fill()

    found = everything(database)
    assert len(found["tenants"]) == len(found["audit"]) > 0
    assert list(violations(database)) == []
    database.close()


def test_no_key_signs_what_the_audit_log_does_not_tell(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The entry comes before the signature: without it there is none, the chunk waits
    with no attempt counted, and is issued when entries can be written again.
    """
    job = workshop.admit(workshop.tenant(), [row(1), row(2)])
    signed: list[object] = []
    monkeypatch.setattr(
        "testamur.issuance.issue.sign", lambda *args: signed.append(args) or []
    )
    break_audit(workshop.database)

    with pytest.raises(Fault, match="audit log cannot be written"):
        workshop.drain()

    assert signed == []
    with workshop.database.reading() as connection:
        found = connection.exec_driver_sql("SELECT state, attempts FROM chunks")
        assert [tuple(chunk) for chunk in found] == [("waiting", 0)]
        for table in ("drafts", "certificates"):
            count = connection.exec_driver_sql(f"SELECT count(*) FROM {table}")
            assert count.scalar() == 0
    monkeypatch.undo()
    mend_audit(workshop.database)
    workshop.drain()
    assert list(workshop.outcomes(job).values()) == ["success", "success"]
    with workshop.database.reading() as connection:
        used = "SELECT count(*) FROM audit WHERE act = 'key.used'"
        assert connection.exec_driver_sql(used).scalar() == 1


def test_over_http_the_answer_is_503_and_nothing_was_done(tmp_path: Path) -> None:
    """A key that could not be revoked still works; one that was refused is not there.

    A job that was accepted waits, and nothing is signed for it.
    """
    with served(tmp_path / "house") as server:
        tenant = server.tenant()
        tenant.done(sheet(*good_rows(1)), pictures())
        keys = tenant.client.get("/v1/keys").json()
        break_audit(server.office.database)

        refused = [
            tenant.client.delete(f"/v1/keys/{tenant.key_id}"),
            tenant.client.post("/v1/keys", json={}),
        ]
        job = tenant.job(sheet(*good_rows(2)), pictures())
        while job not in server.log:  # a worker says what it waits for
            assert tenant.status(job)["successCount"] == 0
        assert "audit log cannot be written" in server.log

        assert [answer.status_code for answer in refused] == [503, 503]
        assert all("Retry-After" in answer.headers for answer in refused)
        assert tenant.client.get("/v1/keys").json() == keys
        with server.office.database.reading() as connection:
            count = connection.exec_driver_sql("SELECT count(*) FROM certificates")
            assert count.scalar() == 1

        mend_audit(server.office.database)
        assert tenant.wait(job)["status"] == "completed"
        assert tenant.client.delete(f"/v1/keys/{tenant.key_id}").status_code == 204


def filled(database: Database) -> None:
    """Add some tenants, so that there are entries 1 to 5."""
    room = AccessRoom(database)
    for number in range(5):
        room.tenant(f"tenant-{number}")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Return a database with five entries in its audit log."""
    database = Database(database_url)
    migrate(database)
    filled(database)
    yield database
    database.close()


TAMPERING = {
    "changed": (
        "UPDATE audit SET actor = 'somebody' WHERE seq = 3",
        ["audit entry 3 was changed, or the one before it"],
    ),
    "its-hash": (
        "UPDATE audit SET hash = (SELECT hash FROM audit WHERE seq = 1) WHERE seq = 3",
        [
            "audit entry 3 was changed, or the one before it",
            "audit entry 4 was changed, or the one before it",
        ],
    ),
    "removed": (
        "DELETE FROM audit WHERE seq = 3",
        ["audit entry 3 is missing"],
    ),
    "several-removed": (
        "DELETE FROM audit WHERE seq IN (2, 3)",
        ["audit entries 2 to 3 are missing"],
    ),
    "the-first": (
        "DELETE FROM audit WHERE seq = 1",
        ["audit entry 1 is missing"],
    ),
    "renumbered": (
        "DELETE FROM audit WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 4; "
        "UPDATE audit SET seq = 4 WHERE seq = 5",
        [
            "audit entry 3 was changed, or the one before it",
            "audit entry 4 was changed, or the one before it",
        ],
    ),
    "reordered": (
        "UPDATE audit SET seq = 9 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE "
        "seq = 3; UPDATE audit SET seq = 3 WHERE seq = 9",
        [
            "audit entry 2 was changed, or the one before it",
            "audit entry 3 was changed, or the one before it",
            "audit entry 4 was changed, or the one before it",
        ],
    ),
}


@pytest.mark.parametrize("how", TAMPERING)
def test_fsck_names_the_entry_that_is_not_what_it_was(
    database: Database, how: str
) -> None:
    """Changed, removed in the middle, put elsewhere: red, with its number."""
    assert list(violations(database)) == []
    statements, expected = TAMPERING[how]
    with database.writing() as connection:
        for statement in statements.split(";"):
            connection.exec_driver_sql(statement)

    assert list(violations(database)) == expected
    assert list(problems(SqlAuditTrail(database), None)) == expected


def test_entries_missing_at_the_end_show_against_the_remembered_head(
    database: Database,
) -> None:
    """What the chain itself cannot tell, the record outside the database does."""
    trail = SqlAuditTrail(database)
    newest = trail.head()
    assert newest is not None
    remembered = Head(newest.seq, newest.hash)
    assert list(problems(trail, remembered)) == []

    with database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM audit WHERE seq > 3")
    assert list(problems(trail, None)) == []
    assert list(problems(trail, remembered)) == [
        "audit entries 4 to 5 are missing: the record outside the database knows them"
    ]

    room = AccessRoom(database)
    for name in ("other-4", "other-5"):
        room.tenant(name)
    assert list(violations(database)) == []
    assert list(problems(trail, remembered)) == [
        "audit entry 5 is another than the record outside the database knows"
    ]


def test_a_tenant_reads_its_own_entries_page_by_page(server, tenant) -> None:
    """Newest first, none twice, none of others', and nothing that counts theirs."""
    stranger = server.tenant()
    made = [tenant.client.post("/v1/keys", json={}).json()["id"] for _ in range(5)]
    tenant.client.delete(f"/v1/keys/{made[0]}")

    seen: list[dict] = []
    query: dict[str, str] = {"limit": "3"}
    while True:
        answer = tenant.client.get("/v1/audit", params=query)
        assert answer.status_code == 200, answer.text
        seen += answer.json()["entries"]
        if answer.json()["next"] is None:
            break
        query = {"limit": "3", "before": answer.json()["next"]}

    asked = [one["subject"] for one in seen if one["actor"] == tenant.key_id]
    assert asked == [made[0], *reversed(made)]
    assert seen[0]["act"] == "api_key.revoke"
    assert seen[-1]["act"] == "tenant.create"
    assert stranger.key_id not in str(seen)
    assert all(set(one) == {"at", "actor", "act", "subject", "detail"} for one in seen)
    only = tenant.client.get("/v1/audit", params={"act": "api_key.revoke"}).json()
    assert [one["subject"] for one in only["entries"]] == [made[0]]
    for wrong in ("99", "-1", "x", "٣"):
        refused = tenant.client.get("/v1/audit", params={"before": wrong})
        assert refused.json()["code"] == "unknown_cursor"


def test_the_operator_lists_and_checks_the_log(server, tenant) -> None:
    """`audit list` shows whose act it was; `audit check` that all is bound."""
    listed = server.run("audit", "list", "--tenant", tenant.slug)
    assert tenant.key_id in listed
    assert "api_key.create" in listed
    assert "each bound to the one before it" in server.run("audit", "check")


def test_entries_hold_no_secret_and_nobodys_address(server, tenant) -> None:
    """Ids and counts only: neither a key nor a recipient is in any entry."""
    tenant.done(sheet(*good_rows(3)), pictures())
    with server.office.database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT detail, subject, actor FROM audit")
        told = "\n".join(" ".join(one) for one in rows)

    assert "key" in told or tenant.key_id in told
    for secret in (tenant.key, tenant.key[3:], "@example.com", "Course 1"):
        assert secret not in told
    assert httpx.get(f"{server.url}/v1/audit").status_code == 401
