"""
Credentials a second on one core: by the die, from scratch, and by others.

Everybody signs the same credentials (schema-strict: two blank nodes, two
attributes) in the same run; what is counted is processor time. Others work out
each document anew, since they take any; we do that once per structure.
"""

import hashlib
import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

from support.credentials import (
    DID,
    ISSUER,
    PLAIN,
    SEALING,
    canonical_by_pyld,
    issuer_key,
    placed,
    stamper_of,
)
from support.peers import node_peer
from testamur.issuance.did_web import did_document
from testamur.issuance.die.credential import holes_of, shape_of
from testamur.issuance.die.engrave import engrave
from testamur.issuance.die.proof import Press, proof_value
from testamur.issuance.keys import open_key

SHAPE = shape_of(PLAIN, ISSUER, has_picture=True, has_end=False)


def main(count: int = 5_000, rounds: int = 3) -> None:
    """Print how many credentials each makes in a second of processor time."""
    press = Press(stamper_of(SHAPE))
    stamper = stamper_of(SHAPE)
    sign = open_key(issuer_key(), sealing=SEALING)
    rows = [replace(PLAIN, recipient_name=f"Ada Löve {n}") for n in range(count)]
    holes = [
        holes_of(facts, placed(n), hides_addresses=True) for n, facts in enumerate(rows)
    ]
    documents = [
        {
            key: value
            for key, value in json.loads(stamper.json(each, "z")).items()
            if key != "proof"
        }
        for each in holes[:200]
    ]
    config = stamper.proof_digest(holes[0])

    def sign_only() -> int:
        for _ in range(count):
            sign(bytes(64))
        return count

    def stamp_only() -> int:
        for each in holes:
            press.to_be_signed(each)
        return count

    def stamp_and_sign() -> int:
        for number, facts in enumerate(rows):
            filled = holes_of(facts, placed(number), hides_addresses=True)
            signed = press.to_be_signed(filled)
            assert isinstance(signed, bytes)
            press.secured(filled, sign(signed))
        return count

    def pyld() -> int:
        for document in documents:
            text = canonical_by_pyld(document).encode()
            signature = sign(config + hashlib.sha256(text).digest())
            json.dumps({**document, "proof": [proof_value(signature)]})
        return len(documents)

    def digital_bazaar() -> float:
        peer = node_peer("digitalbazaar")
        if isinstance(peer, str):
            print(f"not measured: @digitalbazaar/vc, {peer}")
            return 0
        told = {"did": did_document(DID, [issuer_key()]), "credentials": documents}
        done = subprocess.run(
            ["node", "issue.mjs"],
            cwd=peer,
            input=json.dumps(told).encode(),
            capture_output=True,
            check=True,
            timeout=300,
        )
        return len(documents) / float(json.loads(done.stdout)["seconds"])

    def engraving() -> int:
        for _ in range(20):
            engrave(SHAPE)
        return 20

    print("credentials/s of processor time, one core")
    everyone: list[tuple[str, Callable[[], float]]] = [
        ("sign only (Ed25519)", _timed(sign_only)),
        ("stamp only", _timed(stamp_only)),
        ("facts to signed JSON, by the die", _timed(stamp_and_sign)),
        ("PyLD, proof's hash kept", _timed(pyld)),
        ("@digitalbazaar/vc 7.3.0 (node)", digital_bazaar),
        ("engraving a die", _timed(engraving)),
    ]
    found: dict[str, list[float]] = {name: [] for name, _ in everyone}
    for _ in range(rounds):
        for name, measure in everyone:
            found[name].append(measure())
    ours = median(found["facts to signed JSON, by the die"])
    print(f"{'':36} {'median':>8} {'least':>8} {'most':>8} {'the die is':>11}")
    for name, rates in found.items():
        if rate := median(rates):
            print(
                f"{name:36} {rate:>8,.0f} {min(rates):>8,.0f} {max(rates):>8,.0f} "
                f"{ours / rate:>10.1f}x",
                flush=True,
            )


def _timed(work: Callable[[], int]) -> Callable[[], float]:
    def measure() -> float:
        started = time.process_time()
        done = work()
        return done / (time.process_time() - started)

    return measure


if __name__ == "__main__":
    main()
