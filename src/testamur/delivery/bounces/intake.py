"""
What comes back is taken in: read, proven, kept with its mail, and counted.

Anybody can write to the address that bounces go to. So nothing is believed that does
not have the code of a mail of ours, or comes from who may say so.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from testamur.core.clock import Clock
from testamur.core.mail_returns import (
    MAX_RETURN_BYTES,
    Returned,
    ReturnKind,
    ReturnOutcome,
)
from testamur.core.suppressions import SuppressionReason

from ..suppression.ports import Entry, comparable
from ..suppression.unsubscribing import read_token
from .ports import ReturnStore, SentMail
from .reading import Report, cleaned, read_report
from .return_path import mail_in

_LINK = re.compile(r"[A-Za-z0-9_-]{96}")

#: Returns what the suppression list knows a tenant's address by.
Digest = Callable[[str, str], str]


class ReturnIntake:
    """Takes in what comes back, into *store*."""

    def __init__(
        self,
        store: ReturnStore,
        *,
        return_key: bytes,
        link_key: bytes,
        digest: Digest,
        clock: Clock,
    ) -> None:
        """*return_key* and *link_key* prove return paths, and links to unsubscribe."""
        self._store = store
        self._return_key = return_key
        self._link_key = link_key
        self._digest = digest
        self._clock = clock

    def take(
        self,
        data: bytes,
        recipients: Sequence[str] = (),
        *,
        tenant_id: str | None = None,
    ) -> ReturnOutcome:
        """
        Take in a message; what lies beyond its first MiB is not read.

        *recipients* is to whom it came; with *tenant_id* it is only about mails of
        that tenant's. After a crash: the same message again is REPEATED.

        Raises:
            Fault: passing, when it could not be kept; hand it in again.
        """
        report = read_report(data[:MAX_RETURN_BYTES], recipients)
        outcome = self._wish(report, tenant_id)
        if outcome is None:
            outcome = self._of(report, tenant_id)
        self._store.count(outcome)
        return outcome

    def take_said(
        self, tenant_id: str, message_id: str, said: Returned
    ) -> ReturnOutcome:
        """
        As `take`, of what somebody of the tenant's says of a mail by its Message-ID.
        """
        mail = self._store.by_message_id(tenant_id, message_id)
        outcome = ReturnOutcome.FORGED if mail is None else self._apply(mail, said)
        self._store.count(outcome)
        return outcome

    def _wish(self, report: Report, tenant_id: str | None) -> ReturnOutcome | None:
        """Keep that somebody wants no more mails, if that is what they write."""
        subject = report.links[0] if report.links else ""
        if not subject.lower().startswith("unsubscribe"):
            return None
        found = _LINK.search(subject)
        wish = found and read_token(self._link_key, found[0])
        if not wish or tenant_id not in (None, wish.tenant_id):
            return ReturnOutcome.FORGED
        mail = self._store.find(wish.mail_id)
        address = comparable(mail.recipient) if mail and mail.recipient else None
        entry = Entry(wish.digest, address, SuppressionReason.UNSUBSCRIBED)
        self._store.suppress(wish.tenant_id, entry, self._clock())
        return ReturnOutcome.UNSUBSCRIBED

    def _of(self, report: Report, tenant_id: str | None) -> ReturnOutcome:
        if report.said.kind is ReturnKind.OTHER and not report.others:
            return ReturnOutcome.NOT_UNDERSTOOD
        name = self._proven(report)
        mail = None if name is None else self._store.find(name)
        if mail is None or tenant_id not in (None, mail.tenant_id):
            return ReturnOutcome.FORGED
        return self._apply(mail, report.about(mail.recipient))

    def _proven(self, report: Report) -> str | None:
        """Return of which mail of ours it is, if it can prove that."""
        for text in report.addresses:
            if name := mail_in(self._return_key, text):
                return name
        for text in report.links:
            for token in _LINK.findall(text):
                if wish := read_token(self._link_key, token):
                    return wish.mail_id
        return None

    def _apply(self, mail: SentMail, said: Returned) -> ReturnOutcome:
        if said.kind in (ReturnKind.OTHER, ReturnKind.UNSUBSCRIBE):
            return ReturnOutcome.NOT_UNDERSTOOD
        said = replace(said, words=cleaned(said.words, mail.recipient))
        return self._store.apply(mail, said, self._entry(mail, said), self._clock())

    def _entry(self, mail: SentMail, said: Returned) -> Entry | None:
        """Return what goes onto the suppression list: nobody who can be reached."""
        if said.kind is ReturnKind.COMPLAINT:
            reason = SuppressionReason.COMPLAINED
        elif said.kind is ReturnKind.HARD and said.is_unknown_mailbox:
            reason = SuppressionReason.BOUNCED
        else:
            return None
        if not mail.recipient:
            return None
        digest = self._digest(mail.tenant_id, mail.recipient)
        return Entry(digest, comparable(mail.recipient), reason)
