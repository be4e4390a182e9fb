"""What comes back of mails, from wherever it comes."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from testamur.adapters.files.maildir import Maildir
from testamur.adapters.sql.mail_returns import SqlReturns
from testamur.core.mail_returns import MAX_RETURN_BYTES, Returned, ReturnOutcome
from testamur.core.refusals import Fault
from testamur.core.words import Caller
from testamur.delivery.bounces import return_path
from testamur.delivery.bounces.intake import ReturnIntake
from testamur.delivery.suppression import unsubscribing

from .logs import log
from .office import Office

#: How often the Maildir is looked into.
LOOK_SECONDS = 1.0

#: How often a mailbox at a mail server is.
ASK_SECONDS = 30.0

#: How long the server waits for a message that is being taken in when it stops.
STOP_SECONDS = 5.0

#: Where mail servers tell a program that they start to whom the mail came
#: (Postfix local(8), qmail-command(8)).
RECIPIENT_VARIABLES = ("ORIGINAL_RECIPIENT", "RECIPIENT")


class Place(Protocol):
    """Where what came back waits."""

    def take(self, deal: Callable[[bytes], bool], limit: int) -> int:
        """Hand each new message to *deal*, which says whether to remove it."""
        ...


def intake_of(office: Office) -> ReturnIntake:
    """Return what takes in what comes back."""
    return ReturnIntake(
        SqlReturns(office.database),
        return_key=office.secret.derive(return_path.PURPOSE),
        link_key=office.secret.derive(unsubscribing.PURPOSE),
        digest=office.suppressions.digest,
        clock=office.clock,
    )


@dataclass(frozen=True)
class SiteReturns:
    """`web.routes.native_mail.ReturnVerbs` by the delivery room."""

    office: Office

    def take(self, by: Caller, message: bytes) -> ReturnOutcome:
        """Take in a message that came back, about a mail of the caller's."""
        return intake_of(self.office).take(message, tenant_id=by.tenant.id)

    def take_said(self, by: Caller, message_id: str, said: Returned) -> ReturnOutcome:
        """Take in what a mail service says of a mail of the caller's."""
        return intake_of(self.office).take_said(by.tenant.id, message_id, said)


def take_from_pipe(
    office: Office,
    message: bytes,
    recipients: Sequence[str],
    environment: Mapping[str, str],
) -> ReturnOutcome:
    """Take in a message that a mail server handed over, with what it says of it."""
    named = [environment.get(name, "") for name in RECIPIENT_VARIABLES]
    return intake_of(office).take(message, [*recipients, *filter(None, named)])


@contextmanager
def taking_returns(office: Office) -> Iterator[None]:
    """Look for what came back where the settings say, for as long as the block runs."""
    places: list[tuple[Place, float]] = []
    if office.settings.bounce_maildir is not None:
        places.append((Maildir(office.settings.bounce_maildir), LOOK_SECONDS))
    if office.settings.bounce_imap:
        from testamur.adapters.imap.mailbox import ImapMailbox

        places.append((ImapMailbox(office.settings.bounce_imap), ASK_SECONDS))
    stopping = threading.Event()

    def work(place: Place, seconds: float) -> None:
        intake = intake_of(office)
        told = ""
        while not stopping.wait(seconds):
            try:
                while place.take(
                    lambda data: intake.take(data).is_understood, MAX_RETURN_BYTES
                ):
                    if stopping.is_set():
                        return
                told = ""
            except Fault as trouble:
                if str(trouble) != told:  # once, and not each time
                    log.warning("bounces were not taken in", trouble=str(trouble))
                told = str(trouble)
            except Exception:
                log.exception("bounces were not taken in")

    threads = [
        threading.Thread(target=work, args=one, name="bounces", daemon=True)
        for one in places
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join(STOP_SECONDS)
