"""Fetching against hosts that redirect, stall, lie and hang up."""

import gzip
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.picture_host import PICTURE, Call, PictureHost, answer, redirect
from testamur.adapters.http.fetch import Fetcher
from testamur.core.refusals import Reason

#: The one loopback address that these tests call open; 127.0.0.2 stays forbidden.
HERE = [ip_network("127.0.0.1/32")]

KIB = 1024


def fetcher(**settings) -> Fetcher:
    """Return a fetcher that may reach 127.0.0.1, and tries once."""
    return Fetcher(
        **{
            "allow": HERE,
            "retries": 0,
            "backoff_seconds": 0.01,
            "user_agent": "Testamur/test",
            **settings,
        }
    )


def never(host):
    """Answer no name at all."""
    raise AssertionError(f"{host} was looked up")


def code_of(outcome) -> str:
    """Return the code of a Reason, and say what else there was."""
    assert isinstance(outcome, Reason), outcome
    return outcome.code


class Names:
    """A scripted resolver: each name has its answers, one lookup after another."""

    def __init__(self, **answers):
        self.answers = {name.replace("_", "."): list(a) for name, a in answers.items()}
        self.asked = []

    def __call__(self, host):
        """Return the next answer; the last one stays."""
        self.asked.append(host)
        if host not in self.answers:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        answers = self.answers[host]
        return answers.pop(0) if len(answers) > 1 else answers[0]


# --- what is served is what arrives ---


def test_a_picture_arrives_as_it_is():
    """
    The bytes of a 200 are returned, and the request says no more than it must.
    """
    with PictureHost() as host:
        assert fetcher().fetch(host.url("/anna.png?size=2#top")) == PICTURE

    (call,) = host.calls
    assert call.path == "/anna.png?size=2"
    assert call.headers() == {
        "host": f"127.0.0.1:{host.port}",
        "user-agent": "Testamur/test",
        "accept": "image/png, image/jpeg, image/webp, */*;q=0.1",
        "accept-encoding": "identity",
    }


def test_a_chunked_picture_arrives():
    """
    A body in chunks is as good as one with a length.
    """

    def chunked(call: Call) -> None:
        call.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        call.send(b"3\r\nabc\r\n", b"2\r\nde\r\n", b"0\r\n\r\n")

    with PictureHost(chunked) as host:
        assert fetcher().fetch(host.url()) == b"abcde"


def test_the_version_is_the_default_name_we_go_by():
    """
    Hosts see who asks: Testamur and its version, nothing of the machine.
    """
    with PictureHost() as host:
        fetcher(user_agent="").fetch(host.url())

    assert host.calls[0].headers()["user-agent"].startswith("Testamur/0")


def test_files_of_one_host_share_a_connection():
    """
    A thousand pictures of one host do not mean a thousand handshakes.
    """
    with PictureHost() as host:
        one = fetcher()
        for number in range(5):
            assert one.fetch(host.url(f"/{number}.png")) == PICTURE
        one.close()

    assert host.connections == 1


def test_a_connection_that_was_closed_meanwhile_is_replaced():
    """
    A host may close an idle connection at any moment; the file still arrives.
    """

    def one_each(call: Call) -> None:
        answer()(call)
        if call.path == "/unannounced":
            call.reset()

    with PictureHost(one_each) as host:
        one = fetcher()
        for _ in range(3):
            assert one.fetch(host.url("/unannounced")) == PICTURE

    assert host.connections == 3


# --- U01, U04-U07, U16: the wall ---


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://a.localhost/",
        "http://[::1]/",
        "http://0/",
        "https://127.0.0.1/",
        "https://[::ffff:169.254.169.254]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[64:ff9b:1::a9fe:a9fe]/",
        "https://[2002:7f00:1::]/",
        "https://[::127.0.0.1]/",
        "https://[fec0::1]/",
        "https://[ff02::1]/",
        "https://[fd00:ec2::254]/",
        "https://100.100.100.200/",
        "https://10.0.0.1:8443/",
        "https://172.16.0.1/",
        "https://192.168.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "https://198.18.0.1/",
        "https://240.0.0.1/",
        "https://192.88.99.1/",
    ],
)
def test_a_forbidden_address_is_refused_without_a_lookup(url):
    """
    U01, U04, U05: an address that is not public is refused as such.
    """
    refused = fetcher(allow=[], resolver=never).fetch(url)

    assert code_of(refused) == "url_forbidden_address"


@pytest.mark.parametrize(
    "answers",
    [
        ["10.0.0.1"],
        ["93.184.216.34", "10.0.0.1"],
        ["10.0.0.1", "93.184.216.34"],
        ["93.184.216.34", "::1"],
        ["fe80::1%eth0"],
        ["93.184.216.34", "not an address"],
    ],
    ids=["private", "private-last", "private-first", "loopback-v6", "zone", "rubbish"],
)
def test_one_forbidden_answer_refuses_the_name(answers):
    """
    U06: a name with any forbidden address is refused, whatever else it has.
    """
    names = Names(pictures_example=[answers])

    refused = fetcher(resolver=names).fetch("https://pictures.example/a.png")

    assert code_of(refused) == "url_forbidden_address"


def test_the_connection_goes_to_the_address_that_was_judged():
    """
    U07: a name that changes between judging and connecting gains nothing. It is
    looked up once per connection, and its next answer is judged again.
    """
    names = Names(rebind_example=[["127.0.0.1"], ["127.0.0.2"]])
    with (
        PictureHost(answer(headers=["Connection: close"])) as public,
        PictureHost(
            answer(b"INTERNAL"), address="127.0.0.2", port=public.port
        ) as private,
    ):
        url = public.url(host="rebind.example")
        one = fetcher(resolver=names)

        assert one.fetch(url) == PICTURE
        assert names.asked == ["rebind.example"]
        assert code_of(one.fetch(url)) == "url_forbidden_address"

    assert public.calls[0].headers()["host"] == f"rebind.example:{public.port}"
    assert not private.connections


def test_the_second_address_is_tried_when_the_first_refuses():
    """
    A host with one dead address of two still delivers.
    """
    names = Names(two_example=[["127.0.0.3", "127.0.0.1"]])
    with PictureHost() as host:
        one = fetcher(resolver=names, allow=[ip_network("127.0.0.0/8")])

        assert one.fetch(host.url(host="two.example")) == PICTURE


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://public.example/a.png", "url_scheme"),
        ("https://public.example:22/", "url_port"),
        ("https://public.example:25/", "url_port"),
        ("https://public.example:6379/", "url_port"),
        ("https://public.example:80/", "url_port"),
        ("http://unknown.example/", "url_scheme"),
        ("https://unknown.example:6379/", "url_port"),
        ("https://unknown.example/", "url_unresolved"),
        ("https://empty.example/", "url_unresolved"),
    ],
)
def test_on_the_public_internet_only_https_on_443_is_fetched(url, code):
    """
    U12: other schemes and ports are refused for hosts outside the allowed networks.
    """
    names = Names(public_example=[["93.184.216.34"]], empty_example=[[]])

    assert code_of(fetcher(resolver=names).fetch(url)) == code


def test_allow_http_opens_port_80_and_no_other():
    """
    The operator can choose to fetch by http; only its own port is opened.
    """
    one = fetcher(allow=[], allow_http=True, resolver=Names(a_example=[["10.0.0.1"]]))

    assert code_of(one.fetch("http://8.8.8.8:8080/")) == "url_port"
    assert code_of(one.fetch("http://8.8.8.8:443/")) == "url_port"
    assert code_of(one.fetch("http://a.example/")) == "url_forbidden_address"


def test_localhost_is_fetched_from_when_the_operator_opens_it():
    """
    With 127.0.0.1 allowed, `localhost` means that, also where ::1 is its twin.
    """
    with PictureHost() as host:
        assert fetcher(resolver=never).fetch(host.url(host="localhost")) == PICTURE


@pytest.mark.parametrize(
    ("own", "url"),
    [
        ("certs.example", "https://certs.example/c/1.png"),
        ("certs.example", "https://CERTS.example./c/1.png"),
        ("certs.example", "https://certs.example:8443/"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000/c/1.png"),
        ("127.0.0.1:8000", "http://localhost:8000/c/1.png"),
        ("127.0.0.1:8000", "http://alias.example:8000/c/1.png"),
        ("[::1]:8000", "http://[::1]:8000/"),
    ],
)
def test_our_own_host_is_not_fetched_from(own, url):
    """
    U16: a row cannot make the service call itself, by name or by address.
    """
    names = Names(alias_example=[["127.0.0.1"]])

    assert code_of(fetcher(own_hosts=[own], resolver=names).fetch(url)) == "url_self"


def test_our_own_port_does_not_close_the_others_of_that_host():
    """
    Where the service and the pictures share an address, ports tell them apart.
    """
    with PictureHost() as host:
        assert fetcher(own_hosts=["127.0.0.1:1"]).fetch(host.url()) == PICTURE


def test_an_own_host_that_cannot_be_read_is_an_error_of_the_operator():
    """
    A misspelt setting is found at start, not silently left out of the wall.
    """
    with pytest.raises(ValueError, match="own host"):
        fetcher(own_hosts=["https://certs.example"])


def test_proxies_in_the_environment_are_ignored(monkeypatch):
    """
    U17: HTTP_PROXY would fetch for us what we may not reach ourselves.
    """
    with PictureHost() as host, PictureHost(answer(b"by proxy")) as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url())
            monkeypatch.setenv(name.lower(), proxy.url())

        assert fetcher().fetch(host.url()) == PICTURE

    assert not proxy.connections


# --- U08: redirects ---


def test_redirects_are_followed_three_times():
    """
    Three redirects are common (http to www to a CDN); absolute and relative ones.
    """

    def script(call: Call) -> None:
        steps = {
            "/a/0": redirect("1"),
            "/a/1": redirect(f"//127.0.0.1:{host.port}/2", "301 Moved"),
            "/2": redirect(host.url("/b?c=d"), "308 Permanent Redirect"),
        }
        steps.get(call.path, answer())(call)

    with PictureHost(script) as host:
        assert fetcher().fetch(host.url("/a/0")) == PICTURE

    assert [call.path for call in host.calls] == ["/a/0", "/a/1", "/2", "/b?c=d"]


def test_a_fourth_redirect_is_not_followed():
    """
    U08: loops and long chains end after three.
    """
    with PictureHost(redirect("/again")) as host:
        assert code_of(fetcher().fetch(host.url())) == "url_redirects"

    assert len(host.calls) == 4


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://127.0.0.2:{port}/", "url_forbidden_address"),
        ("http://private.example:{port}/", "url_forbidden_address"),
        ("http://169.254.169.254/latest/meta-data/", "url_forbidden_address"),
        ("https://[::ffff:127.0.0.1]/", "url_forbidden_address"),
        ("http://2130706433/", "url_host_format"),
        ("http://[::1/", "url_host_format"),
        ("file:///etc/passwd", "url_scheme"),
        ("gopher://127.0.0.1/", "url_scheme"),
        ("https://public.example:6379/", "url_port"),
        ("http://public.example/", "url_scheme"),
        ("https://x@public.example/", "url_userinfo"),
        ("/an\tna.png", "url_characters"),
        ("https://self.example/", "url_self"),
    ],
)
def test_every_place_a_redirect_names_meets_the_wall(location, code):
    """
    U08, U19: a redirect is judged like a row's own URL, and the message does not
    show where it led.
    """
    names = Names(private_example=[["127.0.0.2"]], public_example=[["8.8.8.8"]])
    with PictureHost() as host:
        host.script = redirect(location.format(port=host.port))
        with PictureHost(address="127.0.0.2", port=host.port) as private:
            one = fetcher(resolver=names, own_hosts=["self.example"])
            refused = one.fetch(host.url())

    assert code_of(refused) == code
    assert not private.connections
    assert "leads on to another one" in refused.message
    for secret in ("127.0.0.2", "private", "169.254", "passwd", "public.example"):
        assert secret not in refused.message


def test_a_redirect_without_a_location_is_not_a_file():
    """
    A 302 that leads nowhere is answered by its status.
    """
    with PictureHost(answer(status="302 Found")) as host:
        assert code_of(fetcher().fetch(host.url())) == "url_status"


# --- U13, U15: bodies and clocks ---


def endless(call: Call) -> None:
    """Send chunks for ever."""
    call.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not call.ending.is_set():
        call.send(b"1000\r\n", b"x" * 4096, b"\r\n")


def without_length(call: Call) -> None:
    """Send bytes for ever, as HTTP/1.0 did."""
    call.send(b"HTTP/1.1 200 OK\r\n\r\n")
    while not call.ending.is_set():
        call.send(b"x" * 65_536)


@pytest.mark.parametrize(
    "script",
    [
        endless,
        without_length,
        lambda call: call.send(
            b"HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n"
        ),
        answer(b"x" * (64 * KIB + 1)),
    ],
    ids=["endless-chunked", "no-length", "5-GB-announced", "one-byte-more"],
)
def test_a_body_is_read_to_the_limit_and_no_further(script):
    """
    U13: what is too large is refused as soon as that is known.
    """
    with PictureHost(script) as host:
        refused = fetcher(max_bytes=64 * KIB).fetch(host.url())

    assert code_of(refused) == "url_too_large"


def test_a_body_of_exactly_the_limit_is_taken():
    """
    The limit itself is allowed.
    """
    body = b"x" * (64 * KIB)
    with PictureHost(answer(body)) as host:
        assert fetcher(max_bytes=64 * KIB).fetch(host.url()) == body


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "identity, gzip"])
def test_a_compressed_answer_is_refused(coding):
    """
    U13: we ask for none, and so a bomb by Content-Encoding is never unpacked.
    """
    bomb = gzip.compress(b"\0" * 20_000_000)
    with PictureHost(answer(bomb, headers=[f"Content-Encoding: {coding}"])) as host:
        assert code_of(fetcher().fetch(host.url())) == "url_encoding"


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"


@pytest.mark.parametrize(
    "script",
    [
        lambda call: call.drip([HEAD] + [b"x"] * 1000, every=0.02),
        lambda call: call.drip([bytes([byte]) for byte in HEAD * 9], every=0.02),
        lambda call: call.drip(
            [b"HTTP/1.1 103 Early Hints\r\n\r\n"] * 1000, every=0.02
        ),
        Call.hang,
        lambda call: (call.send(HEAD, b"x" * 500), call.hang()),
    ],
    ids=["body-drips", "headers-drip", "early-hints", "silent", "stalls-mid-body"],
)
def test_a_slow_host_is_given_up_at_the_deadline(script):
    """
    U13, U15: the time is a total. A byte now and then does not extend it.
    """
    with PictureHost(script) as host:
        began = time.monotonic()
        refused = fetcher(total_seconds=0.3).fetch(host.url())
        took = time.monotonic() - began

    assert code_of(refused) == "url_timeout"
    assert 0.25 < took < 5


@pytest.mark.parametrize(
    "script",
    [
        lambda call: (call.send(HEAD, b"x" * 500), call.reset()),
        lambda call: (call.send(HEAD, b"x" * 500), call.line.shutdown(2)),
        lambda call: call.line.shutdown(2),
        lambda call: call.send(b"220 mail.example ESMTP\r\n\r\n"),
        lambda call: call.send(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 50_000),
    ],
    ids=["reset", "cut", "hangs-up", "not-http", "endless-headers"],
)
def test_a_broken_answer_is_tried_again_and_then_given_up(script):
    """
    U15: up to two more tries, and then the row fails.
    """
    with PictureHost(script) as host:
        refused = fetcher(retries=2).fetch(host.url())

    assert code_of(refused) == "url_timeout"
    assert host.connections == 3


def test_a_host_that_recovers_delivers():
    """
    U15: what fails in passing is not the end of the row.
    """
    scripts = [Call.reset, answer(status="503 Busy"), answer()]
    with PictureHost(lambda call: scripts.pop(0)(call)) as host:
        assert fetcher(retries=2).fetch(host.url()) == PICTURE


def test_all_tries_together_stay_within_the_time_of_the_row():
    """
    Retrying stops when the row's time is used up, not when the tries are.
    """
    with PictureHost(Call.hang) as host:
        began = time.monotonic()
        fetcher(retries=50, total_seconds=0.2, row_seconds=0.5).fetch(host.url())

    assert time.monotonic() - began < 5


def test_a_resolver_that_hangs_is_left_behind():
    """
    A lookup cannot be interrupted; the row goes on without it.
    """
    stuck = threading.Event()

    began = time.monotonic()
    refused = fetcher(
        connect_seconds=0.2, resolver=lambda _: stuck.wait(30) and []
    ).fetch("https://slow.example/")
    stuck.set()

    assert code_of(refused) == "url_timeout"
    assert time.monotonic() - began < 5


def test_a_resolver_that_fails_for_now_is_asked_again():
    """
    "Try again" from a resolver is a passing failure, unlike "no such name".
    """
    asked = []

    def busy(host):
        asked.append(host)
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    refused = fetcher(resolver=busy, retries=2).fetch("https://busy.example/")

    assert code_of(refused) == "url_timeout"
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("status", "tries"),
    [
        ("204 No Content", 1),
        ("206 Partial Content", 1),
        ("304 Not Modified", 1),
        ("401 Unauthorized", 1),
        ("404 Not Found", 1),
        ("429 Too Many Requests", 3),
        ("500 Oops", 3),
        ("503 Busy", 3),
    ],
)
def test_any_other_status_is_named_and_nothing_else_is(status, tries):
    """
    U19: the number is told; banner, body and headers of the host are not.
    """
    script = answer(
        b"SECRET body", status=status, headers=["Server: SECRET/1.0", "X-A: SECRET"]
    )
    with PictureHost(script) as host:
        refused = fetcher(retries=2).fetch(host.url())

    assert code_of(refused) == "url_status"
    assert status[:3] in refused.message
    assert "SECRET" not in refused.message
    assert status[4:] not in refused.message
    assert len(host.calls) == tries


@given(st.binary(max_size=300))
def test_whatever_a_host_says_is_bytes_or_a_reason(said):
    """
    No answer at all, and no rubbish, gets out as anything else.
    """

    def say(call: Call) -> None:
        call.send(said)
        call.line.shutdown(2)

    with PictureHost(say) as host:
        assert isinstance(fetcher().fetch(host.url()), bytes | Reason)


# --- U18: many rows, few hosts ---


def test_one_host_is_asked_for_four_things_at_a_time():
    """
    U18: however many threads there are, a host sees four requests at once.
    """

    def unhurried(call: Call) -> None:
        call.ending.wait(0.05)
        answer()(call)

    with PictureHost(unhurried) as host, ThreadPoolExecutor(16) as threads:
        one = fetcher(total_seconds=0.6)
        outcomes = list(threads.map(one.fetch, [host.url()] * 60))

    assert outcomes == [PICTURE] * 60, "queueing is not counted as the host's time"
    assert host.most_at_once == 4


def test_a_thousand_rows_of_a_dead_host_end_quickly_and_the_others_go_on():
    """
    U18: after five failures a host is left alone, and only that one.
    """
    with (
        PictureHost(Call.reset) as dead,
        PictureHost() as alive,
        ThreadPoolExecutor(8) as threads,
    ):
        one = fetcher()
        urls = [h.url() for _ in range(1_000) for h in (dead, alive)]
        began = time.monotonic()
        outcomes = list(threads.map(one.fetch, urls))
        took = time.monotonic() - began

    assert {code_of(outcome) for outcome in outcomes[::2]} == {"url_timeout"}
    assert outcomes[1::2] == [PICTURE] * 1_000
    assert dead.connections < 12
    assert took < 30


def test_a_host_that_refuses_connections_is_left_alone_at_the_fifth():
    """
    Failures to connect concern the host, so each one counts; and the row is told.
    """
    with PictureHost() as host:
        url = host.url()
    one = fetcher(retries=9)

    refused = one.fetch(url)

    assert code_of(refused) == "url_timeout"
    assert "failed 5 times in a row and is left alone for 30 seconds" in refused.message


def test_a_single_bad_file_does_not_close_a_good_host():
    """
    A 5xx may be about one file: the tries for one file count once.
    """

    def script(call: Call) -> None:
        broken = answer(status="500 Oops")
        (broken if call.path.startswith("/bad") else answer())(call)

    with PictureHost(script) as host:
        one = fetcher(retries=2)
        for number in range(4):
            assert code_of(one.fetch(host.url(f"/bad{number}"))) == "url_status"
        assert one.fetch(host.url("/good")) == PICTURE
        for number in range(4):
            assert code_of(one.fetch(host.url(f"/bad{number}"))) == "url_status"
        assert one.fetch(host.url("/good")) == PICTURE


def test_a_host_is_asked_again_after_its_rest():
    """
    A host that comes back is used again.
    """
    with PictureHost(answer(status="503 Busy")) as host:
        one = fetcher(breaker_seconds=0.2)
        for _ in range(5):
            one.fetch(host.url())
        host.script = answer()
        assert code_of(one.fetch(host.url())) == "url_timeout"

        host.calls[0].ending.wait(0.25)

        assert one.fetch(host.url()) == PICTURE


def test_the_limits_are_those_that_are_documented():
    """
    Ten MiB, three redirects, 5 s to connect, 20 s in all: the service's defaults.
    """
    defaults = Fetcher.__init__.__kwdefaults__

    assert defaults["max_bytes"] == 10 * KIB * KIB
    assert defaults["max_redirects"] == 3
    assert defaults["connect_seconds"] == 5
    assert defaults["total_seconds"] == 20
    assert defaults["row_seconds"] == 60
    assert defaults["retries"] == 2
    assert defaults["per_host"] == 4
    assert defaults["allow"] == ()
    assert defaults["allow_http"] is False
