"""What slow, huge and crooked clients get of the server, over real sockets."""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route

from support.serving import Client, serving
from testamur.web.limits import Limits

QUICK = Limits(
    connections=60,
    head_seconds=0.3,
    idle_seconds=0.3,
    body_seconds=0.3,
    upload_seconds=1.2,
    upload_window_seconds=0.3,
    upload_floor=1_000,
    stall_seconds=0.4,
    linger_seconds=0.4,
    shutdown_seconds=1,
)

#: A deadline of 0.3 s is kept if the connection ends between these.
IN_TIME = pytest.approx(0.45, abs=0.3)

GET = b"GET /where?x=1 HTTP/1.1\r\nHost: here\r\n\r\n"
CLOSE = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
POST = b"POST /read HTTP/1.1\r\nHost: here\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
UPLOAD = POST + b"Content-Type: multipart/form-data; boundary=b\r\n"

#: Set when the application hears that a client has gone.
GONE = threading.Event()
#: Bytes that /stream has made.
STREAMED = [0]


async def where(request: Request) -> JSONResponse:
    """Say what the application believes about the request."""
    return JSONResponse(
        {
            "client": request.client.host if request.client else None,
            "scheme": request.scope["scheme"],
            "path": request.scope["path"],
            "headers": sorted(request.headers.keys()),
        }
    )


async def read(request: Request) -> PlainTextResponse:
    """Read the whole body."""
    try:
        body = await request.body()
    except ClientDisconnect:
        GONE.set()
        return PlainTextResponse("nobody hears this")
    names = ",".join(sorted(request.headers.keys()))
    return PlainTextResponse(f"{len(body)} {names}")


async def ignore(request: Request) -> PlainTextResponse:
    """Answer without a look at the body."""
    return PlainTextResponse("no", status_code=401)


async def ponder(request: Request) -> PlainTextResponse:
    """Take longer than any deadline before reading the body."""
    await asyncio.sleep(0.8)
    return PlainTextResponse(str(len(await request.body())))


async def stream(request: Request) -> StreamingResponse:
    """Send 64 MiB."""

    async def body():
        STREAMED[0] = 0
        for _ in range(1024):
            STREAMED[0] += 65536
            yield b"x" * 65536

    return StreamingResponse(body(), headers={"content-length": str(64 << 20)})


async def tidy_up(request: Request) -> StreamingResponse:
    """Send all of the answer, and end a moment later."""

    async def body():
        yield b"done"
        await asyncio.sleep(0.2)

    return StreamingResponse(body(), headers={"content-length": "4"})


APP = Starlette(
    routes=[
        Route("/where", where, methods=["GET", "HEAD", "DELETE"]),
        Route("/id/{id}", where),
        Route("/read", read, methods=["POST"]),
        Route("/ignore", ignore, methods=["POST"]),
        Route("/ponder", ponder, methods=["POST"]),
        Route("/stream", stream),
        Route("/tidy-up", tidy_up),
    ]
)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Return the port of a server with deadlines of fractions of a second."""
    with serving(APP, QUICK) as number:
        yield number


# J16: slow, in every state a connection can be in


def test_a_connection_that_says_nothing_is_closed_without_a_word(port):
    """Nobody asked, so nobody is answered."""
    with Client(port) as client:
        answer = client.hear_all()

    assert answer.raw == b""
    assert answer.seconds == IN_TIME


@pytest.mark.parametrize(
    "begin",
    [
        pytest.param(GET[:-2] + b"X-Slow: " + b"y" * 500, id="J16-header"),
        pytest.param(b"GET /" + b"a" * 500, id="J16-request-line"),
        pytest.param(b"\r\n" * 300, id="J16-empty-lines"),
        pytest.param(b"\x16\x03\x01" * 200, id="J16-not-http"),
    ],
)
def test_a_head_that_trickles_is_cut_at_its_deadline(port, begin):
    """Each byte is in time, and the head is not."""
    with Client(port) as client:
        start = time.monotonic()
        client.drip(begin, every=0.02)
        answer = client.hear_all()

    assert time.monotonic() - start == IN_TIME
    assert answer.status in (0, 400, 408)
    if begin.startswith(b"GET"):
        assert answer.json["error"]["code"] == "headers_too_slow"
        assert answer.json["success"] is False


def test_a_second_head_has_the_same_deadline_as_the_first(port):
    """Keep-alive is no way around it."""
    with Client(port) as client:
        client.say(GET)
        assert client.hear(9999).startswith(b"HTTP/1.1 200")
        start = time.monotonic()
        client.drip(GET[:-2] + b"X: " + b"y" * 500, every=0.02)
        answer = client.hear_all()

    assert answer.status == 408
    assert time.monotonic() - start == IN_TIME


def test_an_idle_connection_is_closed(port):
    """An answered client has a moment to ask again."""
    with Client(port) as client:
        answer = client.ask(GET)

    assert answer.status == 200
    assert answer.seconds == IN_TIME


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(POST + b"Content-Length: 1000\r\n\r\n", id="J16-length"),
        pytest.param(CHUNKED + b"3e8\r\n", id="J16-chunked"),
        pytest.param(CHUNKED + b"1;ext=", id="J16-chunk-extension"),
        pytest.param(CHUNKED + b"1\r\nx\r\n0\r\nTrailer: ", id="J16-trailer"),
        pytest.param(UPLOAD + b"Content-Length: 1000\r\n\r\n", id="J16-upload-floor"),
    ],
)
def test_a_body_that_trickles_is_cut_at_its_deadline(port, request_):
    """The application waits so long and no longer, and hears of a disconnect."""
    GONE.clear()
    with Client(port) as client:
        start = time.monotonic()
        client.say(request_)
        client.drip(b"y" * 500, every=0.02)
        answer = client.hear_all()

    assert answer.status == 408
    assert answer.json["error"]["code"] == "body_too_slow"
    assert time.monotonic() - start == IN_TIME
    assert GONE.wait(1)


def test_an_upload_above_the_floor_has_more_time_than_other_bodies(port):
    """Six times 1 kB in 0.6 s is slow, and no attack."""
    with Client(port) as client:
        client.say(UPLOAD + b"Content-Length: 6000\r\n\r\n")
        for _ in range(6):
            time.sleep(0.1)
            client.say(b"y" * 1000)
        answer = client.hear_all()

    assert answer.raw.partition(b"\r\n\r\n")[2].startswith(b"6000 ")


def test_an_upload_that_keeps_the_floor_ends_at_its_own_deadline(port):
    """A large body cannot take for ever."""
    with Client(port) as client:
        start = time.monotonic()
        client.say(UPLOAD + b"Content-Length: 600000\r\n\r\n")
        while time.monotonic() - start < 1.6:
            time.sleep(0.05)
            client.say(b"y" * 1000)
        answer = client.hear_all()

    assert answer.status == 408
    assert 1.1 < time.monotonic() - start < 2.2


def test_the_time_that_the_application_takes_is_not_the_clients_fault(port):
    """A server under load must not accuse its clients."""
    with Client(port) as client:
        client.say(POST.replace(b"read", b"ponder") + b"Content-Length: 10\r\n\r\n")
        time.sleep(0.5)
        answer = client.ask(b"y" * 10)

    assert answer.status == 200
    assert answer.raw.endswith(b"10")


@pytest.mark.parametrize("every", [0.02, 0.0])
def test_a_body_that_nobody_reads_does_not_hold_the_connection(port, every):
    """The answer says that we close, and we do, whatever is still being sent."""
    with Client(port) as client:
        start = time.monotonic()
        client.say(POST.replace(b"read", b"ignore") + b"Content-Length: 99999\r\n\r\n")
        if every:
            client.drip(b"y" * 500, every=every)
        answer = client.hear_all()

    assert answer.status == 401
    assert b"connection: close" in answer.head
    assert time.monotonic() - start < 1


def test_an_answer_reaches_a_client_that_is_still_sending(port):
    """Refused at the first byte of 8 MB, it reads why, and not "reset"."""
    with Client(port) as client:
        head = POST.replace(b"read", b"ignore") + b"Content-Length: 8000000\r\n\r\n"
        client.say(head)
        time.sleep(0.05)
        was_taken = client.say(b"y" * 8_000_000)
        answer = client.hear_all()

    assert was_taken
    assert answer.status == 401
    assert answer.raw.endswith(b"no")
    assert not answer.was_reset


def test_a_client_that_reads_nothing_holds_little_and_not_for_long(port):
    """Of 64 MiB only buffers' worth is made for who does not take it."""
    with Client(port, receive_buffer=4096) as client:
        client.say(GET.replace(b"/where?x=1", b"/stream"))
        time.sleep(1)
        made = STREAMED[0]
        answer = client.hear_all()

    assert made < 2_000_000
    assert STREAMED[0] == made, "it went on after the client had been cut off"
    assert len(answer.raw) < 2_000_000


def test_a_client_that_reads_slowly_but_reads_is_served(port):
    """Slow is not stalled."""
    with Client(port) as client:
        client.say(CLOSE.replace(b"/where?x=1", b"/stream"))
        total = len(client.hear(1000))
        for _ in range(8):
            time.sleep(0.2)
            for _ in range(20):
                total += len(client.hear(1 << 18))
        total += len(client.hear_all().raw)

    assert total > 64 << 20


def test_slow_connections_beyond_the_limit_are_told_so_and_others_stay_quick(port):
    """J16: a crowd of half-open requests does not slow an answer down."""
    crowd = [Client(port) for _ in range(QUICK.connections - 5)]
    for client in crowd:
        client.say(GET[:-2])
    waits = []
    for _ in range(20):
        start = time.monotonic()
        with Client(port) as client:
            assert client.ask(CLOSE).status == 200
        waits.append(time.monotonic() - start)
    more = [Client(port) for _ in range(10)]
    answers = [client.hear_all() for client in more]
    for client in crowd + more:
        client.socket.close()

    assert max(waits) < 0.25
    told = [answer for answer in answers if answer.status == 503]
    assert told
    assert all(b"retry-after: 5" in answer.head for answer in told)
    time.sleep(0.1)
    with Client(port) as client:
        assert client.ask(CLOSE).status == 200


# J15, J17, J18, J21, J23, J09: crooked


TOO_MANY = b"".join(b"X-%d: y\r\n" % number for number in range(64))


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param(
            POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            id="J15-length-and-chunked",
        ),
        pytest.param(
            POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc",
            400,
            id="J15-chunked-and-length",
        ),
        pytest.param(
            POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
            400,
            id="J15-two-lengths",
        ),
        pytest.param(
            POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            400,
            id="J15-other-coding",
        ),
        pytest.param(
            POST.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n",
            400,
            id="J15-chunked-in-1.0",
        ),
        pytest.param(CHUNKED + b"3\r\nabcX\r\n0\r\n\r\n", 400, id="J15-chunk-end"),
        pytest.param(CHUNKED + b"3\nabc\n0\n\n", 400, id="J15-chunk-bare-lf"),
        pytest.param(CHUNKED + b"zz\r\n", 400, id="J15-chunk-size"),
        pytest.param(CHUNKED + b"1;" + b"e" * 40_000, 400, id="J15-chunk-extension"),
        pytest.param(
            CHUNKED + b"1\r\nx\r\n0\r\nT: " + b"e" * 40_000, 400, id="J15-trailer"
        ),
        pytest.param(GET[:-2] + b" folded\r\n\r\n", 400, id="J15-obs-fold"),
        pytest.param(GET.replace(b"\r\n", b"\n"), 400, id="J15-bare-lf"),
        pytest.param(
            GET[:-4].replace(b"here", b"here\nX: y") + b"\r\n\r\n",
            400,
            id="J15-bare-lf-in-header",
        ),
        pytest.param(GET[:-2] + b"X : y\r\n\r\n", 400, id="J15-space-before-colon"),
        pytest.param(GET[:-2] + b"X: a\0b\r\n\r\n", 400, id="J15-nul"),
        pytest.param(
            GET[:-2] + b"X: " + b"y" * 100_000 + b"\r\n\r\n", 431, id="J17-100kB-header"
        ),
        pytest.param(GET[:-2] + b"X: " + b"y" * 20_000, 431, id="J17-unending-header"),
        pytest.param(b"GET /" + b"y" * 20_000, 431, id="J17-unending-address"),
        pytest.param(GET[:-2] + TOO_MANY + b"\r\n", 431, id="J17-65-headers"),
        pytest.param(
            GET[:-2] + TOO_MANY[: TOO_MANY.rfind(b"X-")] + b"\r\n",
            200,
            id="J17-64-headers",
        ),
        pytest.param(
            GET[:-2] + b"X: " + b"y" * 16_000 + b"\r\n\r\n", 200, id="J17-16kB"
        ),
        pytest.param(GET.replace(b"Host: here\r\n", b""), 400, id="J18-no-host"),
        pytest.param(GET[:-2] + b"Host: evil\r\n\r\n", 400, id="J18-two-hosts"),
        pytest.param(GET.replace(b"/where", b"http://evil/"), 400, id="J18-absolute"),
        pytest.param(
            GET.replace(b"/where", b"//evil/where"), 404, id="J18-double-slash"
        ),
        pytest.param(GET.replace(b"GET", b"TRACE"), 405, id="J21-trace"),
        pytest.param(
            b"CONNECT evil:443 HTTP/1.1\r\nHost: evil\r\n\r\n", 405, id="J21-connect"
        ),
        pytest.param(GET.replace(b"GET ", b"GET\t"), 400, id="J21-tab"),
        pytest.param(b"GET /\r\n", 400, id="J21-http-0.9"),
        pytest.param(GET.replace(b"1.1", b"2.0"), 505, id="J21-http-2"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, id="J21-http-2-preface"),
        pytest.param(GET.replace(b"GET", b"BREW"), 405, id="J21-unknown"),
        pytest.param(GET.replace(b"GET", b"get"), 405, id="J21-lower-case"),
        pytest.param(GET.replace(b"GET", b"PUT"), 405, id="J21-other-method"),
        pytest.param(GET.replace(b"GET", b"HEAD"), 200, id="J21-head"),
        pytest.param(
            GET.replace(b"/where", b"/id/..%2f.."), 404, id="J22-encoded-slash"
        ),
        pytest.param(
            GET.replace(b"/where", b"/id/" + b"a" * 8000), 200, id="J22-8kB-id"
        ),
        pytest.param(GET.replace(b"/where", b"/\xff"), 400, id="J22-not-ascii"),
        pytest.param(GET.replace(b"/where", b"/%ff%00"), 404, id="J22-nul"),
        pytest.param(
            POST + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
            415,
            id="J23-gzip",
        ),
        pytest.param(
            POST + b"Content-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc",
            200,
            id="J23-identity",
        ),
        pytest.param(
            GET[:-2] + b"Content-Length: 3\r\n\r\nabc", 400, id="J09-get-with-body"
        ),
        pytest.param(
            GET[:-2] + b"Content-Length: 0\r\n\r\n", 200, id="J09-get-with-length-0"
        ),
    ],
)
def test_a_crooked_request_is_refused_and_a_straight_one_is_not(port, request_, status):
    """
    Whole, and in pieces of a few bytes, it gets the same answer; one that breaks
    HTTP itself is answered in JSON, and the connection closes.
    """
    step = max(7, len(request_) // 50)
    pieces = [request_[at : at + step] for at in range(0, len(request_), step)]
    answers = []
    with Client(port) as client:
        answers.append(client.ask(request_))
    with Client(port) as client:
        for piece in pieces:
            client.say(piece)
        answers.append(client.hear_all())

    assert [answer.status for answer in answers] == [status, status]
    for answer in answers:
        assert b"\r\nserver:" not in answer.head
        if status in (400, 415, 431, 505):
            assert b"connection: close" in answer.head
            assert set(answer.json) == {"success", "error"}
            assert set(answer.json["error"]) == {"type", "code", "message"}


def test_a_request_hidden_behind_a_body_is_not_obeyed(port):
    """J15: what follows an ambiguous head is thrown away."""
    with Client(port) as client:
        answer = client.ask(
            POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"0\r\n\r\n" + GET
        )

    assert answer.status == 400
    assert b" 200 " not in answer.raw


def test_trailers_do_not_become_headers(port):
    """J15: who has been let in cannot change who they are afterwards."""
    with Client(port) as client:
        answer = client.ask(CHUNKED + b"3\r\nabc\r\n0\r\nX-Api-Key: stolen\r\n\r\n")

    assert answer.status == 200
    assert answer.raw.partition(b"\r\n\r\n")[2].startswith(b"3 host,")
    assert b"x-api-key" not in answer.raw


def test_forwarded_headers_are_not_believed(port):
    """J17, J18: nobody can choose the address or the scheme they come from."""
    with Client(port) as client:
        answer = client.ask(
            CLOSE[:-2] + b"X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n\r\n"
        )

    assert answer.json["client"] == "127.0.0.1"
    assert answer.json["scheme"] == "http"


def test_an_upgrade_is_ignored_and_the_body_is_read(port):
    """Java's client offers HTTP/2 with every request, also with a POST."""
    with Client(port) as client:
        answer = client.ask(
            POST + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
            b"HTTP2-Settings: AAEAAEAA\r\nContent-Length: 5\r\n\r\nhello"
        )

    assert answer.status == 200
    assert answer.raw.partition(b"\r\n\r\n")[2].startswith(b"5 ")


@pytest.mark.parametrize("size", [10, 100_000, 3_000_000])
def test_whoever_has_a_whole_answer_may_send_the_next_request(port, size):
    """A download's last byte is there before we are done: an upload may follow."""
    with Client(port) as client:
        client.say(GET.replace(b"/where?x=1", b"/tidy-up"))
        first = b""
        while not first.endswith(b"done"):
            first += client.hear(1000)
        answer = client.ask(
            POST
            + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % size
            + b"y" * size
        )

    assert answer.status == 200
    assert answer.raw.partition(b"\r\n\r\n")[2].startswith(b"%d " % size)


def test_a_body_is_asked_for_only_when_somebody_reads_it(port):
    """Expect: 100-continue spares a refused client the sending."""
    with Client(port) as client:
        client.say(POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        asked = client.hear(100)
        answer = client.ask(b"ok")
    with Client(port) as client:
        refused = client.ask(
            POST.replace(b"read", b"ignore")
            + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        )

    assert asked == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answer.status == 200
    assert refused.status == 401


def test_requests_sent_ahead_are_answered_in_order(port):
    """A client that is quicker than we are loses nothing."""
    with Client(port) as client:
        answer = client.ask(GET + GET.replace(b"where", b"nowhere") + CLOSE)

    assert answer.raw.count(b"HTTP/1.1 200") == 2
    assert answer.raw.count(b"HTTP/1.1 404") == 1


def test_a_flood_of_requests_sent_ahead_ends_the_connection(port):
    """They are not stored for later without end."""
    with Client(port) as client:
        answer = client.ask(GET * 100_000)

    assert 1 <= answer.raw.count(b"HTTP/1.1 200") < 2_000


def test_a_server_that_is_told_to_stop_finishes_what_it_began():
    """An answer in progress is given; nobody new is let in."""
    answers = []
    with serving(APP, QUICK) as port:
        client = Client(port)
        client.say(POST.replace(b"read", b"ponder") + b"Content-Length: 2\r\n\r\nok")
        idle = Client(port)
        time.sleep(0.1)
        thread = threading.Thread(target=lambda: answers.append(client.hear_all()))
        thread.start()
    thread.join()
    idle_answer = idle.hear_all()
    client.socket.close()
    idle.socket.close()

    assert answers[0].status == 200
    assert idle_answer.raw == b""
    with pytest.raises(ConnectionError):
        Client(port)


def test_clients_that_never_finish_do_not_keep_a_server_from_stopping():
    """Stopping is bounded by its own deadline."""
    start = time.monotonic()
    with serving(APP, QUICK) as port:
        stuck = Client(port, receive_buffer=4096)
        stuck.say(GET.replace(b"/where?x=1", b"/stream"))
        time.sleep(0.1)
    stuck.socket.close()

    assert time.monotonic() - start < 3
