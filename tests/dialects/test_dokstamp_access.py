"""Logging in as DokStamp's clients do, over HTTP."""

import json
import time
import uuid

import httpx
import pytest

from testamur.core.refusals import Refusal
from testamur.dialects.dokstamp import access
from testamur.web.forms import read_form

PASSWORD = "correct horse battery"


@pytest.fixture
def web(server):
    """Return a client that says nothing about itself."""
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


@pytest.fixture
def email(server, tenant):
    """Return the address of a person who can log in for the tenant."""
    address = f"{uuid.uuid4().hex}@example.org"
    office = server.office
    office.users.create(office.tenants.find(tenant.slug), address, PASSWORD)
    return address


def bearer(token, **more):
    """Return the headers of who has *token*."""
    return {"Authorization": f"Bearer {token}", **more}


def logged_in(web, email):
    """Log in; return the body."""
    answer = web.post("/auth/login", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_login_opens_the_tenants_things(web, tenant, email):
    """Login, `me`, and with the slug that it tells, everything else."""
    made = logged_in(web, email)

    assert set(made) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (made["token_type"], made["expires_in"]) == ("Bearer", 31_536_000)
    me = web.get("/auth/me", headers=bearer(made["access_token"])).json()["data"]
    assert (me["email"], me["tenant"]["domain"]) == (email, tenant.slug)
    assert isinstance(me["id"], int)
    assert uuid.UUID(me["uuid"]).version == 4
    assert uuid.UUID(me["tenant"]["uuid"])
    headers = bearer(made["access_token"], **{"X-Tenant": me["tenant"]["domain"]})
    assert web.get("/files", headers=headers).status_code == 200
    assert web.get("/v1/tenant", headers=headers).status_code == 200


def test_me_is_the_same_every_time(web, tenant):
    """Also for a key, which is nobody: its ids are made from its own."""
    first, second = (
        web.get("/auth/me", headers={"x-api-key": tenant.key}).json()["data"]
        for _ in range(2)
    )

    assert first == second
    assert first["email"] is None
    assert first["name"] == "API key"
    assert first["tenant"]["name"] == tenant.slug.title()


def test_without_the_tenant_nothing_but_access_is_open(web, email):
    """Every request names it, and another's is not there."""
    token = logged_in(web, email)["access_token"]

    unnamed = web.get("/files", headers=bearer(token))
    strange = web.get("/files", headers=bearer(token, **{"X-Tenant": "nobodys"}))

    assert unnamed.status_code == 401
    assert unnamed.json()["message"] == "Unauthenticated."
    assert strange.status_code == 404


@pytest.mark.parametrize(
    "sent",
    [
        {"email": "nobody@example.org", "password": PASSWORD},
        {"email": "nobody@example.org", "password": "x"},
        {"email": "\U0001f600", "password": "\u00e9" * 4_000},
    ],
)
def test_a_wrong_login_is_refused_in_the_services_words(web, sent):
    """One answer for all of it."""
    answer = web.post("/auth/login", json=sent)

    body = answer.json()
    assert answer.status_code == 401
    assert (body["success"], body["message"]) == (False, "Unauthenticated.")
    assert body["code"] == "invalid_login"


@pytest.mark.parametrize(
    ("sent", "fields"),
    [
        ({}, {"email", "password"}),
        ({"email": "", "password": None}, {"email", "password"}),
        ({"email": 7, "password": ["x"]}, {"email", "password"}),
        ({"email": "a@example.org"}, {"password"}),
        ({"email": "a@example.org", "password": "x" * 4_097}, {"password"}),
        ([], {"request"}),
        ("x", {"request"}),
    ],
)
def test_a_login_without_its_fields_names_them(web, sent, fields):
    """Each under its name, as the service does."""
    answer = web.post("/auth/login", json=sent)

    assert answer.status_code == 422
    assert answer.json()["message"] == "The given data was invalid."
    assert set(answer.json()["errors"]) == fields


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"email": "a", "email": "b", "password": "c"}',
        b'{"email": "a\\u0000", "password": "c"}',
        b'{"email": "\\ud800", "password": "c"}',
        b"\xff\xfe",
    ],
)
def test_a_login_that_cannot_be_read_in_one_way_is_malformed(web, body):
    """Duplicate fields, NUL, halves of characters, and what is no JSON."""
    answer = web.post(
        "/auth/login", content=body, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 400


def test_after_five_wrong_passwords_the_wire_says_when(web, email):
    """With Retry-After, for the right password as well."""
    statuses = [
        web.post("/auth/login", json={"email": email, "password": "wrong"}).status_code
        for _ in range(5)
    ]

    answer = web.post("/auth/login", json={"email": email, "password": PASSWORD})

    assert statuses == [401] * 5
    assert answer.status_code == 429
    assert answer.json()["message"] == "Too Many Attempts."
    assert 890 <= int(answer.headers["Retry-After"]) <= 900


def test_tokens_are_exchanged_for_new_ones(web, email):
    """By the refresh token, and by the token itself as older clients do."""
    first = logged_in(web, email)
    sent = {"refresh_token": first["refresh_token"]}

    second = web.post("/auth/refresh", json=sent).json()
    third = web.post("/auth/refresh", headers=bearer(second["access_token"])).json()

    assert third["expires_in"] == 31_536_000
    me = web.get("/auth/me", headers=bearer(third["access_token"]))
    assert me.json()["data"]["email"] == email
    for spent in (
        {"json": sent},
        {"json": {"refresh_token": second["refresh_token"]}},
        {"headers": bearer(second["access_token"])},
    ):
        assert web.post("/auth/refresh", **spent).status_code == 401


def test_what_nobody_logged_in_for_is_not_exchanged(web, tenant):
    """Keys and the operator's tokens are made anew, not prolonged."""
    answers = [
        web.post("/auth/refresh", headers=bearer(one))
        for one in (tenant.key, tenant.token_with())
    ]
    empty = web.post("/auth/refresh")

    for answer in (*answers, empty):
        assert answer.status_code == 422
        assert set(answer.json()["errors"]) == {"refresh_token"}


def test_logging_out_ends_the_token(web, tenant, email):
    """Within seconds, everywhere; a key is not logged out."""
    headers = bearer(logged_in(web, email)["access_token"])

    answer = web.post("/auth/logout", headers=headers)

    assert answer.status_code == 200
    assert answer.json() == {"message": "Successfully logged out"}
    end = time.monotonic() + 5
    while web.get("/auth/me", headers=headers).status_code != 401:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert web.post("/auth/logout", headers=bearer(tenant.key)).status_code == 422


GRANT = {"grant_type": "client_credentials"}


def grants(tenant, email):
    """Return every way in which a client may ask for a token."""
    person = {"client_id": email, "client_secret": PASSWORD}
    return {
        "person, form": {"data": GRANT | person},
        "person, JSON": {"json": GRANT | person},
        "person, Basic": {"data": GRANT, "auth": (email, PASSWORD)},
        "key by its id": {
            "data": GRANT | {"client_id": tenant.key_id, "client_secret": tenant.key}
        },
        "key by the slug": {
            "data": GRANT | {"client_id": tenant.slug, "client_secret": tenant.key}
        },
        "key, Basic": {"data": GRANT, "auth": (tenant.slug, tenant.key)},
        "password": {
            "data": {"grant_type": "password", "username": email, "password": PASSWORD}
        },
    }


def test_oauth_clients_get_a_token_for_twelve_hours(web, tenant, email):
    """However they name themselves; it opens what theirs is."""
    for way, sent in grants(tenant, email).items():
        answer = web.post("/oauth/token", **sent)

        body = answer.json()
        assert answer.status_code == 200, (way, body)
        assert (body["token_type"], body["expires_in"]) == ("Bearer", 43_200)
        assert ("refresh_token" in body) is (way == "password")
        assert answer.headers["Cache-Control"] == "no-store"
        headers = bearer(body["access_token"], **{"X-Tenant": tenant.slug})
        assert web.get("/files", headers=headers).status_code == 200


def test_an_oauth_token_may_be_had_for_less(web, tenant):
    """Never for more than the key may do."""
    key = tenant.key_with("files:read", "files:write")
    sent = GRANT | {"client_id": tenant.slug, "client_secret": key}

    less = web.post("/oauth/token", data=sent | {"scope": "files:read"}).json()
    more = web.post("/oauth/token", data=sent | {"scope": "bulk:mint"})
    strange = web.post("/oauth/token", data=sent | {"scope": "moon:walk"})

    headers = bearer(less["access_token"], **{"X-Tenant": tenant.slug})
    assert web.get("/files", headers=headers).status_code == 200
    assert web.post("/files", headers=headers).status_code == 403
    assert more.json()["error"] == strange.json()["error"] == "invalid_scope"


@pytest.mark.parametrize(
    ("sent", "status", "error"),
    [
        ({}, 422, "invalid_request"),
        ({"grant_type": "magic"}, 422, "unsupported_grant_type"),
        (GRANT, 422, "invalid_request"),
        (GRANT | {"client_id": "x", "client_secret": "y"}, 401, "invalid_client"),
        (
            GRANT | {"client_id": "x", "client_secret": "pk_" + "0" * 64},
            401,
            "invalid_client",
        ),
        (
            {"grant_type": "refresh_token", "refresh_token": "rt_x"},
            401,
            "invalid_grant",
        ),
        (b"grant_type=client_credentials&grant_type=password", 400, "invalid_request"),
        (b"grant_type=%zz", 400, "invalid_request"),
        (b"grant_type=%00", 400, "invalid_request"),
        (b"grant_type=%ff", 400, "invalid_request"),
        (b"a=1&" * 40, 400, "invalid_request"),
        (b"a=" + b"x" * 20_000, 422, "invalid_request"),
    ],
)
def test_an_oauth_client_is_refused_in_both_languages(web, sent, status, error):
    """The service's envelope, and the fields of RFC 6749, section 5.2."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = (
        web.post("/oauth/token", content=sent, headers=form)
        if isinstance(sent, bytes)
        else web.post("/oauth/token", data=sent, headers=form)
    )

    body = answer.json()
    assert (answer.status_code, body["error"]) == (status, error)
    assert body["success"] is False
    assert body["error_description"]
    assert ("WWW-Authenticate" in answer.headers) is (status == 401)


def test_a_disabled_person_is_out_within_seconds(server, web, tenant, email):
    """On every host that is running."""
    headers = bearer(logged_in(web, email)["access_token"])
    assert web.get("/auth/me", headers=headers).status_code == 200

    server.office.users.disable(server.office.tenants.find(tenant.slug), email)

    end = time.monotonic() + 5
    while web.get("/auth/me", headers=headers).status_code != 401:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_nothing_that_was_sent_to_log_in_is_in_the_log(server, web, email):
    """No address, no password, no token."""
    made = logged_in(web, email)
    web.post("/auth/login", json={"email": email, "password": "wrong-canary-5ca1"})
    web.post("/auth/refresh", json={"refresh_token": "rt_canary-5ca1"})

    found = [
        one
        for one in (PASSWORD, "canary-5ca1", email, *made.values())
        if str(one) in server.log and one not in ("Bearer", 31_536_000)
    ]

    assert found == []


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("Bearer abc", None),
        ("Basic YTpiOmM=", ("a", "b:c")),
        ("basic YSU0MGI6Yw==", ("a@b", "c")),
    ],
)
def test_basic_credentials_are_read(header, expected):
    """The secret may have colons; OAuth's own encoding is understood."""
    assert access.read_basic(header) == expected


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic YQ==", "Basic /w=="])
def test_basic_credentials_that_are_none_are_refused(header):
    """No Base64, no colon, no text."""
    with pytest.raises(Refusal):
        access.read_basic(header)


def test_a_form_is_read_like_json(web):
    """One meaning: what clients encode differently is the same text."""
    assert read_form(b"a=%C3%A9+%2B&b=&c&&d=x%3Dy") == json.loads(
        '{"a": "\\u00e9 +", "b": "", "c": "", "d": "x=y"}'
    )
