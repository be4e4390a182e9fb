"""Documents are made to last: who does it, and when."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from testamur.adapters.http.fetch import Fetcher
from testamur.adapters.sql.papers.lasting import SqlLasting
from testamur.core.papers import Level
from testamur.core.policy import MIB
from testamur.core.refusals import Fault, Refusal
from testamur.documents.files import make_lasting
from testamur.documents.lasting.maker import Maker
from testamur.documents.signers.certificates import read_pem

from .logs import log
from .office import Office

#: How often is looked for what is due. Whoever signs is another process.
LOOK_SECONDS = 2.0

#: After a process that does it could not.
TROUBLE_SECONDS = 30.0

#: How often is looked whether the server stops meanwhile.
GLANCE_SECONDS = 0.2

#: Lists of revoked certificates of large authorities have some megabytes.
MAX_LIST_BYTES = 20 * MIB
LIST_KINDS = "application/pkix-crl, */*;q=0.1"


def store_of(office: Office) -> SqlLasting:
    """Return what is to be made to last."""
    return SqlLasting(office.database, make_lasting)


def maker_of(office: Office) -> Maker:
    """
    Return what makes documents last.

    Raises:
        Fault: not passing, when there is no timestamp authority, or the roots cannot
            be read.
    """
    if office.timestamps is None:
        raise Fault("nothing lasts without a timestamp authority", passing=False)
    fetcher = Fetcher(
        allow=office.settings.fetch_allow,
        allow_http=True,  # as authorities publish them: lists are signed
        own_hosts=(office.public_host,),
        max_bytes=MAX_LIST_BYTES,
        row_seconds=30.0,
        retries=1,
        accept=LIST_KINDS,
    )
    return Maker(
        store_of(office),
        office.blobs,
        fetcher.fetch,
        office.timestamps,
        roots_of_house(office),
        office.clock,
        {},
    )


def roots_of_house(office: Office) -> list[bytes]:
    """
    Return the certificates (DER) that the operator trusts.

    Raises:
        Fault: not passing, when their file cannot be read.
    """
    path = office.settings.sign_roots
    if path is None:
        return []
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        found = read_pem(path.read_bytes())
    except OSError as error:
        why = error.strerror or "it cannot be read"
    except Refusal as refusal:
        why = refusal.detail
    else:
        return [one.public_bytes(Encoding.DER) for one in found]
    raise Fault(f"TESTAMUR_SIGN_ROOTS: {path}: {why}", passing=False)


@contextmanager
def making_last(office: Office) -> Iterator[None]:
    """
    Make documents last for as long as the block runs, if they are to.

    A process of its own does it, and only while any is due: it takes memory and
    processor time that requests should not wait for.

    Raises:
        Fault: not passing, when the settings do not allow for it.
    """
    if office.settings.signature_level is not Level.B_LTA:
        yield
        return
    roots_of_house(office)
    store = store_of(office)
    if office.settings.is_embedded:
        store.free()  # whoever had one died with the last server
    stopping = threading.Event()

    def work() -> None:
        # The kernel ends the process with the thread that started it: this one.
        while not stopping.is_set():
            pause = LOOK_SECONDS
            try:
                if store.is_due(office.clock()) and not _run(stopping):
                    pause = TROUBLE_SECONDS
            except Fault as trouble:
                log.warning("documents wait to be made to last", trouble=str(trouble))
            except Exception:
                log.exception("documents wait to be made to last")
                pause = TROUBLE_SECONDS
            stopping.wait(pause)

    thread = threading.Thread(target=work, name="lasting", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def _run(stopping: threading.Event) -> bool:
    """Have a process do what is due; say if it did."""
    from .lasting_child import MODULE

    process = subprocess.Popen(
        [sys.executable, "-m", MODULE, str(os.getpid())], stdin=subprocess.DEVNULL
    )
    while process.poll() is None:
        if stopping.wait(GLANCE_SECONDS):
            process.kill()
            process.wait()
            return True
    return process.returncode == 0
