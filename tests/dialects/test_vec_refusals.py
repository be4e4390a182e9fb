"""How VEC's Business API says no, over HTTP."""

import io
import json

import httpx
import pikepdf
import pytest
from pikepdf import Dictionary, Name

from support.foreign_pdfs import opening, page, show
from support.server import Server
from support.vault import VAULT, VaultClient, picture, scroll
from testamur.core.refusals import (
    Fault,
    Halted,
    Kind,
    NotYet,
    Refusal,
    StorageFull,
)
from testamur.dialects.vec import problems

NOBODYS = "3f333df6-90a4-4fda-8dd3-9485d27cee36"


@pytest.fixture
def vault(tenant):
    """Return a client of the vault."""
    return VaultClient(tenant)


def listed(answer: httpx.Response, message: str) -> list[str]:
    """Return what a bulk call is refused with, one by one."""
    assert answer.status_code == 422, answer.text
    body = answer.json()
    assert set(body) == {"message", "errors"}
    assert body["message"] == message
    errors: list[str] = body["errors"]
    return errors


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_refusal_has_a_spelling(kind):
    """Each has a status of its own choice, and a message that is text."""
    status, body = problems.spell(Refusal(kind, "code", "Detail.", at="x"))

    assert 400 <= status < 500
    assert isinstance(body["message"], str)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault("x", passing=True), "SERVICE_UNAVAILABLE"),
        (StorageFull("x"), "STORAGE_FULL"),
        (Halted(), "ISSUING_HALTED"),
        (NotYet("x", seconds=1), "NOT_READY_YET"),
    ],
)
def test_trouble_of_ours_is_a_503_with_its_code(fault, code):
    """What the operator's log says of it is not told."""
    status, body = problems.spell_fault(fault)

    assert (status, body["error_code"]) == (503, code)
    assert set(body) == {"message", "error_code"}


def test_a_bug_is_told_in_the_services_own_words():
    """The 500 is to the letter what the service documents."""
    assert problems.spell_fault(None) == (
        500,
        {
            "message": "An unexpected error occurred. Our team has been notified.",
            "error_code": "SERVER_ERROR",
        },
    )


def test_without_a_token_the_answer_is_the_services(server):
    """The 401 is to the letter what the service documents."""
    answers = [
        httpx.get(f"{server.url}{VAULT}", headers=headers)
        for headers in ({}, {"Authorization": "Bearer wrong"})
    ]

    for answer in answers:
        assert answer.status_code == 401
        assert answer.json() == {"message": "Unauthorized - Invalid API token"}
        assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("method", "path", "permission"),
    [
        ("POST", f"{VAULT}/upload-file", "certificate-vault:create"),
        ("POST", f"{VAULT}/bulk", "certificate-vault:create"),
        ("GET", VAULT, "certificate-vault:list"),
        ("GET", f"{VAULT}/{NOBODYS}", "certificate-vault:view"),
        ("POST", f"{VAULT}/{NOBODYS}/retry", "certificate-vault:update"),
        ("GET", f"{VAULT}/{NOBODYS}/download", "certificate-vault:download"),
        ("GET", "/business/batches", "batches:view"),
    ],
)
def test_a_missing_permission_is_named(vault, tenant, method, path, permission):
    """The 403 is to the letter what the service documents."""
    answer = vault.client_with(tenant.key_with("bulk:mint")).request(method, path)

    assert answer.status_code == 403
    assert answer.json() == {
        "message": "Forbidden - Insufficient permissions",
        "required_permission": permission,
    }


def test_an_unknown_file_refuses_the_whole_call(vault):
    """The 422 is to the letter what the service documents; nothing is kept."""
    good = vault.upload()

    answer = vault.bulk(vault.entry(NOBODYS), vault.entry(good))

    assert listed(answer, "Some file_ids could not be resolved") == [
        f"Entry 0: file_id {NOBODYS} not found"
    ]
    assert vault.listed() == []
    assert vault.bulk(vault.entry(good)).status_code == 202, "it is still free"


def test_another_tenants_file_is_not_found(vault, server):
    """It is answered as one that is not there."""
    foreign = VaultClient(server.tenant()).upload()

    answer = vault.bulk(vault.entry(foreign))

    assert listed(answer, "Some file_ids could not be resolved") == [
        f"Entry 0: file_id {foreign} not found"
    ]


def test_a_file_is_used_once(vault):
    """A second call with the same file is refused, and says which."""
    file = vault.upload()
    assert vault.bulk(vault.entry(file)).status_code == 202

    answer = vault.bulk(vault.entry(file))

    assert listed(answer, "Some file_ids could not be resolved") == [
        f"Entry 0: file_id {file} has already been used"
    ]


def test_the_same_bytes_uploaded_twice_are_two_files(vault):
    """Thirty attendees may have the same document: each upload is one of them."""
    content = scroll("For all of you")
    files = [vault.upload(content) for _ in range(2)]

    answer = vault.bulk(*(vault.entry(one) for one in files))

    assert len(set(files)) == 2
    assert answer.status_code == 202


def test_duplicates_are_told_of_with_their_entry(vault):
    """The same file twice, or the same address, title and file."""
    content = scroll("Twice")
    file, *same = (vault.upload(content) for _ in range(3))
    email = {"applicant_email": "ana@example.com"}

    answer = vault.bulk(
        vault.entry(file),
        vault.entry(file),
        vault.entry(same[0], **email),
        vault.entry(same[1], applicant_email="Ana@Example.com"),
    )

    assert listed(answer, "Duplicate entries found") == [
        f"Entry 1: file_id {file} is the one of entry 0",
        "Entry 3: applicant_email, certificate_title and file are those of entry 2",
    ]


def test_every_fault_of_a_long_call_is_named_once_with_its_entry(vault):
    """Ten thousand entries, a hundred faults of five kinds: a hundred lines."""
    files = vault.seeded(10_000)
    entries = [vault.entry(file) for file in files]
    wrong = range(99, 10_000, 100)
    for place in wrong:
        entry = entries[place]
        match place // 100 % 5:
            case 0:
                entry["file_id"] = NOBODYS
            case 1:
                entry["file_id"] = files[0]
            case 2:
                entry["applicant_email"] = "nobody"
            case 3:
                entry["full_name"] = ""
            case 4:
                entry["issue_date"] = "yesterday"

    errors = listed(vault.bulk(*entries), "Some file_ids could not be resolved")

    assert len(errors) == 100
    assert [int(one.partition(":")[0].removeprefix("Entry ")) for one in errors] == (
        list(wrong)
    )
    assert vault.listed() == []


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"certificate_title": None}, "The certificate title field is required."),
        ({"full_name": "  "}, "The full name field is required."),
        ({"full_name": ["Ana"]}, "The full name field must be a string."),
        (
            {"full_name": "x" * 256},
            "The full name field must not be greater than 255 characters.",
        ),
        (
            {"applicant_email": "ana"},
            "The applicant email field must be a valid email address.",
        ),
        ({"file_id": "7"}, "The file id field must be a valid UUID."),
        ({"file_id": 7}, "The file id field must be a valid UUID."),
        (
            {"issue_date": "2025-02-30"},
            "The issue date field must be a valid date such as 2025-06-01.",
        ),
        (
            {"details": "x" * 1_001},
            "The details field must not be greater than 1000 characters.",
        ),
    ],
)
def test_a_wrong_field_is_told_of_with_its_entry(vault, fields, error):
    """One line for it, and none for the others."""
    file = vault.upload()

    answer = vault.bulk(vault.entry(file), {**vault.entry(vault.upload()), **fields})

    assert listed(answer, "The given data was invalid.") == [f"Entry 1: {error}"]


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "\u202eevil"])
def test_text_that_cannot_be_stored_is_refused(vault, text):
    """A NUL, half of a character, and what turns text around."""
    content = {"entries": [{**vault.entry(), "full_name": text}]}
    answer = vault.client.post(
        f"{VAULT}/bulk",
        content=json.dumps(content),
        headers={"Content-Type": "application/json"},
    )

    [error] = listed(answer, "The given data was invalid.")
    assert error.startswith("Entry 0: The full name field ")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "The entries field is required."),
        ([], "The entries field is required."),
        ({"entries": []}, "The entries field must have at least 1 items."),
        ({"entries": "x"}, "The entries field must be an array."),
        ({"entries": [7]}, "Entry 0: An entry must be an object."),
    ],
)
def test_a_call_without_entries_is_refused(vault, body, error):
    """Whatever stands in their place."""
    answer = vault.client.post(f"{VAULT}/bulk", json=body)

    assert listed(answer, "The given data was invalid.") == [error]


def test_a_call_may_have_as_many_entries_as_the_plan_has_rows(server: Server):
    """More is refused as a whole."""
    small = VaultClient(server.tenant("standard"))

    answer = small.bulk(*[{}] * 1_001)

    assert listed(answer, "The given data was invalid.") == [
        "The entries field must not have more than 1000 items. Split the call."
    ]


def test_what_is_no_picture_and_no_pdf_is_not_taken(vault):
    """The field is named, as the service does elsewhere."""
    answer = vault.client.post(
        f"{VAULT}/upload-file", files={"file": ("a.pdf", b"GIF89a", "application/pdf")}
    )

    assert answer.status_code == 422
    said = "The file field must be a file of type: pdf, jpg, jpeg, png."
    assert answer.json() == {"message": said, "errors": {"file": [said]}}


def test_a_file_that_does_something_when_it_is_opened_is_not_taken(vault):
    """A PDF with a program in it, one with a password, half a picture."""
    script = opening(Dictionary(S=Name.JavaScript, JS="app.alert(1)"))
    locked = io.BytesIO()
    with pikepdf.open(io.BytesIO(scroll("Locked"))) as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(owner="a", user=""))
    bad = {
        "a.pdf": page(show(9, 9, "x"), script),
        "b.pdf": locked.getvalue(),
        "c.png": picture("PNG")[:200],
        "d.jpg": picture("JPEG")[:300],
    }

    answers = [
        vault.client.post(f"{VAULT}/upload-file", files={"file": (name, content)})
        for name, content in bad.items()
    ]

    for answer in answers:
        assert answer.status_code == 422, answer.text
        assert set(answer.json()["errors"]) == {"file"}


def test_a_file_of_twenty_megabytes_is_taken_and_no_larger_one(vault):
    """The limit is the service's."""
    answer = vault.client.post(
        f"{VAULT}/upload-file",
        files={"file": ("a.pdf", bytes(20 * 1024 * 1024 + 1), "application/pdf")},
    )

    assert answer.status_code == 422
    assert "20,971,520" in answer.text


def test_a_form_names_all_that_it_lacks(vault):
    """The message tells the first, and how many more there are."""
    answer = vault.client.post(VAULT, files={"full_name": (None, "Ana")})

    assert answer.status_code == 422
    body = answer.json()
    assert body["message"] == (
        "The certificate title field is required. (and 2 more errors)"
    )
    assert set(body["errors"]) == {
        *("certificate_title", "applicant_email", "certificate_file"),
    }


@pytest.mark.parametrize("how", ["", "/retry", "/download", "/qrcode.svg"])
@pytest.mark.parametrize("name", [NOBODYS, "7", "0" * 24])
def test_what_is_not_there_is_not_found(vault, how, name):
    """Whatever form its name has."""
    method = "POST" if how == "/retry" else "GET"

    answer = vault.client.request(method, f"{VAULT}/{name}{how}")

    assert answer.status_code == 404
    assert answer.json() == {"message": "Resource not found"}


def test_only_what_failed_is_retried(vault):
    """A certificate that is there stays as it is."""
    [one] = vault.done(vault.entry())

    answer = vault.client.post(f"{VAULT}/{one['uuid']}/retry")

    assert answer.status_code == 422
    assert answer.json()["errors"] == {
        "status": ["Only failed certificates can be retried; this one is generated."]
    }


def test_a_failed_certificate_is_retried_alone(vault, tenant):
    """Another one that failed with it stays failed; so does it, if nothing changed."""
    office = tenant.server.office
    owner = office.tenants.find(tenant.slug)
    with tenant.server.asleep():
        batch = vault.bulk(vault.entry(), vault.entry()).json()["data"]["batch_id"]
        [waiting, _] = vault.listed(batch_id=batch)
        key = office.keyring.current(owner.id)
        office.keyring.revoke(owner.id, key.id, by="operator")
    tenant.server.rest()
    [first, second] = vault.listed(status="failed", batch_id=batch)

    with tenant.server.asleep():
        answer = vault.client.post(f"{VAULT}/{first['uuid']}/retry")
        failed = vault.listed(status="failed", batch_id=batch)

    assert waiting["status"]["value"] in ("pending", "processing")
    assert "key" in vault.shown(second["uuid"])["rejection_reason"]
    assert answer.status_code == 200, answer.text
    assert answer.json()["message"] == "Vault certificate retry initiated"
    assert answer.json()["data"]["status"]["value"] == "pending"
    assert [one["uuid"] for one in failed] == [second["uuid"]]
    tenant.server.rest()
    assert len(vault.listed(status="failed", batch_id=batch)) == 2


def test_a_pdf_is_not_there_before_its_certificate(vault, tenant):
    """It is refused, and says where the certificate is."""
    with tenant.server.asleep():
        vault.bulk(vault.entry())
        [one] = vault.listed()
        answer = vault.client.get(f"{VAULT}/{one['uuid']}/download")

    assert answer.status_code == 422
    assert "once it is generated" in answer.json()["message"]


@pytest.mark.parametrize(
    "query",
    [
        "status=done",
        "per_page=101",
        "per_page=0",
        "page=x",
        "batch_id=7",
        "search=%00",
        "search=a&search=b",
        "state=failed",
    ],
)
def test_a_list_is_not_asked_for_what_it_has_not(vault, query):
    """A filter that is not understood is refused and never passed over."""
    answer = vault.client.get(f"{VAULT}?{query}")

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [query.partition("=")[0]]
