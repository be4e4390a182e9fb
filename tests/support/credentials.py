"""Credentials of every shape, facts of every script, and who checks them."""

import itertools
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pyoxigraph
from hypothesis import strategies as st

from testamur.core.words import Facts
from testamur.issuance.check import Checker
from testamur.issuance.did_web import did_of, method_of
from testamur.issuance.die.contexts import pinned_contexts
from testamur.issuance.die.credential import (
    Evidence,
    Holes,
    Issuer,
    Placed,
    Shape,
    holes_of,
    shape_of,
)
from testamur.issuance.die.engrave import engrave
from testamur.issuance.die.proof import Press
from testamur.issuance.die.quads import Quad, literal
from testamur.issuance.die.sign import Algorithm
from testamur.issuance.die.stamp import Stamper
from testamur.issuance.keys import make_key, open_key
from testamur.issuance.ports import IssuerKey

PUBLIC_URL = "https://certificates.example.org"
SEALING = bytes(range(32))
ISSUED_AT = 1_795_305_600_123
#: Beyond everybody who runs these tests.
ENDS_AT = ISSUED_AT + 30_000 * 86_400_000
DID = did_of(PUBLIC_URL, "harbour")
ISSUER = Issuer(DID, "Harbour Cöllege 100%", f"{PUBLIC_URL}/t/harbour")

PLAIN = Facts(
    name="Harbour pilot",
    description="Knows the tides.",
    category="Course",
    recipient_email="ada@example.org",
    recipient_name="Ada Lovelace",
    attributes=(("grade", "A"), ("Course", "Seamanship")),
    expiry_days=None,
    image="",
)

COLUMNS = (
    "name",
    "description",
    "category",
    "recipientEmail",
    "recipientName",
    "imageUrl",
    "attribute_grade",
    "attribute_Course",
    "attribute_evidence",
)
_CHECKER = Checker(COLUMNS, images_optional=True)


@cache
def issuer_key() -> IssuerKey:
    """Return the Ed25519 key that signs in tests."""
    return make_key("tenant", Algorithm.EDDSA, sealing=SEALING, now=ISSUED_AT)


def placed(number: int = 1, *, valid_until: int | None = None) -> Placed:
    """Return where and when the certificate *number* stands."""
    certificate_id = f"{number:024x}"
    return Placed(
        page=f"{PUBLIC_URL}/c/{certificate_id}",
        certificate_id=certificate_id,
        issued_at=ISSUED_AT,
        valid_until=valid_until,
        status_list=f"{PUBLIC_URL}/status/1",
        status_index=number,
        verification_method=method_of(DID, issuer_key()),
        picture_digest=f"{number:064x}",
    )


@cache
def stamper_of(shape: Shape) -> Stamper:
    """Return the stamper for *shape*, engraved once per run."""
    return Stamper(engrave(shape))


def filled(
    facts: Facts, number: int = 1, *, issuer: Issuer = ISSUER, has_end: bool = False
) -> tuple[Stamper, Holes]:
    """Return what stamps *facts*, and the holes they fill."""
    end = ENDS_AT if has_end else None
    shape = shape_of(facts, issuer, has_picture=True, has_end=has_end)
    stamper = stamper_of(shape)
    place = placed(number, valid_until=end)
    hides = stamper.hides_addresses
    return stamper, holes_of(facts, place, hides_addresses=hides)


def secured(facts: Facts, number: int = 1, **shape: Any) -> dict[str, Any]:
    """Return the signed credential that says *facts*."""
    stamper, holes = filled(facts, number, **shape)
    press = Press(stamper)
    signed = press.to_be_signed(holes)
    assert isinstance(signed, bytes), signed
    signature = open_key(issuer_key(), sealing=SEALING)(signed)
    credential: dict[str, Any] = json.loads(press.secured(holes, signature))
    return credential


def public_keys() -> dict[str, bytes]:
    """Return the issuer's public key by its verification method."""
    return {method_of(DID, issuer_key()): issuer_key().public}


def shapes() -> Iterator[Shape]:
    """Yield every kind of shape, with no, one and several attributes."""
    for hides, name, picture, end, evidence, attributes in itertools.product(
        (True, False), (True, False), (True, False), (True, False), Evidence, (0, 1, 3)
    ):
        issuer = replace(ISSUER, hides_addresses=hides)
        yield Shape(issuer, name, picture, end, evidence, attributes)


def shape_name(shape: Shape) -> str:
    """Return a name for *shape*, for the ids of tests."""
    parts = {
        "hashed": shape.issuer.hides_addresses,
        "named": shape.has_recipient_name,
        "picture": shape.has_picture,
        "end": shape.has_end,
        f"{shape.evidence}-evidence": shape.evidence is not Evidence.NONE,
        f"{shape.attributes}-attributes": shape.attributes > 0,
    }
    return "-".join(part for part, is_there in parts.items() if is_there) or "least"


def facts_for(shape: Shape) -> Facts:
    """Return plain facts whose credential has *shape*."""
    attributes = [(f"quality {n}", f"value {n}") for n in range(shape.attributes)]
    if shape.evidence is Evidence.PAGE:
        attributes.insert(0, ("Evidence", "https://example.org/work?of=ada#top"))
    if shape.evidence is Evidence.TEXT:
        attributes.append(("evidence", "She brought the ship in."))
    return replace(
        PLAIN,
        recipient_name="Ada Lovelace" if shape.has_recipient_name else None,
        attributes=tuple(attributes),
    )


# Letters of every plane, what syntaxes mean something by, and what sorts oddly.
_LETTERS = st.characters(exclude_categories=("Cc", "Cs", "Cn", "Co", "Cf"))
_TROUBLE = st.sampled_from(
    [
        *"\"\\%{}<>@_:^$'&;#\u00e9\uff21\ufb01\ufdfa\U0001f600\U00020bb7\u0645\u200d",
        *("%s", "\\u0041", "_:b0", "_:c14n0", "@id", "https://x/", "e\u0301", "X0X"),
    ]
)
_TEXT = st.lists(st.one_of(_LETTERS, _TROUBLE), max_size=20).map("".join)
_LINES = st.lists(
    st.one_of(_LETTERS, _TROUBLE, st.sampled_from(list("\t\n\r\v\f\x85\u2028\u2029"))),
    max_size=30,
).map("".join)


@st.composite
def any_facts(draw: st.DrawFn) -> Facts:
    """Draw facts from whatever cells the checker lets through."""
    cells = [
        "N" + draw(_TEXT),
        "D" + draw(_LINES) + ".",
        "C" + draw(_TEXT),
        draw(
            st.sampled_from(["ada@example.org", "O'Neil+x@Example.ORG", "a@bücher.de"])
        ),
        draw(_TEXT),
        "",
        draw(_TEXT),
        draw(_TEXT),
        draw(st.one_of(_TEXT, st.just("https://example.org/a?b=%20#c"))),
    ]
    found = _CHECKER.check(1, cells)
    if not isinstance(found, Facts):
        # Take away what it was refused for, and try once more.
        cells = ["".join(c for c in cell if c.isprintable()) for cell in cells]
        found = _CHECKER.check(1, cells)
    if not isinstance(found, Facts):
        return PLAIN
    return found


_PIECES = (
    *(
        'O"Brien \\ back\\nslash',
        "a\nb\r\nc\td",
        "\u0645\u062d\u0645\u062f",
        "\u05d9\u05e8",
    ),
    *(
        "\U0001f469\u200d\U0001f4bb Zo\u00eb",
        "e\u0301 \u00e9",
        "\u5f20\u4f1f",
        "\u6c38\U00020bb7",
    ),
    *("D'Angelo <b>&amp;</b>", '{"@value":"x"}', "@id", "_:b0", "a^^<http://x>", '"'),
    *("\\", "\\u0041", "\ufdfa", "\uff21\uff22", "\U0001f600\uff21", "%s {0} {{name}}"),
    *("one\vtwo\fthree", "\u2028\u2029\x85.", "A" * 200, "https://example.org/a?b#c"),
)


def hostile_facts(count: int, *, seed: int = 7) -> list[Facts]:
    """Return *count* facts that any reader of anything may stumble over."""
    rng = random.Random(seed)

    def text() -> str:
        letters = [
            chr(rng.choice([rng.randrange(32, 127), rng.randrange(0xA1, 0x24F)]))
            + chr(
                rng.choice([rng.randrange(0x4E00, 0x9FFF), rng.randrange(0x400, 0x4FF)])
            )
            for _ in range(rng.randrange(8))
        ]
        return "".join([*letters, *rng.choices(_PIECES, k=rng.randrange(1, 4))])

    found: list[Facts] = []
    while len(found) < count:
        lines = [text() for _ in range(8)]
        cells = [*lines[:3], "ada@example.org", lines[3], "", *lines[4:7]]
        facts = _CHECKER.check(1, cells)
        if isinstance(facts, Facts):
            found.append(facts)
    return found


# Second opinions on what is signed. --------------------------------------------


def quads_of(nquads: str) -> list[Quad]:
    """Return the quads of an N-Quads document, as pyoxigraph reads it."""
    parsed = pyoxigraph.parse(nquads.encode(), format=pyoxigraph.RdfFormat.N_QUADS)
    return [_quad(quad) for quad in parsed]


def canonical_by_pyoxigraph(document: Mapping[str, Any]) -> str:
    """Return the canonical form of JSON-LD as pyoxigraph works it out, alone."""
    contexts = pinned_contexts()
    inlined = {
        **document,
        "@context": [contexts[url]["@context"] for url in document["@context"]],
    }
    parsed = pyoxigraph.parse(
        json.dumps(inlined).encode(), format=pyoxigraph.RdfFormat.JSON_LD
    )
    dataset = pyoxigraph.Dataset(parsed)
    dataset.canonicalize(pyoxigraph.CanonicalizationAlgorithm.RDFC_1_0)
    return "".join(sorted(f"{' '.join(filter(None, _quad(q)))} .\n" for q in dataset))


def canonical_by_pyld(document: Mapping[str, Any]) -> str:
    """Return the canonical form of JSON-LD as PyLD works it out, alone."""
    from pyld import jsonld

    contexts = pinned_contexts()

    def load(url: str, options: Any = None) -> dict[str, Any]:
        return {
            "contentType": "application/ld+json",
            "contextUrl": None,
            "documentUrl": url,
            "document": contexts[url],
        }

    text: str = jsonld.normalize(
        document,
        {
            "algorithm": "URDNA2015",
            "format": "application/n-quads",
            "documentLoader": load,
        },
    )
    return text


def _quad(quad: pyoxigraph.Quad) -> Quad:
    in_default = isinstance(quad.graph_name, pyoxigraph.DefaultGraph)
    graph = "" if in_default else _term(quad.graph_name)
    return _term(quad.subject), _term(quad.predicate), _term(quad.object), graph


def _term(term: Any) -> str:
    if isinstance(term, pyoxigraph.NamedNode):
        return f"<{term.value}>"
    if isinstance(term, pyoxigraph.BlankNode):
        return f"_:{term.value}"
    text = literal(term.value)
    if term.language:
        return f"{text}@{term.language}"
    if term.datatype.value == "http://www.w3.org/2001/XMLSchema#string":
        return text
    return f"{text}^^<{term.datatype.value}>"
