"""
A certificate as the public sees it: what the page shows, and the same as JSON.

The recipient's address stays out of both, whoever asks. So does the voucher,
which lets whoever knows it receive the certificate.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from testamur.core.clock import rfc3339
from testamur.core.words import (
    Certificate,
    CertificateState,
    Status,
    StoredPicture,
)

#: Thumbnails fit a square of this many pixels; intake makes them so.
THUMBNAIL_SIDE = 480

#: What is quoted of a description where a link to the page is previewed.
SUMMARY_CHARACTERS = 200

#: How wide the picture is shown, for the browser's choice (see page.css).
_SIZES = "(min-width: 76rem) 36rem, (min-width: 58rem) 48vw, 90vw"
_SIZES_PORTRAIT = "(min-width: 76rem) 29rem, (min-width: 58rem) 40vw, 90vw"

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")

#: Letters beyond these have no slanted form of their own.
_NOT_SLANTED = re.compile("[\u0530-\u1dff\u2070-\U0010ffff]")


#: What the page says first of a certificate that is not what it was.
_HEADINGS = {
    CertificateState.EXPIRED: "Expired on",
    CertificateState.SUSPENDED: "Suspended on",
    CertificateState.REVOKED: "Revoked on",
    CertificateState.CORRECTED: "Corrected on",
}
_MEANINGS = {
    CertificateState.EXPIRED: "It was valid until then.",
    CertificateState.SUSPENDED: (
        "Its issuer asks you not to rely on it for now, and may reinstate it."
    ),
    CertificateState.REVOKED: "Its issuer took it back. Do not rely on it.",
    CertificateState.CORRECTED: (
        "Its issuer replaced it. Do not rely on it, but on the one in its place."
    ),
}


def page_fields(certificate: Certificate, public_url: str, now: int) -> dict[str, Any]:
    """Return what the template `certificate.html` fills in, as of *now*."""
    facts = certificate.facts
    where = urlsplit(public_url)
    issuer = certificate.tenant_name
    told = [part for part in (facts.name, facts.recipient_name) if part]
    status = certificate.status_at(now)
    end = certificate.valid_until
    banner = _banner(status, where.path)
    return {
        "url": f"{public_url}/c/{certificate.id}",
        "path": f"{where.path}/c/{certificate.id}",
        "origin": f"{public_url}/c/",
        "title": " · ".join(map(isolated, told)),
        "summary": _summary(facts.description, banner),
        "alt": "Picture of the certificate "
        + ", awarded to ".join(map(isolated, told)),
        "issuer": issuer,
        "category": facts.category,
        "name": facts.name,
        "recipient": facts.recipient_name,
        "upright": _NOT_SLANTED.search(facts.recipient_name or "") is not None,
        "description": "\n".join(facts.description.splitlines()),
        "attributes": [(_label(key), value) for key, value in facts.attributes],
        "issued_at": rfc3339(certificate.issued_at),
        "issued_on": day(certificate.issued_at),
        "reference": certificate.reference,
        "status": _spelled(status.state),
        "status_label": _spelled(status.state).capitalize(),
        "banner": banner,
        "valid_until": None if end is None else rfc3339(end),
        "valid_until_day": None if end is None else day(end),
        "picture": _look(certificate),
        "has_pdf": certificate.has_file,
        "has_document": certificate.facts.document is not None,
    }


def public_facts(
    certificate: Certificate,
    public_url: str,
    now: int,
    credential: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """
    Return the certificate for programs, as of *now*.

    *credential* says where the credential is, and who signed it. Names and forms
    here never change.
    """
    facts = certificate.facts
    status = certificate.status_at(now)
    replaced_by, end = status.replaced_by, certificate.valid_until
    url = f"{public_url}/c/{certificate.id}"
    return {
        "id": certificate.id,
        "referenceNumber": certificate.reference,
        "name": facts.name,
        "description": facts.description,
        "category": facts.category,
        "recipientName": facts.recipient_name,
        "attributes": dict(facts.attributes),
        "issuedAt": rfc3339(certificate.issued_at),
        "issuer": {"name": certificate.tenant_name},
        "validUntil": None if end is None else rfc3339(end),
        "status": _spelled(status.state),
        "statusSince": None if status.since is None else rfc3339(status.since),
        "statusReason": status.reason,
        "replacedBy": replaced_by and f"{public_url}/c/{replaced_by}",
        "image": _image(certificate, url),
        "pdf": f"{url}.pdf" if certificate.has_file else None,
        "credential": credential,
        "url": url,
    }


def _image(certificate: Certificate, url: str) -> dict[str, Any] | None:
    picture = certificate.picture
    if size := certificate.page_size:
        width, height = drawn_size(*size)
        # It is drawn when it is asked for: there is no digest to tell.
        kind, digest = "image/png", None
    elif picture is None:
        return None
    else:
        width, height = picture.width, picture.height
        kind, digest = picture.media_type, picture.digest
    return {
        "url": f"{url}/image",
        "mediaType": kind,
        "width": width,
        "height": height,
        "sha256": digest,
    }


def _spelled(state: CertificateState) -> str:
    """Return the word that this page has always had for an active certificate."""
    return "issued" if state is CertificateState.ACTIVE else str(state)


def _banner(status: Status, path: str) -> dict[str, Any] | None:
    if status.since is None:
        return None
    replaced_by = status.replaced_by
    return {
        "heading": _HEADINGS[status.state],
        "since": rfc3339(status.since),
        "since_day": day(status.since),
        "meaning": _MEANINGS[status.state],
        # Who replaced it says why by what is in its place.
        "reason": None if replaced_by else status.reason,
        "replaced_by": replaced_by and f"{path}/c/{replaced_by}",
    }


def isolated(text: str) -> str:
    """
    Return *text* so that it does not reorder what stands around it (UAX 9).

    Elements have `dir="auto"` for that; titles and attributes have nothing.
    """
    if any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text):
        return f"\u2068{text}\u2069"
    return text


def _look(certificate: Certificate) -> dict[str, Any] | None:
    if size := certificate.page_size:
        return _drawn(*size)
    return _picture(certificate.picture) if certificate.picture else None


def _drawn(page_width: float, page_height: float) -> dict[str, Any]:
    width, height = drawn_size(page_width, page_height)
    is_portrait = height > width
    return {
        "media_type": "image/png",
        "width": width,
        "height": height,
        "thumbnail_width": None,
        "is_portrait": is_portrait,
        "sizes": _SIZES_PORTRAIT if is_portrait else _SIZES,
    }


def drawn_size(page_width: float, page_height: float) -> tuple[int, int]:
    """Return the width and height of a page (in points) as a picture, at 96 ppi."""
    width = max(1, round(page_width * 96 / 72))
    return width, max(1, round(width * page_height / page_width))


def _picture(picture: StoredPicture) -> dict[str, Any]:
    longest = max(picture.width, picture.height)
    is_small = longest <= THUMBNAIL_SIDE
    is_portrait = picture.height > picture.width
    return {
        "media_type": picture.media_type,
        "width": picture.width,
        "height": picture.height,
        "thumbnail_width": None
        if is_small
        else max(1, round(picture.width * THUMBNAIL_SIDE / longest)),
        "is_portrait": is_portrait,
        "sizes": _SIZES_PORTRAIT if is_portrait else _SIZES,
    }


def _summary(description: str, banner: Mapping[str, Any] | None) -> str:
    line = " ".join(description.split())
    if banner:  # or a link's preview would look as if nothing had happened
        line = f"{banner['heading']} {banner['since_day']}. {line}"
    if len(line) > SUMMARY_CHARACTERS:
        line = line[: SUMMARY_CHARACTERS - 1].rstrip() + "…"
    return line


def _label(attribute: str) -> str:
    """
    Return an attribute's name as a person would write it.

    >>> _label("course_code"), _label("finalGrade"), _label("ECTS")
    ('Course code', 'Final grade', 'ECTS')
    """
    words = [
        word.lower() if word.istitle() else word
        for word in _CAMEL.sub(" ", attribute.replace("_", " ")).split()
    ]
    line = " ".join(words)
    return line[:1].upper() + line[1:]


def day(moment: int) -> str:
    """
    Spell the day of *moment* in UTC.

    >>> day(1736935200000)
    '15 January 2025'
    """
    at = datetime.fromtimestamp(moment / 1000, UTC)
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"
