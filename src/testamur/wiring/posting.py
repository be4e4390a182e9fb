"""Mails go out: the one thread that empties the outbox, and what each mail says."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from testamur.adapters.files.mail_folder import MailFolder
from testamur.adapters.sql.outbox import SqlOutbox
from testamur.adapters.sql.telling import Teller
from testamur.core.refusals import Fault
from testamur.delivery.bounces import return_path
from testamur.delivery.bounces.return_path import ReturnPaths
from testamur.delivery.dressing import Dressing
from testamur.delivery.letter import Letter
from testamur.delivery.ports import Leased, Post
from testamur.delivery.sending import Sender
from testamur.issuance.issue import facts_of

from .logs import log
from .office import Office
from .unsubscribing import unsubscribing_of

#: How often is looked for what waits. Whoever puts something in may be another process.
LOOK_SECONDS = 0.25

#: How long the server waits for a mail that is on its way when it stops.
STOP_SECONDS = 2.0

#: What writes out each kind of message, by what it is `about`.
Writers = Mapping[str, Callable[[Leased], Letter | None]]


def post_of(office: Office) -> Post:
    """Return where mails are handed over: the mail server, or a folder."""
    url = office.settings.smtp_url
    if not url:
        return MailFolder(office.settings.data / "mail")
    from testamur.adapters.smtp.post import SmtpPost

    return SmtpPost(url, hello=mail_domain(office))


def mail_domain(office: Office) -> str:
    """Return the host of the public address: where our mails come from."""
    return urlsplit(office.public_url).hostname or "localhost"


def sender_of(office: Office, writers: Writers) -> Sender:
    """Return what sends the mails of *office*."""

    def write(one: Leased) -> Letter | None:
        writer = writers.get(str(one.message.get("about")))
        if writer is None:  # put in by a newer Testamur, which will come back
            raise Fault("a message is of an unknown kind", passing=True)
        return writer(one)

    return Sender(
        SqlOutbox(office.database),
        post_of(office),
        write,
        sender=office.settings.mail_from or f"certificates@{mail_domain(office)}",
        clock=office.clock,
        dressing=dressing_of(office),
        reasons=office.suppressions.reasons,
    )


def dressing_of(office: Office) -> Dressing:
    """Return what every mail is given on its way out."""
    bounces = office.settings.bounce_address
    return Dressing(
        unsubscribing=unsubscribing_of(office),
        digest=office.suppressions.digest,
        returns=(
            ReturnPaths(office.secret.derive(return_path.PURPOSE), bounces)
            if bounces
            else None
        ),
        dkim=office.dkim,
    )


def teller_of(office: Office) -> Teller:
    """Return what has people be told of what was issued to them."""
    return Teller(
        office.database, facts_of, domain=mail_domain(office), clock=office.clock
    )


@contextmanager
def posting(office: Office, writers: Writers) -> Iterator[None]:
    """Send mails in a thread, for as long as the block runs."""
    if office.settings.is_embedded:
        SqlOutbox(office.database).free()  # whoever had one died with the last server
    stopping = threading.Event()

    def work() -> None:
        teller, sender = teller_of(office), sender_of(office, writers)
        while not stopping.is_set():
            try:
                is_busy = teller.tell() + sender.step() > 0
            except Fault as trouble:
                is_busy = False
                log.warning("mails were not sent", trouble=str(trouble))
            except Exception:
                is_busy = False
                log.exception("mails were not sent")
            if not is_busy:
                stopping.wait(LOOK_SECONDS)

    thread = threading.Thread(target=work, name="post", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(STOP_SECONDS)
