"""Webhooks through the front door: managed over HTTP, told by the running server."""

import time

import pytest
from standardwebhooks.webhooks import Webhook as Reference

from support.hook_receiver import HookReceiver, body_of, told
from support.server import good_rows, pictures, sheet

#: The shared server may fetch from here, and call.
INSIDE = "127.77.0.9"


@pytest.fixture
def system():
    """Return a system that takes everything."""
    with HookReceiver(address=INSIDE) as one:
        yield one


def added(tenant, url, *events, **more):
    """Add a webhook; return what was answered."""
    body = {"url": url, "events": list(events) or ["*"], **more}
    answer = tenant.client.post("/v1/webhooks", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_job_is_told_from_its_certificates_to_its_end(tenant, system):
    """Each certificate, the job, and that one was revoked; and no person."""
    secret = added(tenant, system.url())["secret"]
    job = tenant.done(sheet(*good_rows(3)), pictures())

    done = system.wait_for_type("job.completed")
    first = system.wait_for_type("certificate.issued")["data"]
    body = {"action": "revoke", "certificateIds": [first["certificateId"]]}
    tenant.client.post("/v1/standings", json={**body, "reason": "a mistake"})
    revoked = system.wait_for_type("certificate.revoked")

    assert done["data"]["jobId"] == job
    assert done["data"]["successCount"] == 3
    assert revoked["data"]["certificateId"] == first["certificateId"]
    calls = system.wait_for(5)
    types = [told(one)["type"] for one in calls]
    assert types.count("certificate.issued") == 3
    for call in calls:
        Reference(secret).verify(body_of(call), call.headers())
        assert b"@" not in body_of(call)


def test_the_secret_is_shown_once(tenant):
    """When it is made, and when it is rotated."""
    made = added(tenant, "https://hooks.example/", "job.completed")

    shown = tenant.client.get(f"/v1/webhooks/{made['id']}")
    listed = tenant.client.get("/v1/webhooks")
    rotated = tenant.client.post(f"/v1/webhooks/{made['id']}/rotate")

    assert made["secret"].startswith("whsec_")
    assert "secret" not in shown.json()
    assert made["secret"] not in listed.text
    assert rotated.json()["secret"] != made["secret"]


def test_a_test_call_is_told_of_with_its_attempts(tenant, system):
    """What was answered is there to be read, and it can be told again."""
    name = added(tenant, system.url(), "job.failed")["id"]

    answer = tenant.client.post(f"/v1/webhooks/{name}/test")
    delivery = answer.json()["deliveryId"]
    system.wait_for(1)
    path = f"/v1/webhooks/{name}/deliveries/{delivery}"
    end = time.monotonic() + 20
    while tenant.client.get(path).json()["state"] != "delivered":
        assert time.monotonic() < end
        time.sleep(0.05)
    again = tenant.client.post(f"{path}/replay")
    first, second = system.wait_for(2)

    assert told(first)["type"] == "webhook.ping"
    assert again.status_code == 202
    assert first.headers()["webhook-id"] == second.headers()["webhook-id"] == delivery
    log = tenant.client.get(path).json()["log"]
    assert log[0]["status"] == 204


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({"url": "https://h.example/", "events": ["job.exploded"]}, "events"),
        ({"url": "https://h.example/", "events": []}, "events"),
        ({"url": "http://8.8.8.8/", "events": ["*"]}, "url"),
        ({"url": "https://10.0.0.1/", "events": ["*"]}, "url"),
        ({"events": ["*"]}, "url"),
        ({"url": "https://h.example/", "events": ["*"], "style": "odd"}, "style"),
        ({"url": "https://h.example/", "events": ["*"], "more": 1}, "more"),
        ({"url": 7, "events": ["*"]}, "url"),
    ],
)
def test_what_is_wrong_is_named(tenant, body, at):
    """With the field, and what to send instead."""
    answer = tenant.client.post("/v1/webhooks", json=body)

    assert (answer.status_code, answer.json()["at"]) == (422, at)


def test_webhooks_are_changed_disabled_enabled_and_removed(tenant):
    """And what is removed is not there."""
    path = f"/v1/webhooks/{added(tenant, 'https://h.example/')['id']}"

    changed = tenant.client.patch(path, json={"events": ["job.failed"]}).json()
    disabled = tenant.client.patch(path, json={"enabled": False}).json()
    refused = tenant.client.post(f"{path}/test")
    enabled = tenant.client.patch(path, json={"enabled": True}).json()
    removed = tenant.client.delete(path)

    assert changed["events"] == ["job.failed"]
    assert (disabled["enabled"], disabled["disabledReason"]) == (False, "paused")
    assert refused.status_code == 409
    assert enabled["enabled"] is True
    assert removed.status_code == 204
    assert tenant.client.get(path).status_code == 404


def test_deliveries_are_paged(tenant, system):
    """Newest first; `next` leads on to the end."""
    name = added(tenant, system.url(), "job.failed")["id"]
    made = [
        tenant.client.post(f"/v1/webhooks/{name}/test").json()["deliveryId"]
        for _ in range(5)
    ]

    found, after = [], None
    while True:
        query = {"limit": 2} | ({"after": after} if after else {})
        page = tenant.client.get(f"/v1/webhooks/{name}/deliveries", params=query).json()
        found += [one["id"] for one in page["deliveries"]]
        after = page["next"]
        if after is None:
            break

    assert found == made[::-1]
