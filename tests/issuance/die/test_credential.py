"""What a certificate says, in the standard's own words."""

import hashlib
from dataclasses import replace
from functools import cache

import jsonschema_rs
import pytest

from support.credentials import (
    ISSUED_AT,
    ISSUER,
    PLAIN,
    PUBLIC_URL,
    facts_for,
    secured,
    shape_name,
    shapes,
)
from support.third_party import third_party_json
from testamur.issuance.die.credential import Evidence, shape_of, xml_moment

PAGE = f"{PUBLIC_URL}/c/{1:024x}"


@cache
def schema() -> jsonschema_rs.Validator:
    """Return 1EdTech's schema, with the formats checked."""
    source = third_party_json("schema/ob_v3p0_achievementcredential_schema.json")
    return jsonschema_rs.validator_for(source, validate_formats=True)


@pytest.mark.parametrize("shape", [*shapes()], ids=shape_name)
def test_every_shape_is_valid_by_the_schema_of_1edtech(shape):
    """
    Signed, every kind of credential that we make is a valid one.
    """
    credential = secured(facts_for(shape), issuer=shape.issuer, has_end=shape.has_end)

    assert [error.message for error in schema().iter_errors(credential)] == []


def test_the_schema_would_notice():
    """
    The check above can fail: a proof that is no array, and a date without time.
    """
    credential = secured(PLAIN)

    assert not schema().is_valid(credential | {"proof": credential["proof"][0]})
    assert not schema().is_valid(credential | {"validFrom": "2026-11-22"})


def test_the_row_is_said_in_the_words_of_open_badges():
    """
    Name, description, category and attributes stand where wallets look for them.
    """
    credential = secured(PLAIN)
    subject = credential["credentialSubject"]
    achievement = subject["achievement"]

    assert credential["type"] == ["VerifiableCredential", "AchievementCredential"]
    assert credential["id"] == PAGE
    assert credential["name"] == achievement["name"] == "Harbour pilot"
    assert achievement["description"] == "Knows the tides."
    assert achievement["criteria"]["narrative"] == "Knows the tides."
    assert achievement["tag"] == ["Course"]
    assert achievement["image"] == {"id": f"{PAGE}/image", "type": "Image"}
    described = {each["id"]: each["name"] for each in achievement["resultDescription"]}
    assert [
        (described[each["resultDescription"]], each["value"])
        for each in subject["result"]
    ] == [("grade", "A"), ("Course", "Seamanship")]


def test_the_issuer_is_the_tenant():
    """
    A DID, a name and an address, in a profile.
    """
    assert secured(PLAIN)["issuer"] == {
        "id": "did:web:certificates.example.org:t:harbour",
        "type": ["Profile"],
        "name": ISSUER.name,
        "url": ISSUER.url,
    }


def test_an_address_is_hidden_unless_the_tenant_chose_otherwise():
    """
    By default it is hashed with a salt of its own, as Open Badges 3.0 says.
    """
    first, second = secured(PLAIN, 1), secured(PLAIN, 2)
    identity = first["credentialSubject"]["identifier"][1]
    said = PLAIN.recipient_email + identity["salt"]

    assert identity["hashed"] is True
    assert identity["identityType"] == "emailAddress"
    assert (
        identity["identityHash"]
        == "sha256$" + hashlib.sha256(said.encode()).hexdigest()
    )
    assert PLAIN.recipient_email not in str(first)
    assert identity != second["credentialSubject"]["identifier"][1]


def test_an_address_is_plain_if_the_tenant_chose_so():
    """
    Then it is the address, unsalted.
    """
    credential = secured(PLAIN, issuer=replace(ISSUER, hides_addresses=False))

    assert credential["credentialSubject"]["identifier"][1] == {
        "type": "IdentityObject",
        "hashed": False,
        "identityHash": "ada@example.org",
        "identityType": "emailAddress",
    }


def test_a_recipient_without_a_name_has_none():
    """
    No empty identity is made up: some verifiers refuse it.
    """
    unnamed = replace(PLAIN, recipient_name=None)

    identities = secured(unnamed)["credentialSubject"]["identifier"]

    assert [each["identityType"] for each in identities] == ["emailAddress"]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("https://example.org/work", Evidence.PAGE),
        ("http://example.org/work?a=1#b", Evidence.PAGE),
        ("See https://example.org/work", Evidence.TEXT),
        ("https://example.org/wörk", Evidence.TEXT),
        ("https://example.org/a b", Evidence.TEXT),
        ("javascript:alert(1)", Evidence.TEXT),
        ("urn:isbn:1", Evidence.TEXT),
        ("did:web:example.org", Evidence.TEXT),
        ("https://", Evidence.TEXT),
    ],
)
@pytest.mark.parametrize("name", ["evidence", "Evidence"])
def test_an_attribute_called_evidence_is_the_evidence(name, value, kind):
    """
    An address is linked to, anything else is told; neither is a result as well.
    """
    facts = replace(PLAIN, attributes=((name, value),))

    credential = secured(facts)

    evidence = credential["evidence"][0]
    if kind is Evidence.PAGE:
        assert evidence == {"id": value, "type": ["Evidence"]}
    else:
        assert evidence["narrative"] == value
        assert evidence["id"] == f"{PAGE}#evidence"
    assert "result" not in credential["credentialSubject"]


def test_moments_are_whole_seconds_in_utc():
    """
    Whatever the milliseconds were, and before 1970 too.
    """
    credential = secured(PLAIN, has_end=True)

    assert ISSUED_AT % 1000
    assert credential["validFrom"] == credential["proof"][0]["created"]
    assert credential["validFrom"] == "2026-11-22T00:00:00Z"
    assert credential["validUntil"] == "2109-01-11T00:00:00Z"
    assert xml_moment(-1) == "1969-12-31T23:59:59Z"


def test_it_never_ends_by_itself():
    """
    The voucher's end is not the credential's.
    """
    assert "validUntil" not in secured(replace(PLAIN, expiry_days=3))


@pytest.mark.parametrize("old", ["\v", "\f"])
def test_a_line_break_of_old_is_said_as_a_line_break_of_today(old):
    """
    Verifiers in Python cannot read these two; a reader sees no difference.
    """
    facts = replace(PLAIN, description=f"one{old}two")

    achievement = secured(facts)["credentialSubject"]["achievement"]

    assert achievement["description"] == "one\ntwo"


def test_what_a_row_says_never_makes_a_shape():
    """
    A million different rows of one job need one die.
    """
    other = replace(
        PLAIN, name="x", attributes=(("rank", "1"), ("Evidence of rank", "2"))
    )

    def shape(facts):
        return shape_of(facts, ISSUER, has_picture=True, has_end=False)

    assert shape(other) == shape(PLAIN)
