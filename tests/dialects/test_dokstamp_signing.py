"""Signing batches of documents with an institutional certificate, over HTTP."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from support import pki
from support.paperwork import Paperwork, pdf
from support.signed_pdfs import is_accepted, pdfsig, pyhanko
from testamur.wiring.soundness import unsound

PIN = "4711-institute"


class Office(Paperwork):
    """Paperwork of an institution that has a certificate to sign with."""

    def __init__(self, server, tenant, kind="rsa2048"):
        super().__init__(server, tenant)
        self.client.timeout = 120  # a process starts for each call, and tests are many
        data = pki.p12(pki.signer(kind), PIN.encode(), pki.intermediate())
        answer = self.client.post(
            "/certs",
            data={"name": "Registrar", "pin": PIN},
            files={"certificate": ("registrar.p12", data)},
        )
        self.cert = self.ok(answer, 201)["id"]

    def sign(self, *ids, pin=PIN, cert=None, **more):
        """Return the answer to a call that signs documents."""
        return self.client.post(
            f"/documents/batch/sign/{cert or self.cert}",
            json={"document_ids": list(ids), "pin": pin, **more},
        )

    def download(self, name):
        """Return the newest file of a document."""
        return self.client.get(f"/documents/{name}/download").content

    def documents(self, count):
        """Return the ids of new documents, and what was uploaded for each."""
        kind = self.kind()
        contents = [pdf(f"{self.tenant.slug} document {n}") for n in range(count)]
        files = [
            ("files[]", (f"{n}.pdf", content, "application/pdf"))
            for n, content in enumerate(contents)
        ]
        kept = self.ok(self.client.post("/files", files=files), 201)
        ids = [
            self.post(
                "/documents",
                {
                    "description": "Diploma",
                    "document_type_id": kind,
                    "file_uuid": one["uuid"],
                },
            )["id"]
            for one in kept
        ]
        return ids, contents

    def finished(self, answer, seconds=60):
        """Return what a batch came to, once it is over."""
        data = answer.json()["data"]
        end = time.monotonic() + seconds
        while data["job"]["status"] in ("queued", "processing"):
            assert time.monotonic() < end, data["job"]
            time.sleep(0.1)
            data = self.ok(self.client.get(data["job"]["url"]))
        return data


@pytest.fixture
def office(server, tenant):
    """Return an institution that signs."""
    return Office(server, tenant)


def test_documents_are_signed_in_one_call_and_any_reader_accepts_them(office):
    """Small batches are answered at once, with what became of each document."""
    ids, contents = office.documents(3)

    answer = office.sign(*ids)

    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["success"] is True
    assert body["message"] == "3 of 3 documents were signed."
    assert [one["document_id"] for one in body["data"]["results"]] == ids
    assert {one["status"] for one in body["data"]["results"]} == {"signed"}
    for name, content in zip(ids, contents, strict=True):
        signed = office.download(name)
        assert signed.startswith(content)
        assert is_accepted(signed)
    whole = office.ok(office.client.get(f"/documents/{ids[0]}"))
    assert whole["institution_signed_at"] is not None


def test_one_changed_byte_is_noticed(office):
    """By poppler, and by pyHanko."""
    [name], [content] = office.documents(1)
    office.sign(name)
    signed = bytearray(office.download(name))

    signed[len(content) // 2] ^= 1

    said, judged = pdfsig(bytes(signed)), pyhanko(bytes(signed))
    assert not any(one.is_valid for one in said)
    assert not any(one.is_good for one in judged)


def test_a_visible_stamp_is_drawn_on_the_last_page(office):
    """With whom it is by and why, and it is as valid as an invisible one."""
    [name], _ = office.documents(1)

    answer = office.sign(name, visible=True, reason="Diploma approved")

    [result] = office.finished(answer)["results"]
    assert result["status"] == "signed", result
    signed = office.download(name)
    assert is_accepted(signed)
    assert "Universidade Exemplo" in text_of(signed)


def text_of(data: bytes) -> str:
    """Return what poppler reads of a PDF, its annotations included."""
    import tempfile
    from pathlib import Path

    from support import poppler

    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(data)
        file.flush()
        return poppler.text_of(Path(file.name))


def test_a_second_institution_signs_beside_the_first(office):
    """Both signatures stay valid; the same certificate does not sign twice."""
    [name], _ = office.documents(1)
    data = pki.p12(pki.signer("p256"), PIN.encode(), pki.intermediate())
    second = office.ok(
        office.client.post(
            "/certs",
            data={"name": "Rector", "pin": PIN},
            files={"certificate": ("rector.p12", data)},
        ),
        201,
    )["id"]

    office.sign(name)
    again = office.sign(name)
    beside = office.sign(name, cert=second)

    assert again.json()["data"]["results"][0]["code"] == "already_signed"
    assert beside.json()["data"]["results"][0]["status"] == "signed"
    assert is_accepted(office.download(name), 2)


def test_a_wrong_pin_signs_nothing_and_is_counted(office):
    """Five wrong ones lock the certificate, whoever sends them, and at once."""
    [name], [content] = office.documents(1)

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: office.sign(name, pin="0000"), range(7)))

    codes = sorted(one.json()["code"] for one in answers)
    assert codes.count("pin_incorrect") <= 5
    locked = office.sign(name)
    assert locked.status_code == 429, locked.text
    assert locked.json()["code"] == "pin_locked"
    assert int(locked.headers["Retry-After"]) > 0
    assert office.download(name) == content


@pytest.mark.parametrize("pin", [None, 123456, "123", "１２３４５６", "12\u00003456"])
def test_what_cannot_be_a_pin_is_refused_without_counting(office, pin):
    """By its form; the right one still signs."""
    [name], _ = office.documents(1)

    refused = office.client.post(
        f"/documents/batch/sign/{office.cert}",
        json={"document_ids": [name], "pin": pin},
    )

    assert refused.status_code in (400, 422), refused.text
    assert office.sign(name).json()["data"]["results"][0]["status"] == "signed"


def test_unknown_documents_refuse_the_whole_call(office, server):
    """Each is named by its place, and nothing is signed."""
    [mine], [content] = office.documents(1)
    theirs = Paperwork(server, server.tenant()).document()["id"]

    answer = office.sign(mine, theirs, 10**12)

    assert answer.status_code == 422
    assert answer.json()["errors"] == {
        "document_ids.1": ["The selected document_ids.1 is invalid."],
        "document_ids.2": ["The selected document_ids.2 is invalid."],
    }
    assert office.download(mine) == content


def test_a_certificate_of_another_tenant_is_not_there(office, server):
    """The answer is that of one that never was."""
    [name], _ = office.documents(1)
    theirs = Office(server, server.tenant()).cert

    for cert in (theirs, 10**12):
        answer = office.sign(name, cert=cert)
        assert answer.status_code == 404
        assert answer.json()["message"] == "Resource not found."


def test_a_killed_process_signs_on_and_nothing_twice(office):
    """Killed in the middle of a batch, it is started again: each document is signed."""
    ids, _ = office.documents(120)

    with ThreadPoolExecutor(1) as thread:
        asked = thread.submit(office.sign, *ids)
        victim = None
        end = time.monotonic() + 30
        while victim is None and time.monotonic() < end:
            running = [
                one
                for one in psutil.Process(office.server.process.pid).children(
                    recursive=True
                )
                if "testamur.wiring.sealing_child" in " ".join(one.cmdline())
            ]
            if (
                running
                and office.client.get(f"/documents/{ids[0]}").json()["data"][
                    "institution_signed_at"
                ]
            ):
                victim = running[0]
        assert victim is not None
        os.kill(victim.pid, signal.SIGKILL)
        data = office.finished(asked.result())

    assert data["job"]["succeeded"] == len(ids), data["job"]
    assert is_accepted(office.download(ids[0]))
    assert is_accepted(office.download(ids[-1]))
    assert list(unsound(office.server.office)) == []


def test_a_batch_is_followed_by_its_tenant_alone(office, server):
    """The address of its job answers nobody else."""
    [name], _ = office.documents(1)
    job = office.sign(name).json()["data"]["job"]
    stranger = Paperwork(server, server.tenant())

    mine = office.client.get(job["url"])
    theirs = stranger.client.get(job["url"])

    assert mine.json()["data"]["job"]["status"] == "completed"
    assert theirs.status_code == 404


def test_resending_is_a_job_with_results_of_its_own(office):
    """Who was not asked yet, or a moment ago, is skipped and says why."""
    draft = office.document()
    asked = office.asked("ana@example.org")

    answer = office.client.post(
        "/documents/signatures/batch/resend",
        json={"document_ids": [draft["id"], asked["id"]]},
    )

    data = office.finished(answer)
    by_id = {one["document_id"]: one for one in data["results"]}
    assert by_id[draft["id"]]["status"] == "skipped"
    assert by_id[asked["id"]]["code"] == "too_soon"
