"""
Asking witnesses to co-sign a checkpoint (C2SP tlog-witness, tlog-cosignature v1).

A log alone proves nothing against its own operator: it could show another tree to
everybody. Whoever co-signs says that they saw this one grow, and no other.
"""

from collections.abc import Sequence

import structlog

from testamur.core.refusals import Fault

from .note import COSIGNATURE, NotVerified, encoded, open_note, split_note, verifier
from .ports import Stale, Witness
from .tree import Proofs

log = structlog.get_logger()


def cosigned(
    note: str,
    size: int,
    old_size: int,
    proofs: Proofs,
    witnesses: Sequence[Witness],
) -> str:
    """
    Return *note* with the line of every witness that co-signed it.

    A witness that does not answer, or answers something else, is only logged: no
    outsider can hold up the log.
    """
    for witness in witnesses:
        try:
            note += _line(note, size, old_size, proofs, witness)
        except (Fault, NotVerified, Stale) as problem:
            log.warning("not co-signed", witness=witness.vkey, trouble=str(problem))
    return note


def _line(note: str, size: int, old_size: int, proofs: Proofs, witness: Witness) -> str:
    try:
        answer = witness.add_checkpoint(_request(note, old_size, proofs))
    except Stale as known:
        if known.size > size:
            raise NotVerified(f"it has seen {known.size} leaves of this log") from known
        answer = witness.add_checkpoint(_request(note, known.size, proofs))
    by = verifier(witness.vkey)
    if by.kind != COSIGNATURE:
        raise NotVerified("its key is not one for cosignatures")
    text, _ = split_note(note)
    opened = open_note(text + "\n" + answer, [by])
    if not opened.signed[0].at:
        raise NotVerified("its cosignature has no time")
    # Of what it answered, the lines that verified and no others.
    return "".join(
        line + "\n"
        for line in answer.split("\n")
        if line.startswith(f"\N{EM DASH} {by.name} ")
    )


def _request(note: str, old_size: int, proofs: Proofs) -> str:
    lines = [f"old {old_size}", *(encoded(one) for one in proofs.consistency(old_size))]
    return "\n".join(lines) + "\n\n" + note
