"""What comes back of mails, from wherever it comes."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

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

#: Where mail servers tell a program that they start to whom the mail came
#: (Postfix local(8), qmail-command(8)).
RECIPIENT_VARIABLES = ("ORIGINAL_RECIPIENT", "RECIPIENT")


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
    """Look into the Maildir, if there is one, for as long as the block runs."""
    folder = office.settings.bounce_maildir
    if folder is None:
        yield
        return
    stopping = threading.Event()

    def work() -> None:
        maildir, intake = Maildir(folder), intake_of(office)
        told = ""
        while not stopping.wait(LOOK_SECONDS):
            try:
                while maildir.take(
                    lambda data: intake.take(data).is_understood, MAX_RETURN_BYTES
                ):
                    if stopping.is_set():
                        return
                told = ""
            except Fault as trouble:
                if str(trouble) != told:  # once, and not each second
                    log.warning("bounces were not taken in", trouble=str(trouble))
                told = str(trouble)
            except Exception:
                log.exception("bounces were not taken in")

    thread = threading.Thread(target=work, name="bounces", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(5.0)
