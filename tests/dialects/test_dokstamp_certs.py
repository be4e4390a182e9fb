"""Institutional certificates over the DokStamp wire, as its clients send them."""

import httpx
import pytest

from support.pki_of_signers import NOW, YEAR, institution, packed

PIN = "314159"


@pytest.fixture
def client(tenant):
    """Return a client of the tenant that names it, as this wire wants."""
    tenant.client.headers["X-Tenant"] = tenant.slug
    return tenant.client


def file_of(party=None, password=PIN, **rest):
    """Return a certificate file for a form."""
    return ("rector.p12", packed(party or institution("p256"), password, **rest))


def add(client, file=None, **data):
    """Send a certificate; return the answer."""
    form = {"name": "Rectorate", "pin": PIN, **data}
    form = {name: value for name, value in form.items() if value is not None}
    return client.post("/certs", files={"certificate": file or file_of()}, data=form)


def errors(answer):
    """Return what is wrong, by field."""
    assert answer.status_code == 422, answer.text
    body = answer.json()
    assert body["success"] is False
    assert body["message"] == "The given data was invalid."
    return body["errors"]


def test_a_certificate_is_added_read_renamed_and_revoked(client):
    """Its id is an integer; revoked, it stays in the list and says so."""
    made = add(client)

    assert made.status_code == 201, made.text
    cert = made.json()["data"]
    assert isinstance(cert["id"], int)
    assert cert["name"] == "Rectorate"
    assert cert["subject"] == "CN=Universidade Exemplo"
    assert cert["issuer"] == "CN=Authority"
    assert cert["algorithm"] == "ecdsa-sha256"
    assert cert["status"] == "active"
    assert cert["valid_until"].endswith(".000000Z")
    path = f"/certs/{cert['id']}"
    assert client.get(path).json() == {"data": cert}
    renamed = client.patch(path, json={"name": "  Rectorate 2027 "})
    assert renamed.json()["data"] == {**cert, "name": "Rectorate 2027"}
    assert client.delete(path).status_code == 204
    assert client.delete(path).status_code == 204
    assert client.get(path).json()["data"]["status"] == "revoked"


def test_the_list_is_a_page_of_this_wire(client):
    """With all its meta, filters and orders; a filter that nobody knows is refused."""
    for name in ("B", "A", "C"):
        add(client, name=name)
    client.delete(f"/certs/{client.get('/certs').json()['data'][2]['id']}")

    page = client.get("/certs", params={"sort[column]": "name", "per_page": 2}).json()
    active = client.get("/certs", params={"where[status]": "active"}).json()

    assert [one["name"] for one in page["data"]] == ["A", "B"]
    assert page["meta"]["total"] == 3
    assert page["meta"]["last_page"] == 2
    assert [one["name"] for one in active["data"]] == ["B", "A"]
    assert "where[pin]" in errors(client.get("/certs", params={"where[pin]": "1"}))
    assert "where[status]" in errors(
        client.get("/certs", params={"where[status]": "open"})
    )


def test_a_file_with_a_password_of_its_own_is_opened_with_that(client):
    """And by the PIN from then on; without the password it is said what is missing."""
    file = file_of(password="Größe 4!")

    assert add(client, file, password="Größe 4!").status_code == 201
    assert "of its own" in errors(add(client, file))["password"][0]
    assert errors(add(client, file, password="wrong"))["password"]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"pin": None}, "pin"),
        ({"pin": ""}, "pin"),
        ({"pin": "123"}, "pin"),
        ({"pin": "１２３４５６"}, "pin"),
        ({"pin": "1234\0"}, "pin"),
        ({"pin": "12\n34"}, "pin"),
        ({"pin": "1" * 129}, "pin"),
        ({"pin": "1" * 1_000_000}, "request"),
        ({"name": None}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"nickname": "x"}, "nickname"),
        ({"password": "p" * 257}, "password"),
    ],
)
def test_a_field_that_will_not_do_is_named(client, data, field):
    """422, at the field; nothing is kept, and no PIN comes back."""
    answer = add(client, **data)

    assert field in errors(answer)
    if len(pin := data.get("pin") or "") > 3:
        assert pin not in answer.text
    assert client.get("/certs").json()["data"] == []


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (lambda: b"", "certificate_unreadable"),
        (lambda: b"%PDF-1.7", "certificate_unreadable"),
        (lambda: packed(institution("p256"), PIN)[:-40], "certificate_unreadable"),
        (lambda: packed(institution("rsa-1024"), PIN), "certificate_weak_key"),
        (
            lambda: packed(institution("p256", use="encryption"), PIN),
            "certificate_usage",
        ),
        (lambda: packed(institution("ed25519"), PIN), "certificate_key_type"),
    ],
)
def test_a_certificate_that_cannot_sign_is_refused_by_name(client, file, code):
    """At the field it came in, with a code for programs."""
    answer = add(client, ("x.p12", file()))

    assert "certificate" in errors(answer)
    assert answer.json()["code"] == code


def test_one_that_has_expired_is_kept_with_a_warning(client):
    """It is there for those who look for it, and signs nothing."""
    made = add(client, file_of(institution("p256", until=NOW - YEAR)))

    assert made.status_code == 201
    assert "expired" in made.json()["data"]["warnings"][0]
    assert made.json()["data"]["status"] == "expired"


def test_anothers_certificate_is_not_there(client, server):
    """404, byte for byte as for one that nobody has; and nothing happens to it."""
    other = server.tenant()
    other.client.headers["X-Tenant"] = other.slug
    theirs = add(other.client).json()["data"]
    said = []
    for name in (theirs["id"], 10**17, "0", "01", "-1", "1.0", "x", "1" * 30):
        path = f"/certs/{name}"
        for answer in (
            client.get(path),
            client.patch(path, json={"name": "mine"}),
            client.delete(path),
        ):
            body = answer.json()
            body.pop("request_id")
            said.append((answer.status_code, body))

    assert [one for one in said if one != said[0]] == []
    assert said[0][0] == 404
    assert other.client.get(f"/certs/{theirs['id']}").json()["data"] == theirs


@pytest.mark.parametrize("body", [[], "x", 7, {}, {"name": 7}, {"name": None}])
def test_a_change_that_says_nothing_is_refused(client, body):
    """400 or 422, and the name stays."""
    cert = add(client).json()["data"]

    answer = client.patch(f"/certs/{cert['id']}", json=body)

    assert answer.status_code in (400, 422)
    assert client.get(f"/certs/{cert['id']}").json()["data"] == cert


def test_who_may_read_may_not_add(server, tenant):
    """Two scopes: documents:read looks, documents:sign changes."""
    headers = {"x-api-key": tenant.key_with("documents:read"), "X-Tenant": tenant.slug}
    with httpx.Client(base_url=server.url, headers=headers) as client:
        assert client.get("/certs").status_code == 200
        assert add(client).status_code == 403


def test_the_same_part_twice_is_refused(client):
    """Which of two PINs was meant cannot be known."""
    parts = [
        ("certificate", file_of()),
        *(("pin", (None, pin)) for pin in (PIN, "271828")),
        ("name", (None, "Rectorate")),
    ]

    assert "pin" in errors(client.post("/certs", files=parts))
