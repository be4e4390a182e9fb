"""Who issues, as anybody may see it: profile and DID documents."""

from typing import Any

from testamur.core.words import IssuerProfile, PublicKey, Tenant
from testamur.issuance.did_web import did_document, did_of, house_did, house_document
from testamur.issuance.ports import IssuerKey

from .log import log_key
from .office import Office


def profile_of(office: Office, tenant: Tenant) -> IssuerProfile:
    """Return who *tenant* is to everybody else."""
    return IssuerProfile(
        tenant=tenant,
        did=did_of(office.public_url, tenant.slug),
        url=f"{office.public_url}/t/{tenant.slug}",
        keys=tuple(map(public_key, office.keyring.keys_of(tenant.id))),
    )


def public_key(key: IssuerKey) -> PublicKey:
    """Return what everybody may know of *key*."""
    return PublicKey(
        key.id, str(key.algorithm), key.made_at, key.retired_at, key.revoked_at
    )


def document_of(office: Office, slug: str) -> dict[str, Any]:
    """
    Return the DID document of the tenant called *slug*, a suspended one's too.

    Raises:
        Refusal: NOT_FOUND `tenant_not_found`.
    """
    tenant = office.tenants.find(slug)
    keys = office.keyring.keys_of(tenant.id)
    return did_document(did_of(office.public_url, tenant.slug), keys)


def document_of_house(office: Office) -> dict[str, Any]:
    """Return the DID document of whoever runs this server."""
    return house_document(house_did(office.public_url), log_key(office.secret).public)
