"""The suppression list over HTTP."""

import pytest


@pytest.fixture
def mail(tenant):
    """Return a client whose key may manage mail."""
    return tenant.client


def test_an_address_is_put_on_the_list_found_and_taken_off(mail):
    """201 for a new one, 200 for one that is there, 204 and then 404 when it goes."""
    body = {"address": "Ada@Example.org"}
    made = mail.post("/v1/suppressions", json=body)
    assert made.status_code == 201
    entry = made.json()
    assert (entry["address"], entry["reason"]) == ("ada@example.org", "manual")
    assert mail.post("/v1/suppressions", json=body).status_code == 200

    listed = mail.get("/v1/suppressions", params={"address": "ada@example.org"}).json()
    assert listed == {"suppressions": [entry], "next": None}

    path = f"/v1/suppressions/{entry['id']}"
    assert [mail.delete(path).status_code for _ in range(2)] == [204, 404]
    assert mail.get("/v1/suppressions").json()["suppressions"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"address": 1},
        {"address": "nobody"},
        {"address": "a@b@c"},
        {"address": "ada@example.org", "reason": "bored"},
        {"address": "ada@example.org", "note": "x"},
        ["ada@example.org"],
    ],
)
def test_what_is_no_address_is_refused_by_name(mail, body):
    """422, and nothing is kept."""
    answer = mail.post("/v1/suppressions", json=body)

    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert mail.get("/v1/suppressions").json()["suppressions"] == []


@pytest.mark.parametrize(
    "query", [{"reason": "bored"}, {"after": "x"}, {"limit": "0"}, {"page": "1"}]
)
def test_a_query_that_means_nothing_is_refused(mail, query):
    """Instead of being passed over."""
    assert mail.get("/v1/suppressions", params=query).status_code == 422
