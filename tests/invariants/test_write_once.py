"""I5: what was published under an address is there for ever, to the last byte."""

import time

from support.mortal import served
from support.published import Memory, log_size, tiles
from support.server import Tenant, good_rows, pictures, sheet

#: Of 256, so that the next job fills a tile of the log, and its part is removed.
ROWS = 200


def test_nothing_published_ever_changes(tmp_path):
    """
    Credentials, pictures and every tile of the log, looked at when they first
    appear and again after a retry, a rotation of keys, another job, a revocation,
    a suspension, kill -9 and a restart.
    """
    with served(tmp_path / "house") as server:
        tenant = server.tenant()
        memory = Memory(tenant.client)
        wrong = ["Course,A description,missing.png,education,p@example.com"] * 3
        first = tenant.job(sheet(*good_rows(ROWS), *wrong), pictures())
        while tenant.status(first)["status"] in ("queued", "processing"):
            memory.note(*tiles(log_size(tenant.client)))
            time.sleep(0.01)
        shown = [line["certificateId"] for line in tenant.results(first)[:ROWS:60]]
        memory.note(*published(shown), *tiles(log_size(tenant.client)))

        assert tenant.client.post(f"/api/bulk-mint/{first}/retry").status_code == 200
        server.run("issuer", "rotate", "--tenant", tenant.slug)
        server.run("issuer", "set", "--tenant", tenant.slug, "--recipients", "plain")
        second = tenant.done(sheet(*good_rows(100, start=1000)), pictures())
        tenant.wait(first)
        shown += [line["certificateId"] for line in tenant.results(second)[:3]]
        memory.note(*published(shown), *tiles(log_size(tenant.client)))

        for one, verb in ((shown[0], "revoke"), (shown[1], "suspend")):
            answer = tenant.client.post(
                f"/v1/certificates/{one}/{verb}", json={"reason": "a reason"}
            )
            assert answer.status_code == 200, answer.text
        memory.see(*tiles(log_size(tenant.client)))
        server.process.kill()
        server.process.wait()
        seen = memory.seen

    with served(tmp_path / "house", TESTAMUR_PUBLIC_URL=server.url) as again:
        tenant = Tenant(again, tenant.slug, tenant.key, tenant.key_id)
        memory = Memory(tenant.client, seen)
        tenant.done(sheet(*good_rows(3, start=2000)), pictures())
        memory.see(*tiles(log_size(tenant.client)))


def published(ids: list[str]) -> list[str]:
    """Return the addresses of what is published of certificates, for good."""
    return [path for one in ids for path in (f"/c/{one}.json", f"/c/{one}/image")]
