"""
JSON-LD to RDF, as strict as the verifiers that read our credentials.

JSON-LD drops what its contexts do not define, and what is dropped is not signed.
Here that is an error. PyLD is imported on use: it takes memory that processes
which only stamp never need.
"""

from collections.abc import Iterator, Mapping
from threading import Lock
from typing import Any

from .contexts import Contexts
from .quads import Quad, literal

#: An IRI that begins so was relative: nobody else would know to what.
_NOWHERE = "x-relative:///"

#: PyLD's caches are shared by threads, and not made for it.
_ONE_AT_A_TIME = Lock()

_STRING = "http://www.w3.org/2001/XMLSchema#string"
_TEXT = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"

#: What begins with @ and is none of these is ignored by JSON-LD 1.1.
_KEYWORDS = frozenset(
    "@" + name
    for name in (
        *("context", "direction", "graph", "id", "included", "index", "json"),
        *("language", "list", "nest", "none", "reverse", "set", "type", "value"),
    )
)


class NotSignableError(ValueError):
    """Part of a document means nothing, so no signature would cover it."""


def to_quads(document: Mapping[str, Any], contexts: Contexts) -> list[Quad]:
    """
    Return the RDF that the JSON-LD *document* stands for.

    Raises:
        NotSignableError: it has a term or type that is not defined, a relative
            IRI, or names a context that is not among *contexts*.
    """
    return expanded_to_quads(expand(document, contexts))


def expand(document: Mapping[str, Any], contexts: Contexts) -> list[Any]:
    """
    Return *document* in expanded form.

    Raises:
        NotSignableError: as `to_quads`.
    """
    from pyld import jsonld  # type: ignore[import-untyped]

    for key in _keys(document):
        if key.startswith("@") and key not in _KEYWORDS:
            raise NotSignableError(f"{key} is no keyword of JSON-LD")
    dropped: list[str] = []
    unknown: list[str] = []
    try:
        with _ONE_AT_A_TIME:
            expanded: list[Any] = jsonld.expand(
                document,
                {"documentLoader": _loader(contexts, unknown), "base": _NOWHERE},
                on_property_dropped=dropped.append,
            )
    except jsonld.JsonLdError as error:
        if unknown:
            raise NotSignableError(
                f"the context {unknown[0]} is not among those we keep"
            ) from error
        raise _unreadable(error) from error
    if dropped:
        raise NotSignableError(f"no context defines {', '.join(sorted(set(dropped)))}")
    return expanded


def expanded_to_quads(expanded: list[Any]) -> list[Quad]:
    """
    Return the RDF of a document in expanded form.

    Raises:
        NotSignableError: it has a relative IRI, or a type that is not defined.
    """
    from pyld import jsonld

    try:
        with _ONE_AT_A_TIME:
            dataset = jsonld.to_rdf(
                expanded, {"documentLoader": _loader({}, []), "base": _NOWHERE}
            )
    except jsonld.JsonLdError as error:
        raise _unreadable(error) from error
    quads = []
    for graph, triples in dataset.items():
        name = "" if graph == "@default" else _named(graph)
        for triple in triples:
            subject = _term(triple["subject"])
            predicate = _term(triple["predicate"])
            quads.append((subject, predicate, _term(triple["object"]), name))
    for quad in quads:
        for term in quad:
            if term.startswith("<" + _NOWHERE):
                raise NotSignableError(
                    f"{term[len(_NOWHERE) + 1 : -1]} is a relative IRI, or a type "
                    "that no context defines"
                )
    return quads


def _unreadable(error: Exception) -> NotSignableError:
    code = getattr(error, "code", None) or "not JSON-LD"
    return NotSignableError(f"it is no JSON-LD that we can read: {code}")


def _loader(contexts: Contexts, unknown: list[str]) -> Any:
    """Return what PyLD gets contexts from; it notes those that are *unknown*."""

    def load(url: str, options: Any = None) -> dict[str, Any]:
        if url not in contexts:
            unknown.append(url)
            raise LookupError(url)
        return {
            "contentType": "application/ld+json",
            "contextUrl": None,
            "documentUrl": url,
            "document": contexts[url],
        }

    return load


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield key
            if key != "@context":
                yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)


def _term(term: Mapping[str, str]) -> str:
    if term["type"] != "literal":
        return _named(term["value"])
    text = literal(term["value"])
    if language := term.get("language"):
        return f"{text}@{language}"
    if term["datatype"] in (_STRING, _TEXT):
        return text
    return f"{text}^^<{term['datatype']}>"


def _named(name: str) -> str:
    return name if name.startswith("_:") else f"<{name}>"
