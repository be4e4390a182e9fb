"""Correcting a certificate: what it says, its picture, and the door for new ones."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from testamur.core.chain import canonical
from testamur.core.words import Certificate, Job, Tenant
from testamur.intake.admit import Correction
from testamur.intake.door import Wishes
from testamur.intake.ports import CarriedPicture
from testamur.issuance.correction import corrected_record, refuse_uncorrectable

from .office import Office

IMAGE = "imageUrl"


def correct(
    office: Office,
    tenant: Tenant,
    certificate: Certificate,
    changes: Mapping[str, Any],
    *,
    idempotency_key: str | None,
    by: str,
) -> Job:
    """
    Accept a job of one row, whose certificate will stand in this one's place.

    Raises:
        Refusal: it cannot be corrected, or as `Door.enter_records`.
    """
    where = urlsplit(office.public_url)
    # Where the picture is, as its row would have named it. Nothing is fetched.
    url = f"https://{where.netloc}{where.path}/c/{certificate.id}/image"
    # A repeat of the request that corrected it gets the job of then.
    if idempotency_key is None or not office.door.knows(tenant.id, idempotency_key):
        refuse_uncorrectable(certificate)
    record = corrected_record(certificate, changes, picture_url=url)
    picture = certificate.picture
    if picture is None:
        url = ""
    carried = None
    if picture is not None and IMAGE not in changes:
        carried = CarriedPicture(picture.id, url)
    return office.door.enter_records(
        tenant,
        dialect="native",
        records=[record],
        body=canonical(changes).encode(),
        wishes=Wishes(
            idempotency_key=idempotency_key,
            correction=Correction(certificate.id, by, carried),
            template=certificate.template,
            documents=certificate.facts.document is not None,
        ),
    )
