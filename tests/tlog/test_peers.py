"""Proofs of ours in front of verifiers that others wrote. Skipped where absent."""

import importlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from support.capabilities import LACKS
from support.logs import LogHouse
from testamur.tlog.tree import LEAF_VERSION, Proofs

SIZE, OLD = 70_000, 65_000
INDEXES = [0, 1, 255, 256, 65_535, 65_536, 69_631, 69_632, 69_999]

TRANSMUTE = """
const peer = require("@transmute/rfc9162");
const R = peer.default || peer;
const told = JSON.parse(require("fs").readFileSync(0));
const b = (hex) => Uint8Array.from(Buffer.from(hex, "hex"));
(async () => {
  const answers = [];
  for (const one of told.proofs) {
    const leaf = await R.leaf(b(one.entry));
    answers.push(await R.verifyInclusionProof(b(told.root), leaf, {
      log_id: "", tree_size: told.size, leaf_index: one.index,
      inclusion_path: one.path.map(b),
    }));
  }
  answers.push(await R.verifyConsistencyProof(b(told.old_root), b(told.root), {
    log_id: "", tree_size_1: told.old, tree_size_2: told.size,
    consistency_path: told.consistency.map(b),
  }));
  console.log(JSON.stringify(answers));
})();
"""


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
        "checkpoint": house.reader.checkpoint(),
    }
    house.close()


def test_transmutes_rfc9162_accepts_our_proofs(told):
    """
    The npm package finds every leaf in the tree, and the old tree in the new.
    """
    answers = in_node(TRANSMUTE, told)
    assert answers == [True] * (len(INDEXES) + 1)

    told = json.loads(json.dumps(told))
    for one in told["proofs"]:
        one["entry"] = "01" + "00" * 32
    told["old_root"] = told["root"]
    assert in_node(TRANSMUTE, told) == [False] * (len(INDEXES) + 1)


def test_sigstore_accepts_our_proofs_and_checkpoints(told):
    """
    The verifier of sigstore-python, of Trillian's descent, reads what we publish.
    """
    try:
        merkle = importlib.import_module("sigstore._internal.merkle")
        rekor = importlib.import_module("sigstore._internal.rekor.checkpoint")
    except ImportError:
        pytest.skip(f"{LACKS}sigstore; uv pip install sigstore")

    for one in told["proofs"]:
        proof = SimpleNamespace(
            log_index=one["index"],
            tree_size=told["size"],
            hashes=[bytes.fromhex(hash_) for hash_ in one["path"]],
            root_hash=bytes.fromhex(told["root"]),
        )
        entry = SimpleNamespace(
            inclusion_proof=proof, canonicalized_body=bytes.fromhex(one["entry"])
        )
        merkle.verify_merkle_inclusion(SimpleNamespace(_inner=entry))
        entry.canonicalized_body += b"\0"
        with pytest.raises(Exception, match=r"(?i)proof"):
            merkle.verify_merkle_inclusion(SimpleNamespace(_inner=entry))
    found = rekor.SignedCheckpoint.from_text(told["checkpoint"]).checkpoint
    assert (found.log_size, found.log_hash) == (told["size"], told["root"])


def in_node(script: str, told) -> list[bool]:
    """Return what *script* answers to *told*."""
    node = shutil.which("node")
    folders = [Path(__file__).parents[2] / "node_modules"]
    folders += [Path(one) for one in os.environ.get("NODE_PATH", "").split(":") if one]
    if not node or not any((one / "@transmute/rfc9162").exists() for one in folders):
        pytest.skip(f"{LACKS}@transmute/rfc9162; npm install @transmute/rfc9162")
    ran = subprocess.run(
        [node, "-e", script],
        input=json.dumps(told),
        env={**os.environ, "NODE_PATH": ":".join(map(str, folders))},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return json.loads(ran.stdout)
