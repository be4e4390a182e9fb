"""I4: a certificate has the data of its own row, and of no other."""

import csv
import hashlib
import io
import json
import random
import zipfile

from support import crashing
from support.children import ended, start
from support.workshop import csv_of, row
from testamur.core.lifecycle import JobState
from testamur.core.words import Certificate
from testamur.issuance.read import find, listing

#: Every column that a certificate says something with.
COLUMNS = (
    "name",
    "description",
    "imageUrl",
    "category",
    "recipientEmail",
    "recipientName",
    "attribute_Course",
)


def canary_of(who: str, number: int) -> str:
    """Return what every cell of one row contains, and nothing else anywhere."""
    return hashlib.sha256(f"{who} {number}".encode()).hexdigest()[:16]


def rows_of(who: str, count: int) -> list[dict[str, str]]:
    """Return rows of which each cell has its row's canary."""
    made = []
    for number in range(1, count + 1):
        mark = canary_of(who, number)
        cells = {column: f"{column} {mark}" for column in COLUMNS}
        cells["imageUrl"] = f"https://pictures.example/{mark}.png"
        cells["recipientEmail"] = f"{mark}@example.org"
        if number % 9 == 0:
            cells["recipientEmail"] = f"not an address {mark}"
        made.append(row(number, **cells))
    return made


def cells_of(certificate: Certificate) -> dict[str, str]:
    """Return what a certificate says, by column."""
    facts = certificate.facts
    return {
        "name": facts.name,
        "description": facts.description,
        "imageUrl": facts.image,
        "category": facts.category,
        "recipientEmail": facts.recipient_email,
        "recipientName": facts.recipient_name or "",
        **{f"attribute_{name}": value for name, value in facts.attributes},
    }


def test_every_certificate_says_what_its_row_said(workshop, database_url, tmp_path):
    """
    Two tenants' jobs of 200 rows, two workers, every cell marked: certificates,
    pictures, both downloads and listings have their own marks, all of them, only.
    """
    sent = {}
    for who in ("harbour", "school"):
        rows = rows_of(who, 200)
        random.Random(who).shuffle(rows)
        tenant = workshop.tenant(who)
        sent[who] = (tenant, workshop.enter(tenant, csv_of(rows)), rows)
    workers = [
        start(crashing.work_until_told, database_url, tmp_path, name, 30)
        for name in ("ada", "bob")
    ]
    try:
        while {workshop.job(job).state for _, job, _ in sent.values()} != {
            JobState.COMPLETED
        }:
            assert all(worker.is_alive() for worker in workers)
            workshop.settle()
    finally:
        for worker in workers:
            worker.terminate()
            ended(worker)

    for tenant, job, rows in sent.values():
        names = workshop.names(job)
        good = [n for n, cells in enumerate(rows, 1) if "not an" not in str(cells)]
        assert sorted(names) == good
        for number in good:
            wanted = rows[number - 1]
            found = find(names[number].certificate, certificates=workshop.certificates)
            assert found.row == number
            assert found.job_id == job.id
            assert cells_of(found) == wanted
            picture = workshop.blobs.path(found.picture.digest).read_bytes()
            assert picture.decode() == wanted["imageUrl"]
            check_credential(workshop, found.id, wanted, rows)
        page = listing(
            tenant.id, certificates=workshop.certificates, limit=500
        ).certificates
        assert {c.row: cells_of(c) for c in page} == {n: rows[n - 1] for n in good}
        check_downloads(workshop, workshop.job(job), rows, names)


def check_credential(workshop, certificate_id, wanted, rows) -> None:
    """Hold the credential against its row: its marks, and nobody else's."""
    body = workshop.vouching.credentials.find(certificate_id).body.decode()
    for column in ("name", "description", "recipientName", "attribute_Course"):
        assert wanted[column] in body
    assert wanted["recipientEmail"] not in body, "it is there as a hash only"
    others = [other for other in rows if other is not wanted]
    assert not any(other["name"].split()[1] in body for other in others)


def check_downloads(workshop, job, rows, names) -> None:
    """Hold every line and every file of both downloads against the row it is of."""
    content = b"".join(workshop.downloads.csv(job).chunks(0)).decode()
    for line in csv.DictReader(io.StringIO(content, newline="")):
        wanted = rows[int(line["row"]) - 1]
        assert line["name"] == wanted["name"]
        assert line["recipientEmail"] == wanted["recipientEmail"]
        kept = names.get(int(line["row"]))
        assert line["certificateId"] == (kept.certificate if kept else "")
        assert line["referenceNumber"] == (kept.reference if kept else "")
        assert line["voucherId"] == (kept.voucher if kept else "")
    archive = zipfile.ZipFile(
        io.BytesIO(b"".join(workshop.downloads.zip(job).chunks(0)))
    )
    assert archive.testzip() is None
    files = [name for name in archive.namelist() if name.startswith("metadata/")]
    assert len(files) == len(names)
    for name in files:
        said = json.loads(archive.read(name))
        wanted = rows[said["row"] - 1]
        assert said["certificateId"] == names[said["row"]].certificate
        assert said["recipientEmail"] == wanted["recipientEmail"]
        assert archive.read(said["image"]).decode() == wanted["imageUrl"]
        marks = {word for word in wanted["name"].split() if len(word) == 16}
        (mark,) = marks
        text = json.dumps(said)
        assert text.count(mark) == len(COLUMNS) - 1  # the picture is a file
        others = [other for other in rows if mark not in other["name"]]
        assert not any(other["name"].split()[1] in text for other in others)


def test_the_same_cells_in_other_columns_are_other_facts(workshop):
    """
    Two jobs whose columns stand in another order never share what was read.
    """
    tenant = workshop.tenant()
    rows = rows_of("columns", 3)
    first = workshop.enter(tenant, csv_of(rows))
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(reversed(COLUMNS)))
    writer.writeheader()
    writer.writerows(rows)
    second = workshop.enter(tenant, out.getvalue().encode())
    workshop.drain()

    for job in (first, second):
        for number, name in workshop.names(job).items():
            found = find(name.certificate, certificates=workshop.certificates)
            assert cells_of(found) == rows[number - 1]
