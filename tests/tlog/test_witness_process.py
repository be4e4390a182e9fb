"""Witnesses as processes of their own, and the log of a real server."""

import base64
import json
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from support import nursery
from support.logs import LogHouse, log_key
from support.server import (
    TESTAMUR,
    Server,
    good_rows,
    pictures,
    running,
    sheet,
)
from support.witness import RunningWitness, grew, vkey_of, witness
from testamur.adapters.http.witness import HttpWitness
from testamur.core.refusals import Fault
from testamur.tlog.note import Verifier, signature_line, verifier
from testamur.tlog.ports import Stale
from testamur.tlog.proof import verify_proof


@pytest.fixture(scope="module")
def honest() -> Iterator[RunningWitness]:
    """Return a witness that does what a witness should."""
    with witness() as one:
        yield one


@pytest.fixture(scope="module")
def seen(honest: RunningWitness) -> Iterator[Server]:
    """Return a server whose log has an honest witness, a dead one and one to hang."""
    dead = vkey_of(Ed25519PrivateKey.generate(), "dead.example")
    slow = vkey_of(Ed25519PrivateKey.generate(), "slow.example")
    with witness("hang") as hanging:
        asked = [honest.setting, f"{dead}=http://127.0.0.1:1", f"{slow}={hanging.url}"]
        with running(TESTAMUR_LOG_WITNESSES=", ".join(asked)) as server:
            key = httpx.get(f"{server.url}/log/key").text
            learn(honest, key)
            learn(hanging, key)
            yield server


def learn(one: RunningWitness, vkey: str) -> None:
    """Tell a witness of a log."""
    assert httpx.post(f"{one.url}/learn", content=vkey).status_code == 200


def cosigned(server: Server, one: RunningWitness, size: int) -> str:
    """Return the checkpoint once it has *size* leaves and the witness's line."""
    name = one.vkey.partition("+")[0]
    until = time.monotonic() + 30
    while True:
        note = httpx.get(f"{server.url}/log/checkpoint").text
        if int(note.split("\n")[1]) >= size and f"\N{EM DASH} {name} " in note:
            return note
        assert time.monotonic() < until, (note, server.log)
        time.sleep(0.05)


def monitor(server: Server, state: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """Run the monitor as a person would; return its exit code and answer."""
    ran = nursery.run(
        [
            TESTAMUR,
            "log",
            "monitor",
            f"{server.url}/log",
            "--state",
            str(state),
            "--json",
            *options,
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    return ran.returncode, json.loads(ran.stdout or "{}")


def roots(notes: list[str]) -> list[tuple[int, bytes]]:
    """Return size and root of each checkpoint."""
    lines = [note.split("\n") for note in notes]
    return [(int(line[1]), base64.b64decode(line[2])) for line in lines]


def test_the_log_of_a_real_server_is_witnessed_and_monitored(seen, honest, tmp_path):
    """
    Through jobs: every credential has its leaf, the checkpoint a cosignature, the
    monitor finds both, and a dead witness and one that hangs hold nothing up.
    """
    tenant, notes, state = seen.tenant(), [], tmp_path / "state"
    before = 0
    for size in (3, 300, 5):
        begun = time.monotonic()
        tenant.done(sheet(*good_rows(size)), pictures())
        assert time.monotonic() - begun < 20
        before += size
        notes.append(cosigned(seen, honest, before))
        code, answer = monitor(seen, state, "--witness", honest.vkey)
        assert (code, answer["size"], answer["new"]) == (0, before, size), answer
        assert list(answer["witnesses"]) == [honest.vkey.partition("+")[0]]

    found = roots(notes)
    for old, old_root in found:
        for new, new_root in found:
            if new < old:
                continue
            grown = httpx.get(f"{seen.url}/v1/log/consistency?from={old}&to={new}")
            path = [base64.b64decode(one) for one in grown.json()["hashes"]]
            assert grew(old, new, path, old_root, new_root)
            if new > old:
                assert not grew(old, new, path, new_root, new_root)

    listed = tenant.client.get("/v1/certificates?limit=100").json()["certificates"]
    verifiers = [
        verifier(httpx.get(f"{seen.url}/log/key").text.split()[0]),
        verifier(honest.vkey),
    ]
    for one in listed[:20]:
        body = httpx.get(f"{seen.url}/c/{one['id']}.json").content
        proof = httpx.get(f"{seen.url}/v1/log/proof/{one['id']}").text
        logged = verify_proof(proof, sha256(body).digest(), verifiers, min_witnesses=1)
        assert logged.checkpoint.size == before


def test_the_monitor_wants_the_witnesses_it_is_told(seen, honest, tmp_path):
    """
    Exit 1 when one has not co-signed, and for a key that is none.
    """
    stranger = vkey_of(Ed25519PrivateKey.generate(), "stranger.example")
    impostor = vkey_of(Ed25519PrivateKey.generate())

    for vkey in (stranger, impostor, "nonsense"):
        code, answer = monitor(seen, tmp_path / "state", "--witness", vkey)
        assert (code, answer["result"]) == (1, "misbehaves"), answer
    assert monitor(seen, tmp_path / "state")[1]["witnesses"] == {}


def test_a_witness_refuses_a_log_that_forked(tmp_path, honest):
    """
    One of two logs with the same name and key gets its signature, and it says why.
    """
    one, other = (
        LogHouse(f"sqlite:///{tmp_path / name}.db", tmp_path / name)
        for name in ("one", "other")
    )
    learn(honest, one.verifiers[0].vkey)
    asked = HttpWitness(honest.vkey, honest.url)
    for house, act in ((one, "a"), (other, "b")):
        house.add(act, 5)
        house.sequencer(witnesses=[asked]).step()
    one.add("c", 5)
    one.sequencer(witnesses=[asked]).step()
    other.add("d", 50)
    other.sequencer(witnesses=[asked]).step()

    name = honest.vkey.partition("+")[0]
    assert f"{name} " in one.reader.checkpoint()
    assert f"{name} " not in other.reader.checkpoint()
    for house in (one, other):
        house.close()


@pytest.mark.parametrize("mood", ["refuse", "nobody"])
def test_a_witness_that_does_not_cosign_is_a_fault(mood):
    """
    Passing: what it does not do now it may do tomorrow.
    """
    with witness("refuse") as one:
        url = one.url if mood == "refuse" else "http://127.0.0.1:1"
        with pytest.raises(Fault) as trouble:
            HttpWitness(one.vkey, url).add_checkpoint("old 0\n\nnote\n")
    assert trouble.value.passing


def test_a_witness_says_which_size_it_knows(honest, tmp_path):
    """
    As the specification spells it: 409 with a content type of its own.
    """
    house = LogHouse(f"sqlite:///{tmp_path / 'log'}.db", tmp_path, keys=[log_key(7)])
    by = Verifier("log.example/other", house.keys[0].public)
    learn(honest, by.vkey)
    text = f"{by.name}\n5\n" + base64.b64encode(b"r" * 32).decode() + "\n"
    note = text + "\n" + signature_line(by, house.keys[0].sign, text)

    with pytest.raises(Stale) as stale:
        HttpWitness(honest.vkey, honest.url).add_checkpoint(f"old 3\n\n{note}")

    assert stale.value.size == 0
    house.close()


@pytest.mark.parametrize(
    "setting",
    [
        "witness.example",
        "witness.example+00000000+" + "A" * 44,
        "witness.example+00000000+" + "A" * 44 + "=https://witness.example",
        "witness.example=https://witness.example",
    ],
)
def test_a_witness_that_cannot_be_read_stops_the_start(tmp_path, setting):
    """
    With a sentence that names the setting, and not with a log without witnesses.
    """
    ran = nursery.run(
        [TESTAMUR, "serve", "--port", "0", "--workers", "0"],
        env={
            "PATH": "/usr/bin:/bin",
            "TESTAMUR_DATA": str(tmp_path / "data"),
            "TESTAMUR_SECRET_FILE": str(tmp_path / "secret"),
            "TESTAMUR_LOG_WITNESSES": setting,
        },
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ran.returncode == 1
    assert "TESTAMUR_LOG_WITNESSES" in ran.stderr
    assert "Traceback" not in ran.stderr
