"""Certificates that their institution signs as PDFs, over HTTP."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest

from support import nursery, pki, signed_pdfs
from support.pdfa import problems
from support.poppler import text_of
from testamur.core.pins import Pin
from testamur.wiring.soundness import unsound

PIN = "4711-institute"


class Institution:
    """A tenant that has a signer, and jobs with a template."""

    def __init__(self, server, tenant):
        self.server = server
        self.client = tenant.client
        self.slug = tenant.slug
        office = server.office
        self.tenant = office.tenants.find(tenant.slug)
        data = pki.p12(pki.signer("p256"), PIN.encode(), pki.intermediate())
        self.signer = office.signers.add_file(
            self.tenant.id, "Registrar", data, Pin(PIN), None, by="key"
        ).signer.id

    def job(self, count, template="minimal"):
        """Have *count* certificates be issued; return the job's id."""
        rows = [
            {
                "name": "Advanced Metrology",
                "description": "Measures well.",
                "category": "course",
                "recipientEmail": f"person{n}@example.com",
                "recipientName": f"Person {n}",
            }
            for n in range(count)
        ]
        answer = self.client.post("/v1/jobs", json={"rows": rows, "template": template})
        assert answer.status_code == 202, answer.text
        job = answer.json()["id"]
        end = time.monotonic() + 90
        while True:
            found = self.client.get(f"/v1/jobs/{job}").json()
            if found["state"] not in ("queued", "processing"):
                assert found["state"] == "completed", found
                return job
            assert time.monotonic() < end, found
            time.sleep(0.1)

    def sign(self, job, **more):
        """Return the answer to a call that signs a job's certificates."""
        body = {"signer": self.signer, "pin": PIN, **more}
        return self.client.post(f"/v1/jobs/{job}/signatures", json=body, timeout=60)

    def state(self, job):
        """Return how far a job's signatures are."""
        return self.client.get(f"/v1/jobs/{job}/signatures").json()

    def certificates(self, job):
        """Return the ids of a job's certificates."""
        seq = self.server.office.desk.find(self.tenant.id, job).seq
        with self.server.office.database.reading() as connection:
            return list(
                connection.exec_driver_sql(
                    f"SELECT id FROM certificates WHERE job_seq = {seq} ORDER BY number"
                ).scalars()
            )


@pytest.fixture
def institution(server, tenant):
    """Return an institution."""
    return Institution(server, tenant)


def test_certificates_are_signed_and_any_reader_accepts_them(institution, tmp_path):
    """The signed file is PDF/A, says the same, and the unsigned one is what it was."""
    job = institution.job(2)
    page = f"{institution.server.url}/c/{institution.certificates(job)[0]}"
    before = httpx.get(f"{page}.pdf").content
    assert httpx.get(f"{page}/signed.pdf").status_code == 404
    assert "signed.pdf" not in httpx.get(page).text

    answer = institution.sign(job, reason="Course completed")

    assert answer.status_code == 200, answer.text
    expected = {"job": job, "state": "done", "signed": 2, "missing": 0}
    assert answer.json() == expected == institution.state(job)
    signed = httpx.get(f"{page}/signed.pdf")
    assert signed.headers["content-type"] == "application/pdf"
    assert signed_pdfs.is_accepted(signed.content)
    assert problems(signed.content) == []
    (tmp_path / "signed.pdf").write_bytes(signed.content)
    (tmp_path / "plain.pdf").write_bytes(before)
    assert text_of(tmp_path / "signed.pdf") == text_of(tmp_path / "plain.pdf")
    assert httpx.get(f"{page}.pdf").content == before
    assert "/signed.pdf" in httpx.get(page).text


def test_signing_again_changes_no_file(institution):
    """What is signed stays as it is, whoever asks again."""
    job = institution.job(1)
    [name] = institution.certificates(job)
    url = f"{institution.server.url}/c/{name}/signed.pdf"
    institution.sign(job)
    first = httpx.get(url).content

    again = institution.sign(job, reason="Another reason")

    assert again.json()["state"] == "done"
    assert httpx.get(url).content == first


def test_what_is_wrong_is_said_and_nothing_is_signed(institution, server):
    """A wrong PIN, another tenant's signer or job, no template, and odd bodies."""
    job = institution.job(1)
    other = Institution(server, server.tenant())

    wrong_pin = institution.sign(job, pin="0000")
    others_signer = institution.sign(job, signer=other.signer)
    others_job = other.sign(job)
    odd = [
        institution.sign(job, **{field: value})
        for field, value in (
            ("signer", "1"),
            ("signer", True),
            ("signer", 10**30),
            ("pin", 4711),
            ("reason", "a\x00b"),
            ("reason", "x" * 256),
            ("colour", "red"),
        )
    ]

    assert (wrong_pin.status_code, wrong_pin.json()["code"]) == (422, "pin_incorrect")
    assert others_signer.json()["code"] == "signer_not_found"
    assert others_job.status_code == 404
    assert {one.status_code for one in odd} <= {400, 422}
    assert institution.state(job) == {
        "job": job,
        "state": "none",
        "signed": 0,
        "missing": 1,
    }


def test_a_killed_process_goes_on_and_signs_nothing_twice(institution):
    """Killed in the middle, it is started again: each certificate has one file."""
    job = institution.job(160)

    with ThreadPoolExecutor(1) as thread:
        asked = thread.submit(institution.sign, job)
        victim, end = None, time.monotonic() + 60
        while victim is None and time.monotonic() < end:
            running = [
                one
                for one in psutil.Process(institution.server.process.pid).children(
                    recursive=True
                )
                if "testamur.wiring.sealing_child" in " ".join(one.cmdline())
            ]
            if running and institution.state(job)["signed"]:
                victim = running[0]
        assert victim is not None
        os.kill(victim.pid, signal.SIGKILL)
        asked.result()

    end = time.monotonic() + 60
    while (found := institution.state(job))["state"] == "signing":
        assert time.monotonic() < end, found
        time.sleep(0.1)
    assert found == {"job": job, "state": "done", "signed": 160, "missing": 0}
    for name in institution.certificates(job)[::80]:
        url = f"{institution.server.url}/c/{name}/signed.pdf"
        assert signed_pdfs.is_accepted(httpx.get(url).content)
    assert list(unsound(institution.server.office)) == []


def test_the_command_line_signs_a_job(institution):
    """The PIN comes on standard input; what was signed is told."""

    from support.server import TESTAMUR

    job = institution.job(1)

    done = nursery.run(
        [
            *(TESTAMUR, "job", "sign", job, "--tenant", institution.slug),
            *("--signer", str(institution.signer), "--pin-stdin", "--json"),
        ],
        input=f"{PIN}\n",
        env=institution.server.environment,
        cwd=institution.server.folder,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert institution.state(job)["state"] == "done"
