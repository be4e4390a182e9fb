"""The Thought Industries REST API, over HTTP."""

import io
import json
import threading
import time
import uuid
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import httpx
import pypdfium2
import pytest
from PIL import Image

from support.images import saved
from support.picture_host import PictureHost, answer
from support.server import ALLOWED_ADDRESS, start

BULK = "/incoming/v2/content/certificate-templates/bulk"
UPDATE = f"{BULK}/update"
RATES = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")


def course(**more):
    """Return a template of a course of its own."""
    return {
        "title": "Tides and Currents",
        "resourceType": "course",
        "resourceId": str(uuid.uuid4()),
        **more,
    }


def put(tenant, *templates, path=BULK):
    """Return what a bulk call says of these templates."""
    sent = tenant.client.post(path, json={"templates": templates})
    assert sent.status_code == 200, sent.text
    [(name, value)] = sent.json()["data"].items()
    assert name == (
        "APIBulkUpdateCertificateTemplates"
        if path == UPDATE
        else "APIBulkCreateCertificateTemplates"
    )
    assert set(value) == {
        *("createdCount", "updatedCount", "createdIds", "errors", "warnings"),
        "backgroundJob",
    }
    return value


def job_of(tenant, value, seconds=30):
    """Return the background job of a call once it is over."""
    name = value["backgroundJob"]["id"]
    end = time.monotonic() + seconds
    while True:
        found = tenant.client.get(f"/incoming/v2/jobs/{name}")
        job = found.json()["data"]["APIBackgroundJob"]
        if job["status"] in ("complete", "failed"):
            return job
        assert job["status"] in ("queued", "processing")
        assert time.monotonic() < end, job
        time.sleep(0.05)


def asked(tenant, template, user="ada@example.org", **more):
    """Return what is said to a request to certify a user for a template's course."""
    body = {
        "resourceType": template["resourceType"],
        "resourceId": template["resourceId"],
        **more,
    }
    return tenant.client.post(f"/incoming/v2/users/{user}/certify", json=body)


def certified(tenant, template, user="ada@example.org", **more):
    """Return the certificate that a user is given."""
    end = time.monotonic() + 60
    while (found := asked(tenant, template, user, **more)).status_code == 503:
        assert time.monotonic() < end, found.text  # and asked again, as it says
    assert found.status_code == 200, found.text
    return found.json()["data"]["APICertifyUser"]


def printed(award):
    """Return the text of a certificate's PDF."""
    found = httpx.get(award["pdfAsset"], timeout=60)
    assert found.status_code == 200, found.text
    with pypdfium2.PdfDocument(found.content) as pdf:
        assert len(pdf) == 1
        return pdf[0].get_textpage().get_text_bounded()


def said(answer):
    """Return the code of a refusal, after a look at its form and headers."""
    assert set(RATES) <= set(answer.headers)
    body = answer.json()
    assert {"error", "message"} <= set(body)
    assert answer.headers["content-type"] == "application/json"
    return answer.status_code, body["error"]


# Templates -----------------------------------------------------------------------


def test_a_template_is_made_and_changed_by_one_call(tenant):
    """By its id, or by resource and title: never a second one of the same."""
    template = course()

    made = put(tenant, template)
    [name] = made["createdIds"]
    again = put(tenant, template, {"id": name.upper(), "title": "Other"})
    changed = put(tenant, {"id": name, "title": "Winds"}, course(), course())

    assert (made["createdCount"], made["updatedCount"]) == (1, 0)
    assert str(uuid.UUID(name)) == name
    assert made["errors"] == made["warnings"] == []
    assert made["backgroundJob"] is None
    assert (again["createdCount"], again["updatedCount"]) == (0, 1)
    assert "templates[0]" in again["errors"][0]["error"]
    assert (changed["createdCount"], changed["updatedCount"]) == (2, 1)


def test_an_empty_call_changes_nothing(tenant):
    """As the service's own sample sends it."""
    value = put(tenant)

    assert value == {
        "createdCount": 0,
        "updatedCount": 0,
        "createdIds": [],
        "errors": [],
        "warnings": [],
        "backgroundJob": None,
    }


def test_only_an_id_updates_by_the_path_that_updates(tenant):
    """Fields that are not sent stay; one that is not there cannot be changed."""
    template = course()
    [name] = put(tenant, template)["createdIds"]

    value = put(
        tenant,
        {"id": name, "expirationDays": 7},
        template,
        {"id": str(uuid.uuid4()), "title": "x"},
        path=UPDATE,
    )

    assert (value["createdCount"], value["updatedCount"]) == (0, 1)
    assert [one["error"].partition(" ")[0] for one in value["errors"]] == [
        "id",
        "There",
    ]
    assert value["errors"][0]["resourceId"] == template["resourceId"]
    award = certified(tenant, template)
    assert award["certificateTemplate"]["expirationDays"] == 7
    assert award["certificateTemplate"]["title"] == template["title"]


def test_twins_in_one_call_are_told_apart(tenant):
    """The first counts; the second names it. So with two that become the same."""
    template, other = course(), course()
    [name] = put(tenant, other)["createdIds"]

    value = put(
        tenant,
        template,
        dict(template),
        {"id": name, "title": "A"},
        {"id": name, "title": "B"},
        {**other, "title": "A"},
        {"id": name},
    )

    assert (value["createdCount"], value["updatedCount"]) == (1, 1)
    assert [
        one["error"].split("as ")[1].partition(".")[0] for one in value["errors"]
    ] == ["templates[0]", "templates[2]", "templates[2]", "templates[2]"]


def test_two_templates_never_come_to_the_same_name(tenant):
    """Renaming one into another is an error that names the other."""
    template = course()
    first, second = put(tenant, template, {**template, "title": "B"})["createdIds"]

    value = put(tenant, {"id": second, "title": template["title"]}, path=UPDATE)

    assert value["updatedCount"] == 0
    assert first in value["errors"][0]["error"]


def test_a_title_that_is_given_up_is_free_in_the_same_call(tenant):
    """For a new template, and for one that moves up behind it."""
    first, second = course(), course(title="Winds")
    second["resourceId"] = first["resourceId"]
    one, two = put(tenant, first, second)["createdIds"]

    value = put(
        tenant,
        {"id": one, "title": "Old tides"},
        {"id": two, "title": first["title"]},
        second,
    )

    assert value["errors"] == []
    assert (value["createdCount"], value["updatedCount"]) == (1, 2)


def test_a_foreign_template_is_nobodys(server, tenant):
    """Word for word, and nothing of it is changed."""
    other = server.tenant()
    template = course(title="Theirs")
    [name] = put(other, template)["createdIds"]
    stranger = str(uuid.uuid4())

    for path in (BULK, UPDATE):
        value = put(tenant, {"id": name, "title": "Mine"}, path=path)
        nobodys = put(tenant, {"id": stranger, "title": "Mine"}, path=path)
        assert json.dumps(value).replace(name, "ID") == (
            json.dumps(nobodys).replace(stranger, "ID")
        )
    assert asked(tenant, template).status_code == 404
    assert put(other, template)["updatedCount"] == 1


def test_two_thousand_templates_some_broken(tenant):
    """Right counts, every error with its record, and a job that is followed."""
    items = [course(title=f"Course {n}") for n in range(2_000)]
    broken = {
        3: {"title": "no resource"},
        700: "text",
        701: None,
        1_000: {**items[1_000], "resourceType": "bundle"},
        1_001: {**items[1_001], "expirationDays": 0},
        1_500: dict(items[3 + 1]),
        1_999: {**items[1_999], "title": "\ud800 half"},
    }
    for place, item in broken.items():
        items[place] = item
    items[5] = {**items[5], "colour": "red"}
    body = json.dumps({"templates": items}).encode()

    since = time.monotonic()
    sent = tenant.client.post(
        BULK, content=body, headers={"Content-Type": "application/json"}
    )
    took = time.monotonic() - since

    value = sent.json()["data"]["APIBulkCreateCertificateTemplates"]
    assert took < 5
    assert value["createdCount"] == len(set(value["createdIds"])) == 2_000 - 7
    assert value["updatedCount"] == 0
    assert [json.loads(one["record"]) for one in value["errors"]] == list(
        broken.values()
    )
    assert len(value["warnings"]) == 1
    assert value["warnings"][0].startswith("templates[5].colour")
    job = value["backgroundJob"]
    assert set(job) == {
        *("id", "type", "description", "errorMessage", "createdAt", "repeatable"),
        "status",
    }
    assert (job["repeatable"], job["status"]) == (False, "queued")
    done = job_of(tenant, value, seconds=90)
    assert (done["status"], done["errorMessage"]) == ("complete", None)
    assert done["createdAt"] == job["createdAt"]


def test_a_hundred_templates_need_no_job(tenant):
    """One more does, whatever becomes of it."""
    few = put(tenant, *[{"title": "x"}] * 100)
    many = put(tenant, *[{"title": "x"}] * 101)

    assert (len(few["errors"]), few["backgroundJob"]) == (100, None)
    assert len(many["errors"]) == 101
    assert job_of(tenant, many)["status"] == "complete"


def test_a_foreign_job_is_nobodys(server, tenant):
    """As one that never was."""
    theirs = put(server.tenant(), *[{}] * 101)["backgroundJob"]["id"]

    for name in (theirs, str(uuid.uuid4()), "7", "0" * 24):
        found = tenant.client.get(f"/incoming/v2/jobs/{name}")
        assert said(found) == (404, "job_not_found")


# What it looks like --------------------------------------------------------------


@pytest.fixture
def files():
    """Return a server of pictures that may be fetched from."""
    with PictureHost(answer(), address=ALLOWED_ADDRESS) as host:
        yield host


def test_a_certificate_shows_what_its_labels_say(tenant, files):
    """Over the background that was fetched, in the proportions of that."""
    picture = Image.new("RGB", (1_200, 900), "#f4ead5")
    files.script = answer(saved(picture, "PNG"))
    template = course(
        asset=files.url(),
        expirationDays=30_000,
        customCss=".nameLabel { font-family: Great Vibes; font-size: 60px }",
        labels=[
            {"type": "textLabel", "text": "Harbour College", "x": 80, "y": 60},
            {"type": "nameLabel", "x": 80, "y": 300, "textAlign": "center"},
            {"type": "courseLabel", "x": 80, "y": 420, "fontSize": 32},
            {"type": "dateLabel", "dateFormat": "euroShort", "x": 80, "y": 600},
            {"type": "dateLabel", "dateFormat": "usLong", "x": 480, "y": 600},
            {"type": "expirationDateLabel", "dateFormat": "iso8601", "x": 80, "y": 700},
            {
                "type": "identifier",
                "identifierPrefix": "HC-",
                "identifierBodyLength": 8,
                "x": 80,
                "y": 800,
            },
            {"type": "userRef1Label", "x": 480, "y": 800},
        ],
    )
    put(tenant, template)

    award = certified(
        tenant,
        template,
        firstName="Ada",
        lastName="Lovelace",
        issuedAt="2026-11-01T23:30:00+02:00",
        attributes={"ref1": "Group 7"},
    )

    text = printed(award)
    for words in (
        *("Harbour College", "Ada Lovelace", "Tides and Currents", "01-11-2026"),
        *("November 1, 2026", "2108-12-21", award["identifier"], "Group 7"),
    ):
        assert words in text
    assert award["identifier"].startswith("HC-")
    assert len(award["identifier"]) == len("HC-") + 8
    assert award["issuedAt"] == "2026-11-01T21:30:00.000Z"
    assert award["signedAt"] > award["issuedAt"]
    assert award["expirationDate"] == "2108-12-21T21:30:00.000Z"
    with pypdfium2.PdfDocument(httpx.get(award["pdfAsset"]).content) as pdf:
        width, height = pdf[0].get_size()
        shown = pdf[0].render(scale=0.2).to_pil().convert("RGB")
    assert (round(width), round(width / height, 2)) == (842, 1.33)
    assert shown.getpixel((5, 5)) == pytest.approx((0xF4, 0xEA, 0xD5), abs=6)
    credential = httpx.get(award["credential"]).json()
    assert credential["validFrom"] > "2026-11-02"
    assert "2026-11-01" in json.dumps(credential)


def test_a_pdf_can_be_the_background(tenant, files):
    """Its page is the certificate's page."""
    page = io.BytesIO()
    Image.new("RGB", (600, 800), "white").save(page, "PDF", resolution=72)
    files.script = answer(page.getvalue())
    template = course(asset=files.url("/page.pdf"))
    put(tenant, template)

    award = certified(tenant, template, name="Ada Lovelace")

    assert "Ada Lovelace" in printed(award)
    with pypdfium2.PdfDocument(httpx.get(award["pdfAsset"]).content) as pdf:
        assert pdf[0].get_size() == pytest.approx((600, 800), abs=1)


def test_a_background_that_cannot_be_used_fails_the_job_and_nothing_else(tenant, files):
    """The message says how many and why; who is certified for one learns it too."""
    files.script = answer(b"<html>not a picture</html>")
    bad = [course(asset=files.url()), course(asset="https://127.0.0.1:1/a.png")]
    good = [course() for _ in range(99)]

    value = put(tenant, *bad, *good)
    job = job_of(tenant, value)

    assert value["createdCount"] == 101
    assert job["status"] == "failed"
    assert job["errorMessage"].startswith("2 templates of 101")
    assert said(asked(tenant, bad[0], name="Ada")) == (409, "template_not_usable")
    private = asked(tenant, bad[1], name="Ada").json()["message"]
    assert "where everybody can fetch it" in private
    assert certified(tenant, good[0], name="Ada")["identifier"]

    files.script = answer(saved(Image.new("RGB", (800, 600), "white"), "PNG"))
    put(tenant, bad[0])
    assert "Ada" in printed(certified(tenant, bad[0], name="Ada"))


def test_an_answer_never_waits_for_a_background(tenant, files):
    """It is fetched afterwards, and nobody else waits for it either."""
    files.script = lambda call: call.hang()
    slow = course(asset=files.url())

    since = time.monotonic()
    put(tenant, slow)
    quick = course()
    put(tenant, quick)
    certified(tenant, quick)

    assert time.monotonic() - since < 15


# Certifying ----------------------------------------------------------------------


def test_a_template_can_be_used_at_once(tenant):
    """Who certifies waits for what a call of a moment ago has yet to prepare."""
    template = course()
    put(tenant, *[course() for _ in range(40)], template)

    assert asked(tenant, template).status_code == 200


def test_the_same_request_gives_the_same_certificate(tenant):
    """Also when it comes twice at once; until recertifying asks for a new one."""
    template = course()
    put(tenant, template)
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(certified(tenant, template)))
        for _ in range(2)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    first = certified(tenant, template)
    body = {
        "resourceType": template["resourceType"],
        "resourceId": template["resourceId"],
    }
    asking = "/incoming/v2/users/ada@example.org/recertify"

    again = tenant.client.post(asking, json=body)

    assert found == [first, first]
    assert again.json() == {"data": {"APIRecertifyUser": True}}
    assert certified(tenant, template)["id"] != first["id"]
    assert said(tenant.client.post(asking.replace("ada", "eve"), json=body)) == (
        404,
        "user_not_found",
    )


def test_a_revoked_certificate_is_not_given_again(tenant):
    """Who asks for the same gets a new one."""
    template = course()
    put(tenant, template)
    first = certified(tenant, template)
    name = first["url"].rpartition("/")[2]

    tenant.client.post(f"/v1/certificates/{name}/revoke", json={"reason": "Mistake"})

    assert certified(tenant, template)["id"] != first["id"]


def test_a_user_is_known_by_id_address_or_external_id(tenant):
    """Whoever brought an address once; nobody is known without one."""
    template = course()
    put(tenant, template)
    own = str(uuid.uuid4())

    unknown = asked(tenant, template, own)
    named = certified(tenant, template, own, email="Bo@Example.org", name="Bo")
    known = certified(tenant, template, own)
    made = tenant.client.post(
        "/incoming/v2/users",
        json={"email": "cy@example.org", "externalCustomerId": "77", "lastName": "Cy"},
    )
    twice = tenant.client.post("/incoming/v2/users", json={"email": "CY@example.org"})
    changed = tenant.client.post(
        "/incoming/v2/users",
        json={"email": "cy@example.org", "firstName": "Al", "upsert": True},
    )
    by_id = certified(tenant, template, made.json()["data"]["APICreateUser"]["id"])

    assert said(unknown) == (404, "user_not_found")
    assert "email" in unknown.json()["message"]
    assert named == known
    assert (named["user"]["id"], named["user"]["name"]) == (own, "Bo")
    assert made.status_code == 201
    assert said(twice) == (409, "user_exists")
    assert changed.status_code == 200
    assert changed.json()["data"]["APICreateUser"]["name"] == "Al Cy"
    assert by_id["user"]["externalCustomerId"] == "77"
    assert "Al Cy" in printed(by_id)


def test_nobody_is_changed_or_certified_in_place_of_another(tenant):
    """An id, address or external id that somebody has already is nobody else's."""
    template = course()
    put(tenant, template)
    name = str(uuid.uuid4())

    def kept(**sent):
        return said(tenant.client.post("/incoming/v2/users", json=sent))

    ada = {"id": name, "email": "ada@example.org", "externalCustomerId": "7"}
    made = tenant.client.post("/incoming/v2/users", json=ada)
    assert made.status_code == 201
    exists = (409, "user_exists")
    assert kept(id=name, email="bob@example.org") == exists
    assert kept(email="bob@example.org", externalCustomerId="7") == exists
    bob = {"email": "bob@example.org", "name": "Bob"}
    made = tenant.client.post("/incoming/v2/users", json=bob)
    assert made.status_code == 201
    assert kept(id=name, email="bob@example.org", upsert=True) == exists
    moved = {"id": name, "email": "ada@example.net", "upsert": True}
    changed = tenant.client.post("/incoming/v2/users", json=moved)
    assert changed.status_code == 200
    assert changed.json()["data"]["APICreateUser"]["email"] == "ada@example.net"

    # Certifying is asked for by whoever has learners elsewhere: it takes what it is
    # told of them, and does not guess whom of two it is about.
    certified(tenant, template, "eve@example.org", externalCustomerId="7")
    item = {
        "externalCustomerId": "7",
        "resourceType": "course",
        "resourceId": template["resourceId"],
    }
    path = "/incoming/v2/users/certify/bulk"
    [value] = tenant.client.post(path, json={"users": [item]}).json()["data"].values()
    assert value["grantedCount"] == 0
    assert "2 users have this" in value["errors"][0]["error"]


def test_an_address_in_other_letters_is_the_same_user(tenant):
    """And the same request: nobody gets two certificates by it."""
    template = course()
    put(tenant, template)

    first = certified(tenant, template, "Ada.King@Example.org")
    again = certified(tenant, template, "ada.king@example.ORG")

    assert again["id"] == first["id"]
    assert again["user"]["email"] == "Ada.King@Example.org"


def test_many_users_are_certified_by_one_call(tenant):
    """Each that cannot be is an error with its record; one user and course once."""
    template, other = course(), course(labels=[{"type": "nameLabel", "x": 1, "y": 1}])
    put(tenant, template, other)
    of = {name: template[name] for name in ("resourceType", "resourceId")}
    people = [
        {**of, "email": f"p{n}@example.org", "name": f"Person {n}"} for n in range(40)
    ]
    bad = [
        {**of, "userId": str(uuid.uuid4())},
        {**of, "email": "nobody"},
        {**of, "email": "p3@example.org"},
        {**of, "email": "p50@example.org", "resourceId": str(uuid.uuid4())},
        {**of, "email": "p51@example.org", "issuedAt": "2999-01-01"},
        {**of, "email": "p52@example.org", "expirationDate": "2001-01-01"},
        {**of, "externalCustomerId": "none"},
        {**of},
        17,
        {
            **{name: other[name] for name in of},
            "email": "p53@example.org",
            "name": "\U0001f12f\ue000",
        },
    ]
    body = {"users": [*people, *bad]}

    sent = tenant.client.post("/incoming/v2/users/certify/bulk", json=body)
    again = tenant.client.post("/incoming/v2/users/certify/bulk", json=body)

    value = sent.json()["data"]["APIBulkCertifyUsers"]
    assert value["grantedCount"] == 40, value
    assert [json.loads(one["record"]) for one in value["errors"]] == bad
    assert {*value["errors"][0]} == {
        *("userId", "email", "externalCustomerId", "resourceId", "error", "record")
    }
    assert value["errors"][0]["userId"] == bad[0]["userId"]
    assert "users[3]" in value["errors"][2]["error"]
    assert again.json() == sent.json()
    listed = tenant.client.get("/v1/certificates?limit=100").json()["certificates"]
    assert len(listed) == 40


def test_a_row_that_cannot_be_drawn_is_refused_with_its_reason(tenant):
    """The letter that no font has is named, as in every other job."""
    template = course()
    put(tenant, template)

    refused = asked(tenant, template, name="Ada \U00014400")  # a hieroglyph

    status, code = said(refused)
    assert (status, code) == (422, "glyph_missing")


WRONG = {
    "no-json": ("x", 400),
    "list": ([], 400),
    "no-type": ({"resourceType": None}, 422),
    "type": ({"resourceType": "bundle"}, 422),
    "resource": ({"resourceId": "7"}, 422),
    "other-user": ({"userId": str(uuid.uuid4())}, 422),
    "no-template": ({"resourceId": str(uuid.uuid4())}, 404),
    "issued-text": ({"issuedAt": "yesterday"}, 422),
    "issued-future": ({"issuedAt": "2999-01-01"}, 422),
    "ended": ({"expirationDate": "2001-01-01"}, 422),
    "name-number": ({"name": 7}, 422),
    "mail": ({"sendEmail": "yes"}, 422),
    "attributes": ({"attributes": {"a b c!": "x"}}, 422),
    "end-attribute": ({"attributes": {"validUntil": "2030-01-01"}}, 422),
}


@pytest.fixture(scope="module")
def sample(server):
    """Return a tenant and a template of its."""
    tenant, template = server.tenant(), course()
    put(tenant, template)
    return tenant, template


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_request_to_certify_is_told(sample, name):
    """With one of the service's statuses, and nothing is issued."""
    tenant, template = sample
    more, status = WRONG[name]
    body = {**template, **more} if isinstance(more, dict) else more

    refused = tenant.client.post("/incoming/v2/users/x@example.org/certify", json=body)

    assert said(refused)[0] == status


def test_a_date_that_has_begun_somewhere_is_not_in_the_future(sample):
    """Where the day begins first, its date is sent before UTC has it."""
    tenant, template = sample
    east = datetime.now(timezone(timedelta(hours=14))).date()

    award = certified(tenant, template, issuedAt=str(east))
    refused = asked(tenant, template, issuedAt=str(east + timedelta(days=2)))

    assert award["issuedAt"].startswith(str(east))
    assert said(refused) == (422, "unprocessable_entity")


def test_a_template_may_be_meant_for_some_learners(tenant):
    """Whose custom field has its value; all others get the plain one."""
    plain = course(title="Plain")
    some = {
        **plain,
        "title": "North",
        "userCustomFieldSlug": "region",
        "userCustomFieldValue": "north",
    }
    put(tenant, plain, some)
    for name, region in (("a", "north"), ("b", "south")):
        tenant.client.post(
            "/incoming/v2/users",
            json={"email": f"{name}@example.org", "customFields": {"region": region}},
        )

    titles = [
        certified(tenant, plain, f"{name}@example.org")["certificateTemplate"]["title"]
        for name in ("a", "b", "c")
    ]

    assert titles == ["North", "Plain", "Plain"]


def test_an_erased_learner_is_forgotten(server, tenant):
    """With a certificate or without: nobody knows them any more."""
    template = course()
    put(tenant, template)
    certified(tenant, template, "dora@example.org", name="Dora Canary")
    tenant.client.post(
        "/incoming/v2/users", json={"email": "Eli@example.org", "name": "Eli Canary"}
    )

    for email in ("DORA@example.org", "eli@example.org"):
        erased = tenant.client.post("/v1/erasures", json={"email": email})
        assert erased.status_code == 200, erased.text

    with server.office.database.reading() as connection:
        users = connection.exec_driver_sql("SELECT fields FROM ti_users").fetchall()
    assert "Canary" not in repr(users)


# Who may, and how often ----------------------------------------------------------


def test_every_answer_says_what_is_left(server):
    """Good and bad ones; after 120 in a minute the 429 says when to come back."""
    tenant = server.tenant(plan="standard")
    first = tenant.client.post(BULK, json={"templates": []})
    answers = [tenant.client.post(BULK, content=b"{") for _ in range(60)]
    answers += [tenant.client.get("/incoming/v2/jobs/7") for _ in range(70)]

    left = [int(one.headers["x-ratelimit-remaining"]) for one in (first, *answers)]
    refused = answers[-1]

    assert left[:3] == [119, 118, 117]
    assert {one.headers["x-ratelimit-limit"] for one in answers} == {"120"}
    assert abs(int(first.headers["x-ratelimit-reset"]) - time.time()) < 5
    assert said(refused) == (429, "rate_limit_exceeded")
    body = refused.json()
    assert {*body} == {"error", "message", "retryAfter", "requestId"}
    assert refused.headers["retry-after"] == str(body["retryAfter"])
    assert int(refused.headers["x-ratelimit-remaining"]) == 0


def test_strangers_and_wrong_paths_get_the_form_of_the_service(server, tenant):
    """401, 403, 404 and 405, all with the headers."""
    nobody = httpx.Client(base_url=server.url)
    weak = httpx.Client(
        base_url=server.url,
        headers={"Authorization": f"Bearer {tenant.key_with('billing:read')}"},
    )

    assert said(nobody.post(BULK, json={})) == (401, "missing_api_key")
    assert said(weak.post(BULK, json={})) == (403, "missing_scope")
    assert said(tenant.client.get("/incoming/v2/nothing")) == (404, "not_found")
    wrong = tenant.client.get(BULK)
    assert said(wrong) == (405, "method_not_allowed")
    assert wrong.headers["allow"] == "POST"
    text = tenant.client.post(BULK, content=b"{}", headers={"Content-Type": "text/x"})
    assert said(text) == (400, "content_type")
    assert said(tenant.client.post(BULK, json={"templates": 1})) == (
        400,
        "bad_request",
    )


def test_a_background_job_goes_on_after_the_server_died(tmp_path):
    """Killed with templates in hand: the next one finishes what was accepted."""
    first = start(tmp_path)
    tenant = first.tenant()
    value = put(tenant, *[course() for _ in range(300)])
    first.process.kill()
    first.process.wait()
    first.office.close()

    second = start(tmp_path)
    try:
        again = replace(tenant, server=second)
        assert job_of(again, value)["status"] == "complete"
        assert put(again, {"id": value["createdIds"][7], "title": "x"})["updatedCount"]
        second.stop()
        assert "bug req_" not in second.log
    finally:
        second.process.kill()
        second.office.close()


def test_nobody_new_is_certified_while_issuing_is_halted(server, tenant):
    """Who was certified before is told so all the same."""
    template = course()
    put(tenant, template)
    certified(tenant, template, name="Ada")
    server.office.kill_switch.halt("a test")
    try:
        refused = asked(tenant, template, name="Bo")
        known = asked(tenant, template, name="Ada")
    finally:
        server.office.kill_switch.resume()

    assert said(refused) == (503, "issuing_halted")
    assert "retry-after" in refused.headers
    assert known.status_code == 200
