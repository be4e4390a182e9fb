"""
The issuing cycle of one chunk. docs/issuing-cycle.md tells it as a story.
"""

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache

import orjson

from testamur.core.clock import DAY
from testamur.core.failpoints import fp
from testamur.core.ids import Namer
from testamur.core.refusals import Reason
from testamur.core.words import Facts, Lease, Profile, StoredPicture

from .check import Checker
from .ports import Issued, Outcome, Pictures, Registry


@lru_cache(maxsize=256)
def checker(profile: Profile) -> Checker:
    """Return the checker for rows of jobs with this profile."""
    return Checker(profile.columns, images_optional=profile.images_digest is not None)


def issue_chunk(lease: Lease, *, registry: Registry, pictures: Pictures) -> None:
    """
    Give every good row of the leased chunk its certificate, and the others reasons.

    After a crash: run it again. Names and moments are fixed before anything is
    signed, so a second run finishes the first and never issues a row twice.

    Raises:
        Fault: passing, when *lease* has lapsed; whoever holds it now will finish.
    """
    # 1. Check each row against the job's frozen profile. A wrong one fails alone.
    good, failed = check_rows(lease.job.profile, registry.rows(lease))
    resolved = pictures.resolve(lease, {row: facts.image for row, facts in good})
    ready: list[tuple[int, Facts, StoredPicture]] = []
    for row, facts in good:
        picture = resolved[row]
        if isinstance(picture, Reason):
            failed.append((row, picture))
        else:
            ready.append((row, facts, picture))

    # 2. Write down exactly what will be issued.
    draft = registry.draft(lease, digest_of(ready))
    fp("draft.after_commit")

    # 3. Here a key will sign, with no transaction open: a key may be slow. What
    #    it signs follows from the draft, so a crash loses only what nobody saw.
    profile = lease.job.profile
    namer = Namer(draft.seed, prefix=profile.reference_prefix)
    issued = [
        Issued(
            row,
            namer.name(row),
            draft.issued_at + (facts.expiry_days or profile.expiry_days) * DAY,
            picture.id,
        )
        for row, facts, picture in ready
    ]

    # 4. Certificates, vouchers, usage and failures become true together.
    registry.keep(lease, Outcome(draft.issued_at, issued, failed))


def check_rows(
    profile: Profile, rows: Iterable[tuple[int, str]]
) -> tuple[list[tuple[int, Facts]], list[tuple[int, Reason]]]:
    """Part *rows* (number, cells as JSON) into those with facts and the others."""
    check = checker(profile).check
    good: list[tuple[int, Facts]] = []
    failed: list[tuple[int, Reason]] = []
    for row, cells in rows:
        found = check(row, orjson.loads(cells))
        if isinstance(found, Facts):
            good.append((row, found))
        else:
            failed.append((row, found))
    return good, failed


def digest_of(ready: Sequence[tuple[int, Facts, StoredPicture]]) -> bytes:
    """Return a digest of everything the chunk's certificates will say."""
    digest = hashlib.blake2b(digest_size=32)
    for row, facts, picture in ready:
        digest.update(orjson.dumps((row, facts, picture.digest)))
    return digest.digest()


def facts_of(profile: Profile, row: int, cells: str) -> Facts:
    """
    Return what an issued row says, from its stored cells.

    The same function checked the row before it was issued, so it cannot fail.
    """
    found = checker(profile).check(row, orjson.loads(cells))
    assert isinstance(found, Facts), found
    return found
