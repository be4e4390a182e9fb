"""Section 3.5 of the catalogue, from an upload to the row that fails."""

import time

import pytest

from support.picture_host import PictureHost, answer, redirect
from support.server import ALLOWED_ADDRESS, PICTURE, good_rows, sheet

#: Ways to say "this machine" or "your network"; {port} is where a server listens.
FORBIDDEN = {
    "https": "https://127.0.0.1:{port}/a.png",
    "http": "http://127.0.0.1:{port}/a.png",
    "name": "https://localhost:{port}/a.png",
    "short": "http://127.1:{port}/a.png",
    "number": "http://2130706433:{port}/a.png",
    "hexadecimal": "http://0x7f000001:{port}/a.png",
    "octal": "http://0177.0.0.1:{port}/a.png",
    "any": "http://0.0.0.0:{port}/a.png",
    "v6": "https://[::1]:{port}/a.png",
    "v4-in-v6": "https://[::ffff:127.0.0.1]:{port}/a.png",
    "user": "https://example.com@127.0.0.1:{port}/a.png",
    "full-width": "http://\uff11\uff12\uff17.0.0.1:{port}/a.png",
    "neighbour-of-the-allowed": "http://127.78.0.1:{port}/a.png",
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "private": "https://10.0.0.1/a.png",
    "file": "file:///etc/passwd",
    "ftp": "ftp://127.0.0.1:{port}/a.png",
    "gopher": "gopher://127.0.0.1:{port}/_GET",
    "data": "data:image/png;base64,iVBORw0KGgo=",
    "no-scheme": "//127.0.0.1:{port}/a.png",
}


@pytest.fixture
def here():
    """Return a server on an address that may not be fetched from."""
    with PictureHost(answer(PICTURE)) as host:
        yield host


@pytest.fixture
def allowed():
    """Return a server in the network that the operator opened."""
    with PictureHost(answer(PICTURE), address=ALLOWED_ADDRESS) as host:
        yield host


def test_no_spelling_of_this_machine_is_connected_to(tenant, here):
    """Each row fails as the wire words it, and nobody has knocked."""
    rows = [
        f'Course,Text,"{url.format(port=here.port)}",education,a@example.com'
        for url in FORBIDDEN.values()
    ]

    job = tenant.job(sheet(*rows))

    done = tenant.wait(job)
    assert done["status"] == "failed"
    assert [error["row"] for error in done["errors"]] == list(range(1, len(rows) + 1))
    for error, name in zip(done["errors"], FORBIDDEN, strict=True):
        assert error["error"].startswith("Invalid image URL"), (name, error)
        assert "root:" not in error["error"]
    assert here.connections == 0


def test_the_server_does_not_fetch_from_itself(server, tenant):
    """Its own address, though it is listening there."""
    rows = good_rows(1, image=f"{server.url}/api/bulk-mint/template/csv")

    done = tenant.wait(tenant.job(sheet(*rows)))

    assert done["errors"][0]["error"].startswith("Invalid image URL")


def test_a_redirect_leads_to_nothing_that_is_forbidden(tenant, allowed, here):
    """Each hop is judged like the first."""
    allowed.script = redirect(here.url())

    done = tenant.wait(tenant.job(sheet(*good_rows(1, image=allowed.url()))))

    assert done["status"] == "failed"
    assert done["errors"][0]["error"].startswith("Invalid image URL")
    assert str(here.port) not in done["errors"][0]["error"]
    assert allowed.calls
    assert here.connections == 0


def test_each_address_is_fetched_once_per_job(tenant, allowed):
    """Thirty rows that name three pictures; another job asks for itself."""
    rows = [
        f"Course {n},Text,{allowed.url(f'/{n % 3}.png')},education,p{n}@example.com"
        for n in range(30)
    ]

    first = tenant.done(sheet(*rows))
    paths = sorted(call.path for call in allowed.calls)
    second = tenant.done(sheet(*rows))

    assert paths == ["/0.png", "/1.png", "/2.png"]
    assert sorted(call.path for call in allowed.calls) == sorted(paths * 2)
    assert tenant.status(first)["successCount"] == 30
    assert tenant.status(second)["successCount"] == 30


def test_a_request_tells_nothing_about_who_asks(tenant, allowed):
    """No cookie, no referer, no key: what the file's host needs, and who we are."""
    tenant.done(sheet(*good_rows(1, image=allowed.url("/a.png?token=1"))))

    [call] = allowed.calls
    assert call.path == "/a.png?token=1"
    assert set(call.headers()) <= {
        "host",
        "user-agent",
        "accept",
        "accept-encoding",
        "connection",
    }
    assert tenant.key.encode() not in call.request


def test_what_is_no_picture_fails_its_row(tenant, allowed):
    """HTML, an error page, a redirect without end: a reason, and no guess."""
    allowed.script = answer(b"<!DOCTYPE html><p>log in first")
    page = tenant.wait(tenant.job(sheet(*good_rows(1, image=allowed.url()))))
    allowed.script = redirect("/again")
    loop = tenant.wait(tenant.job(sheet(*good_rows(1, image=allowed.url()))))

    assert page["errors"][0]["code"] in ("bad_image", "image_format")
    assert loop["errors"][0]["code"] == "url_redirects"


def test_a_host_that_hangs_delays_nobody_else(server, tenant):
    """
    I12: two hundred rows of one tenant name a host that accepts and says nothing;
    another tenant's ten rows, pictures from elsewhere included, are issued at once.
    """
    with (
        PictureHost(lambda call: call.hang(), address=ALLOWED_ADDRESS) as silent,
        PictureHost(answer(PICTURE), address=ALLOWED_ADDRESS) as lively,
    ):
        rows = [
            f"Course {n},Text,{silent.url(f'/{n}.png')},education,p{n}@example.com"
            for n in range(200)
        ]
        stuck = tenant.job(sheet(*rows))
        while not silent.calls:
            time.sleep(0.02)
        other = server.tenant()

        begun = time.monotonic()
        other.done(sheet(*good_rows(10, image=lively.url())))
        seconds = time.monotonic() - begun

        state = tenant.status(stuck)["status"]
        tenant.client.post(f"/api/bulk-mint/{stuck}/cancel")

    assert state == "processing", "the silent host answered: nothing was shown"
    assert seconds < 10


def test_a_picture_that_takes_its_time_is_fetched_once_all_the_same(tenant, allowed):
    """Longer than a worker waits: the chunk rests until the file is there."""
    slow = answer(PICTURE)

    def take_time(call):
        time.sleep(3.5)
        slow(call)

    allowed.script = take_time
    job = tenant.done(sheet(*good_rows(3, image=allowed.url())))

    assert tenant.status(job)["successCount"] == 3
    assert len(allowed.calls) == 1
