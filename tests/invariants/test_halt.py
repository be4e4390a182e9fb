"""I19: while issuing is halted nothing is signed anywhere, and nothing is lost."""

import time
from pathlib import Path

import httpx
import pytest

from support.mortal import served
from support.server import Server, good_rows, pictures, sheet
from support.workshop import Workshop, row
from testamur.adapters.sql.fsck import violations
from testamur.adapters.sql.house_state import SqlSwitch
from testamur.core.words import Halt

ROWS = 4_000

COUNTS = {
    "certificates": "SELECT count(*) FROM certificates",
    "keys used": "SELECT count(*) FROM audit WHERE act = 'key.used'",
    "leaves": "SELECT coalesce(max(size), 0) FROM log_state",
    "checkpoints": "SELECT count(*) FROM log_checkpoints",
    "leased": "SELECT count(*) FROM chunks WHERE state = 'leased'",
}


def counts(server: Server) -> dict[str, int]:
    """Return how much was issued, by every trace that issuing leaves."""
    with server.office.database.reading() as connection:
        return {
            name: int(connection.exec_driver_sql(query).scalar() or 0)
            for name, query in COUNTS.items()
        }


def test_halting_stops_issuing_within_five_seconds_and_resuming_loses_nothing(
    database_url: str, tmp_path: Path
) -> None:
    """
    `testamur halt on` in the middle of a job: what was in hand ends within five
    seconds, then no key is used, nothing is issued, no checkpoint is signed. Jobs
    are accepted, and certificates shown and revoked. `halt off`: every row is issued,
    once.
    """
    folder = tmp_path / "house"
    folder.mkdir()
    settings = {"TESTAMUR_FAILPOINTS": "draft.after_commit=sleep:0.2"}
    if database_url.startswith("postgresql"):
        settings["TESTAMUR_DATABASE_URL"] = database_url
        (folder / "secret").write_text("5e" * 32)
        (folder / "secret").chmod(0o600)
    with served(folder, **settings) as server:
        tenant = server.tenant()
        job = tenant.job(sheet(*good_rows(ROWS)), pictures())
        while tenant.status(job)["processedCount"] == 0:
            time.sleep(0.02)

        halted_at = time.monotonic()
        assert "drill" in server.run("halt", "on", "--reason", "drill")
        while counts(server)["leased"]:
            assert time.monotonic() < halted_at + 5
            time.sleep(0.02)
        time.sleep(0.2)  # a checkpoint that was begun before the halt
        at_rest = counts(server)
        assert 0 < at_rest["certificates"] < ROWS
        shown = tenant.client.get("/v1/certificates?limit=1").json()["certificates"][0]
        taken_back = tenant.client.post(
            f"/v1/certificates/{shown['id']}/revoke", json={"reason": "drill"}
        )
        assert taken_back.status_code == 200, taken_back.text
        later = tenant.job(sheet(*good_rows(2, start=9_000)), pictures())
        time.sleep(1.2)  # six chunks' worth, were they leased

        assert counts(server) == at_rest
        assert tenant.status(job)["status"] == "processing"
        assert tenant.status(later)["status"] == "queued"
        ready = httpx.get(f"{server.url}/readyz").json()
        assert ready == {"status": "ok", "issuing": "halted"}
        assert "Issuing is halted" in httpx.get(f"{server.url}/").text
        assert "testamur_issuing_halted 1.0" in httpx.get(f"{server.url}/metrics").text
        page = httpx.get(f"{server.url}/c/{shown['id']}")
        assert page.status_code == 200
        assert "evoked" in page.text

        server.run("halt", "off")

        assert tenant.wait(job)["status"] == "completed"
        assert tenant.wait(later)["status"] == "completed"
        lines = tenant.results(job)
        assert [line["status"] for line in lines] == ["success"] * ROWS
        assert len({line["certificateId"] for line in lines}) == ROWS
        assert list(violations(server.office.database)) == []
        assert "bug req_" not in server.log, server.log


def test_the_switch_works_where_no_server_runs(tmp_path: Path) -> None:
    """It is thrown in the database: the next server starts halted, and says so."""
    with served(tmp_path / "house") as server:
        server.stop()
        server.run("halt", "on")
        assert "issuing is halted since" in server.run("halt")
    with served(tmp_path / "house") as server:
        tenant = server.tenant()
        job = tenant.job(sheet(*good_rows(2)), pictures())
        ready = httpx.get(f"{server.url}/readyz").json()
        assert ready["issuing"] == "halted"
        assert counts(server)["certificates"] == 0

        assert server.run("halt", "off") == "issuing goes on\n"

        assert tenant.wait(job)["status"] == "completed"
        assert server.run("halt", "status") == "issuing is not halted\n"


@pytest.mark.parametrize("moment", ["before leasing", "before drafting"])
def test_a_halt_is_looked_for_before_a_chunk_is_leased_and_before_it_is_signed(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """
    Halted in between: the chunk is given back unsigned, and no attempt is counted.
    """
    switch = SqlSwitch(workshop.database)
    job = workshop.admit(workshop.tenant(), [row(1), row(2)])
    signed: list[object] = []
    monkeypatch.setattr(
        "testamur.issuance.issue.sign", lambda *args: signed.append(args) or []
    )
    draft = workshop.registry.draft

    def halt_and_draft(*args: object) -> object:
        switch.halt(Halt(1, ""), by="operator")
        return draft(*args)

    if moment == "before leasing":
        switch.halt(Halt(1, ""), by="operator")
    else:
        monkeypatch.setattr(workshop.registry, "draft", halt_and_draft)

    workshop.work_once()
    while switch.state() is None:  # its pictures are being fetched
        workshop.work_once()

    assert workshop.queue.lease("another") is None
    assert signed == []
    with workshop.database.reading() as connection:
        found = connection.exec_driver_sql("SELECT state, attempts FROM chunks")
        assert [tuple(chunk) for chunk in found] == [("waiting", 0)]
        assert not connection.exec_driver_sql("SELECT count(*) FROM drafts").scalar()
    monkeypatch.undo()
    switch.resume(2, by="operator")
    workshop.drain()
    assert list(workshop.outcomes(job).values()) == ["success", "success"]
