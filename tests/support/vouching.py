"""Keys, dies and the log on one database, joined as `testamur.wiring` joins them."""

from pathlib import Path

from testamur.adapters.files.log_files import DirectoryLogFiles, FileRecord
from testamur.adapters.sql.certificates import SqlCertificates
from testamur.adapters.sql.database import Database
from testamur.adapters.sql.dies import SqlDies
from testamur.adapters.sql.issuer_keys import SqlIssuerKeys
from testamur.adapters.sql.log_store import SqlLogStore
from testamur.core.clock import Clock
from testamur.core.words import Letterhead, Tenant
from testamur.issuance.credentials import Credentials
from testamur.issuance.did_web import did_of
from testamur.issuance.keyring import Keyring
from testamur.issuance.signing import Signing
from testamur.tlog.read import LogReader
from testamur.tlog.sequence import Sequencer

from .credentials import PUBLIC_URL, SEALING
from .logs import ORIGIN, TickingClock, log_key


class Vouching:
    """Who signs what is issued, and makes it known."""

    def __init__(self, database: Database, folder: Path, clock: Clock) -> None:
        self.keyring = Keyring(SqlIssuerKeys(database), lambda: SEALING, clock)
        self.dies = SqlDies(database)
        self.signing = Signing(self.dies, self.keyring)
        self.credentials = Credentials(SqlCertificates(database), self.dies)
        self.store = SqlLogStore(database)
        self.files = DirectoryLogFiles(folder / "log")
        self.reader = LogReader(self.store, self.files)
        self._folder = folder

    def letterhead_of(self, tenant: Tenant) -> Letterhead:
        """Return how *tenant* vouches for what it issues from now on."""
        return Letterhead(
            did=did_of(PUBLIC_URL, tenant.slug),
            name=tenant.name,
            url=f"{PUBLIC_URL}/t/{tenant.slug}",
            hides_addresses=not tenant.shows_addresses,
            key_id=self.keyring.current(tenant.id).id,
            public_url=PUBLIC_URL,
        )

    def publish(self) -> None:
        """Sequence until nothing waits, as a process that just started does."""
        state = self.store.begin(ORIGIN, b"", 0) if self.store.origin() else None
        is_out = state is not None and state.published_size == state.size
        if is_out and not self.store.waiting(1):
            return  # tests ask hundreds of times a second
        sequencer = Sequencer(
            self.store,
            self.files,
            origin=ORIGIN,
            keys=[log_key()],
            clock=TickingClock(state.decided_at if state else 1_795_000_000_000),
            checkpoint=FileRecord(self._folder / "log" / "checkpoint"),
            records=[FileRecord(self._folder / "elsewhere" / "log")],
        )
        while sequencer.step():
            pass
