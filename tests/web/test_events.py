"""What happens, as it happens: server-sent events of a job and of a tenant."""

import json
import threading
from contextlib import contextmanager

import httpx
import pytest

from support.server import good_rows, pictures, running, sheet

STREAM = {"Accept": "text/event-stream"}


class Reader:
    """Reads a stream as the standard has it (WHATWG HTML, 9.2.6)."""

    def __init__(self, answer):
        self._lines = answer.iter_lines()

    def next(self):
        """Return the next message: id, event and data; None at the end."""
        found = {"id": None, "event": "message", "data": ""}
        is_there = False
        for line in self._lines:
            if line == "":
                if is_there:
                    return found["id"], found["event"], json.loads(found["data"])
                continue
            name, _, value = line.partition(":")
            if name in ("id", "event", "data"):
                found[name] = value.removeprefix(" ")
                is_there = is_there or name == "data"
        return None

    def all(self):
        """Return all messages to the end."""
        found = []
        while (one := self.next()) is not None:
            found.append(one)
        return found


@contextmanager
def reading(tenant, path, **headers):
    """Open a stream."""
    with tenant.client.stream("GET", path, headers={**STREAM, **headers}) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        yield Reader(answer)


def test_a_job_is_watched_to_its_end(tenant):
    """Progress from the first to the last row, that it is completed, and the end."""
    with tenant.server.asleep():
        job = tenant.job(sheet(*good_rows(5)), pictures())
        with reading(tenant, f"/v1/jobs/{job}/events") as stream:
            id_, type_, first = stream.next()
            assert (id_, type_, first["state"]) == (None, "job.progress", "queued")
    with reading(tenant, f"/v1/jobs/{job}/events") as stream:
        messages = stream.all()

    types = [type_ for _, type_, _ in messages]
    assert types[0] == "job.progress"
    assert types[-2:] == ["job.completed", "end"]
    progress = [data for _, type_, data in messages if type_ == "job.progress"]
    assert progress[-1]["rows"]["succeeded"] == 5


def test_who_heard_the_end_is_told_not_to_come_back(tenant):
    """204, at which browsers stop; who missed it hears it, once."""
    job = tenant.done(sheet(*good_rows(1)), pictures())
    with reading(tenant, f"/v1/jobs/{job}/events") as stream:
        messages = stream.all()
    last = messages[-1][0]

    headers = {**STREAM, "Last-Event-ID": last}
    again = tenant.client.get(f"/v1/jobs/{job}/events", headers=headers)
    with reading(tenant, f"/v1/jobs/{job}/events?lastEventId={int(last) - 1}") as rest:
        missed = [type_ for _, type_, _ in rest.all()]

    assert again.status_code == 204
    assert missed.count("job.completed") == 1


def test_a_tenants_stream_loses_and_doubles_nothing_over_a_cut(tenant):
    """Each job's end is there once, in order, wherever the line broke."""
    jobs = []
    with reading(tenant, "/v1/events?types=job.completed") as stream:
        jobs.append(tenant.done(sheet(*good_rows(1)), pictures()))
        last, _, told = stream.next()
        found = [told["data"]["jobId"]]
    jobs += [tenant.done(sheet(*good_rows(1)), pictures()) for _ in range(2)]
    with reading(
        tenant, "/v1/events?types=job.completed", **{"Last-Event-ID": last}
    ) as stream:
        jobs.append(tenant.done(sheet(*good_rows(1)), pictures()))
        found += [stream.next()[2]["data"]["jobId"] for _ in range(3)]

    assert found == jobs


def test_many_watch_the_same_job(tenant):
    """Everybody hears the end."""
    with tenant.server.asleep():
        job = tenant.job(sheet(*good_rows(3)), pictures())
        ready, heard = threading.Barrier(21), []

        def watch():
            with reading(tenant, f"/v1/jobs/{job}/events") as stream:
                assert stream.next()[1] == "job.progress"
                ready.wait(20)
                heard.append(stream.all()[-1][1])

        threads = [threading.Thread(target=watch) for _ in range(20)]
        for one in threads:
            one.start()
        ready.wait(20)
    for one in threads:
        one.join(30)

    assert heard == ["end"] * 20


def test_without_streams_the_same_is_read_page_by_page(tenant):
    """As JSON, for programs that ask now and then."""
    job = tenant.done(sheet(*good_rows(1)), pictures())

    first = tenant.client.get("/v1/events").json()
    rest = tenant.client.get(f"/v1/events?lastEventId={first['next']}").json()
    of_job = tenant.client.get(f"/v1/jobs/{job}/events").json()

    assert [one["type"] for one in first["events"]][-1] == "job.completed"
    assert rest == {"events": [], "next": first["next"]}
    assert of_job["events"] == first["events"]


def test_a_strangers_job_is_not_there(server, tenant):
    """Neither its stream nor its page."""
    job = tenant.done(sheet(*good_rows(1)), pictures())
    other = server.tenant()

    for headers in (STREAM, {}):
        answer = other.client.get(f"/v1/jobs/{job}/events", headers=headers)
        assert answer.status_code == 404


@pytest.mark.parametrize("query", ["types=job.exploded", "lastEventId=x"])
def test_what_is_wrong_with_a_question_is_said(tenant, query):
    """At once, as a problem."""
    answer = tenant.client.get(f"/v1/events?{query}", headers=STREAM)

    assert answer.status_code == 422


def test_streams_end_when_the_server_stops():
    """Within the time that people wait, and without a word of error."""
    with running() as server:
        tenant = server.tenant()
        with reading(tenant, "/v1/events") as stream:
            server.process.terminate()
            try:
                assert stream.next() is None
            except httpx.RemoteProtocolError as trouble:
                pytest.fail(f"cut off: {trouble}")
        server.process.wait(10)
