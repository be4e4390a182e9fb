"""
What a document says has to stand where readers look for it.

A signature over RDF covers what the words mean, not which words were used. So
whoever holds a signed document may respell it: call `validUntil` by its whole IRI,
or by a name of a context of their own, and the signature still holds while a reader
of JSON finds no end, or no status. W3C Data Integrity 1.0 (4.6, "Context
Validation") leaves it to verifiers to prevent that. Signatures over JSON are not
concerned.
"""

from collections.abc import Iterator, Mapping
from typing import Any

#: The IRIs that each word of the contexts we rely on may stand for.
Terms = Mapping[str, frozenset[str]]

#: What may begin with @ in a document; each of the others restructures it.
_VALUE_KEYS = frozenset(("@value", "@language", "@direction", "@type"))
_CONTEXT_KEYS = frozenset(("@version", "@protected", "@language", "@direction"))
_DEFINITION_KEYS = frozenset(
    (
        *("@id", "@type", "@container", "@context", "@protected", "@language"),
        *("@direction", "@prefix"),
    )
)
_SCHEMES = ("http", "https", "urn", "did")


def terms_of(*contexts: Mapping[str, Any]) -> Terms:
    """Return the words that *contexts* define, wherever in them, with their IRIs."""
    found: dict[str, set[str]] = {}
    for context in contexts:
        _collect(context.get("@context"), found)
    return {term: frozenset(iris) for term, iris in found.items()}


def _collect(context: Any, found: dict[str, set[str]]) -> None:
    if isinstance(context, list):
        for one in context:
            _collect(one, found)
    elif isinstance(context, Mapping):
        for term, definition in context.items():
            if term.startswith("@"):
                continue
            iri = definition.get("@id") if isinstance(definition, Mapping) else None
            iri = definition if isinstance(definition, str) else iri
            found.setdefault(term, set())
            if isinstance(iri, str):
                found[term].add(iri)
            if isinstance(definition, Mapping):
                _collect(definition.get("@context"), found)


def respelled(document: Mapping[str, Any], terms: Terms) -> str | None:
    """Return how *document* uses other words than readers look for, or None."""
    iris = frozenset().union(*terms.values())
    name = document.get("id")
    for value, is_root in _objects(document):
        if not is_root and name is not None and value.get("id") == name:
            return "it speaks of itself a second time, deep inside"
        for key in value:
            if key in ("@context", "proof"):
                continue
            if any(mark in key for mark in ":/#"):
                return f"it has the key {key[:80]}, which readers overlook"
            if key.startswith("@") and not (key in _VALUE_KEYS and "@value" in value):
                return f"it has the key {key[:80]}, which readers overlook"
        if "@context" in value:
            for problem in _redefined(value["@context"], terms, iris):
                return problem
    return None


def _objects(document: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """Yield every object in *document*, itself first, but no contexts."""
    waiting: list[tuple[Any, bool]] = [(document, True)]
    while waiting:
        value, is_root = waiting.pop()
        if isinstance(value, list):
            waiting += [(one, False) for one in value]
        elif isinstance(value, Mapping):
            yield value, is_root
            waiting += [(one, False) for key, one in value.items() if key != "@context"]


def _redefined(context: Any, terms: Terms, iris: frozenset[str]) -> Iterator[str]:
    """Yield how a *context* of the document's own could hide or swap words."""
    if isinstance(context, list):
        for one in context:
            yield from _redefined(one, terms, iris)
    if not isinstance(context, Mapping):
        return  # a URL: of a context that is kept here, or it will not be read
    for term, definition in context.items():
        if term == "@vocab":
            vocab = definition if isinstance(definition, str) else ""
            if not _is_absolute(vocab) or any(iri.startswith(vocab) for iri in iris):
                yield "its own context could give other names to known words"
            continue
        if term == "@context":
            # An object that holds a context is read as that context.
            yield from _redefined(definition, terms, iris)
            continue
        if term.startswith("@"):
            if term not in _CONTEXT_KEYS:
                yield f"its own context says {term[:40]}, which is not read here"
            continue
        yield from _redefined_term(term, definition, terms, iris)


def _redefined_term(
    term: str, definition: Any, terms: Terms, iris: frozenset[str]
) -> Iterator[str]:
    problem = f"its own context gives the word {term[:80]} another meaning"
    if isinstance(definition, Mapping):
        if not set(definition) <= _DEFINITION_KEYS:
            yield problem
        iri = definition.get("@id")
        yield from _redefined(definition.get("@context"), terms, iris)
    else:
        iri = definition
    if (term, iri) in (("id", "@id"), ("type", "@type")):
        return
    if term in terms:
        if iri not in terms[term]:
            yield problem
    elif iri in iris or not _is_absolute(iri) or term in _SCHEMES:
        yield problem


def _is_absolute(iri: Any) -> bool:
    """Say whether *iri* is one that no other word of a context can change."""
    return isinstance(iri, str) and iri.partition(":")[0] in _SCHEMES and ":" in iri
