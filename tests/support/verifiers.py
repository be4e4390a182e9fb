"""Verifiers that nobody here wrote."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from support.peers import need_node_peer


def digital_bazaar(
    credentials: Sequence[Mapping[str, Any]], did: Mapping[str, Any]
) -> list[str | None]:
    """Return what Digital Bazaar's libraries say: None is for good ones."""
    peer = need_node_peer("digitalbazaar")
    done = subprocess.run(
        ["node", "verify.mjs"],
        cwd=peer,
        input=json.dumps({"did": did, "credentials": credentials}).encode(),
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr.decode()
    answers: list[str | None] = json.loads(done.stdout)
    assert len(answers) == len(credentials)
    return answers


def panva_jose(tokens: Sequence[str], did: Mapping[str, Any]) -> list[Any]:
    """Return header and claims of each token as npm's `jose` reads it, or a code."""
    peer = need_node_peer("jose")
    done = subprocess.run(
        ["node", "verify.mjs"],
        cwd=peer,
        input=json.dumps({"did": did, "tokens": tokens}).encode(),
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr.decode()
    answers: list[Any] = json.loads(done.stdout)
    assert len(answers) == len(tokens)
    return answers
