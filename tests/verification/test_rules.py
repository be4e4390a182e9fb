"""What is a credential and what is not, by the W3C's rules."""

import base64
import hashlib
from importlib.metadata import distribution

import pytest

from support.malformed import MALFORMED, MEANINGLESS, UNUSUAL, V1, V2, good
from testamur.issuance.die.contexts import known_contexts
from testamur.verification.digests import KNOWN, multibase_digest, sri_digests
from testamur.verification.form import problems_with
from testamur.verification.plain_words import respelled, terms_of


@pytest.mark.parametrize("name", MALFORMED)
def test_a_document_that_breaks_a_rule_is_told_which(name):
    """
    Each document breaks one rule, and its code is among what is said.
    """
    document, code = MALFORMED[name]

    problems = list(problems_with(document))

    assert code in [problem.code for problem in problems]
    assert all(problem.detail.endswith(".") for problem in problems)


@pytest.mark.parametrize("name", [*UNUSUAL, *MEANINGLESS])
def test_nothing_is_said_against_what_is_only_unusual(name):
    """
    Extensions are allowed; whether contexts define them is not a question of form.
    """
    document = {**UNUSUAL, **MEANINGLESS}[name]

    assert list(problems_with(document)) == []


def test_a_credential_of_version_one_is_judged_by_its_own_rules():
    """
    Its dates have other names, and it needs one.
    """
    old = good(**{"@context": [V1], "issuanceDate": "2020-03-16T22:37:26.544Z"})

    assert list(problems_with(old)) == []
    assert list(problems_with(good(**{"@context": [V1, V2]}))) != []


@pytest.mark.parametrize("member", list(good()))
@pytest.mark.parametrize(
    "value", [None, True, 7, 1.5, "x", "", [], [[]], [None], {}, {"": ""}, [{}]]
)
def test_no_value_is_too_odd_to_be_judged(member, value):
    """
    Whatever stands where, there is an answer and no exception.
    """
    list(problems_with(good(**{member: value})))


def test_the_digest_that_is_known_is_that_of_the_text_itself():
    """
    Compared with the text as a package brings it, byte for byte.
    """
    found = distribution("openbadgeslib").locate_file(
        "openbadgeslib/ob3/contexts/credentials-v2.json"
    )
    text = found.read_bytes()

    for name in ("sha256", "sha384"):
        assert hashlib.new(name, text).hexdigest() in KNOWN[V2]


def test_digests_are_read_in_every_spelling():
    """
    Base64 with its hash named, or multibase with a multihash or without.
    """
    digest = hashlib.sha256(b"x").digest()
    url = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    headed = base64.urlsafe_b64encode(b"\x12\x20" + digest).decode().rstrip("=")

    spelled = sri_digests("sha256-" + base64.b64encode(digest).decode())

    assert spelled == {digest.hex()}
    assert multibase_digest("u" + url) == multibase_digest("u" + headed) == spelled


@pytest.mark.parametrize(
    "text",
    ["", "sha256-", "sha256-AAAA", "md5-AAAA", "sha256-!!", None, 7, "x" * 1000],
    ids=repr,
)
def test_what_is_no_digest_is_none(text):
    """
    A digest of the wrong length, of a hash nobody named, or that cannot be read.
    """
    assert sri_digests(text) == set()
    assert multibase_digest(text) == set()


def test_an_object_that_holds_a_context_is_read_as_that_context():
    """
    As JSON-LD processors do: new words are fine, and other meanings are not.
    """
    terms = terms_of(known_contexts()[V2])

    def said(**words: str) -> str | None:
        return respelled(good(**{"@context": [V2, {"@context": words}]}), terms)

    assert said(alumniOf="https://example.com/#alumniOf") is None
    assert said(ends="https://www.w3.org/2018/credentials#validUntil") is not None
    assert said(validUntil="https://example.com/#end") is not None
