"""I26: of a person who was erased nothing is left, and of the others everything."""

import base64
import hashlib
import itertools
import json
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from support.images import photograph, saved
from support.server import Server, Tenant, running, start
from support.zips import Entry, build
from testamur.adapters.sql.fsck import violations
from testamur.tlog.checkpoint import open_checkpoint
from testamur.tlog.note import decoded, verifier
from testamur.tlog.proof import verify_proof
from testamur.tlog.tree import is_consistent

pytestmark = pytest.mark.xdist_group("erasure")

COLUMNS = (
    "name,description,imageUrl,category,recipientEmail,recipientName,"
    "attribute_Grade,attribute_Evidence"
)

EMAIL = "zdenka.quixote.7@canary-brightwater.example"

#: What nobody else's rows say: each must be found before, and nowhere after.
CANARIES = (
    "zdenka.quixote.7",
    "canary-brightwater",
    "Zdeňka Quixotová-Ωmega",
    'Hydrographic "surveying" of Ostrava canals',
    "a summa cum laude of her own",
    "zdenka-portrait-4711",
    "https://evidence.example/zdenka-notebook",
    "key-for-zdenka.quixote.7",
)


def line(*cells: str) -> str:
    """Return a line of a CSV."""
    return ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)


#: Hers, and in capitals where addresses may differ.
HERS = line(
    CANARIES[3],
    "Surveyed by Zdeňka Quixotová-Ωmega",
    "zdenka-portrait-4711.png",
    "Course",
    EMAIL.upper().replace("ZDENKA.QUIXOTE.7", "Zdenka.Quixote.7"),
    "Zdeňka Quixotová-Ωmega",
    "a summa cum laude of her own",
    "https://evidence.example/zdenka-notebook",
)


def others(count: int) -> list[str]:
    """Return rows of other people; the first two share a picture."""
    return [
        line(
            f"Course {n}",
            "Knows the tides.",
            f"portrait-{max(n, 2)}.png",
            "Course",
            f"person{n}@example.org",
            f"Person {n}",
            "good",
            "",
        )
        for n in range(1, count + 1)
    ]


def portraits() -> dict[str, bytes]:
    """Return everybody's picture by name."""
    names = ["zdenka-portrait-4711.png", *(f"portrait-{n}.png" for n in range(2, 10))]
    return {
        name: saved(photograph(160, 120, seed=seed), "PNG")
        for seed, name in enumerate(names, 1)
    }


def csv(*lines: str) -> bytes:
    """Return a CSV."""
    return "\n".join((COLUMNS, *lines, "")).encode()


def spellings(text: str) -> Iterator[bytes]:
    """Give the ways in which a file may hold *text*."""
    for form in {text, text.lower()}:
        yield from _spelled(form)


def _spelled(text: str) -> Iterator[bytes]:
    raw = text.encode()
    yield raw
    yield text.encode("utf-16-le")
    yield text.encode("utf-16-be")
    yield json.dumps(text)[1:-1].encode()
    yield json.dumps(text, ensure_ascii=False)[1:-1].encode()
    yield raw.hex().encode()
    for shift in range(3):  # wherever it stands in what is encoded
        padded = base64.b64encode(b"\0" * shift + raw)
        whole = len(padded) - len(padded) % 4 - 4
        inner = padded[4 if shift else 0 : whole]
        yield inner
        yield inner.replace(b"+", b"-").replace(b"/", b"_")


def traces(folders: Iterable[Path], needles: Iterable[bytes]) -> set[str]:
    """Return the files that hold one of *needles*, in their names or bytes."""
    pattern = re.compile(b"|".join(map(re.escape, set(needles))), re.IGNORECASE)
    return {
        f"{path.name}: {found[0][:60]!r}"
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file()
        and (found := pattern.search(path.name.encode() + b"\n" + path.read_bytes()))
    }


def needles() -> list[bytes]:
    """Return every spelling of every canary."""
    return [one for text in CANARIES for one in spellings(text)]


@dataclass
class House:
    """A server on which ten people have certificates, one of them hers."""

    server: Server
    tenant: Tenant
    job: str
    #: Everybody's certificate by row; hers is the fifth.
    ids: list[str]
    #: What of hers is not text: her picture as it is served, signature, digests.
    bytes_of_hers: list[bytes]
    checkpoint: str
    #: Her credential, as she has it.
    credential: bytes

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Ask as anybody."""
        return httpx.get(self.server.url + path, headers=headers, timeout=30)

    def folders(self) -> list[Path]:
        """Return every folder in which anything is kept."""
        return [self.server.folder]

    def erase(self, **body: object) -> httpx.Response:
        """Erase somebody."""
        return self.tenant.client.post("/v1/erasures", json=body)


HER_ROW = 5


def make_house(server: Server) -> House:
    """Issue ten certificates, and let her be in other places as well."""
    tenant = server.tenant()
    lines = others(9)
    lines.insert(HER_ROW - 1, HERS)
    images = build(Entry(name, data) for name, data in portraits().items())
    created = tenant.create(
        csv(*lines), images, headers={"idempotency-key": "key-for-" + EMAIL}
    )
    assert created.status_code == 201, created.text
    job = created.json()["data"]["jobId"]
    assert tenant.wait(job)["status"] == "completed"
    ids = [row["certificateId"] for row in tenant.results(job)]
    # She failed elsewhere, once in the wrong column; and came as JSON.
    failing = csv(
        line("Course", "d", "one.png", "Course", f"Zdenka <{EMAIL}>", "", "", ""),
        line(EMAIL, "d", "one.png", "Course", "nobody", "", "", ""),
        *others(1),
    )
    assert tenant.wait(tenant.job(failing, images))["status"] == "completed"
    as_json = tenant.client.post(
        "/v1/jobs",
        json={
            "rows": [
                {
                    "name": "x",
                    "description": CANARIES[3],
                    "category": "c",
                    "recipientEmail": EMAIL,
                    "imageUrl": "http://127.0.0.1:1/zdenka-portrait-4711.png",
                }
            ],
            "batchName": f"For {EMAIL}",
        },
    )
    assert as_json.status_code == 202, as_json.text
    assert tenant.wait(as_json.json()["id"])["status"] == "failed"
    her_id = ids[HER_ROW - 1]
    # So that caches have her, and her certificate has another form.
    base = server.url
    picture = httpx.get(f"{base}/c/{her_id}/image").content
    thumbnail = httpx.get(f"{base}/c/{her_id}/thumbnail").content
    credential = httpx.get(f"{base}/c/{her_id}.json").json()
    httpx.get(f"{base}/c/{her_id}")
    token = tenant.client.get(f"/v1/certificates/{her_id}/credential?format=vc-jwt")
    assert token.status_code == 200, token.text
    tenant.client.get("/v1/certificates", params={"email": EMAIL})
    server.office.certificates.find(her_id)
    with server.office.database.reading() as connection:
        row = connection.exec_driver_sql(
            f"SELECT signature FROM certificates WHERE id = '{her_id}'"
        ).one()
        other = connection.exec_driver_sql("SELECT signature FROM renditions").one()
        (digest,) = connection.exec_driver_sql(
            f"SELECT submission_digest FROM jobs WHERE id = '{job}'"
        ).one()
    rows_digest = hashlib.sha256(csv(*lines)).hexdigest()
    told = [
        *(bytes(row[0]), bytes(other[0]), digest.encode(), rows_digest.encode()),
        *(picture[1000:1060], thumbnail[1000:1060]),
        *(hashlib.sha256(one).hexdigest().encode() for one in (picture, thumbnail)),
        credential["proof"][0]["proofValue"].encode(),
        portraits()["zdenka-portrait-4711.png"][1000:1060],
    ]
    assert all(len(one) > 30 for one in told)
    checkpoint = httpx.get(f"{base}/log/checkpoint").text
    body = httpx.get(f"{base}/c/{her_id}.json").content
    return House(server, tenant, job, ids, told, checkpoint, body)


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """Return the house, in which she was erased; what is asked first is kept."""
    with running() as server:
        house = make_house(server)
        before = traces(house.folders(), [needles()[0], *house.bytes_of_hers])
        assert len(before) >= 3, before
        for canary in CANARIES:
            assert traces(house.folders(), spellings(canary)), canary
        house.answer = house.erase(email=EMAIL, reason="She asked for it")  # type: ignore[attr-defined]
        yield house


def test_nothing_is_left_of_a_person_who_was_erased(house):
    """
    I26: no word of hers, no picture, no signature or digest that would confirm a
    guess: in database, its log, files, record, server log; however it is spelled.
    """
    answer = house.answer
    assert answer.status_code == 200, answer.text
    assert answer.json()["isComplete"] is True
    assert answer.json()["certificateIds"] == [house.ids[HER_ROW - 1]]
    assert answer.json()["rows"] == 4

    assert traces(house.folders(), [*needles(), *house.bytes_of_hers]) == set()


def test_every_other_proof_still_verifies(house):
    """
    I26: nine others are in the log as before, and it only grew.
    """
    keys = [verifier(line) for line in house.get("/log/key").text.splitlines()]
    others = [one for one in house.ids if one != house.ids[HER_ROW - 1]]
    for one in others:
        body = house.get(f"/c/{one}.json").content
        proof = house.get(f"/v1/log/proof/{one}").text
        verify_proof(proof, hashlib.sha256(body).digest(), keys)
    old, _ = open_checkpoint(house.checkpoint, keys)
    end = time.monotonic() + 10
    while True:  # her erasure is a leaf too
        new, _ = open_checkpoint(house.get("/log/checkpoint").text, keys)
        if new.size > old.size:
            break
        assert time.monotonic() < end
        time.sleep(0.05)
    query = f"/v1/log/consistency?from={old.size}&to={new.size}"
    path = [decoded(one) for one in house.get(query).json()["hashes"]]
    assert is_consistent(old.size, new.size, path, old.root, new.root)


@pytest.mark.parametrize(
    "path", ["", ".json", ".png", ".zip", "/image", "/thumbnail"], ids=lambda p: p[1:]
)
def test_her_addresses_say_gone_and_no_name(house, path):
    """
    I26: whoever has the address of her certificate learns that it was erased.
    """
    answer = house.get(f"/c/{house.ids[HER_ROW - 1]}{path}")

    assert answer.status_code == 410
    assert "erased" in answer.text
    assert "no-store" in answer.headers["cache-control"]
    assert not re.search(b"|".join(map(re.escape, needles())), answer.content)


def test_her_proof_is_gone_and_her_bit_is_set(house):
    """
    An erased certificate is revoked, for every verifier; and its leaf's place is
    told to nobody.
    """
    her_id = house.ids[HER_ROW - 1]

    assert house.get(f"/v1/log/proof/{her_id}").status_code == 410
    with house.server.office.database.reading() as connection:
        found = connection.exec_driver_sql(
            "SELECT s.standing, a.verb FROM standings s JOIN certificates c ON "
            "c.job_seq = s.job_seq AND c.number = s.number JOIN acts a ON "
            f"a.id = s.act_id WHERE c.id = '{her_id}'"
        ).all()
    assert [tuple(row) for row in found] == [("revoked", "erase")]


def test_whoever_has_her_credential_learns_that_it_is_revoked(house):
    """
    She may have kept it: it is signed and logged, and not to be relied on.
    """
    answer = httpx.post(
        f"{house.server.url}/v1/verify",
        content=house.credential,
        headers={"content-type": "application/json"},
        timeout=30,
    )

    assert answer.status_code == 200, answer.text
    assert answer.json()["result"] == "invalid"
    checks = {one["check"]: one for one in answer.json()["checks"]}
    assert checks["proof"]["code"] == "signature_holds"
    assert checks["status"]["code"] == "revoked"
    assert checks["standing"]["code"] == "erased"


def test_her_issuer_is_told_that_she_was_erased_and_nothing_else(house):
    """
    The owner sees the id, the place and the moment; lists and searches lack her.
    """
    her_id = house.ids[HER_ROW - 1]
    owner = house.tenant.client

    one = owner.get(f"/v1/certificates/{her_id}").json()
    listed = owner.get("/v1/certificates?limit=100").json()["certificates"]
    by_address = owner.get("/v1/certificates", params={"email": EMAIL}).json()

    assert (one["status"], one["row"], one["jobId"]) == ("erased", HER_ROW, house.job)
    assert not {"recipientEmail", "recipientName", "name"} & one.keys()
    assert her_id not in [each["id"] for each in listed]
    assert by_address["certificates"] == []
    stranger = house.server.tenant()
    assert stranger.client.get(f"/v1/certificates/{her_id}").status_code == 404


def test_her_row_stays_counted_and_says_nothing(house):
    """
    Every row ends in one outcome: hers succeeded, and is a success with no words.
    """
    tenant = house.tenant
    status = tenant.status(house.job)
    lines = tenant.results(house.job)
    names = tenant.archive(house.job).namelist()

    assert status["status"] == "completed"
    assert status["successCount"] == 10
    hers = lines[HER_ROW - 1]
    assert (hers["status"], hers["certificateId"]) == ("success", house.ids[4])
    assert (hers["name"], hers["recipientEmail"], hers["voucherId"]) == ("", "", "")
    assert len([name for name in names if name.startswith("metadata/")]) == 9
    assert len([name for name in names if name.startswith("images/")]) == 8
    assert all(row["recipientEmail"] for row in lines if row is not hers)


def test_pictures_of_others_are_still_shown(house):
    """
    What somebody else's certificate shows stays, also when two share it.
    """
    for one in itertools.chain(house.ids[:4], house.ids[5:]):
        assert house.get(f"/c/{one}/image").status_code == 200


def test_nobody_is_erased_twice(house):
    """
    Asking again changes nothing, and says so.
    """
    again = house.erase(email=EMAIL)
    by_id = house.erase(certificateIds=[house.ids[HER_ROW - 1]])

    for answer in (again, by_id):
        assert answer.status_code == 200
        assert (answer.json()["actId"], answer.json()["rows"]) == (None, 0)


def test_everything_agrees_afterwards(house):
    """
    `fsck`, files included, finds nothing missing and nothing wrong.
    """
    assert "everything agrees" in house.server.run("fsck")


def test_an_older_backup_that_is_restored_is_rid_of_her(tmp_path):
    """
    I26: the record outside the data does the erasure again, before anything is
    served.
    """
    data, backup = tmp_path / "data", tmp_path / "backup"
    server = start(tmp_path)
    try:
        house = make_house(server)
        server.run("backup", str(backup))
        assert house.erase(email=EMAIL).json()["isComplete"] is True
        server.stop()
        server.office.close()
        shutil.rmtree(data)
        backup.rename(data)
        assert traces([data], needles())

        server = start(tmp_path, TESTAMUR_PUBLIC_URL=house.server.url)

        assert traces([tmp_path], [*needles(), *house.bytes_of_hers]) == set()
        her_id = house.ids[HER_ROW - 1]
        assert httpx.get(f"{server.url}/c/{her_id}").status_code == 410
        assert list(violations(server.office.database)) == []
    finally:
        server.stop()
        server.office.close()
