"""Stamped from a die, or worked out from the JSON: the same bytes."""

import itertools
import json
import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import example, given

from support.credentials import (
    ISSUER,
    PLAIN,
    any_facts,
    canonical_by_pyld,
    canonical_by_pyoxigraph,
    facts_for,
    filled,
    shape_name,
    shapes,
    stamper_of,
)
from testamur.core.refusals import Fault, Reason
from testamur.core.words import Facts
from testamur.issuance.die.contexts import pinned_contexts
from testamur.issuance.die.credential import CONTEXT, document, shape_of
from testamur.issuance.die.die import read_die
from testamur.issuance.die.engrave import Tokens, engrave, engrave_documents
from testamur.issuance.die.linked_data import to_quads
from testamur.issuance.die.rdfc import canonical
from testamur.issuance.die.stamp import Stamper

SYNTAX = replace(
    PLAIN,
    name='%s "\\u0041" _:b0 _:c14n1 <urn:x> \\',
    description='a\tb\nc\r\nd\v\fe\x85\u2028 100%% "\\n"',
    recipient_name="{0} %(x)s \U0001f600\uff21",
    attributes=(("grade", "\ufdfa"), ("Grade", "\U00020bb7\uff21"), ("_ -", "%")),
)


def unsecured(stamper: Stamper, holes: dict[str, str]) -> dict[str, object]:
    """Return the stamped credential without its proof, as a reader parses it."""
    credential = json.loads(stamper.json(holes, "zSignature"))
    del credential["proof"]
    return credential


@given(facts=any_facts())
@example(facts=SYNTAX)
@example(facts=PLAIN)
def test_whatever_a_row_says_is_stamped_as_it_would_be_worked_out(facts: Facts):
    """
    For every text that the checker lets through, the stamped canonical form is
    what PyLD makes of the stamped JSON, what pyoxigraph makes of it, and what we
    make of it without a die.
    """
    stamper, holes = filled(facts)

    stamped = stamper.canonical(holes)

    said = unsecured(stamper, holes)
    assert isinstance(stamped, bytes)
    assert stamped.decode() == canonical_by_pyld(said)
    assert stamped.decode() == canonical_by_pyoxigraph(said)
    assert stamped.decode() == canonical(to_quads(said, pinned_contexts()))


@given(facts=any_facts())
@example(facts=SYNTAX)
def test_the_json_says_what_was_filled_in_and_nothing_else(facts: Facts):
    """
    The stamped JSON parses to the structure with every value in its place.
    """
    stamper, holes = filled(facts)
    shape = shape_of(facts, ISSUER, has_picture=True, has_end=False)

    assert unsecured(stamper, holes) == document(shape, holes.get, holes.get)


@pytest.mark.parametrize("shape", [*shapes()], ids=shape_name)
def test_every_shape_is_stamped_as_it_would_be_worked_out(shape):
    """
    With and without a name, a picture, an end, evidence and attributes.
    """
    facts = facts_for(shape)
    stamper, holes = filled(facts, issuer=shape.issuer, has_end=shape.has_end)

    said = unsecured(stamper, holes)

    assert stamper.canonical(holes) == canonical_by_pyld(said).encode()
    assert stamper.canonical(holes) == canonical_by_pyoxigraph(said).encode()


def test_a_die_read_from_storage_stamps_the_same_bytes():
    """
    What is kept of a die is all of it.
    """
    shape = shape_of(PLAIN, ISSUER, has_picture=True, has_end=False)
    die = engrave(shape)
    _, holes = filled(PLAIN)

    again = Stamper(read_die(die.to_bytes(), die.digest))

    assert again.json(holes, "z1") == stamper_of(shape).json(holes, "z1")
    assert again.canonical(holes) == stamper_of(shape).canonical(holes)


def test_a_die_that_was_changed_in_storage_is_refused():
    """
    One changed byte, and nothing is stamped with it.
    """
    die = engrave(shape_of(PLAIN, ISSUER, has_picture=True, has_end=False))

    changed = die.to_bytes().replace(b"Course", b"Curse", 1)

    with pytest.raises(Fault) as refused:
        read_die(changed + b" ", die.digest)
    assert not refused.value.passing


# Structures that our credentials do not have, and dies allow. -------------------


def two_names() -> Stamper:
    """Return a stamper whose two blank nodes differ by what is filled in alone."""
    return _own({"identifier": [_identity("first"), _identity("second")]})


def nested() -> Stamper:
    """Return a stamper whose blank nodes stand below another one."""
    names = [_identity("first"), _identity("second")]
    return _own({"id": None, "identifier": names})


def tags() -> Stamper:
    """Return a stamper with one property of two values."""
    return _own({}, tag=["first", "second"])


def _identity(hole: str) -> dict[str, object]:
    return {
        "type": "IdentityObject",
        "hashed": False,
        "identityHash": hole,
        "identityType": "name",
    }


def _own(subject: dict[str, object], tag: list[str] | None = None) -> Stamper:
    tokens = Tokens()
    credential = {
        "@context": CONTEXT,
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "id": tokens.iri("page"),
        "issuer": "did:web:example.org",
        "credentialSubject": {
            "id": "urn:uuid:1",
            "type": ["AchievementSubject"],
            **_with_tokens(subject, tokens),
        },
    }
    if subject.get("id", "") is None:
        del credential["credentialSubject"]["id"]
    if tag:
        credential["credentialSubject"]["achievement"] = {
            "id": "urn:uuid:2",
            "type": ["Achievement"],
            "tag": [tokens.text(name) for name in tag],
        }
    proof = {"type": "DataIntegrityProof"}
    return Stamper(engrave_documents(credential, proof, tokens, pinned_contexts()))


def _with_tokens(value, tokens):
    if isinstance(value, dict):
        return {key: _with_tokens(inner, tokens) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_tokens(inner, tokens) for inner in value]
    return tokens.text(value) if value in ("first", "second") else value


@pytest.mark.parametrize("make", [two_names, nested, tags])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        *itertools.permutations(["A", "B", "\uff21", "\u0645", '"', "\\", "%s", ""], 2),
        ("A", "A"),
        ("\U0001f600", "A"),
        ("\uff21", "\uff21\U0001f600"),
    ],
)
def test_looking_alike_or_being_equal_makes_no_difference(make, first, second):
    """
    Blank nodes that only their values tell apart, that nothing tells apart, and
    equal values of one property (which are one value) come out as they must.
    """
    stamper = make()
    holes = {"page": "https://example.org/1", "first": first, "second": second}

    stamped = stamper.canonical(holes)

    said = unsecured(stamper, holes)
    assert isinstance(stamped, bytes)
    assert stamped.decode() == canonical_by_pyld(said)
    assert stamped.decode() == canonical_by_pyoxigraph(said)


@pytest.mark.parametrize("point", [*range(0x21), *'"%\\\x7f\x80\x9f'], ids=ascii)
def test_every_character_that_needs_it_is_escaped(point):
    """
    Also those that no row may hold: nothing here relies on the door.
    """
    letter = point if isinstance(point, str) else chr(point)
    stamper = tags()
    holes = {"page": "urn:x:1", "first": f"a{letter}b", "second": letter}

    stamped = stamper.canonical(holes)

    said = unsecured(stamper, holes)
    assert stamped == canonical_by_pyoxigraph(said).encode()
    assert said["credentialSubject"]["achievement"]["tag"] == [f"a{letter}b", letter]


@pytest.mark.parametrize("page", ["did:web:example.org", "urn:uuid:1", "urn:uuid:2"])
def test_nodes_that_turn_out_to_be_the_same_are_merged(page):
    """
    A hole may name a node that stands elsewhere in the credential.
    """
    stamper = tags()
    holes = {"page": page, "first": "A", "second": "B"}

    stamped = stamper.canonical(holes)

    assert stamped == canonical_by_pyld(unsecured(stamper, holes)).encode()


def test_values_that_verifiers_would_sort_differently_are_refused():
    """
    Code points and UTF-16 units order these two differently, and verifiers in
    JavaScript use the latter: the row fails instead of its proof.
    """
    holes = {"page": "urn:x:1", "first": "\U0001f600", "second": "\uff21"}

    refused = tags().canonical(holes)

    assert isinstance(refused, Reason)
    assert refused.code == "text_order"


@pytest.mark.parametrize(
    "page",
    [
        *("", "x", "not an iri", "/c/1", "//x", "@type", "_:b0", "javascript:x"),
        *("https://x y", "https://x/<>", "https://x/\n", "https://x/\u00e9"),
        *("https://x/%zz", 'https://x/"', "https://x/\\", "https://x/{}", "https://"),
    ],
)
def test_a_hole_for_an_iri_takes_nothing_else(page):
    """
    What is no absolute IRI never becomes part of what is signed.
    """
    holes = {"page": page, "first": "A", "second": "B"}

    with pytest.raises(Fault):
        tags().canonical(holes)


def test_stamping_keeps_nothing():
    """
    Ten thousand rows leave no more behind than ten.
    """
    stamper, _ = filled(PLAIN)

    def stamp(numbers):
        for number in numbers:
            row = replace(PLAIN, recipient_name=f"Ada {number}")
            _, holes = filled(row, number)
            stamper.canonical(holes)
            stamper.json(holes, "z1")

    stamp(range(10))
    tracemalloc.start()
    stamp(range(10, 100))
    few, _ = tracemalloc.get_traced_memory()
    stamp(range(100, 10_000))
    many, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert many - few < 20_000
