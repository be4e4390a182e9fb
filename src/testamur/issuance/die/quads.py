"""
RDF as text: each term in its canonical N-Quads form, four terms to a quad.

A term is `<iri>`, `_:node`, or a literal with its quotes, escapes and datatype;
the fourth is the graph's name, empty for the default graph.
"""

import re

#: Subject, predicate, object, graph.
Quad = tuple[str, str, str, str]

#: What canonical N-Quads escapes (RDFC-1.0, appendix A; RDF 1.2 N-Quads, 3).
#: JSON understands the same escapes, so both texts are stamped from one value.
ESCAPES = {
    **{point: f"\\u{point:04X}" for point in (*range(0x20), 0x7F)},
    **{
        ord(mark): "\\" + letter
        for mark, letter in zip('\b\t\n\f\r"\\', 'btnfr"\\', strict=True)
    },
}

#: Finds out whether there is anything to escape.
ESCAPABLE = re.compile('["\\\\\x00-\x1f\x7f]')

_URL = (
    r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*"
    r"(?:\?(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?"
    r"(?:#(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?"
)
#: The absolute IRIs that every implementation reads alike: ASCII, RFC 3986, and
#: of a scheme that is no term of a context.
IRI = rf"(?:https?://[A-Za-z0-9]{_URL}|(?:did|urn|mailto):[A-Za-z0-9]{_URL})"


def literal(text: str) -> str:
    """Return *text* as a term: a literal of type `xsd:string`."""
    return f'"{text.translate(ESCAPES)}"'


def line(quad: Quad) -> str:
    """Return *quad* as a line of canonical N-Quads."""
    subject, predicate, object_, graph = quad
    if graph:
        return f"{subject} {predicate} {object_} {graph} .\n"
    return f"{subject} {predicate} {object_} .\n"


def is_node(term: str) -> bool:
    """Say whether *term* is a blank node."""
    return term.startswith("_:")
