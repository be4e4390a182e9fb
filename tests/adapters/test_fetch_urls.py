"""Reading a URL: one parser, stricter than those it might disagree with."""

import re
from ipaddress import ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from testamur.adapters.http.urls import CLAUSES, Target, read_url
from testamur.core.refusals import Reason

REFUSED = [
    ("U02-decimal", "http://2130706433/", "url_host_format"),
    ("U02-hex", "http://0x7f000001/", "url_host_format"),
    ("U02-octal", "http://017700000001/", "url_host_format"),
    ("U02-short", "http://127.1/", "url_host_format"),
    ("U02-leading-zero", "http://127.0.0.01/", "url_host_format"),
    ("U02-hex-part", "http://0x7f.1/", "url_host_format"),
    ("U02-trailing-dot", "http://127.0.0.1./", "url_host_format"),
    ("U02-number-last", "https://example.123/", "url_host_format"),
    ("U03-circled", "http://①②⑦.⓪.⓪.①/", "url_host_format"),
    ("U03-ideographic-stop", "http://127。0。0。1/", "url_host_format"),
    ("U03-circled-letter", "http://ⓛocalhost/", "url_host_format"),
    ("U03-fullwidth", "http://\uff11\uff12\uff17.0.0.1/", "url_host_format"),
    ("U03-bogus-a-label", "http://xn--0.pt/", "url_host_format"),
    ("U03-percent", "https://127.0.0.1%00.example.com/", "url_host_format"),
    ("U03-soft-hyphen", "https://local\u00adhost/", "url_host_format"),
    ("host-empty", "https:///anna.png", "url_host_format"),
    ("host-none", "https:", "url_host_format"),
    ("host-one-slash", "https:/example.org/", "url_host_format"),
    ("host-double-dot", "https://a..b/", "url_host_format"),
    ("host-hyphen", "https://-a.b/", "url_host_format"),
    ("host-long-label", f"https://{'a' * 64}.b/", "url_host_format"),
    ("host-long", f"https://{'a.' * 127}b/", "url_host_format"),
    ("host-future", "https://[v1.x]/", "url_host_format"),
    ("host-zone", "https://[fe80::1%25eth0]/", "url_host_format"),
    ("host-bare-v6", "https://::1/", "url_host_format"),
    ("host-after-bracket", "https://[::1]x/", "url_host_format"),
    ("host-open-bracket", "https://[::1/", "url_host_format"),
    ("U09-file", "file:///etc/passwd", "url_scheme"),
    ("U09-ftp", "ftp://example.org/a.png", "url_scheme"),
    ("U09-gopher", "gopher://example.org/", "url_scheme"),
    ("U09-data", "data:image/png;base64,AAAA", "url_scheme"),
    ("U09-jar", "jar:https://example.org/a!/b", "url_scheme"),
    ("U09-unix", "unix:/run/docker.sock", "url_scheme"),
    ("U09-no-scheme", "//example.org/a.png", "url_scheme"),
    ("U09-name-only", "anna.png", "url_scheme"),
    ("U09-empty", "", "url_scheme"),
    ("U10-user", "http://example.com@127.0.0.1/", "url_userinfo"),
    ("U10-fragment", "http://127.0.0.1#@x/", "url_userinfo"),
    ("U10-query", "http://127.0.0.1?@x/", "url_userinfo"),
    ("U10-backslash", "http://x\\@127.0.0.1/", "url_userinfo"),
    ("U10-password", "https://anna:secret@example.org/", "url_userinfo"),
    ("U11-crlf", "https://example.org/\r\nHost: x/", "url_characters"),
    ("U11-tab", "https://exa\tmple.org/", "url_characters"),
    ("U11-nul", "https://example.org/\0", "url_characters"),
    ("U11-space", "https://example.org/a b", "url_characters"),
    ("U11-leading-space", " https://example.org/", "url_characters"),
    ("U11-no-break-space", "https://example.org/a\u00a0b", "url_characters"),
    ("U11-line-separator", "https://example.org/a\u2028b", "url_characters"),
    ("U11-surrogate", "https://example.org/\ud800", "url_characters"),
    ("U11-backslash", "https://example.org\\a", "url_characters"),
    ("U12-too-large", "https://example.org:99999/", "url_port"),
    ("U12-leading-zero", "https://example.org:0080/", "url_port"),
    ("U12-zero", "https://example.org:0/", "url_port"),
    ("U12-empty", "https://example.org:/", "url_port"),
    ("U12-letters", "https://example.org:https/", "url_port"),
    ("U12-other-digits", "https://example.org:٤٤٣/", "url_port"),
    ("length", "https://example.org/" + "a" * 4_096, "url_length"),
]

READ = [
    ("plain", "https://example.org/a.png", "https://example.org/a.png"),
    ("capitals", "HTTPS://EXAMPLE.ORG/A.png", "https://example.org/A.png"),
    ("no-path", "https://example.org", "https://example.org/"),
    ("query-only", "https://example.org?a=1", "https://example.org/?a=1"),
    ("default-port", "https://example.org:443/", "https://example.org/"),
    ("port", "http://example.org:8080/", "http://example.org:8080/"),
    ("fragment", "https://example.org/a#top", "https://example.org/a"),
    ("root-dot", "https://example.org./a", "https://example.org/a"),
    (
        "at-in-path",
        "https://example.org/@anna/a.png",
        "https://example.org/@anna/a.png",
    ),
    ("underscore", "https://my_bucket.example.org/", "https://my_bucket.example.org/"),
    ("escaped", "https://example.org/a%20b", "https://example.org/a%20b"),
    ("letters", "https://example.org/ü?q=ł", "https://example.org/%C3%BC?q=%C5%82"),
    ("idn", "https://Müller.example/", "https://xn--mller-kva.example/"),
    ("a-label", "https://xn--mller-kva.example/", "https://xn--mller-kva.example/"),
    ("arabic", "https://مثال.example/", "https://xn--mgbh0fb.example/"),
    ("v4", "https://192.0.2.7/", "https://192.0.2.7/"),
    ("v6", "https://[2001:DB8:0::1]:444/", "https://[2001:db8::1]:444/"),
    ("zero", "http://0/", "http://0.0.0.0/"),
]


@pytest.mark.parametrize(
    ("url", "code"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_a_trick_is_refused_by_name(url, code):
    """
    Each way to make two readers see two hosts has its code and a remedy.
    """
    refused = read_url(url)

    assert isinstance(refused, Reason)
    assert refused.code == code
    assert CLAUSES[code] in refused.message


@pytest.mark.parametrize(
    ("url", "read"), [case[1:] for case in READ], ids=[case[0] for case in READ]
)
def test_an_ordinary_url_is_read(url, read):
    """
    What people paste from a browser leads where the browser would go.
    """
    target = read_url(url)

    assert isinstance(target, Target)
    assert target.url == read


URLISH = st.text("htps:/@[]().#?%\\ 0123456789abcxéß①。-_\t\n\0", max_size=40)


@given(
    st.one_of(
        st.text(st.characters(), max_size=80),
        URLISH,
        st.builds("https://{}/{}".format, URLISH, URLISH),
        st.builds("http://{}".format, st.text(max_size=40)),
    )
)
@example("https://[")
@example("https://xn--" + "a" * 60)
@example("https://\u0130/")
@example("https://[::ffff:1.2.3.4]")
def test_any_text_is_a_target_or_a_reason(text):
    """
    Whatever a cell holds, reading it ends in one of two ways, and what is read
    can be sent: printable ASCII, and the same when it is read again.
    """
    read = read_url(text)

    if isinstance(read, Reason):
        assert read.code in CLAUSES
        assert read.message.isprintable()
    else:
        assert re.fullmatch(r"/[!-~]*", read.path)
        assert re.fullmatch(r"[a-z0-9._:-]+", read.host)
        assert read_url(read.url) == read


@given(st.ip_addresses())
def test_an_address_is_read_as_itself(address):
    """
    A host that is an address is judged as that address, never looked up.
    """
    host = f"[{address}]" if address.version == 6 else str(address)

    target = read_url(f"https://{host}/")

    assert isinstance(target, Target)
    assert target.address == address == ip_address(target.host)


def test_a_message_shows_no_hidden_letters():
    """
    A refusal repeats what was sent, short and without control characters.
    """
    refused = read_url("https://example.org/\x1b[31m\u202e" + "x" * 500)

    assert isinstance(refused, Reason)
    assert refused.message.isprintable()
    assert len(refused.message) < 300
