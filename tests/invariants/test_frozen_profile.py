"""I16: how a job is issued is fixed when it is accepted, whatever changes later."""

import json
import time
from collections.abc import Iterable

import httpx

from support.mortal import served
from support.published import credential
from support.server import Tenant, good_rows, pictures, sheet
from testamur.issuance.die.base58 import from_base58btc
from testamur.issuance.die.proof import problem_with
from testamur.wiring.soundness import unsound

#: Three chunks, one after the other.
ROWS = 1_100

#: Every row's letterhead is compared; so many are also read and verified.
READ = range(0, ROWS, 100)


def keys_of(tenant: Tenant) -> dict[str, bytes]:
    """Return the keys in the issuer's DID document, by name."""
    document = httpx.get(f"{tenant.server.url}/t/{tenant.slug}/did.json").json()
    return {
        method["id"]: from_base58btc(method["publicKeyMultibase"][1:])[2:]
        for method in document["verificationMethod"]
        if method["type"] == "Multikey"
    }


def credentials(tenant: Tenant, job: str, which: Iterable[int]) -> list[dict]:
    """Return credentials of a job's rows, all of which succeeded."""
    lines = tenant.results(job)
    assert {line["status"] for line in lines} == {"success"}
    return [
        json.loads(credential(tenant.client, lines[n]["certificateId"])) for n in which
    ]


def told(credential: dict) -> tuple[str, str, bool]:
    """Return what the profile decides: issuer, key, and whether the address is hid."""
    (proof,) = credential["proof"]
    (recipient,) = credential["credentialSubject"]["identifier"]
    return (
        json.dumps(credential["issuer"], sort_keys=True),
        proof["verificationMethod"],
        recipient["hashed"],
    )


def test_a_job_keeps_its_letterhead_through_rotation_and_other_workers(tmp_path):
    """
    In the middle of a job its tenant gets another key, and later jobs name people
    by their address; its worker is killed, and another goes on. Every row has the
    letterhead that the job was accepted with, the next job has the new one, and
    the DID document has the keys that verify both.
    """
    slow = {"TESTAMUR_FAILPOINTS": "draft.after_commit=sleep:0.4"}
    with served(tmp_path / "house", **slow) as server:
        tenant = server.tenant()
        job = tenant.job(sheet(*good_rows(ROWS)), pictures())
        while not tenant.status(job)["processedCount"]:
            time.sleep(0.01)
        tenants = server.office.tenants
        server.office.keyring.rotate(tenants.find(tenant.slug).id, by="test")
        tenants.show_addresses(tenant.slug, True)
        (worker,) = server.workers()
        worker.kill()
        assert tenant.status(job)["processedCount"] < ROWS, "it was over already"

        assert tenant.wait(job)["status"] == "completed"
        old = credentials(tenant, job, READ)
        later = tenant.done(sheet(*good_rows(2)), pictures())
        new = credentials(tenant, later, range(2))
        keys = keys_of(tenant)
        with server.office.database.reading() as connection:
            used = connection.exec_driver_sql(
                "SELECT c.job_seq, count(*), count(DISTINCT s.key_id) FROM signings s "
                "JOIN chunks c ON c.id = s.chunk_id GROUP BY c.job_seq"
            ).fetchall()
        assert list(unsound(server.office)) == []

    assert [tuple(one) for one in used] == [(1, 3, 1), (2, 1, 1)]
    (before,) = {told(one) for one in old}
    (after,) = {told(one) for one in new}
    assert before[0] == after[0]
    assert {before[1], after[1]} == set(keys)
    assert before[1] != after[1]
    assert (before[2], after[2]) == (True, False)
    for one in (*old[::3], *new):
        assert problem_with(one, keys) is None
