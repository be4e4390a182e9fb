"""Certificates in other formats, for web and command line."""

from typing import TypeVar

from testamur.core.refusals import Kind, Refusal
from testamur.core.words import Caller
from testamur.issuance import read as issued
from testamur.issuance.die.sign import Algorithm
from testamur.issuance.renditions import Format, Rendition

from .log import log_proof, log_reader
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
    return office.renditions.render(
        _owner(office, certificate_id, tenant_id),
        certificate_id,
        _one_of(Format, format, "format"),
        _one_of(Algorithm, algorithm, "alg"),
        actor=actor,
    )


def log_proof_of(
    office: Office, certificate_id: str, format: str, algorithm: str
) -> str:
    """
    Return the tlog-proof of a certificate in a format. Anybody may ask.

    Raises:
        Refusal: NOT_FOUND, also while nobody asked for the certificate in this format.
    """
    found = office.renditions.known(
        _owner(office, certificate_id, None),
        certificate_id,
        _one_of(Format, format, "format"),
        _one_of(Algorithm, algorithm, "alg"),
    )
    if found is None:
        raise Refusal(
            Kind.NOT_FOUND,
            "rendition_not_found",
            "Nobody has asked for the certificate in this format yet.",
            at="format",
        )
    if found.source is None:
        return log_proof(office, certificate_id)
    return log_reader(office).proof(found.source, found.digest)


def _owner(office: Office, certificate_id: str, tenant_id: str | None) -> str:
    found = issued.find(certificate_id, certificates=office.certificates)
    owner = office.jobs_of.owner(found.job_id) if found else None
    if owner is None or tenant_id not in (None, owner):
        raise Refusal(
            Kind.NOT_FOUND,
            "certificate_not_found",
            "There is no such certificate. Check its id.",
            at="id",
        )
    return owner


def _one_of(kind: type[T], text: str, at: str) -> T:
    try:
        return kind(text)
    except ValueError:
        raise Refusal(
            Kind.INVALID, "unknown_value", f"{at} is one of: {', '.join(kind)}.", at=at
        ) from None
