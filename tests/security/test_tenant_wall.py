"""I20: no answer to one tenant depends on what another has."""

import re
import secrets
import uuid

import httpx
import pytest

from support.paperwork import Paperwork
from support.pki_of_signers import institution, packed
from support.server import HEADER, pictures, sheet
from support.university import University
from support.vault import VaultClient, scroll

#: Occurs in everything that the other tenant has, and nowhere else.
CANARY = "canary-7f3a"

#: What may differ between two answers to the same question.
VOLATILE = ("date", "x-request-id", "x-ratelimit-reset")

ROW = f"{CANARY} course,{CANARY} text,one.png,{CANARY},%s,{CANARY} name"

TEMPLATE = {
    "testamur": 1,
    "name": f"{CANARY} diploma",
    "page": {"size": "A6"},
    "items": [{"type": "text", "box": [9, 9, 99, 9], "text": "{{recipientName}}"}],
}

METADATA = sheet(
    ROW % f"{CANARY}@example.com",
    ROW % CANARY,
    header=HEADER + ",recipientName",
)


def records(tenant):
    """Give what makes a student and a course: (path, body)."""
    yield (
        "/students",
        {
            "name": f"{CANARY} student",
            "email": f"{CANARY}@example.com",
            "date_of_birth": "2001-02-03",
        },
    )
    body = {"name": f"{CANARY} institution", "country": "PT"}
    institution = tenant.client.post(
        "/institutions", json=body, headers={"X-Tenant": tenant.slug}
    ).json()["data"]["uuid"]
    yield (
        "/courses",
        {"name": f"{CANARY} course", "institution_uuid": institution},
    )


#: What the other tenant has an id of.
KINDS = (
    *("template", "file", "student", "course", "job", "batch", "certificate"),
    *("voucher", "reference", "key", "tenant", "slug", "email", "request"),
    *("document", "document's uuid", "signatory", "signer", "diploma"),
    *("suppression", "webhook", "webhook delivery"),
    *("vault file", "vault batch", "vault certificate", "vault reference"),
)

#: Numbers from here on are in no answer by chance.
FIRST_NUMBER = 1_734_000_000


def numbered_high(server):
    """Have things that are known by a number have one that can be told from others."""
    with server.office.database.writing() as connection:
        for table in ("documents", "signatories", "signers"):
            connection.exec_driver_sql(
                f"DELETE FROM sqlite_sequence WHERE name = '{table}'"
            )
            connection.exec_driver_sql(
                f"INSERT INTO sqlite_sequence VALUES ('{table}', {FIRST_NUMBER})"
            )


def papers(server, tenant):
    """Return the ids of a document, its signatory, a signer and a certificate."""
    numbered_high(server)
    paperwork = Paperwork(server, tenant)
    document = paperwork.asked(
        f"{CANARY}@example.org", description=f"{CANARY} contract"
    )
    [signatory] = paperwork.ok(paperwork.client.get("/signers"))
    packed_file = packed(institution("p256"), "314159")
    cert = paperwork.ok(
        tenant.client.post(
            "/certs",
            files={"certificate": ("a.p12", packed_file)},
            data={"name": f"{CANARY} rectorate", "pin": "314159"},
        ),
        201,
    )
    university = University(tenant)
    student = university.student(f"{CANARY} graduate", email=f"{CANARY}@example.net")
    diploma = university.certificate(student_uuid=student)
    return {
        "document": str(document["id"]),
        "document's uuid": document["uuid"],
        "signatory": str(signatory["id"]),
        "signer": str(cert["id"]),
        "diploma": diploma["uuid"],
    }


def suppressed(tenant):
    """Return the id of an entry of the suppression list."""
    body = {"address": f"{CANARY}@example.com"}
    made = tenant.client.post("/v1/suppressions", json=body)
    assert made.status_code == 201
    return made.json()["id"]


def hooked(tenant):
    """Return the ids of a webhook and of something that it is told."""
    body = {"url": f"https://{CANARY.lower()}.example/", "events": ["*"]}
    made = tenant.client.post("/v1/webhooks", json=body).json()["id"]
    told = tenant.client.post(f"/v1/webhooks/{made}/test").json()["deliveryId"]
    return {"webhook": made, "webhook delivery": told}


def vault(tenant):
    """Return the ids of a file of the vault, a batch, and a certificate in it."""
    client = VaultClient(tenant)
    fields = {
        "certificate_title": f"{CANARY} title",
        "full_name": f"{CANARY} name",
        "applicant_email": f"{CANARY}@example.net",
    }
    [one] = client.done(client.entry(**fields))
    return {
        "vault file": client.upload(scroll(CANARY), f"{CANARY}.pdf"),
        "vault batch": one["batch_id"],
        "vault certificate": one["uuid"],
        "vault reference": one["reference_id"],
    }


@pytest.fixture(scope="module")
def tenants(server):
    """Return two tenants with full data, and every id that the second one has."""
    mine, other = server.tenant(), server.tenant()
    mine.client.headers["X-Tenant"] = mine.slug  # one wire asks for it each time
    mine.done(sheet("Mine,Text,one.png,education,me@example.com"), pictures())
    job = other.job(METADATA, pictures(), createBatch="true")
    other.wait(job)
    named = {"Idempotency-Key": f"{CANARY}-request"}
    other.wait(
        other.create(METADATA, pictures(), headers=named).json()["data"]["jobId"]
    )
    [certificate] = other.client.get(f"/v1/certificates?jobId={job}").json()[
        "certificates"
    ]
    template = other.client.post("/v1/templates", json=TEMPLATE).json()
    for one in (mine, other):  # DokStamp's clients name it in every request
        one.client.headers["X-Tenant"] = one.slug
    content = f"%PDF-1.7 {CANARY}".encode()
    form = {"files[]": (f"{CANARY}.pdf", content, "application/pdf")}
    [uploaded] = other.client.post("/files", files=form).json()["data"]
    student, course = (
        other.client.post(path, json=body).json()["data"]["uuid"]
        for path, body in records(other)
    )
    ids = {
        "template": template["id"],
        "file": uploaded["uuid"],
        "student": student,
        "course": course,
        "job": job,
        "batch": certificate["batchId"],
        "certificate": certificate["id"],
        "voucher": certificate["voucher"]["id"],
        "reference": certificate["referenceNumber"],
        "key": other.key_id,
        "tenant": other.client.get("/v1/tenant").json()["id"],
        "slug": other.slug,
        "email": f"{CANARY}@example.com",
        "request": f"{CANARY}-request",
        "suppression": suppressed(other),
        **hooked(other),
        **papers(server, other),
        **vault(other),
    }
    assert None not in ids.values()
    assert sorted(ids) == sorted(KINDS)
    return mine, other, ids


def nobodys(name):
    """Return an id of the same form that belongs to nobody."""
    if re.fullmatch(r"[0-9a-f]{24}", name):
        return secrets.token_hex(12)
    if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", name):
        return str(uuid.uuid4())
    if name.isdecimal():
        return str(int(name) + 5_000)
    if name.startswith("PB-"):
        return "PB-" + "Z" * (len(name) - 3)
    if name.startswith("VEC-IC-"):
        return "VEC-IC-" + "Z" * (len(name) - 7)
    # Of the same length, too: the length of an answer is part of it.
    return "".join("q" if one.isalnum() else one for one in name)


def heard(answer, name):
    """Return all of *answer* that could tell something, the id it was asked for out."""
    body = re.sub(rb"req_[0-9a-f]{24}", b"", answer.content)
    headers = [
        (key, value) for key, value in answer.headers.items() if key not in VOLATILE
    ]
    text = repr((answer.status_code, headers, body))
    return text.replace(name, "ID")


def questions(server, name):
    """Give every request that has *name* in some position: (method, path, options)."""
    paths = httpx.get(f"{server.url}/openapi.json").json()["paths"]
    for path, operations in paths.items():
        for method, operation in operations.items():
            if operation["x-scope"] is None:
                continue
            for kind in ("csv", "zip", name) if "{type}" in path else ("",):
                filled = path.replace("{type}", kind).replace("{count}", name)
                filled = re.sub(r"\{(jobId|id|uuid|signer_id|delivery)\}", name, filled)
                if name in filled:
                    yield method, filled, {}
                    if method == "get":
                        yield "head", filled, {}
                else:
                    yield method, filled, {"headers": {"X-Tenant": name}}
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "query":
                    yield method, path, {"params": {parameter["name"]: name}}
    for path in ("students", "courses", "files", "certificates"):
        yield "delete", f"/{path}/batch/destroy", {"json": {"uuids": [name]}}
    yield "post", "/cohorts", {"json": {"code": "A", "course_uuid": name}}
    yield "post", "/enrollments", {"json": {"student_uuid": name}}
    yield "delete", "/documents/batch/destroy", {"json": {"uuids": [name]}}
    number = int(name) if name.isdecimal() else name
    resend = "/documents/signatures/batch/resend"
    yield "post", resend, {"json": {"document_ids": [number]}}
    yield "post", "/documents", {"json": {"description": "A", "file_uuid": name}}
    yield "post", "/certificates", {"json": {"student_uuid": name, "file_uuid": name}}
    entry = {"certificate_title": "A", "full_name": "B", "applicant_email": "c@d.org"}
    entries = [{**entry, "file_id": name}]
    yield "post", "/business/certificate-vault/bulk", {"json": {"entries": entries}}
    yield "post", "/v1/keys", {"json": {"scopes": [name]}}
    yield "post", "/v1/keys", {"json": {"name": "x", name: 1}}
    yield "post", "/v1/jobs", {"json": {"rows": [{"name": "A"}], "batchId": name}}
    yield "post", "/v1/jobs", {"json": {"rows": [{"name": "A"}], "template": name}}


@pytest.mark.parametrize("kind", KINDS)
def test_a_foreign_id_answers_like_nobodys(server, tenants, kind):
    """Every route, every id of the other, every position: byte for byte."""
    mine, _, ids = tenants
    name = ids[kind]
    stranger = nobodys(name)
    assert stranger != name
    differing, asked = [], 0
    pairs = zip(questions(server, name), questions(server, stranger), strict=True)
    for (method, path, options), (_, its_path, its_options) in pairs:
        first = mine.client.request(method, path, **options)
        second = mine.client.request(method, its_path, **its_options)
        asked += 1
        assert first.status_code < 500
        assert CANARY not in first.text.replace(name, "")
        if heard(first, name) != heard(second, stranger):
            differing.append((method, path, first.text, second.text))

    assert differing == []
    assert asked > 100


def test_a_foreign_idempotency_key_is_nobodys(tenants):
    """The same key of another tenant's request names a request of one's own."""
    mine, _, ids = tenants
    content = (sheet("Mine,Text,one.png,education,me@example.com"), pictures())

    made = mine.create(*content, headers={"Idempotency-Key": ids["request"]})

    assert made.status_code == 201
    mine.wait(made.json()["data"]["jobId"])


def test_whoever_asks_in_vain_changes_nothing(server, tenants):
    """After every request above the other tenant's things are as they were."""
    mine, other, ids = tenants

    def everything():
        """Return all that the other tenant can see of its own."""
        return [
            heard(other.client.get(path), "")
            for path in (
                f"/api/bulk-mint/{ids['job']}",
                f"/api/bulk-mint/{ids['job']}/download/csv",
                "/v1/jobs",
                "/v1/certificates",
                "/v1/keys",
                "/v1/templates",
                "/v1/suppressions",
                "/v1/webhooks",
                "/files",
                "/certificates",
                "/documents",
                "/signers",
                "/certs",
                "/students",
            )
        ]

    before = everything()
    for method, path, options in questions(server, ids["job"]):
        mine.client.request(method, path, **options)
    refused = mine.client.delete(f"/v1/keys/{ids['key']}")

    assert refused.status_code == 404
    assert everything() == before


def test_lists_and_sums_are_ones_own(tenants):
    """Not a byte of the other's is in what one can list, sum up or download."""
    mine, other, _ = tenants
    for path in (
        "/api/bulk-mint",
        "/v1/jobs",
        "/v1/certificates",
        "/v1/usage",
        "/v1/suppressions",
        "/v1/webhooks",
        "/v1/events",
        "/business/certificate-vault",
        "/business/batches",
        "/v1/keys",
        "/files",
        "/auth/me",
    ):
        mine_says, other_says = mine.client.get(path), other.client.get(path)

        assert mine_says.status_code == other_says.status_code == 200
        assert CANARY not in mine_says.text
        mine_ids = set(re.findall(r'"([0-9a-f]{24})"', mine_says.text))
        other_ids = set(re.findall(r'"([0-9a-f]{24})"', other_says.text))
        assert mine_ids.isdisjoint(other_ids)
    [*jobs] = mine.client.get("/api/bulk-mint").json()["data"]["jobs"]
    for job in jobs:
        archive = mine.archive(job["jobId"])
        assert all(
            CANARY.encode() not in archive.read(name) for name in archive.namelist()
        )


def test_the_wall_would_show_a_crack(tenants):
    """The comparison above is not blind: one's own job answers differently."""
    mine, _, _ = tenants
    job = mine.client.get("/api/bulk-mint").json()["data"]["jobs"][0]["jobId"]
    stranger = nobodys(job)

    own = heard(mine.client.get(f"/api/bulk-mint/{job}"), job)

    assert own != heard(mine.client.get(f"/api/bulk-mint/{stranger}"), stranger)
