"""Open Badges 2.0 of the academic directory, as whoever checks one reads them."""

import hashlib
import re
from datetime import datetime
from uuid import uuid4

import httpx
import pytest

from support.images import photograph, saved
from support.university import University, days_from_now

CONTEXT = "https://w3id.org/openbadges/v2"


@pytest.fixture
def university(tenant):
    """Return a university whose certificates are badges."""
    made = University(tenant)
    picture = saved(photograph(90, 90, seed=hash(tenant.slug) % 1_000), "PNG")
    form = [("files[]", ("badge.png", picture, "image/png"))]
    [image] = made.client.post("/files", files=form).json()["data"]
    path = f"/institutions/{made.institution}"
    enabled = {"is_badges_enabled": True, "badge_image_uuid": image["uuid"]}
    answer = made.client.patch(path, json=enabled)
    assert answer.status_code == 200, answer.text
    made.picture = picture
    return made


def get(url: str, status: int = 200) -> dict:
    """Return what anybody gets from an address, which must be its own id."""
    answer = httpx.get(url)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "*"
    body = answer.json()
    assert body["@context"] == CONTEXT
    assert body["id"] == url
    return body


def assertion_of(university, certificate) -> str:
    """Return the address of a certificate's assertion."""
    base = university.tenant.server.url
    return f"{base}/certificates/{certificate['uuid']}/badges/assertions"


def test_a_badge_leads_from_assertion_to_class_to_issuer(university):
    """
    Whoever has the first address gets the others from it, and each has what Open
    Badges 2.0 asks for.
    """
    student = university.student(email="Ines@example.org")
    certificate = university.certificate(
        student_uuid=student,
        issued_at="2026-07-15T10:00:00Z",
        expires_at=days_from_now(30),
    )

    assertion = get(assertion_of(university, certificate))
    badge = get(assertion["badge"])
    issuer = get(badge["issuer"])

    assert assertion["type"] == "Assertion"
    recipient = assertion["recipient"]
    assert (recipient["type"], recipient["hashed"]) == ("email", True)
    digest = hashlib.sha256(("Ines@example.org" + recipient["salt"]).encode())
    assert recipient["identity"] == f"sha256${digest.hexdigest()}"
    assert assertion["issuedOn"].startswith("2026-07-15T10:00:00")
    assert datetime.fromisoformat(assertion["expires"])
    assert assertion["verification"] == {"type": "HostedBadge"}
    assert assertion["evidence"] == certificate["public_verification_url"]
    assert "revoked" not in assertion
    assert badge["type"] == "BadgeClass"
    assert badge["name"] == "Marine Biology"
    assert badge["description"]
    assert badge["criteria"]["narrative"]
    assert issuer["type"] == "Issuer"
    assert issuer["name"] == "University of the Azores"
    assert re.fullmatch(r"https?://\S+", issuer["url"])
    for url in (badge["image"], issuer["image"]):
        image = httpx.get(url)
        assert image.headers["content-type"] == "image/png"
        assert image.content == university.picture


@pytest.mark.parametrize("how", ["revoked", "deleted", "suspended", "erased"])
def test_what_is_not_to_be_relied_on_is_a_revoked_badge(university, how):
    """410 and `revoked`, as the standard has it for hosted badges; and no name."""
    student = university.student(email=f"{how}@example.org")
    certificate = university.certificate(student_uuid=student)
    path = f"/certificates/{certificate['uuid']}"
    client = university.client
    if how == "revoked":
        client.put(f"{path}/revoke", json={"revocation_reason": "By mistake"})
    elif how == "deleted":
        assert client.delete(path).status_code == 204
    elif how == "suspended":
        name = certificate["public_verification_url"].rpartition("/")[2]
        client.post(f"/v1/certificates/{name}/suspend", json={"reason": "Looked into"})
    else:
        client.post("/v1/erasures", json={"email": f"{how}@example.org"})

    told = get(assertion_of(university, certificate), 410)

    assert told["type"] == "Assertion"
    assert told["revoked"] is True
    assert "recipient" not in told
    if how == "revoked":
        assert told["revocationReason"] == "By mistake"


def test_a_draft_is_no_badge(university):
    """There is nothing to see until it is issued."""
    draft = university.certificate(status="draft")

    answer = httpx.get(assertion_of(university, draft))

    assert answer.status_code == 404


def test_there_are_no_badges_unless_they_are_wanted(tenant):
    """An institution that did not enable them has none, nor have its courses."""
    university = University(tenant)
    certificate = university.certificate()
    base = tenant.server.url

    for path in (
        f"/institutions/{university.institution}/badges/issuers",
        f"/institutions/{university.institution}/badges/image",
        f"/courses/{university.course}/badges/classes",
        f"/courses/{university.course}/badges/image",
        f"/certificates/{certificate['uuid']}/badges/assertions",
    ):
        answer = httpx.get(base + path)
        assert answer.status_code == 404, path
        assert answer.json()["success"] is False


@pytest.mark.parametrize(
    ("name", "status"),
    [
        pytest.param(str(uuid4()), 404, id="unknown"),
        pytest.param("17", 422, id="a-number"),
        pytest.param("%00", 422, id="nul"),
    ],
)
@pytest.mark.parametrize(
    "path",
    [
        "/institutions/{}/badges/issuers",
        "/courses/{}/badges/classes",
        "/courses/{}/badges/image",
        "/certificates/{}/badges/assertions",
    ],
)
def test_what_is_no_uuid_of_a_badge_is_refused(server, path, name, status):
    """404 for one that is not there, 422 for what cannot be one."""
    answer = httpx.get(server.url + path.format(name))

    assert answer.status_code == status, answer.text
