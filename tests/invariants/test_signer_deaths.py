"""I5, I15, I25: the server dies between the audit log's entry and the signature."""

import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from support import children, crashing, pki
from support.mortal import served
from support.paperwork import pdf
from support.server import Server, Tenant, good_rows, pictures, sheet
from support.workshop import csv_of, fetch, row
from testamur.adapters.sql.fsck import violations
from testamur.config import read_settings
from testamur.core.papers import Invited, NewDocument, SignatoryFields, TypeFields
from testamur.core.pins import Pin
from testamur.core.words import Caller, SignedPrintsView, SigningOrder
from testamur.intake.admit import UploadedFile
from testamur.intake.door import Wishes
from testamur.intake.gallery import Gallery
from testamur.issuance.issue import issue_chunk
from testamur.uploads.files import ArrivedFile
from testamur.wiring.log import new_sequencer
from testamur.wiring.office import Office, open_office
from testamur.wiring.printing import SIGNED
from testamur.wiring.signed_prints import PART
from testamur.wiring.soundness import unsound

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


# Batches of documents and jobs that are signed: what signs is a process of its own.

PIN = "4711-institute"

#: Where what signs documents may die.
SEALING = ["seal.after_signing", "seal.after_files", "batch.before_commit"]

#: How many documents are signed together.
CHUNK = 25


class Registry:
    """An installation without a server: its tenant, with a signer."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._monkeypatch = monkeypatch
        self.environment = {
            "TESTAMUR_DATA": str(folder / "data"),
            "TESTAMUR_SECRET_FILE": str(folder / "secret"),
            "TESTAMUR_PUBLIC_URL": "https://certificates.example",
        }
        # What signs is told where it is by its environment.
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)
        self.office = open_office(read_settings())
        tenant = self.office.tenants.create("harbour", "Harbour College", "unlimited")
        self.caller = Caller(tenant, "key", frozenset())
        data = pki.p12(pki.signer("p256"), PIN.encode(), pki.intermediate())
        added = self.office.signers.add_file(
            tenant.id, "Registrar", data, Pin(PIN), None, by="key"
        )
        self.signer = added.signer.id

    def arm(self, armed: str) -> None:
        """Have processes that start from now on break at these places."""
        self._monkeypatch.setenv("TESTAMUR_FAILPOINTS", armed)

    def documents(self, count: int) -> list[int]:
        """Return the ids of *count* new documents."""
        tenant, desk = self.caller.tenant.id, self.office.paper_desk
        arrived = []
        for number in range(count):
            data = pdf(f"document {number}")
            path = self._folder / f"{number}.pdf"
            path.write_bytes(data)
            digest = hashlib.sha256(data).hexdigest()
            arrived.append(ArrivedFile(path, digest, len(data), path.name))
        kind = desk.kinds.create(tenant, TypeFields(description="Diploma"))
        return [
            desk.documents.create(
                tenant,
                NewDocument("Of Ada", kind.id, file.id, None, "module_uuid", ()),
                by="key",
            ).id
            for file in self.office.uploaded_files.keep(tenant, arrived)
        ]

    def sign(self, documents: list[int]) -> list[str]:
        """Have documents be signed; return what became of each, once it is over."""
        batches = self.office.batches
        order = SigningOrder(self.signer)
        job = batches.sign(self.caller, documents, Pin(PIN), order)
        self._await(lambda: batches.is_over(job))
        results = batches.view(job.tenant_id, job.id).results
        return [one.reason.code if one.reason else "signed" for one in results]

    def sign_job(self, job: str) -> SignedPrintsView:
        """Have a job's certificates be signed; return how it ends."""
        prints, tenant = self.office.signed_prints, self.caller.tenant.id
        prints.sign(self.caller, job, self.signer, Pin(PIN), "")
        self._await(lambda: not prints.view(tenant, job).is_running)
        return prints.view(tenant, job)

    def count(self, query: str) -> int:
        """Return the one number that *query* asks for."""
        with self.office.database.reading() as connection:
            return int(connection.scalar(text(query)) or 0)

    def issued(self, count: int) -> str:
        """Issue certificates that a template draws; return the id of their job."""
        office, tenant = self.office, self.caller.tenant
        path = self._folder / "rows.csv"
        path.write_bytes(csv_of([row(n, imageUrl="") for n in range(1, count + 1)]))
        template = office.templates.choose(tenant.id, "minimal")
        job = office.door.enter(
            tenant,
            dialect="pocketbook",
            rows_file=UploadedFile(path, hashlib.sha256(path.read_bytes()).hexdigest()),
            images_file=None,
            wishes=Wishes(template=template),
        )
        run_until_done(office)
        return job.id

    def _await(self, is_over: Callable[[], bool]) -> None:
        end = time.monotonic() + 90
        while not is_over():
            assert time.monotonic() < end
            time.sleep(0.02)


def run_until_done(office: Office) -> None:
    """Issue what waits, in this process, and publish it."""
    gallery = Gallery(office.shelf, office.blobs, lambda: fetch)
    while lease := office.queue.lease("worker"):
        issue_chunk(
            lease,
            registry=office.registry,
            pictures=gallery,
            signing=office.signing,
            looks=office.printing,
        )
    gallery.close()
    sequencer = new_sequencer(office)
    while sequencer.step():
        pass
    office.queue.settle()


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """Return an installation, in which everything must agree when the test ends."""
    one = Registry(tmp_path, monkeypatch)
    yield one
    assert list(violations(one.office.database)) == []
    assert list(unsound(one.office)) == []
    one.office.typesetting.close()
    one.office.close()


@pytest.mark.parametrize("place", SEALING)
def test_documents_whose_signer_dies_are_signed_once_each(
    registry: Registry, place: str
) -> None:
    """
    It dies with the second chunk, and its successor with the third: each document
    has one new version and one seal, whatever was signed and not kept.
    """
    documents = registry.documents(2 * CHUNK + 1)
    registry.arm(f"{place}=kill@2")

    outcomes = registry.sign(documents)

    assert outcomes == ["signed"] * len(documents)
    attempts = registry.count("SELECT sum(attempts) FROM chunks")
    assert attempts == 3 + 2, "two of three chunks were begun twice"
    versions = "SELECT count(*) FROM document_files"
    assert registry.count(versions) == 2 * len(documents)
    assert registry.count("SELECT count(*) FROM document_seals") == len(documents)


def test_documents_whose_signer_always_dies_fail_and_can_be_signed_again(
    registry: Registry,
) -> None:
    """
    After the third death what it had in hand is said to break it, and the rest to
    have no signer; nothing is signed. Sent again when it lives, all are.
    """
    documents = registry.documents(CHUNK + 2)
    registry.arm(f"{SEALING[-1]}=kill")

    outcomes = registry.sign(documents)

    assert outcomes == ["not_processed"] * CHUNK + ["signer_unavailable"] * 2
    assert registry.count("SELECT count(*) FROM document_seals") == 0
    versions = "SELECT count(*) FROM document_files"
    assert registry.count(versions) == len(documents)

    registry.arm("")
    assert registry.sign(documents) == ["signed"] * len(documents)

    assert registry.count("SELECT count(*) FROM document_seals") == len(documents)
    assert registry.count(versions) == 2 * len(documents)


def test_signatories_whose_reminder_dies_are_written_to_once(
    registry: Registry,
) -> None:
    """
    The worker is killed with the mails written and not committed: there are none.
    The next one writes to everybody once.
    """
    [document] = registry.documents(1)
    desk, tenant = registry.office.paper_desk, registry.caller.tenant.id
    people = [SignatoryFields(one, f"{one}@x.example") for one in ("ada", "bob")]
    invited = [Invited(f"signers.{n}", None, one) for n, one in enumerate(people)]
    desk.requests.link(tenant, document, invited, in_order=False)
    desk.requests.send(tenant, document, by="key")
    with registry.office.database.writing() as connection:
        connection.execute(
            text("UPDATE signature_requests SET asked_at = asked_at - 61000")
        )
    job = registry.office.batches.resend(registry.caller, [document])
    mails = "SELECT count(*) FROM outbox"
    before = registry.count(mails)
    armed = "batch.before_commit=kill"
    environment = registry.environment

    assert children.run(crashing.resend_all, environment, armed=armed) == -9
    assert registry.count(mails) == before
    registry.office.queue.lapse(all_of_them=True)
    assert children.run(crashing.resend_all, environment) == 0

    assert registry.count(mails) == before + 2
    [result] = registry.office.batches.view(tenant, job.id).results
    assert result.done == {"recipients": 2}


@pytest.mark.timeout(300)
def test_certificates_whose_signer_dies_after_a_part_keep_their_files(
    registry: Registry,
) -> None:
    """
    It dies after each part, three times, and is given up. Asked again it makes the
    files that are missing, and no other.
    """
    job = registry.issued(3 * PART + 2)
    registry.arm("prints.after_part=kill")

    first = registry.sign_job(job)

    assert (first.signed, first.missing) == (3 * PART, 2)
    kept = dict(signed_files(registry))
    registry.arm("")
    then = registry.sign_job(job)

    assert (then.signed, then.missing) == (3 * PART + 2, 0)
    now = dict(signed_files(registry))
    assert len(now) == 3 * PART + 2
    assert {row: now[row] for row in kept} == kept


def signed_files(registry: Registry) -> list[tuple[int, bytes]]:
    """Return the digest of each signed file, by row."""
    query = text("SELECT number, digest FROM prints WHERE format = :format")
    with registry.office.database.reading() as connection:
        found = connection.execute(query, {"format": SIGNED})
        return [(number, bytes(digest)) for number, digest in found]
