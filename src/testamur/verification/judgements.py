"""What follows from a document alone, a moment, and what our records say."""

from collections.abc import Mapping
from typing import Any

from testamur.core.clock import SECOND, rfc3339

from .digests import multibase_digest, sri_digests
from .ports import HouseCertificate
from .sources import Wish
from .verdict import Check, Step, failed, left_out, passed

#: Clocks differ.
SKEW = 60 * SECOND

Found = Mapping[str, Any]


def how_read(came_as: str) -> str:
    """Say in a sentence how a document was read."""
    return {
        "json": "It was read as JSON.",
        "jwt": "It was read as a JSON Web Token.",
        "png": "It was found inside the picture.",
        "pdf": "It was attached to the PDF. Only what is told here is signed: compare "
        "it with what the pages say.",
        "bundle": "It was found in the bundle.",
    }.get(came_as, "It was read.")


def form_check(found: Found) -> Check:
    """Say whether a document has the form that it should have."""
    problems = found.get("problems", ())
    if problems:
        code, detail, _ = problems[0]
        more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
        return failed(Step.FORM, code, detail + more)
    return passed(
        Step.FORM, "well_formed", "It has the form that W3C's VC Data Model demands."
    )


def validity_check(found: Found, now: int) -> Check:
    """Say whether a document is in its period."""
    first, last = found.get("validFrom"), found.get("validUntil")
    if first is not None and first > now + SKEW:
        return failed(
            Step.VALIDITY,
            "not_yet_valid",
            f"It is not valid before {day_of(first)}.",
            now,
        )
    if last is not None and last < now:
        return failed(Step.VALIDITY, "expired", f"It expired: {day_of(last)}.", now)
    detail = f"It is valid until {day_of(last)}." if last else "It does not expire."
    return passed(Step.VALIDITY, "in_period", detail, now)


def day_of(moment: int) -> str:
    """Spell a moment (milliseconds) for people."""
    try:
        return rfc3339(moment)[:19].replace("T", " ") + " UTC"
    except (ValueError, OverflowError, OSError):
        return "a moment beyond the calendar"


def occasion_check(found: Found, wish: Wish) -> Check:
    """Say whether a presentation answers what its holder was asked."""
    if wish.challenge is None and wish.domain is None:
        return left_out(
            Step.HOLDER,
            "not_asked",
            "It may have been made for another occasion: no challenge was named.",
        )
    for proof in found.get("proofs", ()):
        if wish.challenge is not None and proof.get("challenge") != wish.challenge:
            continue
        if wish.domain is not None and wish.domain not in (proof.get("domain") or ()):
            continue
        return passed(Step.HOLDER, "challenge_met", "It was made for this occasion.")
    return failed(Step.HOLDER, "challenge_missed", "It was made for another occasion.")


def image_check(found: Found) -> Check:
    """Say whether the picture that came along is the one it names."""
    images = found.get("images", ())
    named = [digest for image in images for digest in image["digests"]]
    if not named:
        return left_out(
            Step.IMAGE, "image_no_digest", "It names no digest of a picture."
        )
    picture = (found.get("bundle") or {}).get("picture") or found.get("picture")
    if not picture:
        return left_out(
            Step.IMAGE, "image_not_here", "Its picture did not come along with it."
        )
    known = set(picture.values())
    for one in named:
        wanted = sri_digests(one["sri"]) | multibase_digest(one["multibase"])
        if wanted and not wanted & known:
            if found.get("picture"):
                return left_out(
                    Step.IMAGE,
                    "image_converted",
                    "The picture around it is not the original file. Rely on what the "
                    "credential says, not on what the picture shows.",
                )
            return failed(
                Step.IMAGE,
                "image_changed",
                "The picture is not the one that the credential names.",
            )
    return passed(
        Step.IMAGE, "image_same", "The picture is the one that the credential names."
    )


def standing_check(certificate: HouseCertificate, now: int) -> Check:
    """Say what our own records say of a certificate of ours."""
    since = f" since {day_of(certificate.since)}" if certificate.since else ""
    reason = f" ({certificate.reason})" if certificate.reason else ""
    corrected = (
        f" A corrected version stands in its place: {certificate.corrected_by}"
        if certificate.corrected_by
        else ""
    )
    if certificate.standing in ("revoked", "suspended"):
        return failed(
            Step.STANDING,
            certificate.standing,
            f"The issuer has {certificate.standing} it{since}{reason}.{corrected}",
            now,
        )
    if certificate.standing == "erased":
        return failed(
            Step.STANDING,
            "erased",
            "It was erased at the request of the person it was about, and is no longer "
            "valid.",
            certificate.since,
        )
    if corrected:
        return failed(Step.STANDING, "corrected", corrected.strip(), now)
    return passed(
        Step.STANDING, "in_force", "It is in force, says this server's own record.", now
    )
