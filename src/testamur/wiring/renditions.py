"""Certificates in other formats, for web and command line."""

from typing import TypeVar

from testamur.core.refusals import Kind, Refusal
from testamur.core.words import Caller
from testamur.issuance import read as issued
from testamur.issuance.die.sign import Algorithm
from testamur.issuance.renditions import Format, Rendition

from .office import Office

T = TypeVar("T", Format, Algorithm)


def rendered(
    office: Office, by: Caller, certificate_id: str, format: str, algorithm: str
) -> tuple[bytes, str]:
    """Return a certificate of the caller's in a format, and its media type."""
    found = rendition_of(
        office, certificate_id, format, algorithm, by.credential_id, by.tenant.id
    )
    return found.body, found.media_type


def rendition_of(
    office: Office,
    certificate_id: str,
    format: str,
    algorithm: str,
    actor: str,
    tenant_id: str | None = None,
) -> Rendition:
    """
    Return a certificate in a format; whoever's it is, when no tenant is named.

    Raises:
        Refusal: NOT_FOUND, also when it is another tenant's; INVALID, when there is
            no such format or algorithm, or they do not go together.
        Halted: issuing is halted, and this has to be signed.
    """
    found = issued.find(certificate_id, certificates=office.certificates)
    owner = office.jobs_of.owner(found.job_id) if found else None
    if owner is None or tenant_id not in (None, owner):
        raise Refusal(
            Kind.NOT_FOUND,
            "certificate_not_found",
            "There is no such certificate. Check its id.",
            at="id",
        )
    return office.renditions.render(
        owner,
        certificate_id,
        _one_of(Format, format, "format"),
        _one_of(Algorithm, algorithm, "alg"),
        actor=actor,
    )


def _one_of(kind: type[T], text: str, at: str) -> T:
    try:
        return kind(text)
    except ValueError:
        raise Refusal(
            Kind.INVALID, "unknown_value", f"{at} is one of: {', '.join(kind)}.", at=at
        ) from None
