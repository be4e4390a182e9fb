"""The W3C's test suite for RDFC-1.0, and datasets made to be hard."""

import json
import time

import pytest

from support.credentials import quads_of
from support.third_party import ROOT, third_party
from testamur.issuance.die.rdfc import TooHardError, canonical

SUITE = "vectors/rdf-canon/tests"


def entries(kind: str) -> list[str]:
    """Return the names of the suite's tests of this kind, as far as it is here."""
    manifest = ROOT / SUITE / "manifest.jsonld"
    if not manifest.exists():
        return ["absent"]
    return [
        entry["id"].removeprefix("#test").removesuffix("c")
        for entry in json.loads(manifest.read_text("utf-8"))["entries"]
        # SHA-384 is for others: our suites name SHA-256.
        if entry["type"] == f"rdfc:{kind}" and not entry.get("hashAlgorithm")
    ]


def text(name: str) -> str:
    """Return a file of the suite, line ends as they are."""
    return third_party(f"{SUITE}/rdfc10/{name}").read_bytes().decode()


@pytest.mark.parametrize("number", entries("RDFC10EvalTest"))
def test_the_suite_of_the_w3c_passes(number):
    """
    Every dataset of the suite has the canonical form that the W3C gives.
    """
    quads = quads_of(text(f"test{number}-in.nq"))

    assert canonical(quads, max_steps=100_000) == text(f"test{number}-rdfc10.nq")


@pytest.mark.parametrize("number", entries("RDFC10NegativeEvalTest"))
def test_a_poisonous_dataset_is_given_up(number):
    """
    What would take hours ends with an error in a moment.
    """
    quads = quads_of(text(f"test{number}-in.nq"))
    started = time.process_time()

    with pytest.raises(TooHardError):
        canonical(quads)

    assert time.process_time() - started < 5


def test_the_order_of_the_quads_makes_no_difference():
    """
    A ring of nodes that look alike has one form, wherever one begins.
    """
    ring = [(f"_:x{n}", "<urn:p>", f"_:x{(n + 1) % 5}", "") for n in range(5)]
    turned = [*reversed(ring), ring[0]]

    assert canonical(ring) == canonical(turned)
    assert canonical(ring).count("\n") == 5
