"""`testamur certificate`, as an operator types it beside a running server."""

import json
from datetime import datetime, timedelta

import pytest

from support import nursery
from support.server import HEADER, TESTAMUR, pictures, sheet


def run(server, *words):
    """Run `testamur` on the server's data; return what came of it."""
    return nursery.run(
        [TESTAMUR, *words],
        cwd=server.folder,
        env=server.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def issued(server, tenant):
    """Return a tenant's job with three certificates, and them."""
    rows = [
        f"Tides {n},Text,one.png,course,ada{n}@example.com,Ada" for n in range(1, 4)
    ]
    job = tenant.job(
        sheet(*rows, header=HEADER + ",recipientName"), pictures(), createBatch="true"
    )
    tenant.wait(job)
    found = tenant.client.get(f"/v1/certificates?jobId={job}").json()["certificates"]
    return job, sorted(found, key=lambda one: one["row"])


def shown(server, certificate):
    """Return a certificate as `certificate show --json` has it."""
    return json.loads(server.run("certificate", "show", certificate["id"], "--json"))


def test_certificates_are_taken_back_and_shown(server, issued):
    """
    One by its id, all by their job or batch; each says what it came to.
    """
    job, (first, second, third) = issued
    assert shown(server, first)["status"] == "active"

    words = ("certificate", "suspend", first["id"], second["id"], "--reason", "Unpaid")
    assert "2 suspended, 0 unchanged" in server.run(*words)
    assert "2 reinstated, 1 unchanged" in server.run(
        "certificate", "reinstate", "--batch", first["batchId"]
    )
    revoked = json.loads(
        server.run("certificate", "revoke", "--job", job, "--reason", "Void", "--json")
    )
    assert (revoked["changed"], revoked["unchanged"]) == (3, 0)
    found = shown(server, third)
    assert (found["status"], found["statusReason"]) == ("revoked", "Void")
    text = server.run("certificate", "show", third["id"])
    assert f"certificate {third['id']}: revoked" in text
    assert "reason: Void" in text


def test_a_certificate_is_corrected(server, issued):
    """
    With fields as in a row, and the id of the new one as the answer.
    """
    _, (first, *_) = issued
    text = server.run(
        "certificate",
        "correct",
        first["id"],
        "--set",
        "recipientName=Ada Lovelace",
        "--set",
        "attribute_Grade=A",
    )

    new = {"id": text.strip().removeprefix("replaced by: ")}
    assert shown(server, first)["status"] == "corrected"
    found = shown(server, new)
    assert (found["recipientName"], found["attributes"]) == (
        "Ada Lovelace",
        {"Grade": "A"},
    )


def test_a_job_says_how_long_its_certificates_are_valid(server, tenant, tmp_path):
    """
    `issue --valid-days` is for certificates whose rows do not say.
    """
    rows, images = tmp_path / "rows.csv", tmp_path / "images.zip"
    rows.write_bytes(sheet("Tides,Text,one.png,course,ada@example.com"))
    images.write_bytes(pictures())
    words = ("--tenant", tenant.slug, "--images", str(images), "--json")
    issued = json.loads(
        server.run(
            "issue",
            str(rows),
            "--valid-days",
            "30",
            "--results",
            str(tmp_path / "results.csv"),
            *words,
        )
    )

    found = shown(server, {"id": issued["certificate"].rpartition("/")[2]})
    assert found["status"] == "active"
    days = datetime.fromisoformat(found["validUntil"]) - datetime.fromisoformat(
        found["issuedAt"]
    )
    assert timedelta(days=30, seconds=-1) < days <= timedelta(days=30)


@pytest.mark.parametrize(
    "words",
    [
        ("show", "0" * 24),
        ("show", "no id"),
        ("revoke", "0" * 24, "--reason", "x"),
        ("revoke", "--reason", "x"),
        ("revoke", "--job", "x", "--reason", "x"),
        ("revoke", "--batch", "0" * 24, "--reason", "x"),
        ("suspend", "0" * 24, "--reason", ""),
        ("correct", "0" * 24, "--set", "name=x"),
        ("correct", "0" * 24, "--set", "name"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_done_is_one_line(server, words):
    """
    The command fails, says why in a line, and prints nothing else.
    """
    done = run(server, "certificate", *words)

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
