"""Recipients of a job are told of their certificates, where the job says so."""

from testamur.adapters.sql.telling import ABOUT
from testamur.core.words import CertificateState
from testamur.delivery.certificate_letter import certificate_letter
from testamur.delivery.letter import Letter
from testamur.delivery.ports import Leased
from testamur.issuance.read import find

from .office import Office
from .posting import Writers


def certificate_writers(office: Office) -> Writers:
    """Return what writes these mails out."""

    def letter(one: Leased) -> Letter | None:
        name = str(one.message["certificate"])
        found = find(name, certificates=office.certificates)
        if found is None:
            return None  # erased before it was told of
        state = found.status_at(office.clock()).state
        if state not in (CertificateState.ACTIVE, CertificateState.SUSPENDED):
            return None  # taken back, or over, before it was told of
        return certificate_letter(
            issuer=found.tenant_name,
            recipient=found.facts.recipient_name or found.facts.recipient_email,
            title=found.facts.name,
            reference=found.reference,
            url=f"{office.public_url}/c/{found.id}",
            language=str(one.message.get("language", "en")),
        )

    return {ABOUT: letter}
