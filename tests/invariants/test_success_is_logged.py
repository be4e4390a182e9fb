"""I14: a row is a success exactly when its credential's leaf is in the log."""

import hashlib
import time

import pytest

from support.mortal import family_of, served
from support.published import credential, leaves, log_size, place
from support.server import Tenant, good_rows, pictures, sheet
from testamur.adapters.sql.fsck import violations
from testamur.wiring.soundness import unsound

GOOD = 600
WRONG = ["Course,A description,one.png,education,nobody"] * 7


def digests_of(tenant: Tenant, ids: list[str]) -> list[bytes]:
    """Return the SHA-256 of each certificate's credential."""
    return [hashlib.sha256(credential(tenant.client, one)).digest() for one in ids]


def successes(tenant: Tenant, job: str) -> list[str]:
    """Return the certificates of the rows that the results call a success."""
    lines = tenant.results(job)
    assert all(
        bool(one["certificateId"]) == (one["status"] == "success") for one in lines
    )
    return [one["certificateId"] for one in lines if one["certificateId"]]


def test_no_success_without_its_leaf_and_no_leaf_without_its_success(tmp_path):
    """
    While a job runs, whoever hears of a success finds its proof at once; as many
    successes as are counted are in the checkpoint that is out; when the job is
    done, the leaves are those credentials and no others.
    """
    slow = {"TESTAMUR_FAILPOINTS": "log.after_tiles=sleep:0.1"}
    with served(tmp_path / "house", **slow) as server:
        tenant = server.tenant()
        job = tenant.job(sheet(*good_rows(GOOD), *WRONG), pictures())
        counted = []
        known: set[str] = set()
        while (now := tenant.status(job))["status"] in ("queued", "processing"):
            counted.append(now["processedCount"] - now["failedCount"])
            assert counted[-1] <= log_size(tenant.client)
            found = successes(tenant, job)
            for one in [one for one in found if one not in known][::97]:
                place(tenant.client, one)
            assert known <= set(found)
            known = set(found)

        assert now["status"] == "completed"
        found = successes(tenant, job)
        assert len(found) == GOOD == log_size(tenant.client)
        assert sorted(digests_of(tenant, found)) == sorted(leaves(tenant.client))
        assert counted == sorted(counted)


@pytest.mark.parametrize(
    "where",
    # A server begins with a checkpoint of an empty log: that is the first.
    [
        "log.after_cas=kill@1",
        "log.after_tiles=kill@2",
    ],
)
def test_a_server_that_is_killed_while_it_publishes_goes_on(tmp_path, where):
    """
    kill -9 between keeping certificates and showing them, before and after the log
    is decided: no job is finished on what nobody can check, and after a restart
    every row is there, once, in the log as in the results.
    """
    with served(tmp_path / "house", TESTAMUR_FAILPOINTS=where) as server:
        tenant = server.tenant()
        job = tenant.job(sheet(*good_rows(20)), pictures())
        assert server.process.wait(60) == -9
        for process in family_of(server):
            process.kill()
        with server.office.database.reading() as connection:
            state = connection.exec_driver_sql("SELECT state FROM jobs").scalar()
        assert state == "processing"
        assert list(violations(server.office.database)) == []

    with served(tmp_path / "house") as server:
        again = Tenant(server, tenant.slug, tenant.key, tenant.key_id)
        assert again.wait(job)["status"] == "completed"
        found = successes(again, job)
        assert len(found) == 20
        assert sorted(digests_of(again, found)) == sorted(leaves(again.client))
        assert sorted(place(again.client, one) for one in found) == [*range(20)]
        assert list(unsound(server.office)) == []


def test_a_cancelled_jobs_last_chunk_is_told_when_it_is_logged(tmp_path):
    """
    Cancelled while its kept rows wait for the log: they are pending, then successes,
    and were never called cancelled.
    """
    slow = {"TESTAMUR_FAILPOINTS": "log.after_tiles=sleep:0.5"}
    with served(tmp_path / "house", **slow) as server:
        tenant = server.tenant()
        job = tenant.job(sheet(*good_rows(5)), pictures())
        kept = "SELECT count(*) FROM certificates"
        give_up_at = time.monotonic() + 30
        while True:
            with server.office.database.reading() as connection:
                if connection.exec_driver_sql(kept).scalar():
                    break
            assert time.monotonic() < give_up_at
            time.sleep(0.005)
        answer = tenant.client.post(f"/api/bulk-mint/{job}/cancel")
        assert answer.status_code == 200, answer.text
        seen = []
        while not seen or seen[-1] != ["success"] * 5:
            seen.append([line["status"] for line in tenant.results(job)])
            assert time.monotonic() < give_up_at

        assert seen[0] == ["pending"] * 5
        assert not any("cancelled" in statuses for statuses in seen)
        assert tenant.status(job)["cancelledCount"] == 0
