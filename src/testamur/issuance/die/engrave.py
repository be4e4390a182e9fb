"""
Engraving: JSON-LD is worked through once per shape, and never again per row.

What cannot be stamped safely is refused here, where a programmer sees it: terms
and types that no context defines, relative IRIs, values that reach the JSON and
not the RDF, and holes that are less than one whole literal or IRI.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from .contexts import Contexts, pinned_contexts
from .credential import Shape, document, proof_of
from .die import Die, Pattern, Statement
from .linked_data import NotSignableError, expand, expanded_to_quads
from .quads import Quad, is_node, line

#: The suite that dies are made for (W3C Data Integrity EdDSA Cryptosuites 3.2).
SUITE = "eddsa-rdfc-2022"

_NODE = r"_:b[0-9]+"


def engrave(shape: Shape, contexts: Contexts | None = None) -> Die:
    """
    Return the die for credentials of *shape*.

    Takes some ten milliseconds, and PyLD's memory.

    Raises:
        NotSignableError: the shape has something that no signature would cover.
        Fault: a pinned context is missing or another one.
    """
    tokens = Tokens()
    credential = document(shape, tokens.text, tokens.iri)
    proof = proof_of(tokens.text, tokens.iri, suite=SUITE)
    return engrave_documents(credential, proof, tokens, contexts or pinned_contexts())


def shape_key(shape: Shape) -> str:
    """
    Return a name for *shape*: what is engraved for it is always the same.

    Also told apart: issuers, and whatever a later release writes differently.
    Needs no PyLD, so a die that somebody engraved before is found by it.
    """
    tokens = Tokens()
    credential = document(shape, tokens.text, tokens.iri)
    proof = proof_of(tokens.text, tokens.iri, suite=SUITE)
    return hashlib.sha256(_secured(credential, proof, tokens).encode()).hexdigest()


class Tokens:
    """Stand-ins for values, recognised again wherever JSON-LD takes them."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.iris: dict[str, str] = {}

    def text(self, name: str) -> str:
        return self.texts.setdefault(name, f"X{_fingerprint(name)}X")

    def iri(self, name: str) -> str:
        return self.iris.setdefault(name, f"urn:x-hole:{_fingerprint(name)}")

    @property
    def proof_value(self) -> str:
        return f"X{_fingerprint('the value of the proof')}X"


def engrave_documents(
    credential: Mapping[str, Any],
    proof: Mapping[str, Any],
    tokens: Tokens,
    contexts: Contexts,
) -> Die:
    """Return the die for *credential* and *proof*, whose values are *tokens*."""
    texts, iris = tuple(tokens.texts), tuple(tokens.iris)
    numbers = {
        token: number
        for number, token in enumerate((*tokens.texts.values(), *tokens.iris.values()))
    }
    secured = _secured(credential, proof, tokens)
    proof_document = {"@context": credential["@context"], **proof}
    return Die(
        texts=texts,
        iris=iris,
        json=_json_pattern(secured, numbers | {tokens.proof_value: len(numbers)}),
        credential=_statement(credential, tokens, numbers, contexts),
        proof=_statement(proof_document, tokens, numbers, contexts),
    )


def _secured(
    credential: Mapping[str, Any], proof: Mapping[str, Any], tokens: Tokens
) -> str:
    # 1EdTech's schema wants an array of proofs; other verifiers take both.
    value = {**proof, "proofValue": tokens.proof_value}
    return json.dumps(
        {**credential, "proof": [value]}, ensure_ascii=False, separators=(",", ":")
    )


def _json_pattern(secured: str, numbers: Mapping[str, int]) -> Pattern:
    quoted = {f'"{token}"': number for token, number in numbers.items()}
    parts = re.split(f"({'|'.join(map(re.escape, quoted))})", secured)
    pattern: list[str | int] = []
    for part in parts:
        if part in quoted:
            assert isinstance(pattern[-1], str)
            pattern[-1] += '"'
            pattern += [quoted[part], '"']
        elif pattern:
            assert isinstance(pattern[-1], str)
            pattern[-1] += part
        else:
            pattern.append(part)
    constants = "".join(part for part in pattern if isinstance(part, str))
    if any(token in constants for token in numbers):
        raise NotSignableError("a hole is only part of a value in the JSON")
    return tuple(pattern)


def _statement(
    source: Mapping[str, Any],
    tokens: Tokens,
    numbers: Mapping[str, int],
    contexts: Contexts,
) -> Statement:
    expanded = expand(source, contexts)
    if _leaves(source) != _expanded_leaves(expanded):
        raise NotSignableError("a value of the JSON does not reach the RDF")
    quads = expanded_to_quads(expanded)
    if any(graph for *_, graph in quads):
        raise NotSignableError("a named graph cannot be stamped")
    _refuse_partial_holes(quads, tokens)

    found = "".join(map(line, quads))
    for token in numbers:
        if token in json.dumps(source) and token not in found:
            raise NotSignableError("a hole of the JSON does not reach the RDF")

    nodes = sorted({term for quad in quads for term in quad if is_node(term)})
    places = {**numbers} | {node: len(numbers) + at for at, node in enumerate(nodes)}
    splitter = re.compile(f"({'|'.join(map(re.escape, numbers))}|{_NODE})")
    return Statement(
        tuple(sorted(_patterns(quads, splitter, places), key=str)), len(nodes)
    )


def _patterns(
    quads: Iterable[Quad], splitter: re.Pattern[str], places: Mapping[str, int]
) -> Iterable[Pattern]:
    for quad in dict.fromkeys(quads):
        # Blank nodes are whole terms, and text in a constant may look like one.
        terms: list[str | int] = []
        for term in quad[:3]:
            if is_node(term):
                terms += [places[term], " "]
            else:
                parts = [part for part in splitter.split(term) if part]
                terms += [
                    places[part] if part in places and not is_node(part) else part
                    for part in parts
                ]
                terms.append(" ")
        terms.append(".")
        yield _joined(terms)


def _joined(parts: Iterable[str | int]) -> Pattern:
    pattern: list[str | int] = []
    for part in parts:
        if pattern and isinstance(part, str) and isinstance(pattern[-1], str):
            pattern[-1] += part
        else:
            pattern.append(part)
    return tuple(pattern)


def _refuse_partial_holes(quads: Iterable[Quad], tokens: Tokens) -> None:
    for quad in quads:
        for term in quad:
            for name, token in tokens.texts.items():
                if token in term and not re.match(f'"{re.escape(token)}"', term):
                    raise NotSignableError(f"the hole {name!r} is no whole literal")
            for name, token in tokens.iris.items():
                whole = re.match(f'<{re.escape(token)}>|"{re.escape(token)}"', term)
                if token in term and not whole:
                    raise NotSignableError(f"the hole {name!r} is no whole IRI")


def _leaves(value: Any) -> int:
    """Return how many values *value* holds, contexts apart."""
    if isinstance(value, Mapping):
        return sum(_leaves(inner) for key, inner in value.items() if key != "@context")
    if isinstance(value, list):
        return sum(map(_leaves, value))
    return 1


def _expanded_leaves(value: Any) -> int:
    if isinstance(value, Mapping):
        if "@value" in value:
            return 1
        return sum(map(_expanded_leaves, value.values()))
    if isinstance(value, list):
        return sum(map(_expanded_leaves, value))
    return 1


def _fingerprint(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:24]
