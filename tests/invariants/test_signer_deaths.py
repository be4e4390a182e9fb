"""I5, I15, I25: the server dies between the audit log's entry and the signature."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from support.mortal import served
from support.server import Server, Tenant, good_rows, pictures, sheet
from testamur.adapters.sql.fsck import violations

STATUS = {"type": "BitstringStatusListEntry", "statusPurpose": "revocation"}
ORDER = {
    "credential": {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "credentialSubject": {"id": "did:example:ada"},
    },
    "options": {"credentialStatus": STATUS},
}


def number(server: Server, query: str) -> int:
    """Return the one number that *query* asks for."""
    with server.office.database.reading() as connection:
        return int(connection.scalar(text(query)) or 0)


def uses(server: Server) -> int:
    """Return how often the audit log says that a key is used."""
    return number(server, "SELECT count(*) FROM audit WHERE act = 'key.used'")


def leaves(server: Server) -> int:
    """Return how many leaves of single documents the log has, or will have."""
    return number(server, "SELECT count(*) FROM leaf_batches WHERE act IS NOT NULL")


def credentials(server: Server) -> int:
    """Return how many credentials were issued to callers who wrote them."""
    return number(server, "SELECT count(*) FROM secured")


def renditions(server: Server) -> int:
    """Return how many certificates there are in other formats, once in each."""
    return number(server, "SELECT count(*) FROM renditions")


def places(server: Server) -> int:
    """Return how many places of status lists were handed out."""
    return number(server, "SELECT sum(used) FROM status_lists")


def dies(server: Server, tenant: Tenant, method: str, path: str, **body: Any) -> None:
    """Send what kills the server: there is no answer."""
    with pytest.raises(httpx.TransportError):
        tenant.client.request(method, path, **body)
    assert server.process.wait(10) == -9


def known(server: Server, tenant: Tenant) -> Tenant:
    """Return the tenant as a caller of the next server."""
    return Tenant(server, tenant.slug, tenant.key, tenant.key_id)


def test_a_credential_whose_signer_dies_is_nowhere_and_the_next_is_issued(
    tmp_path: Path,
) -> None:
    """
    The audit log has the use of the key and the place in the list is gone for ever;
    there is no credential and no leaf. Sent again, it gets the next place.
    """
    armed = {"TESTAMUR_FAILPOINTS": "secure.before_sign=kill"}
    with served(tmp_path / "house", **armed) as server:
        tenant = server.tenant()
        dies(server, tenant, "POST", "/credentials/issue", json=ORDER)

    with served(tmp_path / "house") as server:
        tenant = known(server, tenant)
        assert (uses(server), places(server)) == (1, 1)
        assert (credentials(server), leaves(server)) == (0, 0)

        answer = tenant.client.post("/credentials/issue", json=ORDER)

        assert answer.status_code == 201, answer.text
        assert (uses(server), places(server)) == (2, 2)
        assert (credentials(server), leaves(server)) == (1, 1)
        issued = answer.json()["verifiableCredential"]
        said = httpx.post(
            f"{server.url}/credentials/verify", json={"verifiableCredential": issued}
        )
        assert (said.status_code, said.json()["verified"]) == (200, True), said.text
        assert list(violations(server.office.database)) == []


def test_a_format_whose_signer_dies_is_nowhere_and_is_given_once_asked_again(
    tmp_path: Path,
) -> None:
    """
    The certificate stays as it was. Whoever asks again gets the one text there will
    ever be of it, which has one leaf; the audit log has both uses of the key.
    """
    armed = {"TESTAMUR_FAILPOINTS": "render.before_sign=kill"}
    with served(tmp_path / "house", **armed) as server:
        tenant = server.tenant()
        job = tenant.done(sheet(*good_rows(1)), pictures())
        (line,) = tenant.results(job)
        path = f"/v1/certificates/{line['certificateId']}/credential"
        before, used = tenant.client.get(path).content, uses(server)
        dies(server, tenant, "GET", f"{path}?format=vc-jwt")

    with served(tmp_path / "house") as server:
        tenant = known(server, tenant)
        assert uses(server) == used + 1
        assert (renditions(server), leaves(server)) == (0, 0)
        assert tenant.client.get(path).content == before

        first = tenant.client.get(f"{path}?format=vc-jwt")
        again = tenant.client.get(f"{path}?format=vc-jwt")

        assert first.status_code == 200, first.text
        assert again.content == first.content
        assert uses(server) == used + 2
        assert (renditions(server), leaves(server)) == (1, 1)
        assert list(violations(server.office.database)) == []
