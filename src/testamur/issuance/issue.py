"""
The issuing cycle of one chunk. docs/issuing-cycle.md tells it as a story.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import orjson

from testamur.core.clock import DAY
from testamur.core.columns import ERASED, RECIPIENT_NAME
from testamur.core.failpoints import fp
from testamur.core.ids import Namer, RowIds
from testamur.core.refusals import Reason
from testamur.core.words import Facts, Lease, Profile, StoredPicture

from .check import Checker
from .ports import Draft, Issued, Looks, Outcome, Pictures, Registry, ToPrint
from .signing import Signing, ToSign, sampled
from .status_list import places as indices_of
from .validity import problem_with_end, valid_until

#: A row that can be issued: its number, what it says, and its picture.
Ready = tuple[int, Facts, StoredPicture | None]

KEY_REVOKED = Reason(
    "issuer_key_revoked",
    "The issuer's key that this job was accepted with was revoked meanwhile, so "
    "nothing more is signed with it. Upload the failed rows again as a new job.",
)

ROW_ERASED = Reason("row_erased", "What this row said was erased with its person.")


@lru_cache(maxsize=256)
def checker(profile: Profile) -> Checker:
    """Return the checker for rows of jobs with this profile."""
    return Checker(
        profile.columns,
        images_optional=profile.images_digest is not None
        or profile.template is not None
        or profile.documents,
        ends=profile.letterhead is not None,
        needs_recipient=profile.template is not None
        and RECIPIENT_NAME in profile.template.columns,
        documents=profile.documents,
    )


def issue_chunk(
    lease: Lease,
    *,
    registry: Registry,
    pictures: Pictures,
    signing: Signing,
    looks: Looks,
) -> None:
    """
    Give every good row of the leased chunk its certificate, and the others reasons.

    After a crash: run it again. Names and moments are fixed before anything is
    signed, so a second run finishes the first and never issues a row twice.

    Raises:
        Fault: passing, when *lease* has lapsed; whoever holds it now will finish.
    """
    # 1. Check each row against the job's frozen profile. A wrong one fails alone.
    profile = lease.job.profile
    good, failed = check_rows(profile, registry.rows(lease))
    wanted = {row: facts.image for row, facts in good if has_picture(profile, facts)}
    resolved = pictures.resolve(lease, wanted)
    ready: list[Ready] = []
    for row, facts in good:
        picture = resolved.get(row)
        if isinstance(picture, Reason):
            failed.append((row, picture))
        else:
            ready.append((row, facts, picture))
    if profile.corrects and (problem := registry.problem_with_correcting(lease)):
        failed += [(row, problem) for row, _, _ in ready]
        ready = []
    if profile.letterhead and not signing.can_sign(profile.letterhead):
        failed += [(row, KEY_REVOKED) for row, _, _ in ready]
        ready = []

    # 2. Write down exactly what will be issued. The audit log then says that the
    #    key is about to be used.
    draft = registry.draft(lease, digest_of(ready), len(ready))
    fp("draft.after_commit")

    # 3. Sign it and verify it, with no transaction open: a key may be slow. What
    #    is signed follows from the draft, so a crash loses only what nobody saw.
    issued: list[Issued] = []
    for one in sign(lease, draft, ready, signing, looks):
        if isinstance(one, Issued):
            issued.append(one)
        else:
            failed.append(one)
    fp("sign.after")

    # 4. Certificates, vouchers, leaves, usage and failures become true together.
    registry.keep(lease, Outcome(draft.issued_at, issued, failed))


def sign(
    lease: Lease,
    draft: Draft,
    ready: Sequence[Ready],
    signing: Signing,
    looks: Looks,
) -> Iterator[Issued | tuple[int, Reason]]:
    """Give each ready row of a drafted chunk its certificate, or why it has none."""
    profile = lease.job.profile
    namer = Namer(draft.seed, prefix=profile.reference_prefix)
    named = [
        Issued(
            row,
            _ids(namer.name(row), facts),
            draft.issued_at + (facts.expiry_days or profile.expiry_days) * DAY,
            picture.id if picture else None,
        )
        for row, facts, picture in ready
    ]
    letterhead, places = profile.letterhead, draft.places
    if letterhead is None or places is None:
        yield from named
        return
    indices = indices_of(places.seed, places.first, len(ready), places.size)
    undrawable = problems_drawing(profile, draft.issued_at, ready, named, looks)
    to_sign: dict[int, ToSign] = {}
    for (row, facts, picture), one, index in zip(ready, named, indices, strict=True):
        problem = problem_with_end(facts, draft.issued_at) or undrawable.get(row)
        if problem:
            yield row, problem
            continue
        to_sign[row] = ToSign(
            row,
            facts,
            None if profile.template else picture,
            one.ids,
            draft.issued_at,
            valid_until(facts, profile, draft.issued_at),
            places.list_name,
            index,
        )
    checked = sampled(list(to_sign), lease.job.total, draft.seed)
    made = signing.sign(list(to_sign.values()), letterhead, checked=checked)
    signable = (one for one in named if one.row in to_sign)
    for one, impression in zip(signable, made, strict=True):
        if isinstance(impression, Reason):
            yield one.row, impression
        else:
            yield replace(one, impression=impression)


def _ids(drawn: RowIds, facts: Facts) -> RowIds:
    """Return the names of a certificate; one that has its reference keeps it."""
    if facts.reference is None:
        return drawn
    return replace(drawn, reference=facts.reference)


def has_picture(profile: Profile, facts: Facts) -> bool:
    """Say whether a row of a job like this brings a picture along that is needed."""
    if profile.documents:
        return False
    template = profile.template
    if template is None:
        return True
    return template.takes_picture and (
        bool(facts.image) or profile.images_digest is not None
    )


def problems_drawing(
    profile: Profile,
    issued_at: int,
    ready: Sequence[Ready],
    named: Sequence[Issued],
    looks: Looks,
) -> Mapping[int, Reason]:
    """Say which rows' certificates their template cannot draw, and why not."""
    if profile.template is None:
        return {}
    return looks.problems(
        profile,
        [
            ToPrint(
                row,
                facts,
                one.ids.certificate,
                one.ids.reference,
                issued_at,
                valid_until(facts, profile, issued_at),
            )
            for (row, facts, _), one in zip(ready, named, strict=True)
        ],
    )


def check_rows(
    profile: Profile, rows: Iterable[tuple[int, str]]
) -> tuple[list[tuple[int, Facts]], list[tuple[int, Reason]]]:
    """Part *rows* (number, cells as JSON) into those with facts and the others."""
    check = checker(profile).check
    good: list[tuple[int, Facts]] = []
    failed: list[tuple[int, Reason]] = []
    for row, cells in rows:
        found = ROW_ERASED if cells == ERASED else check(row, orjson.loads(cells))
        if isinstance(found, Facts):
            good.append((row, found))
        else:
            failed.append((row, found))
    return good, failed


def digest_of(ready: Sequence[Ready]) -> bytes:
    """Return a digest of everything the chunk's certificates will say."""
    digest = hashlib.blake2b(digest_size=32)
    for row, facts, picture in ready:
        look = picture.digest if picture else ""
        digest.update(orjson.dumps((row, facts, look)))
    return digest.digest()


def facts_of(profile: Profile, row: int, cells: str) -> Facts:
    """
    Return what an issued row says, from its stored cells.

    The same function checked the row before it was issued, so it cannot fail.
    """
    found = checker(profile).check(row, orjson.loads(cells))
    assert isinstance(found, Facts), found
    return found
