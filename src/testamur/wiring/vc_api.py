"""The VC-API's verbs: securing by issuance, verdicts by verification."""

from collections.abc import Mapping
from typing import Any

from testamur.adapters.sql.secured import SqlSecured
from testamur.core.words import Caller
from testamur.dialects.vc_api.read import IssueRequest, VerifyRequest
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

    def verify(self, wanted: VerifyRequest) -> Mapping[str, Any]:
        """Return the verdict on what anybody sent."""
        wish = Wish(challenge=wanted.challenge, domain=wanted.domain)
        verdict = self._verifier.verify(wanted.data, wanted.media_type, wish)
        return verdict.spelled()
