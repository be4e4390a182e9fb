"""Lists of the vault, and template batches of VEC's Business API, over HTTP."""

import hashlib
import re
import time

import httpx
import pytest

from support.vault import VAULT, VaultClient, scroll

DESIGN = {
    "testamur": 1,
    "name": "Plain diploma",
    "page": {"size": "A6"},
    "items": [
        {"type": "text", "box": [9, 9, 120, 12], "text": "{{recipientName}}"},
        {"type": "text", "box": [9, 40, 120, 12], "text": "{{attribute_Grade}}"},
    ],
}

CSV = """\
RecipientsEmail,RecipientsName,IssueDate,Grade
ana@example.com,Ana Luz,01-06-2025,A
bo@example.com,Bo Ek,02-06-2025,B
"""


@pytest.fixture
def vault(tenant):
    """Return a client of the service."""
    return VaultClient(tenant)


@pytest.fixture
def template(vault, tenant):
    """Return the UUID of a template of the tenant's."""
    made = tenant.client.post("/v1/templates", json=DESIGN)
    assert made.status_code == 201, made.text
    [one] = vault.client.get(
        "/business/certificate-templates", params={"search": "plain DIP"}
    ).json()["data"]
    assert one["name"] == "Plain diploma"
    assert one["custom_fields"] == ["Grade"]
    return one["id"]


def create(vault, template, csv=CSV, name="Spring") -> httpx.Response:
    """Create a batch."""
    return vault.client.post(
        "/business/batches",
        data={"name": name, "template_id": template},
        files={"csv_file": ("people.csv", csv.encode(), "text/csv")},
    )


def over(vault, batch: str) -> dict:
    """Return a batch when it is neither pending nor processing."""
    end = time.monotonic() + 60
    while True:
        found = vault.client.get(f"/business/batches/{batch}").json()["data"]
        if found["status"] not in ("pending", "processing"):
            return found
        assert time.monotonic() < end, found
        time.sleep(0.05)


def test_a_batch_of_a_csv_and_a_template_is_issued_and_followed(vault, template):
    """201 with the batch; it can be read until it is completed."""
    answer = create(vault, template)

    assert answer.status_code == 201, answer.text
    made = answer.json()["data"]
    done = over(vault, made["id"])
    assert made["template_id"] == done["template"]["id"] == template
    assert made["total_certificates"] == 2
    assert done["status"] == "completed"
    assert done["progress"] == 100
    assert done["processed_certificates"] == 2
    assert done["failed_certificates"] == 0
    assert done["completion_date"] is not None
    found = vault.client.get(
        "/business/certificates",
        params={"batch_id": made["id"], "sort_field": "name", "sort_order": "asc"},
    ).json()["data"]
    assert [one["name"] for one in found] == ["Ana Luz", "Bo Ek"]
    assert [one["issue_date"] for one in found] == ["2025-06-01", "2025-06-02"]
    pdf = httpx.get(found[0]["pdf_path"], timeout=60)
    assert pdf.content.startswith(b"%PDF-")
    credential = httpx.get(found[0]["verification_url"] + ".json").text
    assert "Ana Luz" in credential
    assert found[0]["reference_id"] in httpx.get(found[0]["verification_url"]).text


def test_a_row_with_a_wrong_address_fails_alone(vault, template):
    """The batch is then partially completed, and the certificate says why."""
    made = create(vault, template, CSV + "nobody,No Body,,C\n").json()["data"]

    done = over(vault, made["id"])

    [failed] = vault.client.get(
        "/business/certificates", params={"batch_id": made["id"], "status": "failed"}
    ).json()["data"]
    assert done["status"] == "partially_completed"
    assert done["failed_certificates"] == 1
    assert "nobody" in failed["failure_reason"]
    assert failed["pdf_path"] is None


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"search": "LUZ"}, {"Ana Luz"}),
        ({"search": "bo@example"}, {"Bo Ek"}),
        ({"search": "%"}, set()),
        ({"issue_date_from": "2025-06-02"}, {"Bo Ek"}),
        ({"issue_date_to": "2025-06-01"}, {"Ana Luz"}),
        ({"generated_at_from": "2000-01-01"}, {"Ana Luz", "Bo Ek"}),
        ({"generated_at_to": "2000-01-01"}, set()),
        ({"status": "generated"}, {"Ana Luz", "Bo Ek"}),
        ({"status": "pending"}, set()),
        ({"batch_id": "3f333df6-90a4-4fda-8dd3-9485d27cee36"}, set()),
        ({"customer_id": 999_999_999}, set()),
    ],
)
def test_certificates_are_found_by_what_the_service_documents(
    issued_vault, query, names
):
    """Each filter alone: those, and no others."""
    found = issued_vault.client.get("/business/certificates", params=query).json()

    assert {one["name"] for one in found["data"]} == names
    assert found["meta"]["total"] == len(names)


@pytest.fixture(scope="module")
def issued_vault(server):
    """Return a client of a tenant with one batch that is done."""
    tenant = server.tenant()
    vault = VaultClient(tenant)
    made = tenant.client.post("/v1/templates", json=DESIGN).json()
    batch = create(vault, made["id"]).json()["data"]
    assert over(vault, batch["id"])["status"] == "completed"
    return vault


@pytest.mark.parametrize(
    ("csv", "error"),
    [
        ("", "The CSV has no column RecipientsEmail. Add it to the first line."),
        ("RecipientsEmail\na@b.example\n", "has no column RecipientsName"),
        ("RecipientsEmail,RecipientsName\n", "The CSV has no rows."),
        (
            "RecipientsEmail,RecipientsName,IssueDate\na@b.example,Ana,2025-06-01\n",
            "Row 1: IssueDate must be a date such as 01-06-2025 (DD-MM-YYYY).",
        ),
        ("RecipientsEmail,RecipientsName,A,a\nx,y,z,w\n", "the same name"),
        ("RecipientsEmail,RecipientsName,id\nx,y,z\n", "is no name of a column"),
    ],
)
def test_a_csv_that_cannot_be_used_is_refused(vault, template, csv, error):
    """The field is named, and what to do."""
    answer = create(vault, template, csv)

    assert answer.status_code == 422
    [said] = answer.json()["errors"]["csv_file"]
    assert error in said


def test_a_batch_names_all_that_it_lacks(vault):
    """As the service does: the first, and how many more."""
    answer = vault.client.post("/business/batches", files={"name": (None, "")})

    assert answer.status_code == 422
    assert answer.json()["message"] == "The name field is required. (and 2 more errors)"


@pytest.mark.parametrize(
    "name", ["7", "0" * 24, "00000000-0000-8000-8000-7e57a0000000"]
)
def test_a_template_that_is_not_there_is_refused(vault, name):
    """Whatever form its name has; so is another tenant's."""
    answer = create(vault, name)

    assert answer.status_code == 422
    assert answer.json()["errors"] == {
        "template_id": ["The selected template id is invalid."]
    }


def test_another_tenants_template_and_batch_are_not_there(vault, template, server):
    """They are answered like nobody's."""
    batch = create(vault, template).json()["data"]["id"]
    stranger = VaultClient(server.tenant())

    answers = [
        stranger.client.get(f"/business/batches/{batch}"),
        stranger.client.get("/business/batches/3f333df6-90a4-4fda-8dd3-9485d27cee36"),
    ]

    assert create(stranger, template).status_code == 422
    assert [one.status_code for one in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    assert stranger.client.get("/business/batches").json()["data"] == []


def test_a_bulk_call_can_be_followed_as_a_batch(vault):
    """Its batch_id is good for the list, and for reading the batch."""
    batch = vault.bulk(vault.entry()).json()["data"]["batch_id"]

    done = over(vault, batch)

    assert done["status"] == "completed"
    assert done["template_id"] is None
    assert vault.client.get("/business/batches").json()["data"] == []


def test_a_page_says_where_it_stands_as_laravel_does(vault):
    """`links`, and `meta` with its own `links`; filters are kept in them."""
    vault.done(*(vault.entry(full_name=f"Person {n}") for n in range(5)))

    body = vault.client.get(
        VAULT, params={"per_page": 2, "page": 2, "search": "person"}
    ).json()

    path = f"{vault.tenant.server.url}{VAULT}"
    assert [one["full_name"] for one in body["data"]] == ["Person 2", "Person 1"]
    assert body["links"] == {
        "first": f"{path}?per_page=2&search=person&page=1",
        "last": f"{path}?per_page=2&search=person&page=3",
        "prev": f"{path}?per_page=2&search=person&page=1",
        "next": f"{path}?per_page=2&search=person&page=3",
    }
    links = body["meta"].pop("links")
    assert body["meta"] == {
        "current_page": 2,
        "from": 3,
        "last_page": 3,
        "path": path,
        "per_page": 2,
        "to": 4,
        "total": 5,
    }
    assert [(one["label"], one["active"]) for one in links] == [
        ("&laquo; Previous", False),
        ("1", False),
        ("2", True),
        ("3", False),
        ("Next &raquo;", False),
    ]


def test_an_empty_list_has_one_page(vault):
    """Nothing is before it, and nothing after."""
    body = vault.client.get(VAULT).json()

    assert body["data"] == []
    assert body["meta"]["from"] is body["meta"]["to"] is None
    assert body["meta"]["last_page"] == 1
    assert body["links"]["prev"] is body["links"]["next"] is None


def test_the_vault_is_searched(vault):
    """By reference, title, name and address, in any letters; and by exact address."""
    [one, _] = vault.done(
        vault.entry(
            full_name="Ærø Ström",
            certificate_title="Diver",
            applicant_email="Ae@Example.com",
        ),
        vault.entry(),
    )

    for query in (
        {"search": one["reference_id"].lower()},
        {"search": "DIVER"},
        {"search": "ÆRØ STRÖM"},
        {"search": "ae@ex"},
        {"applicant_email": "ae@example.com"},
    ):
        assert [each["uuid"] for each in vault.listed(**query)] == [one["uuid"]], query
    assert vault.listed(search="_____") == []


def test_erasing_a_person_takes_them_out_of_the_vault(vault, tenant):
    """Name, address, title, file and verified PDF are gone; what is left is blank."""
    content = scroll(vault.tenant.slug)
    [one] = vault.done(
        vault.entry(vault.upload(content), applicant_email="gone@example.com")
    )
    vault.verified(one["uuid"])
    page = vault.shown(one["uuid"])["verification_url"]

    done = tenant.client.post(
        "/v1/erasures", json={"email": "gone@example.com", "reason": "Asked"}
    )

    assert done.status_code == 200, done.text
    [left] = vault.listed()
    assert left["status"]["value"] == "revoked"
    assert left["full_name"] == left["applicant_email"] == ""
    assert vault.listed(search="gone") == []
    assert vault.client.get(f"{VAULT}/{one['uuid']}/download").status_code in (404, 422)
    assert httpx.get(f"{page}.pdf").status_code in (404, 410)
    path = tenant.server.office.blobs.path(hashlib.sha256(content).hexdigest())
    end = time.monotonic() + 30
    while path.exists():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_times_are_spelt_as_laravel_does(vault):
    """To the microsecond, in UTC."""
    [one] = vault.done(vault.entry())

    pattern = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}000Z"
    assert re.fullmatch(pattern, one["created_at"])
    assert one["updated_at"] >= one["created_at"]
