"""
The samples of DokStamp's own documentation, run against a running server.

They are no part of this repository: where their text lies beside it, they are taken
out of it and run as they are, but for the address and what stands in braces.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from support import pki
from support.capabilities import LACKS
from support.server import ROOT
from support.university import University, diploma

DOCUMENTED = ROOT.parent / "shared" / "reference" / "seed-dokstamp.txt"
ADDRESS = "https://api.dokstamp.eu"


@pytest.fixture
def university(tenant):
    """Return a university that has its records here."""
    return University(tenant)


def documented() -> str:
    """Return the service's documentation."""
    if not DOCUMENTED.exists():
        # Also where CI=true: it is not ours to bring along.
        pytest.skip(
            f"{LACKS}the text of DokStamp's clients; put it at "
            f"{DOCUMENTED.relative_to(ROOT.parent)} beside the repository"
        )
    return DOCUMENTED.read_text()


def program(name: str) -> str:
    """Return the path of a program. Testamur needs none of these; its clients do."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{LACKS}{name}; install it to run the clients written for it")
    return found


def sample(start: str, end: str) -> str:
    """Return the sample that begins with the line *start* and ends before *end*."""
    text = documented()
    at = text.index(start)
    return text[at : text.index(end, at)].rstrip() + "\n"


def addressed(code: str, university: University) -> str:
    """Put our address, token and tenant in; nothing else is changed."""
    assert ADDRESS in code or "$API" in code
    code = code.replace(ADDRESS, university.tenant.server.url)
    # `${TOKEN}` is JavaScript's.
    code = re.sub(r"(?<!\$)\{TOKEN\}", university.tenant.key, code)
    return re.sub(r"(?<!\$)\{TENANT\}", university.tenant.slug, code)


def run(folder: Path, *words: str, **environment: str) -> str:
    """Run a client in *folder*; return what it printed."""
    done = subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_documented_upload_maps_files_by_index(university, tmp_path):
    """Three files in one request come back in their order."""
    for number in (1, 2, 3):
        (tmp_path / f"diploma-{number}.pdf").write_bytes(diploma(str(number)))
    code = addressed(
        sample("curl -X POST https://api.dokstamp.eu/files", "Response includes"),
        university,
    )

    said = run(tmp_path, "bash", "-c", code.replace("curl", f"{program('curl')} -sS"))

    files = json.loads(said)["data"]
    assert [one["original_name"] for one in files] == [
        "diploma-1.pdf",
        "diploma-2.pdf",
        "diploma-3.pdf",
    ]
    assert {one["used_at"] for one in files} == {None}


def test_the_documented_promises_issue_a_certificate_for_each_student(
    university, tmp_path
):
    """An unbounded `Promise.all`; each answer has its verification URL."""
    students = [university.student(f"Student {number}") for number in range(60)]
    files = university.uploaded(*(diploma(name) for name in students))
    code = addressed(
        sample("const issuances = students.map", "PHP (Guzzle pool)"), university
    )
    names = {
        "INSTITUTION_UUID": university.institution,
        "COURSE_UUID": university.course,
        "TOKEN": university.tenant.key,
        "TENANT": university.tenant.slug,
        "students": [{"uuid": name} for name in students],
        "files": [{"uuid": name} for name in files],
    }
    given = "".join(
        f"const {name} = {json.dumps(value)};\n" for name, value in names.items()
    )
    use = "console.log(JSON.stringify(verificationUrls));\n"
    (tmp_path / "sample.mjs").write_text(given + code + use)

    said = run(tmp_path, program("node"), "sample.mjs")

    urls = json.loads(said)
    assert len(set(urls)) == len(students)
    prefix = f"{university.tenant.server.url}/c/"
    assert all(url.startswith(prefix) for url in urls)


def test_the_documented_batch_delete_deletes(university, tmp_path):
    """Every UUID of the body, and nothing comes back."""
    made = [university.certificate(status="draft")["uuid"] for _ in range(3)]
    code = addressed(
        sample(
            "curl -X DELETE https://api.dokstamp.eu/certificates/batch/destroy",
            "Batch certificate issuance",
        ),
        university,
    )
    for number, name in enumerate(made, 1):
        code = code.replace(f"uuid-{number}", name)

    said = run(tmp_path, "bash", "-c", code.replace("curl", f"{program('curl')} -sS"))

    assert said == ""
    assert university.client.get("/certificates").json()["meta"]["total"] == 0


def test_the_documented_paging_loop_ends_with_the_last_page(university, tmp_path):
    """In bash, with jq: pages of 200, until `meta.last_page`."""
    program("jq")
    program("curl")
    for number in range(3):
        student = university.student()
        university.made(
            "/enrollments",
            student_uuid=student,
            course_uuid=university.course,
            enrolled_at="2025-09-01",
            completion_status="completed" if number else "dropped",
        )
    code = sample("PAGE=1\n", "done") + "done\n"
    # One a page, so that there are several. And curl takes brackets for a range of
    # addresses, unless it is told not to.
    code = code.replace("per_page=200", "per_page=1").replace('curl -s "', 'curl -sg "')

    said = run(
        tmp_path,
        "bash",
        "-c",
        code,
        API=university.tenant.server.url,
        TOKEN=university.tenant.key,
        TENANT=university.tenant.slug,
    )

    assert re.findall(r"Processing page \d+ of \d+", said) == [
        "Processing page 1 of 2",
        "Processing page 2 of 2",
    ]


def test_the_documented_batch_calls_sign_and_ask_again(university, tmp_path):
    """With integer ids and a PIN in the body; each document has its result."""
    client = university.client
    data = pki.p12(pki.signer("rsa2048"), b"123456", pki.intermediate())
    cert = client.post(
        "/certs",
        data={"name": "Registrar", "pin": "123456"},
        files={"certificate": ("registrar.p12", data)},
    ).json()["data"]["id"]
    kind = university.made("/document-types", description="Contract")["id"]
    ids = [
        university.made(
            "/documents",
            description="Contract",
            document_type_id=kind,
            file_uuid=name,
        )["id"]
        for name in university.uploaded(*(diploma(f"paper {n}") for n in range(3)))
    ]
    start = "curl -X POST https://api.dokstamp.eu/documents/signatures/batch/resend"
    resend = addressed(sample(start, "Batch institutional signing"), university)
    start = 'curl -X POST "https://api.dokstamp.eu/documents/batch/sign/1"'
    sign = addressed(sample(start, "Pagination for large"), university)
    sign = sign.replace("/batch/sign/1", f"/batch/sign/{cert}")

    said = []
    for code in (resend, sign):
        for number, name in zip((101, 102, 103), ids, strict=True):
            code = code.replace(str(number), str(name))
        code = code.replace("curl", f"{program('curl')} -sS")
        said.append(json.loads(run(tmp_path, "bash", "-c", code)))

    asked, signed = (one["data"]["results"] for one in said)
    assert [one["document_id"] for one in asked] == ids
    assert {one["status"] for one in asked} <= {"skipped", "pending"}
    assert [one["document_id"] for one in signed] == ids
    assert {one["status"] for one in signed} <= {"signed", "pending"}
