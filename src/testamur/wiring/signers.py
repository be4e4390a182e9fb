"""Signers: the room on its adapters, and the verbs of web and command line."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from testamur.adapters.keys.token_signer import Tokens
from testamur.adapters.sql.signers import SqlSigners
from testamur.core.pins import Password, Pin
from testamur.core.signers import SignerView
from testamur.core.words import Caller
from testamur.documents.signers import envelope
from testamur.documents.signers.keeper import Means, Signers
from testamur.documents.signers.unpacking import unpack_file

if TYPE_CHECKING:
    from .office import Office

#: No file with a key or certificates is larger.
MAX_FILE_BYTES = 1024 * 1024


def signers_of(office: "Office") -> Signers:
    """Return the signers of *office*."""
    means = Means(
        house=lambda: office.secret.derive(envelope.SEALING),
        unpack=unpack_file,
        tokens=Tokens(),
    )
    return Signers(SqlSigners(office.database), means, office.clock)


@dataclass(frozen=True)
class SiteSigners:
    """`web.routes.dokstamp.certs.SignerVerbs` by the documents room."""

    office: "Office"

    def listing(self, caller: Caller) -> Sequence[SignerView]:
        """Return the caller's signers, the oldest first."""
        return self.office.signers.listing(caller.tenant.id)

    def find(self, caller: Caller, signer_id: int) -> SignerView:
        """Return one of them, or refuse."""
        return self.office.signers.find(caller.tenant.id, signer_id)

    def add(
        self,
        caller: Caller,
        name: str,
        data: bytes,
        pin: Pin,
        password: Password | None,
    ) -> SignerView:
        """Keep the key of a PKCS #12 file, or refuse."""
        return self.office.signers.add_file(
            caller.tenant.id, name, data, pin, password, by=caller.credential_id
        )

    def rename(self, caller: Caller, signer_id: int, name: object) -> SignerView:
        """Call a signer otherwise, or refuse."""
        return self.office.signers.rename(
            caller.tenant.id, signer_id, name, by=caller.credential_id
        )

    def revoke(self, caller: Caller, signer_id: int) -> SignerView:
        """Let a signer sign no more, or refuse."""
        return self.office.signers.revoke(
            caller.tenant.id, signer_id, by=caller.credential_id
        )


@dataclass(frozen=True)
class OfficeSigners:
    """`cli.house.SignerDesk` on an open office."""

    office: "Office"
    by: str

    def add_file(
        self, slug: str, name: str, file: Path, pin: Pin, password: Password | None
    ) -> SignerView:
        """Keep the key of a PKCS #12 file, or refuse."""
        tenant = self.office.tenants.find(slug)
        return self.office.signers.add_file(
            tenant.id, name, _read(file), pin, password, by=self.by
        )

    def add_token(
        self, slug: str, name: str, uri: str, certificates: Path, pin: Pin | None
    ) -> SignerView:
        """Keep where a key in a token is, or refuse."""
        tenant = self.office.tenants.find(slug)
        return self.office.signers.add_token(
            tenant.id, name, uri, _read(certificates), pin, by=self.by
        )

    def listing(self, slug: str) -> Sequence[SignerView]:
        """Return a tenant's signers."""
        return self.office.signers.listing(self.office.tenants.find(slug).id)

    def find(self, signer_id: int) -> SignerView:
        """Return a signer, or refuse."""
        return self.office.signers.find(None, signer_id)

    def revoke(self, signer_id: int) -> SignerView:
        """Let a signer sign no more, or refuse."""
        return self.office.signers.revoke(None, signer_id, by=self.by)

    def unlock(self, signer_id: int) -> SignerView:
        """Forget wrong PINs, or refuse."""
        return self.office.signers.unlock(None, signer_id, by=self.by)


def _read(path: Path) -> bytes:
    """Return the beginning of a file: who sent a whole disk is told that it is none."""
    with path.open("rb") as file:
        return file.read(MAX_FILE_BYTES)
