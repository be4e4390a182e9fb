"""Tokens: the catalogue of forgeries, each one change away from a good token."""

import json
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from support.access import AccessRoom, base64url, claims_of, sign
from testamur.access.secret import OperatorSecret
from testamur.access.tokens import HEADER, read_ttl
from testamur.core.clock import DAY, HOUR, MINUTE
from testamur.core.refusals import Kind, Refusal

DROPPED = object()


class Forge:
    """Makes tokens that differ from a registered one in what a case says."""

    def __init__(self, room: AccessRoom) -> None:
        self.room = room
        self.tenant = room.tenant()
        self.real = room.tokens.create(self.tenant)
        self.claims = claims_of(self.real.text)
        self.key = room.secret.derive("access token")

    def claim(self, **changes):
        """Return a token with other claims, signed with the right key."""
        claims = self.claims | changes
        kept = {name: claims[name] for name in claims if claims[name] is not DROPPED}
        return sign(HEADER, kept, self.key)

    def raw(self, **changes):
        """Return a token whose claims are spelt as given."""
        spelt = {name: json.dumps(value) for name, value in self.claims.items()}
        pairs = (f'"{name}":{value}' for name, value in (spelt | changes).items())
        return sign(HEADER, ("{" + ",".join(pairs) + "}").encode(), self.key)

    def header(self, header, key=None):
        """Return a token with another header, signed all the same."""
        return sign(header, self.claims, key or self.key)

    @property
    def now(self):
        """Return when the token was made, in seconds."""
        return self.claims["iat"]


def _public_key() -> bytes:
    key = rsa.generate_private_key(65537, 2048).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _unsigned(alg):
    return lambda f: (
        ".".join(sign({"alg": alg, "typ": "at+jwt"}, f.claims, b"k").split(".")[:2])
        + "."
    )


def _parts(token):
    return token.split(".")


def _with_unused_bits(forge):
    """Return the same 32 bytes of signature, spelt with bits that mean nothing."""
    text = forge.real.text
    return text[:-1] + chr(ord(text[-1]) + 1)


def _with_spaced_header(forge):
    return forge.header(b'{"typ":"at+jwt", "alg":"HS256"}')


def _with_other_claims(forge):
    header, _, signature = _parts(forge.real.text)
    claims = json.dumps(forge.claims | {"scope": "admin"})
    return f"{header}.{base64url(claims.encode())}.{signature}"


FORGERIES = {
    "A01-none": lambda f: f.header({**HEADER, "alg": "none"}),
    "A01-none-unsigned": _unsigned("none"),
    "A01-None-unsigned": _unsigned("None"),
    "A01-empty": lambda f: f.header({**HEADER, "alg": ""}),
    "A01-missing": lambda f: f.header({"typ": "at+jwt"}),
    "A01-null": lambda f: f.header({**HEADER, "alg": None}),
    "A01-list": lambda f: f.header({**HEADER, "alg": ["HS256", "none"]}),
    "A01-lower-case": lambda f: f.header({**HEADER, "alg": "hs256"}),
    "A02-rs256": lambda f: f.header({**HEADER, "alg": "RS256"}),
    "A02-public-key-as-secret": lambda f: f.header(HEADER, _public_key()),
    "A02-hs512": lambda f: f.header({**HEADER, "alg": "HS512"}),
    "A02-empty-key": lambda f: f.header(HEADER, b"\0"),
    "A03-path": lambda f: f.header({**HEADER, "kid": "../../dev/null"}),
    "A03-sql": lambda f: f.header({**HEADER, "kid": "' OR 1=1--"}),
    "A03-pipe": lambda f: f.header({**HEADER, "kid": "|id"}),
    "A03-url": lambda f: f.header({**HEADER, "kid": "http://127.0.0.1/"}),
    "A03-1-MB": lambda f: f.header({**HEADER, "kid": "k" * 1_000_000}),
    "A04-jku": lambda f: f.header({**HEADER, "jku": "http://127.0.0.1/k"}),
    "A04-x5u": lambda f: f.header({**HEADER, "x5u": "http://127.0.0.1/k"}),
    "A04-jwk": lambda f: f.header(
        {**HEADER, "jwk": {"kty": "oct", "k": base64url(b"k" * 32)}}, b"k" * 32
    ),
    "A04-x5c": lambda f: f.header({**HEADER, "x5c": ["MIIB"]}),
    "A05-crit-unknown": lambda f: f.header({**HEADER, "crit": ["x"], "x": 1}),
    "A05-crit-b64": lambda f: f.header({**HEADER, "crit": ["b64"], "b64": False}),
    "A05-crit-empty": lambda f: f.header({**HEADER, "crit": []}),
    "A06-no-exp": lambda f: f.claim(exp=DROPPED),
    "A06-no-iat": lambda f: f.claim(iat=DROPPED),
    "A06-no-aud": lambda f: f.claim(aud=DROPPED),
    "A06-no-iss": lambda f: f.claim(iss=DROPPED),
    "A06-no-sub": lambda f: f.claim(sub=DROPPED),
    "A06-no-jti": lambda f: f.claim(jti=DROPPED),
    "A06-no-scope": lambda f: f.claim(scope=DROPPED),
    "A06-exp-1e400": lambda f: f.raw(exp="1e400"),
    "A06-exp-infinity": lambda f: f.raw(exp="Infinity"),
    "A06-exp-nan": lambda f: f.raw(exp="NaN"),
    "A06-exp-4301-digits": lambda f: f.raw(exp="9" * 4301),
    "A06-exp-900-digits": lambda f: f.raw(exp="9" * 900),
    "A06-exp-text": lambda f: f.claim(exp=str(f.claims["exp"])),
    "A06-exp-fraction": lambda f: f.claim(exp=float(f.claims["exp"])),
    "A06-exp-true": lambda f: f.claim(exp=True),
    "A06-exp-null": lambda f: f.claim(exp=None),
    "A06-exp-negative": lambda f: f.claim(exp=-1),
    "A06-exp-before-iat": lambda f: f.claim(exp=f.now - 1),
    "A06-exp-year-9999": lambda f: f.claim(exp=253_402_300_799),
    "A06-lives-25-hours": lambda f: f.claim(exp=f.now + 25 * 3600),
    "A06-iat-text": lambda f: f.claim(iat=str(f.now)),
    "A06-iat-future": lambda f: f.claim(iat=f.now + 61, exp=f.now + 3600),
    "A06-nbf-future": lambda f: f.claim(nbf=f.now + 61),
    "A06-nbf-text": lambda f: f.claim(nbf="0"),
    "A06-nbf-null": lambda f: f.claim(nbf=None),
    "A06-expired": lambda f: f.claim(iat=f.now - 3600, exp=f.now - 60),
    "A07-other-aud": lambda f: f.claim(aud="another-api"),
    "A07-aud-list": lambda f: f.claim(aud=["testamur-api", "x"]),
    "A07-other-iss": lambda f: f.claim(iss="https://issuer.example"),
    "A07-id-token": lambda f: f.header({**HEADER, "typ": "JWT"}),
    "A07-no-typ": lambda f: f.header({"alg": "HS256"}),
    "A07-other-deployment": lambda f: f.header(
        HEADER, OperatorSecret(b"o" * 32).derive("access token")
    ),
    "A07-key-of-another-purpose": lambda f: f.header(
        HEADER, f.room.secret.derive("api key digest")
    ),
    "A07-sub-of-another-tenant": lambda f: f.claim(sub=f.room.tenant("other").id),
    "A07-sub-null": lambda f: f.claim(sub=None),
    "A07-sub-object": lambda f: f.claim(sub={"id": 1}),
    "A07-scope-list": lambda f: f.claim(scope=["bulk:mint"]),
    "A07-jti-never-given": lambda f: f.claim(jti="0" * 24),
    "A07-jti-sql": lambda f: f.claim(jti="' OR 1=1--"),
    "A08-jwe": lambda f: base64url(b'{"alg":"dir","zip":"DEF"}') + "..AAAA.AAAA.AAAA",
    "A08-1-MB": lambda f: f.claim(padding="x" * 1_000_000),
    "A08-2049-characters": lambda f: f.claim(padding="x" * 1_300),
    "A08-4-dots": lambda f: f.real.text + "..",
    "A08-2-parts": lambda f: ".".join(_parts(f.real.text)[:2]),
    "A08-no-signature": lambda f: ".".join(_parts(f.real.text)[:2]) + ".",
    "A08-no-claims": lambda f: _parts(f.real.text)[0] + ".." + _parts(f.real.text)[2],
    "A08-padding": lambda f: f.real.text + "=",
    "A08-standard-base64": lambda f: f.real.text[:-2] + "+/",
    "A08-signature-truncated": lambda f: f.real.text[:-1],
    "A08-signature-spelt-otherwise": _with_unused_bits,
    "A08-claims-changed": _with_other_claims,
    "A08-claim-twice": lambda f: f.raw(iss='"x","iss":"testamur"'),
    "A08-claims-list": lambda f: sign(HEADER, [f.claims], f.key),
    "A08-claims-nested": lambda f: sign(HEADER, b"[" * 1_400, f.key),
    "A08-claims-not-json": lambda f: sign(HEADER, b"{'iss':1}", f.key),
    "A08-claims-not-utf-8": lambda f: sign(HEADER, b'{"iss":"\xff"}', f.key),
    "A08-header-spelt-otherwise": _with_spaced_header,
    "A08-newline-after": lambda f: f.real.text + "\n",
    "A08-nul-after": lambda f: f.real.text + "\x00",
    "A08-not-ascii": lambda f: f.real.text + "é",
    "A08-just-dots": lambda f: "..",
}  # fmt: skip


@pytest.mark.parametrize("case", FORGERIES)
def test_a_forged_token_is_refused_at_once(room, case):
    """Every forgery is answered alike, within 5 ms of work."""
    forge = Forge(room)
    text = FORGERIES[case](forge)

    times = []
    for _ in range(3):
        started = time.thread_time()
        refusal = room.refusal(authorizations=[f"Bearer {text}"])
        times.append(time.thread_time() - started)

        assert refusal is not None
        assert (refusal.kind, refusal.code) == (Kind.NOT_AUTHENTICATED, "invalid_token")
        assert len(refusal.detail) < 200

    # What else the machine does may double one of them, and not all three.
    assert min(times) < 0.005
    assert room.refusal(authorizations=[f"Bearer {forge.real.text}"]) is None


def test_the_forge_makes_good_tokens_when_nothing_is_changed(room):
    """The control: an unchanged copy is let in, so each case shows its one change."""
    forge = Forge(room)
    copy = sign({"typ": "at+jwt", "alg": "HS256"}, forge.claims, forge.key)
    early = forge.claim(nbf=forge.now)

    assert forge.claim() == forge.raw() == copy == forge.real.text
    assert room.refusal(authorizations=[f"Bearer {early}"]) is None
    assert room.refusal(authorizations=[f"Bearer {copy}"]) is None


def test_what_we_did_not_sign_never_reaches_the_database(room):
    """Forgeries without our key cost arithmetic and nothing else."""
    forge = Forge(room)
    text = forge.header(HEADER, b"k" * 32)

    with room.statements() as statements:
        room.refusal(authorizations=[f"Bearer {text}"])

    assert statements == []


def test_a_token_says_who_calls(room):
    """The caller is the token's tenant, with the token's scopes and id."""
    tenant = room.tenant()
    made = room.tokens.create(tenant, scopes=["bulk:mint"])

    caller = room.gate.authenticate(authorizations=[f"Bearer {made.text}"])

    assert caller.tenant == tenant
    assert caller.scopes == {"bulk:mint"}
    assert caller.credential_id == made.id
    assert made.text not in repr(made)


def test_a_token_is_no_api_key(room):
    """In `x-api-key` a token is refused."""
    made = room.tokens.create(room.tenant())

    assert room.refusal(api_keys=[made.text]).code == "invalid_api_key"


@pytest.mark.parametrize("is_seen_before", [False, True], ids=["fresh", "remembered"])
def test_a_token_ends_at_its_time_and_a_minute_of_skew(room, is_seen_before):
    """A06: until then it works, from then on it does not, remembered or not."""
    made = room.tokens.create(room.tenant(), ttl=HOUR)
    sent = {"authorizations": [f"Bearer {made.text}"]}
    room.clock.now = made.expires_at + MINUTE - 1
    if is_seen_before:
        assert room.refusal(**sent) is None

    room.clock.now += 1

    refusal = room.refusal(**sent)
    assert refusal.code == "invalid_token"
    assert "expired" in refusal.detail


def test_a_token_of_a_host_whose_clock_is_a_minute_ahead_is_good(room):
    """A06: hosts may differ by 60 seconds."""
    made = room.tokens.create(room.tenant())

    room.clock.pass_seconds(-60)

    assert room.refusal(authorizations=[f"Bearer {made.text}"]) is None


@pytest.mark.parametrize("is_seen_before", [False, True], ids=["fresh", "remembered"])
def test_a_revoked_token_is_refused_within_five_seconds(room, is_seen_before):
    """A10, I21: the signature is still good, and does not help."""
    tenant = room.tenant()
    made = room.tokens.create(tenant)
    sent = {"authorizations": [f"Bearer {made.text}"]}
    if is_seen_before:
        assert room.refusal(**sent) is None

    room.tokens.revoke(tenant, made.id)
    room.clock.pass_seconds(4.9)

    refusal = room.refusal(**sent)
    assert (refusal.code, "revoked" in refusal.detail) == ("invalid_token", True)


def test_another_tenants_token_answers_like_a_missing_one(room):
    """I20: revoking a foreign token says what revoking none says, and does nothing."""
    mine, theirs = room.tenant(), room.tenant("theirs")
    made = room.tokens.create(theirs)

    answers = []
    for token_id in (made.id, "0" * 24):
        with pytest.raises(Refusal) as refusal:
            room.tokens.revoke(mine, token_id)
        answers.append((refusal.value.kind, refusal.value.code, refusal.value.detail))

    assert answers[0] == answers[1]
    assert answers[0][:2] == (Kind.NOT_FOUND, "token_not_found")
    assert room.refusal(authorizations=[f"Bearer {made.text}"]) is None


@pytest.mark.parametrize(
    ("text", "ttl"),
    [("24h", DAY), ("1d", DAY), ("90m", 90 * MINUTE), ("1s", 1_000), ("1440m", DAY)],
)
def test_a_time_to_live_is_spelt_with_its_unit(room, text, ttl):
    """Seconds, minutes, hours, and one day at most."""
    assert read_ttl(text) == ttl
    made = room.tokens.create(room.tenant(), ttl=ttl)
    assert made.expires_at - room.clock() // 1_000 * 1_000 == ttl


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("0m", id="zero"),
        pytest.param("25h", id="25-hours"),
        pytest.param("7d", id="7-days"),
        pytest.param("24", id="no-unit"),
        pytest.param("h", id="no-number"),
        pytest.param("-1h", id="negative"),
        pytest.param("1.5h", id="fraction"),
        pytest.param(" 1h", id="space"),
        pytest.param("1h\n", id="newline"),
        pytest.param("1H", id="upper-case"),
        pytest.param("1e1h", id="exponent"),
        pytest.param("١h", id="arabic-digit"),
        pytest.param("9" * 5_000, id="5000-digits"),
    ],
)
def test_a_token_lives_a_day_at_most(text):
    """A06: what is longer, or no time at all, is refused with the remedy."""
    with pytest.raises(Refusal, match="24h") as refusal:
        read_ttl(text)

    assert (refusal.value.kind, refusal.value.code) == (Kind.INVALID, "ttl_range")
    assert len(refusal.value.detail) < 250


@pytest.mark.parametrize("ttl", [0, 999, DAY + 1, -1])
def test_nobody_can_make_a_longer_token(room, ttl):
    """The bound holds for every way in."""
    with pytest.raises(Refusal, match="24h"):
        room.tokens.create(room.tenant(), ttl=ttl)


def test_a_token_says_whether_somebody_logged_in_for_it(room):
    """Only those live for a year; and no token says anything else of itself."""
    forge = Forge(room)
    year = 365 * DAY // 1_000

    accepted = {
        (kind, ttl): room.refusal(
            authorizations=["Bearer " + forge.claim(kind=kind, exp=forge.now + ttl)]
        )
        is None
        for kind in ("login", "Login", "", None, True, DROPPED)
        for ttl in (DAY // 1_000, DAY // 1_000 + 1, year, year + 1)
    }

    assert {one for one, is_good in accepted.items() if is_good} == {
        ("login", DAY // 1_000),
        ("login", DAY // 1_000 + 1),
        ("login", year),
        (DROPPED, DAY // 1_000),
    }
