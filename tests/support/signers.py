"""The room of signers on a database of the test's own, with cheap guesses."""

import itertools
import threading

from sqlalchemy import text

from testamur.adapters.keys.token_signer import Tokens
from testamur.adapters.sql.database import Database
from testamur.adapters.sql.signers import SqlSigners
from testamur.core.clock import Clock, system_clock
from testamur.core.ids import new_id
from testamur.core.pins import Password, read_pin
from testamur.core.signers import SignerView
from testamur.documents.signers.envelope import Hardness
from testamur.documents.signers.keeper import Means, Signers
from testamur.documents.signers.opened import OpenedSigner
from testamur.documents.signers.ports import Unpacked
from testamur.documents.signers.unpacking_child import _unpacked

from .pki_of_signers import Party, institution, packed

PIN = "314159"
WRONG = "271828"

#: What follows from an operator secret, in tests that have no office.
HOUSE = b"h" * 32

#: A guess that costs next to nothing; what the real one costs is a test of its own.
CHEAP = Hardness(memory_kib=64, passes=1, lanes=1)

NUMBERS = itertools.count(1)


class HandClock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = system_clock()

    def __call__(self) -> int:
        """Return the moment."""
        return self.now


def unpack_here(data: bytes, password: Password) -> Unpacked:
    """Open a file in this process: the child's work without the child."""
    import base64

    found = _unpacked(data, password.reveal().encode())
    key = found["key"]
    return Unpacked(
        base64.b64decode(key) if key else None,
        tuple(base64.b64decode(one) for one in found["certificates"]),
    )


class Room:
    """Signers of one tenant; each `Room` on a database is another process's view."""

    def __init__(
        self,
        database: Database,
        clock: Clock = system_clock,
        *,
        house: bytes = HOUSE,
        tenant_id: str = "",
    ) -> None:
        self.database = database
        self.store = SqlSigners(database)
        self.signers = Signers(
            self.store, Means(lambda: house, unpack_here, Tokens(), CHEAP), clock
        )
        self.tenant_id = tenant_id or self._tenant()

    def _tenant(self) -> str:
        tenant_id = new_id()
        with self.database.writing() as connection:
            connection.execute(
                text(
                    "INSERT INTO tenants (id, slug, name, plan, created_at) "
                    "VALUES (:id, :slug, 'T', 'unlimited', 1)"
                ),
                {"id": tenant_id, "slug": f"signing-{next(NUMBERS)}"},
            )
        return tenant_id

    def add(self, party: Party | None = None, pin: str = PIN) -> SignerView:
        """Add a signer."""
        data = packed(party or institution("p256"), pin)
        return self.signers.add_file(
            self.tenant_id, "Rectorate", data, read_pin(pin), by="operator"
        )

    def open(self, signer_id: int, pin: str = PIN) -> OpenedSigner:
        """Open it."""
        return self.signers.open(self.tenant_id, signer_id, read_pin(pin), by="someone")

    def acts(self) -> list[str]:
        """Return what the audit log tells, in its order."""
        with self.database.reading() as connection:
            found = connection.execute(text("SELECT act FROM audit ORDER BY seq"))
            return [act for (act,) in found]


def at_once(count: int, work) -> list[object]:
    """Return what *work* returns, or raises, in as many threads at once."""
    barrier = threading.Barrier(count)
    found: list[object] = []

    def one(number: int) -> None:
        barrier.wait(20)
        try:
            found.append(work(number))
        except Exception as error:
            found.append(error)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found
