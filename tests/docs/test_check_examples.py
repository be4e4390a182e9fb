"""The programs of examples/check, with which anybody checks a certificate."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.peers import need_node_peer
from support.server import ROOT, good_rows, pictures, sheet

HERE = ROOT / "examples" / "check"

pytestmark = pytest.mark.xdist_group("node")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the example whose packages are installed."""
    peer = need_node_peer("digitalbazaar")
    for name in ("check.mjs", "package.json"):
        shutil.copy(HERE / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(peer / "node_modules")
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]
    installed = json.loads((peer / "package.json").read_text())["dependencies"]
    assert wanted.items() <= installed.items()
    return tmp_path


def check(folder: Path, url: str) -> tuple[int, str]:
    """Run the example as docs/trust.md says; return exit code and line."""
    done = subprocess.run(
        ["node", "check.mjs", url],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout.strip()


def test_a_stranger_checks_a_certificate_with_other_software(server, tenant, folder):
    """
    Signature, key, status and log: and no longer when it is revoked.
    """
    tenant.done(sheet(*good_rows(3)), pictures())
    listed = tenant.client.get("/v1/certificates").json()["certificates"]
    pages = [f"{server.url}/c/{one['id']}" for one in listed]

    code, line = check(folder, pages[0])
    assert (code, line.split(":")[0]) == (0, "valid"), line
    assert tenant.slug in line

    revoked = tenant.client.post(
        f"/v1/certificates/{listed[1]['id']}/revoke", json={"reason": "a drill"}
    )
    assert revoked.status_code == 200, revoked.text
    assert check(folder, pages[1]) == (1, "not valid: it was revoked or suspended")
    assert check(folder, pages[0])[0] == 0
    assert check(folder, server.url + "/c/" + "0" * 24)[0] == 1


@pytest.mark.parametrize("alg", ["EdDSA", "RS256"])
@pytest.mark.parametrize("format", ["vc-jwt", "ob-jwt"])
def test_a_stranger_checks_a_token(tenant, tmp_path, format, alg):
    """
    By the keys that the issuer publishes; and refuses it when a letter changed.
    """
    tenant.done(sheet(*good_rows(1)), pictures())
    (one,) = tenant.client.get("/v1/certificates").json()["certificates"]
    token = tenant.client.get(
        f"/v1/certificates/{one['id']}/credential?format={format}&alg={alg}"
    ).text
    head, body, signature = token.split(".")
    bad = ".".join([head, body[:40] + chr(ord(body[40]) ^ 1) + body[41:], signature])

    answers = []
    for text in (token, bad):
        (tmp_path / "certificate.jwt").write_text(text)
        answers.append(
            subprocess.run(
                [sys.executable, str(HERE / "check_token.py"), "certificate.jwt"],
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=60,
            )
        )

    assert answers[0].returncode == 0, answers[0].stderr
    assert json.loads(answers[0].stdout)["id"].endswith(one["id"])
    assert answers[1].returncode == 1
