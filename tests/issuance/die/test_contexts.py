"""The contexts come with packages, are what was pinned, or nothing starts."""

import hashlib
import json
import socket

import pytest

from support.third_party import third_party_json
from testamur.core.refusals import Fault
from testamur.issuance.die.contexts import (
    DATA_INTEGRITY_V2,
    EXAMPLES_V2,
    OB_V3,
    PINS,
    VC_V1,
    VC_V2,
    Pin,
    digest_of,
    known_contexts,
    pinned_contexts,
    read,
)
from testamur.issuance.die.linked_data import NotSignableError, to_quads


def test_both_contexts_are_there():
    """
    The locked packages bring the contexts of VC 2.0 and Open Badges 3.0.
    """
    contexts = pinned_contexts()

    assert set(contexts) == {VC_V2, OB_V3}
    assert "AchievementCredential" in contexts[OB_V3]["@context"]


@pytest.mark.parametrize(
    ("url", "file"),
    [(VC_V2, "credentials-v2.json"), (OB_V3, "ob-3.0.3.validator.json")],
    ids=["vc", "ob"],
)
def test_they_are_those_that_their_owners_publish(url, file):
    """
    Compared with copies that came another way.
    """
    assert pinned_contexts()[url] == third_party_json(f"contexts/{file}")


def test_a_context_that_drifted_is_refused():
    """
    One changed term changes what signatures cover, so nothing starts.
    """
    pin = PINS[OB_V3]
    drifted = Pin(pin.package, pin.file, pin.digest.replace("0", "1"))

    with pytest.raises(Fault, match="has the digest") as refused:
        read(OB_V3, drifted)

    assert not refused.value.passing


@pytest.mark.parametrize(
    "pin",
    [
        Pin("no-such-package", "x.json", ""),
        Pin("openbadgeslib", "gone.json", ""),
        Pin("openbadgeslib", "openbadgeslib/__init__.py", ""),
    ],
    ids=["package", "file", "not-json"],
)
def test_a_context_that_is_not_there_is_a_fault_with_a_remedy(pin):
    """
    The operator reads what to install.
    """
    with pytest.raises(Fault, match="install the locked version"):
        read(OB_V3, pin)


def test_layout_makes_no_difference_to_the_pin():
    """
    Copies with other white space and another order of terms are the same context.
    """
    context = pinned_contexts()[OB_V3]
    shuffled = json.loads(json.dumps(dict(reversed(context.items())), indent=7))

    assert digest_of(shuffled) == PINS[OB_V3].digest
    assert digest_of({"@context": {}}) != hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize(
    "url",
    [
        "https://www.w3.org/ns/credentials/examples/v2",
        "http://127.0.0.1:9/x",
        "file:///",
    ],
)
def test_nothing_is_ever_fetched(url, monkeypatch):
    """
    A context that we do not keep is refused before any connection.
    """

    def connect(*_):
        raise AssertionError("it reached for the network")

    monkeypatch.setattr(socket.socket, "connect", connect)

    with pytest.raises(NotSignableError, match="not among those we keep"):
        to_quads({"@context": [VC_V2, url], "id": "urn:x:1"}, pinned_contexts())


def test_what_others_mean_something_by_is_known():
    """
    Every context that documents of others may name is there, and is what was pinned.
    """
    contexts = known_contexts()

    assert set(contexts) >= {VC_V2, OB_V3, VC_V1, DATA_INTEGRITY_V2, EXAMPLES_V2}
    assert all("@context" in contexts[url] for url in contexts)
    assert contexts[EXAMPLES_V2] == third_party_json("contexts/examples-v2.json")


def test_a_context_nobody_knows_is_not_there():
    """
    Nothing is fetched: what is not kept is unknown.
    """
    contexts = known_contexts()

    assert "https://example.com/contexts/v1" not in contexts
    with pytest.raises(KeyError):
        contexts["https://example.com/contexts/v1"]
