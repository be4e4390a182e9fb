"""What the DNS says of the domain that our mails are from: asked, kept, told."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parseaddr
from urllib.parse import urlsplit

import idna

from testamur.adapters.sql.mail_checks import SqlMailChecks
from testamur.core.clock import HOUR, MINUTE
from testamur.core.mail_checks import MailCheck, MailFinding
from testamur.core.refusals import Fault, Kind, Refusal
from testamur.delivery.domains.dmarc import Sender

from .logs import log
from .office import Office

#: How often is looked whether many mails wait, and how long a check is good for then.
LOOK_SECONDS = 5.0
GOOD_FOR = 1 * HOUR

#: Whoever asks again sooner is told the same.
FRESH = 1 * MINUTE


def from_address(office: Office) -> str:
    """Return the address that mails are from."""
    _, address = parseaddr(office.settings.mail_from)
    host = urlsplit(office.public_url).hostname or "localhost"
    return address or f"certificates@{host}"


def domain_of(address: str) -> str:
    """
    Return the domain of an address as the DNS has it.

    Raises:
        Refusal: CONFLICT `mail_from`.
    """
    domain = address.rpartition("@")[2].lower().rstrip(".")
    try:
        if not domain.isascii():
            domain = idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        domain = ""
    is_name = "." in domain and len(domain) <= 253 and domain.isprintable()
    if not is_name or domain.replace(".", "").isdigit():
        raise Refusal(
            Kind.CONFLICT,
            "mail_from",
            f"The DNS knows no domain {domain[:64]!r}; the operator sets whom mails "
            "are from as TESTAMUR_MAIL_FROM.",
        )
    return domain


@dataclass(frozen=True)
class MailChecks:
    """The checks of *office*."""

    office: Office

    def check(self, domain: str | None = None) -> MailCheck:
        """
        Ask the DNS now; it takes seconds where a name server is away.

        Raises:
            Refusal: CONFLICT `mail_from`.
        """
        from testamur.adapters.dns.resolver import DnsResolver
        from testamur.delivery.domains.check import check_domain

        own = domain_of(from_address(self.office))
        asked = own if domain is None else domain_of(domain)
        bounces = self.office.settings.bounce_address
        sender = Sender(
            domain=asked,
            envelope=domain_of(bounces) if bounces else asked,
            keys=self.office.dkim.keys_for(asked),
            host=urlsplit(self.office.settings.smtp_url).hostname or "",
        )
        resolver = DnsResolver(self.office.settings.dns_server)
        found = check_domain(sender, resolver, self.office.clock)
        if asked == own:
            self._store.put(found)
        return found

    def recent(self) -> MailCheck:
        """
        Return what was found within the last minute, or ask the DNS.

        Raises:
            Refusal: CONFLICT `mail_from`.
        """
        found = self._store.latest(domain_of(from_address(self.office)))
        if found is not None and self.office.clock() - found.checked_at < FRESH:
            return found
        return self.check()

    def warnings(self, mails: int) -> Sequence[MailFinding]:
        """Return what is to be told of a job with so many mails: known problems."""
        if mails < self.office.settings.mail_check_from:
            return ()
        try:
            found = self._store.latest(domain_of(from_address(self.office)))
        except Refusal:
            return ()
        return () if found is None else found.problems

    def step(self) -> bool:
        """Ask the DNS if many mails wait and nobody did lately; say whether it was."""
        if not self.office.settings.smtp_url:
            return False  # they go into a folder
        if not self._store.is_large_send_ahead(self.office.settings.mail_check_from):
            return False
        try:
            found = self._store.latest(domain_of(from_address(self.office)))
            if found and self.office.clock() - found.checked_at < GOOD_FOR:
                return False
            found = self.check()
        except Refusal:
            return False
        for one in found.problems:
            log.warning("mails may not arrive", code=one.code, name=one.name)
        return True

    @property
    def _store(self) -> SqlMailChecks:
        return SqlMailChecks(self.office.database)


@contextmanager
def checking_mail(office: Office) -> Iterator[None]:
    """Look at the DNS before many mails go out, for as long as the block runs."""
    stopping = threading.Event()

    def work() -> None:
        checks = MailChecks(office)
        while not stopping.wait(LOOK_SECONDS):
            try:
                checks.step()
            except Fault as trouble:
                log.warning("the DNS was not asked", trouble=str(trouble))
            except Exception:
                log.exception("the DNS was not asked")

    threading.Thread(target=work, name="mail check", daemon=True).start()
    try:
        yield
    finally:
        stopping.set()
