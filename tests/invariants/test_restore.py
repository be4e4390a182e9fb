"""I17: what was taken back stays taken back, also when an old backup is restored."""

import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from support import nursery
from support.mortal import served
from support.server import TESTAMUR, Server, Tenant, good_rows, pictures, sheet
from testamur.adapters.sql.acts import SqlActs
from testamur.adapters.sql.fsck import violations
from testamur.core import failpoints
from testamur.core.acts import Chosen
from testamur.core.lifecycle import StandingEvent
from testamur.issuance.standing import Standings


def revoke(server: Server, tenant: Tenant, ids: list[str]) -> str:
    """Revoke certificates; return the act's id."""
    office = server.office
    done = Standings(SqlActs(office.database), office.acts_record, office.clock).change(
        StandingEvent.REVOKE,
        office.tenants.find(tenant.slug).id,
        Chosen(ids=tuple(ids)),
        reason="issued in error",
        actor="operator",
    )
    assert done.act is not None
    return done.act.id


def revoked(server: Server) -> dict[str, tuple[str, int]]:
    """Return every revoked certificate: its act, and since when."""
    query = """
        SELECT c.id, s.act_id, s.since FROM standings s JOIN certificates c
          ON c.job_seq = s.job_seq AND c.number = s.number
        WHERE s.standing = 'revoked'
    """
    with server.office.database.reading() as connection:
        found = connection.exec_driver_sql(query)
        return {name: (act, since) for name, act, since in found}


def command(server: Server, *words: str, **settings: str) -> tuple[int, str]:
    """Run a command that may fail; return its status and what it said."""
    done = nursery.run(
        [TESTAMUR, *words],
        env={**server.environment, **settings},
        cwd=server.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def scalar(server: Server, query: str) -> object:
    """Return the one value of *query*."""
    with server.office.database.reading() as connection:
        return connection.exec_driver_sql(query).scalar()


def known(server: Server, tenant: Tenant) -> Tenant:
    """Return the tenant as a caller of another server."""
    return Tenant(server, tenant.slug, tenant.key, tenant.key_id)


def test_a_restored_backup_neither_unrevokes_nor_forks_the_log(tmp_path: Path) -> None:
    """
    Backup; revoke 10; issue more; restore the backup. Before anything is served all
    10 are revoked again, by the same act and since the same moment. Issuing is
    halted and cannot be resumed, and no checkpoint is signed, until the operator
    accepts the loss: then the log goes on under another name, with every leaf that
    is left, and no place in a status list is handed out twice.
    """
    folder = tmp_path / "house"
    with served(folder) as server:
        tenant = server.tenant()
        job = tenant.done(sheet(*good_rows(30)), pictures())
        ids = [line["certificateId"] for line in tenant.results(job)]
        server.run("backup", str(tmp_path / "backup"))
        act = revoke(server, tenant, ids[5:15])
        before = revoked(server)
        assert set(before) == set(ids[5:15])
        tenant.done(sheet(*good_rows(5, start=100)), pictures())
        server.stop()
        old_size = int(str(scalar(server, "SELECT size FROM log_state")))

    shutil.move(tmp_path / "backup", folder / "restored")
    restored = {"TESTAMUR_DATA": str(folder / "restored")}
    with served(folder, **restored) as server:
        tenant = known(server, tenant)
        assert revoked(server) == before
        assert {found[0] for found in before.values()} == {act}
        assert httpx.get(f"{server.url}/readyz").json()["issuing"] == "halted"
        for name in (ids[0], ids[5]):
            assert httpx.get(f"{server.url}/c/{name}").status_code == 200
        assert tenant.client.get("/v1/certificates").status_code == 200
        waiting = tenant.job(sheet(*good_rows(3, start=200)), pictures())
        again = revoke(server, tenant, ids[20:21])

        status, said = command(server, "halt", "off")
        assert status == 1, said
        assert "record accept" in said
        status, said = command(server, "record", "accept")
        assert status == 1, said
        assert "server already runs" in said
        assert "database: log:" in server.run("record")
        assert tenant.status(waiting)["status"] == "queued"
        assert not (folder / "restored" / "log" / "checkpoint").exists()
        used = int(str(scalar(server, "SELECT max(used) FROM status_lists")))
        assert used == 30
        server.stop()

    status, said = command(server, "record", "accept")
    assert status == 0, said
    assert "issuing goes on" in said
    with served(folder, **restored) as server:
        tenant = known(server, tenant)
        assert tenant.wait(waiting)["status"] == "completed"
        assert set(revoked(server)) == {*ids[5:15], ids[20]}
        assert revoked(server)[ids[20]][0] == again
        origin = str(scalar(server, "SELECT origin FROM log_state"))
        assert origin.endswith("/log/2")
        note = httpx.get(f"{server.url}/log/checkpoint").text
        assert note.splitlines()[0] == origin
        # 31 certificates and acts are fewer leaves than the old log had.
        assert int(note.splitlines()[1]) < old_size
        lists = "SELECT count(*) FROM status_lists WHERE used = size"
        assert scalar(server, lists) == 1
        taken = "SELECT min(first_place) FROM drafts"
        assert scalar(server, taken) is None
        assert scalar(server, "SELECT count(*) FROM status_lists") == 2
        assert list(violations(server.office.database)) == []
        assert server.run("fsck") == "everything agrees\n"
        assert "each bound" in server.run("audit", "check")


def test_accepting_a_loss_that_a_crash_cut_short_is_accepted_again(
    tmp_path: Path,
) -> None:
    """
    Killed once the database has accepted it: a server that starts meanwhile issues
    nothing. Accepted again, the log goes on with every leaf that is left, under a
    name that no log had before, and what was revoked stays revoked.
    """
    folder = tmp_path / "house"
    with served(folder) as server:
        tenant = server.tenant()
        job = tenant.done(sheet(*good_rows(4)), pictures())
        ids = [line["certificateId"] for line in tenant.results(job)]
        server.run("backup", str(folder / "restored"))
        revoke(server, tenant, ids[:1])
        tenant.done(sheet(*good_rows(3, start=10)), pictures())
        server.stop()

    restored = {"TESTAMUR_DATA": str(folder / "restored")}
    killed = {"TESTAMUR_FAILPOINTS": "record.after_accept=kill", **restored}
    status, said = command(server, "record", "accept", **killed)
    assert status == -9, said
    with served(folder, **restored) as server:
        tenant = known(server, tenant)
        assert httpx.get(f"{server.url}/readyz").json()["issuing"] == "halted"
        waiting = tenant.job(sheet(*good_rows(2, start=20)), pictures())
        server.stop()

    status, said = command(server, "record", "accept")
    assert status == 0, said
    status, said = command(server, "record", "accept")
    assert status == 1, said
    with served(folder, **restored) as server:
        tenant = known(server, tenant)
        assert tenant.wait(waiting)["status"] == "completed"
        note = httpx.get(f"{server.url}/log/checkpoint").text.splitlines()
        assert note[0].endswith("/log/3")
        # Four certificates, the act, and two more certificates.
        assert int(note[1]) == 7
        assert set(revoked(server)) == {ids[0]}
        assert list(violations(server.office.database)) == []
        assert server.run("fsck") == "everything agrees\n"


def test_a_backup_that_lost_nothing_goes_on_by_itself(tmp_path: Path) -> None:
    """Restored at once, nothing is halted, and there is nothing to accept."""
    folder = tmp_path / "house"
    with served(folder) as server:
        tenant = server.tenant()
        tenant.done(sheet(*good_rows(2)), pictures())
        server.run("backup", str(folder / "restored"))
        server.stop()
    with served(folder, TESTAMUR_DATA=str(folder / "restored")) as server:
        tenant = known(server, tenant)
        assert httpx.get(f"{server.url}/readyz").json()["issuing"] == "on"
        tenant.done(sheet(*good_rows(2, start=10)), pictures())
        server.stop()
        status, said = command(server, "record", "accept")
        assert status == 1
        assert "nothing to accept" in said


def test_what_cannot_be_written_down_is_not_done(tmp_path: Path) -> None:
    """
    The record folder is gone: revoking is answered with 503, and nothing changed.
    Once it is back, the same request revokes. No server starts without it.
    """
    record = tmp_path / "record"
    settings = {"TESTAMUR_RECORD_DIR": str(record)}
    with served(tmp_path / "house", **settings) as server:
        tenant = server.tenant()
        job = tenant.done(sheet(*good_rows(2)), pictures())
        name = tenant.results(job)[0]["certificateId"]
        path = f"/v1/certificates/{name}/revoke"
        record.rename(tmp_path / "kept")
        record.write_text("in the way")

        refused = tenant.client.post(path, json={"reason": "drill"})
        assert refused.status_code == 503, refused.text
        assert revoked(server) == {}
        for table in ("acts", "audit WHERE act LIKE 'certificate.%%'"):
            assert scalar(server, f"SELECT count(*) FROM {table}") == 0
        assert str(record) in server.log

        record.unlink()
        (tmp_path / "kept").rename(record)
        done = tenant.client.post(path, json={"reason": "drill"})
        assert done.status_code == 200, done.text
        assert set(revoked(server)) == {name}
        server.stop()

        record.rename(tmp_path / "kept")
        record.write_text("in the way")
        status, said = command(server, "serve", "--port", "0")
        assert status == 1
        assert str(record) in said


@pytest.mark.parametrize("name", ["act.after_record", "act.after_commit"])
def test_an_act_that_a_crash_cut_short_is_done_at_the_next_start(
    tmp_path: Path, name: str
) -> None:
    """Written down, then killed: whether it was committed or not, it happened."""
    with served(tmp_path / "house") as server:
        tenant = server.tenant()
        job = tenant.done(sheet(*good_rows(3)), pictures())
        ids = [line["certificateId"] for line in tenant.results(job)]
        tenant_id = server.office.tenants.find(tenant.slug).id
        script = (
            "import sys; from testamur.config import read_settings; "
            "from testamur.wiring.office import open_office; "
            "from testamur.adapters.sql.acts import SqlActs; "
            "from testamur.core.acts import Chosen; "
            "from testamur.core.lifecycle import StandingEvent; "
            "from testamur.issuance.standing import Standings; "
            "o = open_office(read_settings()); "
            "Standings(SqlActs(o.database), o.acts_record, o.clock).change("
            "StandingEvent.REVOKE, sys.argv[1], Chosen(ids=(sys.argv[2],)), "
            "reason='drill', actor='operator')"
        )
        done = subprocess.run(
            [str(Path(TESTAMUR).with_name("python")), "-c", script, tenant_id, ids[1]],
            env={**server.environment, "TESTAMUR_FAILPOINTS": f"{name}=kill"},
            cwd=server.folder,
            check=False,
            timeout=60,
        )
        assert done.returncode == -9
        server.stop()
    assert not failpoints.ARMED
    with served(tmp_path / "house") as server:
        assert set(revoked(server)) == {ids[1]}
        assert httpx.get(f"{server.url}/readyz").json()["issuing"] == "on"
        assert list(violations(server.office.database)) == []
