"""`testamur verify`: on a computer that has nothing else of ours."""

import json
import os
import sys
from pathlib import Path

import httpx
import pytest

from support import nursery
from support.server import good_rows, pictures, sheet

TESTAMUR = Path(sys.executable).with_name("testamur")

pytestmark = pytest.mark.xdist_group("cli_verify")


@pytest.fixture(scope="module")
def kept(server, tmp_path_factory):
    """Return a folder with what a recipient kept of a certificate."""
    folder = tmp_path_factory.mktemp("kept")
    tenant = server.tenant()
    (row,) = tenant.results(tenant.done(sheet(*good_rows(1)), pictures()))
    url = f"{server.url}/c/{row['certificateId']}"
    for ending in ("json", "png", "zip"):
        (folder / f"it.{ending}").write_bytes(httpx.get(f"{url}.{ending}").content)
    document = httpx.get(f"{server.url}/t/{tenant.slug}/did.json")
    (folder / "did.json").write_bytes(document.content)
    (folder / "log.key").write_bytes(httpx.get(f"{server.url}/log/key").content)
    said = json.loads((folder / "it.json").read_bytes())
    listed = httpx.get(said["credentialStatus"]["statusListCredential"])
    (folder / "list.json").write_bytes(listed.content)
    (folder / "url").write_text(url)
    return folder


def run(folder, *words, **environment):
    """Run `testamur verify` where there is no data, and no home."""
    clean = {k: v for k, v in os.environ.items() if "TESTAMUR_" not in k}
    home = folder / "home"
    home.mkdir(exist_ok=True)
    done = nursery.run(
        [TESTAMUR, "verify", *words],
        cwd=folder,
        env={**clean, "HOME": str(home), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    assert list(home.iterdir()) == []
    assert not (folder / "data").exists()
    return done


def test_a_bundle_is_valid_offline_and_the_answer_says_what_it_relied_on(kept):
    """Ten years on, without the issuer: exit 0."""
    done = run(kept, "it.zip", "--offline")

    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("VALID\n")
    assert "taken from the bundle itself" in done.stdout


def test_pinned_keys_go_before_those_in_the_bundle(kept):
    """Who kept the keys apart has to trust nothing in the bundle."""
    key = (kept / "log.key").read_text().splitlines()[0]

    done = run(
        kept,
        "it.zip",
        "--offline",
        "--json",
        *("--issuer-did-document", "did.json", "--log-key", key),
    )

    found = {one["check"]: one["code"] for one in json.loads(done.stdout)["checks"]}
    assert done.returncode == 0
    assert (found["issuer_key"], found["log"]) == ("key_from_caller", "logged")


def test_another_issuers_keys_do_not_fit(kept):
    """A pinned key that did not sign it says so: exit 1."""
    document = json.loads((kept / "did.json").read_bytes())
    document["assertionMethod"] = document["verificationMethod"] = []
    (kept / "other.json").write_text(json.dumps(document))

    done = run(kept, "it.zip", "--offline", "--issuer-did-document", "other.json")

    assert done.returncode == 1


def test_a_lone_credential_with_trusted_copies_is_valid_offline(kept):
    """Keys and list from elsewhere, nothing from a network."""
    words = ("--issuer-did-document", "did.json", "--status-list", "list.json")

    assert run(kept, "it.json", "--offline", *words).returncode == 0
    assert run(kept, "it.png", "--offline", *words).returncode == 0


@pytest.mark.parametrize("file", ["it.json", "it.png"])
def test_what_cannot_be_checked_offline_is_not_valid(kept, file):
    """Without keys nobody can say: exit 2."""
    done = run(kept, file, "--offline")

    assert done.returncode == 2
    assert done.stdout.startswith("CANNOT BE VERIFIED\n")


def test_a_changed_one_is_not_valid(kept):
    """Exit 1."""
    text = (kept / "it.json").read_text().replace("Course 1", "Course 9")
    (kept / "changed.json").write_text(text)

    done = run(kept, "changed.json", "--offline", "--issuer-did-document", "did.json")

    assert done.returncode == 1
    assert done.stdout.startswith("NOT VALID\n")


def test_an_address_is_checked_where_it_leads(kept):
    """A certificate's page leads to its bundle; keys and list are asked for now."""
    url = (kept / "url").read_text()

    done = run(kept, url, "--json", TESTAMUR_FETCH_ALLOW="127.0.0.0/8")

    verdict = json.loads(done.stdout)
    assert done.returncode == 0, verdict
    found = {one["check"]: one["code"] for one in verdict["checks"]}
    assert (found["issuer_key"], found["status"]) == ("key_published", "not_revoked")


def test_a_private_network_is_not_asked_for_a_strangers_document(kept):
    """What a document names is fetched behind the wall, on this side too."""
    done = run(kept, "it.json")

    assert done.returncode == 2
    assert "not on the public internet" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("absent.json",),
        ("home",),
        ("http://127.0.0.1:1/x",),
        ("https://127.0.0.1/x", "--offline"),
        ("it.json", "--issuer-did-document", "absent.json"),
        ("it.json", "--issuer-did-document", "url"),
        (),
    ],
    ids=lambda words: " ".join(words) or "nothing",
)
def test_what_cannot_be_had_is_one_line_and_exit_2(kept, words):
    """Never 1, which would say that the certificate is wrong."""
    done = run(kept, *words)

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.strip()
