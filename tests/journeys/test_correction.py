"""A mistake on a certificate is put right: the old one points to the new."""

import pytest

from support.server import HEADER, pictures, sheet
from testamur.issuance.status_list import decoded, is_set

ROW = "Sea Chart,Reads charts.,one.png,course,ada@example.com,Ada Lovelance,B,{}"
COLUMNS = HEADER + ",recipientName,attribute_Grade,attribute_validUntil"


@pytest.fixture
def issued(tenant):
    """Return a tenant and its certificate, whose name is misspelt."""
    job = tenant.job(sheet(ROW.format("2099-12-31"), header=COLUMNS), pictures())
    tenant.wait(job)
    (found,) = tenant.client.get(f"/v1/certificates?jobId={job}").json()["certificates"]
    return tenant, found


def correct(tenant, certificate, changes, **headers):
    """Ask for a correction; return the answer."""
    return tenant.client.post(
        f"/v1/certificates/{certificate['id']}/correct", json=changes, headers=headers
    )


def corrected(tenant, certificate, changes):
    """Correct a certificate; return the one that stands in its place."""
    answer = correct(tenant, certificate, changes)
    assert answer.status_code == 202, answer.text
    job = answer.json()["id"]
    assert answer.headers["location"] == f"/v1/jobs/{job}"
    tenant.wait(job)
    (new,) = tenant.client.get(f"/v1/certificates?jobId={job}").json()["certificates"]
    return new


def read(tenant, certificate):
    """Return a certificate as it is now."""
    return tenant.client.get(f"/v1/certificates/{certificate['id']}").json()


def test_the_old_certificate_points_to_the_new_one(issued):
    """
    What was not changed is carried over, the picture and the end too. The old one
    is revoked, says so and where to go; its credential stays what it was (I5).
    """
    tenant, old = issued
    before = tenant.client.get(f"/c/{old['id']}.json").content
    image = tenant.client.get(f"/c/{old['id']}/image").content

    new = corrected(tenant, old, {"recipientName": "Ada Lovelace"})

    assert new["recipientName"] == "Ada Lovelace"
    for field in ("name", "description", "category", "recipientEmail", "attributes"):
        assert new[field] == old[field]
    assert new["validUntil"] == old["validUntil"] == "2099-12-31T23:59:59.000Z"
    assert new["status"] == "active"
    assert new["id"] != old["id"]
    assert new["referenceNumber"] != old["referenceNumber"]
    assert tenant.client.get(f"/c/{new['id']}/image").content == image

    now = read(tenant, old)
    assert (now["status"], now["replacedBy"]) == ("corrected", new["id"])
    page = tenant.client.get(f"/c/{old['id']}").text
    assert f'href="/c/{new["id"]}"' in page
    assert "Corrected on" in page
    assert tenant.client.get(f"/c/{old['id']}.json").content == before
    credential = tenant.client.get(f"/c/{new['id']}.json").json()
    assert credential["validUntil"] == "2099-12-31T23:59:59Z"
    for one, flag in ((old, True), (new, False)):
        status = tenant.client.get(f"/c/{one['id']}.json").json()["credentialStatus"]
        found = tenant.client.get(status["statusListCredential"]).json()
        bits = decoded(found["credentialSubject"]["encodedList"])
        assert is_set(bits, int(status["statusListIndex"])) is flag
    entries = tenant.client.get("/v1/audit?limit=100").json()["entries"]
    (entry,) = [one for one in entries if one["act"] == "certificate.correct"]
    assert entry["actor"] == tenant.key_id


def test_a_correction_can_be_corrected(issued):
    """
    Version after version, each pointing to the next.
    """
    tenant, first = issued
    second = corrected(tenant, first, {"attributes": {"Grade": "A"}})
    third = corrected(
        tenant, second, {"attributes": {"Grade": None, "validUntil": None}}
    )

    assert second["attributes"] == {"Grade": "A"}
    assert third["attributes"] == {}
    assert third["validUntil"] is None
    assert read(tenant, first)["replacedBy"] == second["id"]
    assert read(tenant, second)["replacedBy"] == third["id"]
    assert read(tenant, third)["status"] == "active"


def test_what_is_taken_back_is_not_corrected(issued):
    """
    Neither a revoked certificate, nor one that was corrected already.
    """
    tenant, old = issued
    new = corrected(tenant, old, {"name": "Charts"})
    again = correct(tenant, old, {"name": "Sea Charts"})
    assert (again.status_code, again.json()["code"]) == (409, "certificate_corrected")
    assert new["id"] in again.json()["detail"]

    path = f"/v1/certificates/{new['id']}/revoke"
    assert tenant.client.post(path, json={"reason": "Void"}).status_code == 200
    revoked = correct(tenant, new, {"name": "Sea Charts"})
    assert (revoked.status_code, revoked.json()["code"]) == (409, "certificate_revoked")


def test_two_corrections_at_once_replace_it_once(issued):
    """
    One of them is the certificate's, and the other's row says so.
    """
    tenant, old = issued
    jobs = [
        correct(tenant, old, {"name": name}).json()["id"] for name in ("One", "Two")
    ]
    states = [tenant.wait(job)["status"] for job in jobs]

    assert sorted(states) == ["completed", "failed"]
    lost = jobs[states.index("failed")]
    (failure,) = tenant.client.get(f"/v1/jobs/{lost}").json()["failures"]
    assert failure["code"] == "certificate_corrected"
    assert read(tenant, old)["status"] == "corrected"


def test_the_same_request_again_is_the_same_correction(issued):
    """
    Under an Idempotency-Key, also when the first is done long since.
    """
    tenant, old = issued
    first = correct(tenant, old, {"name": "One"}, **{"Idempotency-Key": "c-1"})
    tenant.wait(first.json()["id"])
    again = correct(tenant, old, {"name": "One"}, **{"Idempotency-Key": "c-1"})
    other = correct(tenant, old, {"name": "Two"}, **{"Idempotency-Key": "c-1"})

    assert again.json() == first.json()
    assert other.json()["code"] == "idempotency_key_reused"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "parameter_invalid"),
        ([], "parameter_invalid"),
        ({"recipientName": "Ada Lovelance"}, "nothing_to_correct"),
        ({"attributes": {}}, "nothing_to_correct"),
        ({"surname": "x"}, "unknown_field"),
        ({"name": 7}, "field_type"),
        ({"attributes": "x"}, "field_type"),
        ({"attributes": {"1": "x"}}, "bad_attribute_name"),
    ],
)
def test_a_wrong_wish_changes_nothing(issued, changes, code):
    """
    It is refused as a row of a submission would be.
    """
    tenant, old = issued
    answer = correct(tenant, old, changes)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert read(tenant, old)["status"] == "active"


def test_a_correction_that_fails_leaves_the_old_one(issued):
    """
    Nothing is revoked before there is something in its place.
    """
    tenant, old = issued
    job = correct(tenant, old, {"recipientEmail": "nobody"}).json()["id"]

    assert tenant.wait(job)["status"] == "failed"
    assert read(tenant, old)["status"] == "active"


def test_correcting_takes_two_scopes(issued):
    """
    Who may only issue, or only revoke, cannot correct.
    """
    tenant, old = issued
    for scope in ("bulk:mint", "certificates:revoke"):
        one = {"x-api-key": tenant.key_with(scope)}
        assert correct(tenant, old, {"name": "x"}, **one).status_code == 403
    both = {"x-api-key": tenant.key_with("bulk:mint", "certificates:revoke")}
    assert correct(tenant, old, {"name": "x"}, **both).status_code == 202


def test_a_job_says_how_long_its_certificates_are_valid(tenant):
    """
    For rows that do not say themselves; and a row that ends too early fails alone.
    """
    files = {
        "rows": (
            "rows.csv",
            sheet(
                *(ROW.format(end) for end in ("", "2099-12-31", "2020-01-01")),
                header=COLUMNS,
            ),
        ),
        "images": ("images.zip", pictures()),
    }
    answer = tenant.client.post("/v1/jobs", files=files, data={"validDays": "10"})
    assert answer.status_code == 202, answer.text
    job = answer.json()["id"]
    tenant.wait(job)

    found = tenant.client.get(f"/v1/certificates?jobId={job}").json()["certificates"]
    by_row = {one["row"]: one for one in found}
    assert sorted(by_row) == [1, 2]
    assert by_row[2]["validUntil"] == "2099-12-31T23:59:59.000Z"
    assert by_row[1]["validUntil"][:10] > by_row[1]["issuedAt"][:10]
    (failure,) = tenant.client.get(f"/v1/jobs/{job}").json()["failures"]
    assert (failure["row"], failure["code"]) == (3, "valid_until_past")

    for wrong in ("0", "36501", "-1", "1.5", "ten", "٣"):
        answer = tenant.client.post("/v1/jobs", files=files, data={"validDays": wrong})
        assert answer.status_code == 422, wrong
