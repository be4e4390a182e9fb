"""Everything that was signed or published, checked again: the long half of fsck."""

import hashlib
from collections.abc import Iterator

from testamur.adapters.sql.log_store import SqlLogStore
from testamur.adapters.sql.signed_chunks import signed_chunks, taken_places
from testamur.issuance.status_list import places
from testamur.tlog.audit import audit
from testamur.tlog.checkpoint import log_verifiers

from .log import log_files, log_key, log_origin
from .office import Office


def unsound(office: Office) -> Iterator[str]:
    """
    Give a line for each credential, place or part of the log that is not sound.

    Every credential is made again from its row, die and signature, and must come
    out as its leaf says; its signature must verify. Takes some tenth of a
    millisecond each, and the same memory however many there are.
    """
    yield from _credentials(office)
    yield from _places(office)
    yield from _prints(office)
    verifiers = log_verifiers(log_origin(office), log_key(office.secret).public)
    yield from audit(SqlLogStore(office.database), log_files(office), verifiers)


def _credentials(office: Office) -> Iterator[str]:
    for chunk in signed_chunks(office.database):
        if len(chunk.ids) != len(chunk.digests):
            continue  # which has a rule, and a line, of its own
        for name, digest in zip(chunk.ids, chunk.digests, strict=True):
            kept = chunk.kept.get(name)
            if kept is None or kept.seal is None:
                continue  # erased: its leaf stays
            problem = office.credentials.problem(kept, chunk.public, digest)
            if problem is not None:
                yield f"certificate {name}: {problem}"


def _prints(office: Office) -> Iterator[str]:
    known: dict[str | None, hashlib._Hash] = {None: hashlib.sha256()}
    for name, one in office.prints.every():
        prefix = one.prefix_digest
        if prefix is not None and prefix not in known:
            try:
                with office.blobs.open(prefix) as file:
                    known = {None: known[None], prefix: hashlib.sha256(file.read())}
            except OSError:
                yield f"certificate {name}: {prefix}, which begins its file, is gone"
                continue
        digest = known[prefix].copy()
        digest.update(one.tail)
        if digest.digest() != one.digest:
            yield f"certificate {name}: its file is not what it was when it was made"


def _places(office: Office) -> Iterator[str]:
    for one in taken_places(office.database):
        if one.used == one.size:
            continue
        given = set(places(one.seed, 0, one.used, one.size))
        for index in one.indices:
            if index not in given:
                yield (
                    f"status list {one.name} has a credential at place {index}, which "
                    "was not handed out and may be again"
                )
