"""The VC-API's verbs: securing by issuance, verdicts by verification."""

import hashlib
from collections.abc import Mapping
from typing import Any

from testamur.adapters.sql.secured import SqlSecured
from testamur.adapters.sql.secured_acts import PREFIX
from testamur.core.acts import Chosen
from testamur.core.words import Caller
from testamur.dialects.vc_api.read import IssueRequest, StatusRequest, VerifyRequest
from testamur.issuance.did_web import did_of
from testamur.issuance.die.sign import Algorithm
from testamur.issuance.secure import Order, Securer, Security
from testamur.verification.verify import Verifier, Wish

from .office import Office


class SiteVcApi:
    """What the routes of the VC-API are handed."""

    def __init__(self, office: Office, verifier: Verifier) -> None:
        self._office = office
        self._verifier = verifier
        self._securer = Securer(
            office.reading_room.read,
            SqlSecured(office.database),
            office.keyring,
            public_url=office.public_url,
            clock=office.clock,
        )

    def issue(self, caller: Caller, wanted: IssueRequest) -> Mapping[str, Any]:
        """Return the caller's credential, secured; or refuse."""
        return self._securer.secure(
            Order(
                tenant_id=caller.tenant.id,
                did=did_of(self._office.public_url, caller.tenant.slug),
                actor=caller.credential_id,
                credential=wanted.credential,
                security=Security(wanted.security),
                algorithm=Algorithm(wanted.algorithm),
                wants_status=wanted.wants_status,
            )
        )

    def set_standing(self, caller: Caller, wanted: StatusRequest) -> int:
        """Revoke, suspend or reinstate a credential; say how many that changed."""
        office, tenant = self._office, caller.tenant.id
        standings = office.secured_standings
        names: tuple[str, ...]
        if wanted.certificate_id is not None:
            standings, names = office.standings, (wanted.certificate_id,)
        else:
            names = self._names(tenant, wanted) or (PREFIX,)  # which nothing is called
        done = standings.change(
            wanted.event,
            tenant,
            Chosen(ids=names),
            reason=wanted.reason,
            actor=caller.credential_id,
        )
        return done.changed

    def _names(self, tenant_id: str, wanted: StatusRequest) -> tuple[str, ...]:
        """Return what the credentials are called that fit all that was said."""
        placed = wanted.place and PREFIX + "/".join(wanted.place)
        if wanted.name is None:
            return (placed,) if placed else ()
        digest = hashlib.sha256(wanted.name.encode()).hexdigest()
        named = self._office.secured_acts.named(tenant_id, digest)
        return tuple(name for name in named if placed in (None, name))

    def verify(self, wanted: VerifyRequest) -> Mapping[str, Any]:
        """Return the verdict on what anybody sent."""
        wish = Wish(challenge=wanted.challenge, domain=wanted.domain)
        verdict = self._verifier.verify(wanted.data, wanted.media_type, wish)
        return verdict.spelled()
