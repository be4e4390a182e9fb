"""What no signature would cover is refused before anything is signed."""

import pytest

from support.credentials import ISSUER, shapes
from testamur.issuance.die.contexts import pinned_contexts
from testamur.issuance.die.credential import document, proof_of
from testamur.issuance.die.engrave import (
    SUITE,
    Tokens,
    engrave,
    engrave_documents,
    shape_key,
)
from testamur.issuance.die.linked_data import NotSignableError

SHAPE = next(shapes())


def change_nothing(credential, tokens):
    """Leave it as it is."""


def undefined_term(credential, tokens):
    """Say something that no context defines."""
    credential["credentialSubject"]["favouriteColour"] = tokens.text("name")


def undefined_constant(credential, tokens):
    """Say something constant that no context defines."""
    credential["issuer"]["motto"] = "We care."


def undefined_type(credential, tokens):
    """Be of a type that no context defines."""
    credential["credentialSchema"] = [
        {"id": "https://example.org/s", "type": "1EdTechJsonSchemaValidator2019"}
    ]


def relative_id(credential, tokens):
    """Name a node relative to nothing."""
    credential["credentialSubject"]["achievement"]["id"] = "achievement"


def text_as_id(credential, tokens):
    """Let a row's text name a node."""
    credential["credentialSubject"]["id"] = tokens.text("name")


def part_of_a_literal(credential, tokens):
    """Let a hole be a part of a text."""
    credential["name"] = "Dear " + tokens.text("name")


def part_of_an_iri(credential, tokens):
    """Let a hole be a part of an IRI."""
    credential["id"] = tokens.iri("page") + "/x"


def text_in_an_iri(credential, tokens):
    """Let a row's text be a part of an IRI."""
    credential["id"] = "https://example.org/" + tokens.text("name")


def text_in_json(credential, tokens):
    """Let a row's text be a part of a JSON literal, where escapes are doubled."""
    term = {"@id": "https://example.org/extra", "@type": "@json"}
    credential["@context"] = [*credential["@context"], {"extra": term}]
    credential["extra"] = tokens.text("name")


def null(credential, tokens):
    """Say nothing, which JSON-LD drops."""
    credential["credentialSubject"]["narrative"] = None


def false_keyword(credential, tokens):
    """Use what looks like a keyword, which JSON-LD ignores."""
    credential["credentialSubject"]["@narrative"] = "Said and not signed."


def foreign_context(credential, tokens):
    """Mean something by a context that we do not keep."""
    credential["@context"] = [*credential["@context"], "https://example.org/v1"]


@pytest.mark.parametrize(
    "change",
    [
        undefined_term,
        undefined_constant,
        undefined_type,
        relative_id,
        text_as_id,
        part_of_a_literal,
        part_of_an_iri,
        text_in_an_iri,
        text_in_json,
        null,
        false_keyword,
        foreign_context,
    ],
    ids=lambda change: change.__name__,
)
def test_a_structure_that_would_not_be_signed_whole_is_refused(change):
    """
    The credential as it is can be engraved; changed, it cannot.
    """

    def engraved(change):
        tokens = Tokens()
        credential = document(SHAPE, tokens.text, tokens.iri)
        proof = proof_of(tokens.text, tokens.iri, suite=SUITE)
        change(credential, tokens)
        return engrave_documents(credential, proof, tokens, pinned_contexts())

    assert engraved(change_nothing)
    with pytest.raises(NotSignableError):
        engraved(change)


def test_engraving_twice_gives_the_same_die():
    """
    Two workers that meet a shape at once keep one die.
    """
    assert engrave(SHAPE).to_bytes() == engrave(SHAPE).to_bytes()


def test_every_shape_has_its_own_key_and_its_own_die():
    """
    No two shapes are mistaken for each other, and none has two keys.
    """
    keys = [shape_key(shape) for shape in shapes()]

    assert len(set(keys)) == len(keys)
    assert keys == [shape_key(shape) for shape in shapes()]
    assert ISSUER.name in engrave(SHAPE).to_bytes().decode()
