"""The exit kit: everything a tenant issued, checked where Testamur is not."""

import base64
import csv
import functools
import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from support.server import Server, Tenant, good_rows, pictures, running, sheet
from testamur.core.refusals import Fault, Refusal
from testamur.issuance.die.proof import problem_with
from testamur.tlog.note import verifier
from testamur.tlog.proof import verify_proof
from testamur.tlog.tree import Proofs
from testamur.verification.multibase import from_multibase
from testamur.wiring.exporting import export

pytestmark = pytest.mark.xdist_group("export")

COUNT = 7
ROWS = [
    *good_rows(COUNT - 1),
    '"=cmd|x <b>&",Says <script>no</script>,one.png,education,last@example.com',
]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Return a server."""
    with running() as server:
        yield server


@pytest.fixture(scope="module")
def tenant(server: Server) -> Tenant:
    """Return a tenant with seven certificates, one of them revoked."""
    tenant = server.tenant()
    tenant.done(sheet(*ROWS), pictures())
    first = tenant.client.get("/v1/certificates").json()["certificates"][-1]
    revoked = tenant.client.post(
        f"/v1/certificates/{first['id']}/revoke", json={"reason": "Mistaken"}
    )
    assert revoked.status_code == 200, revoked.text
    other = server.tenant()
    other.done(sheet(*good_rows(2)), pictures())
    return tenant


def exported(server: Server, tenant: Tenant, folder: Path) -> dict[str, int]:
    """Export by the command; return what it says."""
    said = server.run("export", str(folder), "--tenant", tenant.slug, "--json")
    return json.loads(said)


@pytest.fixture(scope="module")
def folder(server, tenant, tmp_path_factory) -> Path:
    """Return a folder with the tenant's export."""
    folder = tmp_path_factory.mktemp("kit") / "export"
    assert exported(server, tenant, folder)["certificates"] == COUNT
    return folder


@pytest.fixture(scope="module")
def site(folder) -> Iterator[httpx.Client]:
    """Return a client of Python's own file server on that folder."""
    handler = functools.partial(
        http.server.SimpleHTTPRequestHandler, directory=str(folder)
    )
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        with httpx.Client(
            base_url=f"http://127.0.0.1:{httpd.server_port}", follow_redirects=True
        ) as client:
            yield client
        httpd.shutdown()
        thread.join()


def known(folder: Path) -> list[dict[str, str]]:
    """Return what the export's table says."""
    with (folder / "certificates.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_credential_verifies_from_a_plain_web_server(site, folder, tenant):
    """
    Signature with the key of the DID document, digest of the picture, and the place
    in the log: all from files.
    """
    document = site.get(f"/t/{tenant.slug}/did.json").json()
    keys = {
        method["id"]: from_multibase(method["publicKeyMultibase"])[2:]
        for method in document["verificationMethod"]
    }
    vkeys = [verifier(line) for line in site.get("/log/key").text.splitlines()]
    assert len(known(folder)) == COUNT
    for one in known(folder):
        answer = site.get(f"/c/{one['certificateId']}.json")
        credential = answer.json()
        assert answer.headers["content-type"] == "application/json"
        assert credential["id"] == one["url"]
        assert problem_with(credential, keys) is None
        proof = site.get(f"/c/{one['certificateId']}.tlog-proof").text
        verify_proof(proof, hashlib.sha256(answer.content).digest(), vkeys)
        picture = site.get(f"/c/{one['certificateId']}/image").content
        assert hashlib.sha256(picture).hexdigest() == one["imageSha256"]


def test_every_file_is_what_the_server_gave(site, folder, server, tenant):
    """
    Credentials, documents, lists, tiles and pictures are the same bytes.
    """
    listed = known(folder)
    names = [f"/c/{listed[0]['certificateId']}.json"]
    names += [f"/c/{listed[0]['certificateId']}/image"]
    names += [f"/t/{tenant.slug}/did.json", "/.well-known/did.json"]
    names += [f"/status/{path.name}" for path in (folder / "status").glob("*")]
    names += ["/log/checkpoint", "/log/key"]
    names += [
        f"/{path.relative_to(folder)}"
        for path in (folder / "log" / "tile").rglob("*")
        if path.is_file()
    ]
    assert len(names) >= 10
    for name in names:
        live = server.url + name.replace(".suspension.json", "/suspension")
        assert site.get(name).content == httpx.get(live).content, name


def test_the_log_in_the_kit_is_whole(folder):
    """
    Its tiles give the root that its checkpoint signs.
    """
    _, size, root = (folder / "log" / "checkpoint").read_text().split("\n")[:3]

    def tile(level: int, n: int) -> bytes:
        (found,) = (folder / "log" / "tile" / str(level)).glob(f"{n:03}.p/*")
        return found.read_bytes()

    assert Proofs(int(size), tile).root() == base64.b64decode(root)


def test_the_command_line_verifies_what_was_exported(server, folder, tenant):
    """
    Without a network: with the copies of the issuer's keys and of the status list.
    """
    listed = known(folder)
    good, revoked = listed[0], listed[-1]
    (status,) = (one for one in (folder / "status").iterdir() if not one.suffix)
    trusted = (
        *("--offline", "--json", "--status-list", str(status)),
        *("--issuer-did-document", str(folder / "t" / tenant.slug / "did.json")),
    )

    said = server.run("verify", f"{folder}/c/{good['certificateId']}.json", *trusted)
    assert json.loads(said)["result"] == "valid"
    with pytest.raises(AssertionError):
        server.run("verify", f"{folder}/c/{revoked['certificateId']}.json", *trusted)


def test_pages_stand_alone(site, folder):
    """
    A page needs no other file but its picture, says when the copy was made, and
    what was done to the certificate; words of a row stay words.
    """
    listed = known(folder)
    pages = [
        site.get(f"/c/{one['certificateId']}").text for one in (listed[0], listed[-1])
    ]

    for page in pages:
        assert "<style>" in page
        assert 'rel="stylesheet"' not in page
        assert "<script" not in page
        assert "This is a copy, made on" in page
    assert "&lt;script&gt;no&lt;/script&gt;" in pages[0]
    assert "Revoked on" in pages[1]
    assert "Mistaken" in pages[1]
    assert "@example.com" not in "".join(pages)


def test_the_table_has_everything_and_is_for_its_owner_alone(folder):
    """
    One line per certificate; what a spreadsheet would compute is disarmed; only the
    owner of the file may read it.
    """
    listed = known(folder)

    assert (folder / "certificates.csv").stat().st_mode & 0o077 == 0
    assert listed[0]["name"] == "'=cmd|x <b>&"
    assert listed[0]["recipientEmail"] == "last@example.com"
    assert [one["status"] for one in listed] == ["active"] * (COUNT - 1) + ["revoked"]
    readme = (folder / "README.txt").read_text()
    assert "Do not\nput it on a web server" in readme
    assert "How long this stays true" in readme


def test_a_second_export_writes_only_what_changed(server, tenant, tmp_path):
    """
    What is there stays; what is missing or damaged is written again.
    """
    first = exported(server, tenant, tmp_path / "kit")
    one = known(tmp_path / "kit")[0]["certificateId"]
    kept = known(tmp_path / "kit")[1]["certificateId"]
    damaged = tmp_path / "kit" / "c" / f"{one}.json"
    whole = damaged.read_bytes()
    untouched = tmp_path / "kit" / "c" / f"{kept}.json"
    before = untouched.stat().st_mtime_ns
    damaged.write_bytes(whole[:-1])

    second = exported(server, tenant, tmp_path / "kit")

    assert damaged.read_bytes() == whole
    assert untouched.stat().st_mtime_ns == before
    assert second["skipped"] > second["written"]
    assert first["skipped"] == 0


def test_who_was_erased_since_is_not_in_the_next_export(server, tmp_path):
    """
    I26: an export that is brought up to date is rid of them.
    """
    tenant = server.tenant()
    tenant.done(sheet(*good_rows(2)), pictures())
    exported(server, tenant, tmp_path / "kit")
    said = server.run(
        *("person", "erase", "--tenant", tenant.slug, "--yes", "--json"),
        *("--email", "person1@example.com"),
    )
    (erased,) = json.loads(said)["certificateIds"]
    assert (tmp_path / "kit" / "c" / erased).is_dir()

    again = exported(server, tenant, tmp_path / "kit")

    assert again["certificates"] == 1
    assert not list((tmp_path / "kit" / "c").glob(f"{erased}*"))
    table = (tmp_path / "kit" / "certificates.csv").read_text()
    assert "person1@example.com" not in table


def test_a_folder_with_something_else_in_it_is_refused(server, tenant, tmp_path):
    """
    Neither a stranger's files nor another tenant's export are touched.
    """
    (tmp_path / "photo.jpg").write_bytes(b"mine")
    with pytest.raises(Refusal, match="is not empty"):
        export(server.office, tenant.slug, tmp_path)
    other = server.tenant()
    export(server.office, other.slug, tmp_path / "kit")
    with pytest.raises(Refusal, match="is not empty"):
        export(server.office, tenant.slug, tmp_path / "kit")

    assert {path.name for path in tmp_path.iterdir()} == {"photo.jpg", "kit"}
    assert (tmp_path / "photo.jpg").read_bytes() == b"mine"


def test_an_export_is_in_the_audit_log(server, tenant, folder):
    """
    I25: that everything was taken home is one entry.
    """
    entries = tenant.client.get("/v1/audit?act=tenant.export").json()["entries"]

    assert entries[-1]["actor"] == "operator"
    assert set(entries[-1]["detail"]) == {"logSize"}


def test_an_export_that_cannot_be_written_says_where(server, tenant, tmp_path):
    """
    A full disk, or a file in the way: a fault that names it.
    """
    (tmp_path / "kit").write_text("in the way")

    with pytest.raises(Fault, match="kit"):
        export(server.office, tenant.slug, tmp_path / "kit")
