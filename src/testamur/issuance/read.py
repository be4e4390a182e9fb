"""Certificates that were kept, and what they say: for pages, exports and owners."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from testamur.core.ids import is_id
from testamur.core.policy import MAX_CELL_CHARACTERS
from testamur.core.refusals import Kind, Refusal
from testamur.core.text import nfc, trim
from testamur.core.words import Certificate

from .issue import facts_of
from .ports import Certificates, Kept
from .validity import valid_until

#: A prefix of our own and twelve letters and digits, with room for the prefix.
_REFERENCE = re.compile(r"[A-Za-z0-9-]{1,64}")

_PRINTABLE = re.compile(r"[ -~]+")
_CAPITALS = {capital: capital + 32 for capital in range(ord("A"), ord("Z") + 1)}


@dataclass(frozen=True, slots=True)
class CertificatePage:
    """Some certificates, newest first, and where the listing goes on."""

    certificates: Sequence[Certificate]
    #: What to pass as *after* for the next page; None when this is the last.
    next_after: str | None


def find(certificate_id: str, *, certificates: Certificates) -> Certificate | None:
    """
    Return the certificate with this id, or None. Anybody may ask.

    Raises:
        Refusal: GONE, when its person was erased.
    """
    kept = find_kept(certificate_id, certificates=certificates)
    return read(kept) if kept else None


def find_kept(certificate_id: str, *, certificates: Certificates) -> Kept | None:
    """Return the certificate with this id as it was kept, as `find`."""
    if not is_id(certificate_id):
        return None
    kept = certificates.find(certificate_id)
    if kept is None and certificates.find_erased(certificate_id):
        raise Refusal(
            Kind.GONE,
            "certificate_erased",
            "This certificate was erased at the request of the person it was about. "
            "It is no longer valid, and nothing of what it said is kept.",
        )
    return kept


def find_reference(reference: str, *, certificates: Certificates) -> Certificate | None:
    """
    Return the certificate with this reference, or None.

    As people type it: small letters and white space around it do no harm. It
    identifies and never authorises, so whoever offers this must limit guessing.
    """
    for spelling in _spellings(reference):
        if kept := certificates.find_reference(spelling):
            return read(kept)
    return None


def listing(
    tenant_id: str,
    *,
    certificates: Certificates,
    job_id: str | None = None,
    batch_id: str | None = None,
    email: str | None = None,
    reference: str | None = None,
    after: str | None = None,
    limit: int,
) -> CertificatePage:
    """
    Return one page of the tenant's certificates, newest first.

    What is issued meanwhile comes before the first page and shifts no other.
    *email* and *reference* may be written in capitals or not. *after* is the
    `next_after` of the page before.

    Raises:
        Refusal: *after* is not the id of one of the tenant's certificates.
    """
    address = None if email is None else folded(email)
    if reference is not None:
        references: Sequence[str] | None = _spellings(reference)
    else:
        references = None
    is_impossible = address is not None and not 0 < len(address) <= MAX_CELL_CHARACTERS
    if is_impossible or references == ():
        return CertificatePage((), None)

    # An address has no column of its own. Rows that hold it anywhere are few,
    # and those are read to see where.
    holding = (
        max(_PRINTABLE.findall(address), key=len, default=None) if address else None
    )
    found: list[Certificate] = []
    while len(found) <= limit:
        slice_ = certificates.listing(
            tenant_id,
            job_id=job_id,
            batch_id=batch_id,
            references=references,
            holding=holding,
            after=after,
            limit=limit + 1,
        )
        if slice_ is None:
            raise Refusal(
                Kind.INVALID,
                "unknown_cursor",
                "The listing cannot go on from there. Start again at its first page.",
                at="after",
            )
        found += [
            certificate
            for certificate in map(read, slice_)
            if address in (None, folded(certificate.facts.recipient_email))
        ]
        if len(slice_) <= limit:
            break
        after = slice_[-1].id
    is_last = len(found) <= limit
    return CertificatePage(found[:limit], None if is_last else found[limit - 1].id)


def read(kept: Kept) -> Certificate:
    """Return what a kept certificate says."""
    facts = facts_of(kept.profile, kept.row, kept.cells)
    return Certificate(
        id=kept.id,
        reference=kept.reference,
        tenant_name=kept.tenant_name,
        job_id=kept.job_id,
        batch_id=kept.batch_id,
        row=kept.row,
        issued_at=kept.issued_at,
        voucher_id=kept.voucher_id,
        voucher_expires_at=kept.voucher_expires_at,
        facts=facts,
        picture=kept.picture,
        valid_until=valid_until(facts, kept.profile, kept.issued_at),
        taken_back=kept.taken_back,
        template=kept.profile.template,
    )


def _spellings(reference: str) -> tuple[str, ...]:
    written = trim(reference)
    if not _REFERENCE.fullmatch(written):
        return ()
    return tuple(dict.fromkeys((written, written.upper())))


def folded(address: str) -> str:
    """Return *address* as it is compared: NFC, ASCII letters small."""
    return nfc(trim(address)).translate(_CAPITALS)
