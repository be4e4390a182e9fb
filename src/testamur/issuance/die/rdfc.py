"""
RDFC-1.0: one text for every way of writing the same RDF dataset.

W3C RDF Dataset Canonicalization, 4.4 to 4.8, with SHA-256. Most rows never come
here: their blank nodes are told apart by their first-degree hashes alone. This
is the way for the others, and for credentials that were not stamped.

The work grows with the factorial of the blank nodes that look alike, and there
are datasets made for nothing else; therefore it is counted, and has an end.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import permutations
from typing import Any

from .quads import Quad, is_node, line

#: Far more than any dataset that is not made to be hard.
MAX_STEPS = 10_000

#: What lines and hashes are sorted by. Code points, says the recommendation.
Order = Callable[[str], Any]


def code_points(text: str) -> str:
    """Sort as RDFC-1.0 says."""
    return text


def utf16_units(text: str) -> bytes:
    """Sort as JavaScript does, and verifiers written in it."""
    return text.encode("utf-16-be")


class TooHardError(ValueError):
    """The blank nodes of a dataset look too much alike to be told apart in time."""


def canonical(
    quads: Iterable[Quad],
    *,
    order: Order = code_points,
    max_steps: int = MAX_STEPS,
    digest: str = "sha256",
) -> str:
    """
    Return the canonical N-Quads of the dataset *quads*.

    *digest* is the hash that tells blank nodes apart; what is signed with P-384
    uses "sha384".

    Raises:
        TooHardError: it would take more than *max_steps* comparisons of nodes.
    """
    return _Canonicaliser(quads, order, max_steps, digest).text()


class _Issuer:
    """Names for blank nodes, in the order they were first asked for (4.5)."""

    def __init__(self, prefix: str, issued: Mapping[str, str] | None = None) -> None:
        self._prefix = prefix
        self.issued = dict(issued or {})

    def issue(self, node: str) -> str:
        return self.issued.setdefault(node, f"{self._prefix}{len(self.issued)}")

    def copy(self) -> "_Issuer":
        return _Issuer(self._prefix, self.issued)


class _Canonicaliser:
    def __init__(
        self, quads: Iterable[Quad], order: Order, max_steps: int, digest: str
    ) -> None:
        self._digest = digest
        self._quads = list(dict.fromkeys(quads))
        self._order = order
        self._steps_left = max_steps
        self._about: dict[str, list[Quad]] = defaultdict(list)
        for quad in self._quads:
            for node in dict.fromkeys(term for term in quad if is_node(term)):
                self._about[node].append(quad)
        self._first_degree = {
            node: self._hash_first_degree(node) for node in self._about
        }
        self._canonical = _Issuer("_:c14n")

    def text(self) -> str:
        """Return the canonical form (4.4.3)."""
        alike: dict[str, list[str]] = defaultdict(list)
        for node, digest in self._first_degree.items():
            alike[digest].append(node)
        for digest in sorted(alike):
            if len(alike[digest]) == 1:
                self._canonical.issue(alike[digest][0])
        for digest in sorted(alike):
            if len(alike[digest]) > 1:
                self._issue_alike(alike[digest])
        named = self._canonical.issued
        lines = {
            line((named.get(s, s), p, named.get(o, o), named.get(g, g)))
            for s, p, o, g in self._quads
        }
        return "".join(sorted(lines, key=self._order))

    def _issue_alike(self, nodes: list[str]) -> None:
        paths = []
        for node in nodes:
            if node not in self._canonical.issued:
                issuer = _Issuer("_:b")
                issuer.issue(node)
                paths.append(self._hash_n_degree(node, issuer))
        for _, issuer in sorted(paths, key=lambda path: path[0]):
            for node in issuer.issued:
                self._canonical.issue(node)

    def _hash_first_degree(self, node: str) -> str:
        """Return what *node* looks like from the quads it is in (4.6.3)."""

        def seen(term: str) -> str:
            if not is_node(term):
                return term
            return "_:a" if term == node else "_:z"

        lines = [
            line((seen(s), p, seen(o), seen(g))) for s, p, o, g in self._about[node]
        ]
        return self._hash("".join(sorted(lines, key=self._order)))

    def _hash_related(
        self, related: str, quad: Quad, issuer: _Issuer, position: str
    ) -> str:
        """Return how *related* stands in *quad* (4.7.3)."""
        name = self._canonical.issued.get(related) or issuer.issued.get(related)
        predicate = "" if position == "g" else quad[1]
        return self._hash(position + predicate + (name or self._first_degree[related]))

    def _hash_n_degree(self, node: str, issuer: _Issuer) -> tuple[str, _Issuer]:
        """Return what *node* looks like from all that hangs together (4.8.3)."""
        self._step()
        neighbours: dict[str, list[str]] = defaultdict(list)
        for quad in self._about[node]:
            for term, position in ((quad[0], "s"), (quad[2], "o"), (quad[3], "g")):
                if is_node(term) and term != node:
                    digest = self._hash_related(term, quad, issuer, position)
                    neighbours[digest].append(term)

        said = ""
        for digest in sorted(neighbours):
            said += digest
            chosen_path = ""
            chosen_issuer = issuer
            for nodes in permutations(neighbours[digest]):
                walked = self._walk(nodes, issuer, chosen_path)
                if walked and (not chosen_path or walked[0] < chosen_path):
                    chosen_path, chosen_issuer = walked
            said += chosen_path
            issuer = chosen_issuer
        return self._hash(said), issuer

    def _walk(
        self, nodes: tuple[str, ...], issuer: _Issuer, best: str
    ) -> tuple[str, _Issuer] | None:
        """Walk *nodes* in this order; None as soon as the path is behind *best*."""
        self._step()
        issuer = issuer.copy()
        path = ""
        further = []
        for node in nodes:
            if node in self._canonical.issued:
                path += self._canonical.issued[node]
            else:
                if node not in issuer.issued:
                    further.append(node)
                path += issuer.issue(node)
            if _is_behind(path, best):
                return None
        for node in further:
            digest, after = self._hash_n_degree(node, issuer)
            path += f"{issuer.issue(node)}<{digest}>"
            issuer = after
            if _is_behind(path, best):
                return None
        return path, issuer

    def _hash(self, text: str) -> str:
        return hashlib.new(self._digest, text.encode()).hexdigest()

    def _step(self) -> None:
        self._steps_left -= 1
        if self._steps_left < 0:
            raise TooHardError("the dataset's blank nodes cannot be told apart in time")


def _is_behind(path: str, best: str) -> bool:
    return bool(best) and len(path) >= len(best) and path > best
