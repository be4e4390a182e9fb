"""Proofs of ours in front of a verifier that others wrote."""

import json
import subprocess

import pytest

from support.logs import LogHouse
from support.peers import need_node_peer
from testamur.tlog.tree import LEAF_VERSION, Proofs

pytestmark = pytest.mark.xdist_group("node")

SIZE, OLD = 70_000, 65_000
INDEXES = [0, 1, 255, 256, 65_535, 65_536, 69_631, 69_632, 69_999]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Return a log of 70,000 leaves, and proofs about it, as plain data."""
    folder = tmp_path_factory.mktemp("peers")
    house = LogHouse(f"sqlite:///{folder / 'testamur.db'}", folder)
    house.add("a", OLD)
    house.step_all()
    house.add("b", SIZE - OLD)
    house.step_all()
    proofs = Proofs(SIZE, lambda *at: house.store.tile(*at))
    yield {
        "size": SIZE,
        "root": proofs.root().hex(),
        "old": OLD,
        "old_root": Proofs(OLD, lambda *at: house.store.tile(*at)).root().hex(),
        "consistency": [one.hex() for one in proofs.consistency(OLD)],
        "proofs": [
            {
                "index": index,
                "entry": (LEAF_VERSION + house.store.leaves(index, index + 1)).hex(),
                "path": [one.hex() for one in proofs.inclusion(index)],
            }
            for index in INDEXES
        ],
    }
    house.close()


def test_transmutes_rfc9162_accepts_our_proofs(told):
    """
    The npm package finds every leaf in the tree, and the old tree in the new.
    """
    answers = by_transmute(told)
    assert answers == [True] * (len(INDEXES) + 1)

    told = json.loads(json.dumps(told))
    for one in told["proofs"]:
        one["entry"] = "01" + "00" * 32
    told["old_root"] = told["root"]
    assert by_transmute(told) == [False] * (len(INDEXES) + 1)


def by_transmute(told) -> list[bool]:
    """Return what the npm package says of each proof."""
    ran = subprocess.run(
        ["node", "verify.mjs"],
        cwd=need_node_peer("transmute"),
        input=json.dumps(told),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    answers: list[bool] = json.loads(ran.stdout)
    return answers
