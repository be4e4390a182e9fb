"""Signers and the guesses at their PINs: `documents.signers.ports.SignerStore`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from testamur.core.refusals import Halted
from testamur.core.signers import Signer, SignerAlgorithm, SignerKind
from testamur.documents.signers.ports import NewSigner, StoredSigner

from .audit import append
from .database import Database
from .house_state import halted_at
from .schema import signer_guesses, signers, tenants


class SqlSigners:
    """Fits `SignerStore`. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        new: NewSigner,
        seal: Callable[[int], bytes] | None,
        *,
        most: int,
        by: str,
    ) -> Signer | None:
        """Keep *new*, its key as *seal* seals it for its id; None: *most* are there."""
        values = {
            "tenant_id": new.tenant_id,
            "name": new.name,
            "kind": str(new.kind),
            "algorithm": str(new.algorithm),
            "chain": b"".join(new.chain),
            "subject": new.subject,
            "issuer": new.issuer,
            "serial_number": new.serial_number,
            "valid_from": new.valid_from,
            "valid_until": new.valid_until,
            "salt": new.salt,
            "parameters": new.parameters,
            "uri": new.uri,
            "created_at": new.created_at,
        }
        with self._database.writing() as connection:
            # On PostgreSQL, who comes at the same time waits here, and counts after.
            connection.execute(
                select(tenants.c.id).where(tenants.c.id == new.tenant_id)
                .with_for_update()
            )  # fmt: skip
            count = select(func.count()).where(signers.c.tenant_id == new.tenant_id)
            if (connection.scalar(count) or 0) >= most:
                return None
            signer_id = connection.scalar(
                insert(signers).values(values).returning(signers.c.id)
            )
            assert signer_id is not None
            if seal is not None:
                connection.execute(
                    update(signers)
                    .where(signers.c.id == signer_id)
                    .values(sealed=seal(signer_id))
                )
            detail = {"algorithm": str(new.algorithm), "kind": str(new.kind)}
            _tell(
                connection, "add", new.tenant_id, signer_id, new.created_at, by, detail
            )
        return Signer(
            id=signer_id,
            tenant_id=new.tenant_id,
            name=new.name,
            kind=new.kind,
            algorithm=new.algorithm,
            subject=new.subject,
            issuer=new.issuer,
            serial_number=new.serial_number,
            valid_from=new.valid_from,
            valid_until=new.valid_until,
            created_at=new.created_at,
        )

    def find(self, signer_id: int) -> StoredSigner | None:
        """Return the signer as it is now."""
        query = select(signers).where(signers.c.id == signer_id)
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
            return (
                None if row is None else _stored(row, _guesses(connection, signer_id))
            )

    def of_tenant(self, tenant_id: str) -> Sequence[StoredSigner]:
        """Return every signer that the tenant ever had, the oldest first."""
        query = (
            select(signers)
            .where(signers.c.tenant_id == tenant_id)
            .order_by(signers.c.id)
        )
        tried = (
            select(signer_guesses.c.signer_id, signer_guesses.c.at)
            .join(signers, signers.c.id == signer_guesses.c.signer_id)
            .where(signers.c.tenant_id == tenant_id)
            .order_by(signer_guesses.c.id)
        )
        guesses: dict[int, list[int]] = {}
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
            for signer_id, at in connection.execute(tried):
                guesses.setdefault(signer_id, []).append(at)
        return [_stored(row, guesses.get(row.id, ())) for row in rows]

    def rename(self, signer_id: int, name: str, at: int, *, by: str) -> None:
        """Call the signer *name* from now on."""
        self._change("rename", signer_id, at, by, name=name)

    def revoke(self, signer_id: int, at: int, *, by: str) -> None:
        """Let the signer sign no more, and forget its key; no change if it is so."""
        self._change("revoke", signer_id, at, by, revoked_at=at, sealed=None, salt=None)

    def unlock(self, signer_id: int, at: int, *, by: str) -> None:
        """Forget the wrong PINs."""
        with self._database.writing() as connection:
            tenant_id = _lock(connection, signer_id)
            connection.execute(
                delete(signer_guesses).where(signer_guesses.c.signer_id == signer_id)
            )
            _tell(connection, "unlock", tenant_id, signer_id, at, by)

    def count_guess(
        self, signer_id: int, at: int, judge: Callable[[Sequence[int]], None]
    ) -> int:
        """Count that a PIN is about to be tried; return the guess's id."""
        with self._database.writing() as connection:
            _go_on(connection)
            _lock(connection, signer_id)
            judge(_guesses(connection, signer_id))
            guess = connection.scalar(
                insert(signer_guesses)
                .values(signer_id=signer_id, at=at)
                .returning(signer_guesses.c.id)
            )
        assert guess is not None
        return int(guess)

    def uncount_guess(self, guess_id: int) -> None:
        """Take a guess back: its PIN was looked at by nobody."""
        with self._database.writing() as connection:
            connection.execute(
                delete(signer_guesses).where(signer_guesses.c.id == guess_id)
            )

    def tell_wrong(self, signer_id: int, at: int, *, by: str) -> None:
        """Write down that the PIN was wrong; it is counted already."""
        with self._database.writing() as connection:
            tenant_id = _lock(connection, signer_id)
            _tell(connection, "pin_refused", tenant_id, signer_id, at, by)

    def tell_opened(self, signer_id: int, guess_id: int, at: int, *, by: str) -> None:
        """Write down that the signer is opened; forget the guesses up to this one."""
        with self._database.writing() as connection:
            _go_on(connection)
            tenant_id = _lock(connection, signer_id)
            connection.execute(
                delete(signer_guesses).where(
                    signer_guesses.c.signer_id == signer_id,
                    signer_guesses.c.id <= guess_id,
                )
            )
            _tell(connection, "opened", tenant_id, signer_id, at, by)

    def _change(
        self, act: str, signer_id: int, at: int, by: str, **values: object
    ) -> None:
        change = update(signers).where(signers.c.id == signer_id)
        if act == "revoke":
            change = change.where(signers.c.revoked_at.is_(None))
        change_of = change.values(**values).returning(signers.c.tenant_id)
        with self._database.writing() as connection:
            tenant_id = connection.scalar(change_of)
            if tenant_id is not None:
                _tell(connection, act, tenant_id, signer_id, at, by)


def _go_on(connection: Connection) -> None:
    if halted_at(connection) is not None:
        raise Halted


def _lock(connection: Connection, signer_id: int) -> str:
    """Let nobody else count or forget guesses meanwhile; return whose signer it is."""
    query = select(signers.c.tenant_id).where(signers.c.id == signer_id)
    return str(connection.execute(query.with_for_update()).scalar_one())


def _guesses(connection: Connection, signer_id: int) -> Sequence[int]:
    query = (
        select(signer_guesses.c.at)
        .where(signer_guesses.c.signer_id == signer_id)
        .order_by(signer_guesses.c.id)
    )
    return list(connection.scalars(query))


def _tell(
    connection: Connection,
    act: str,
    tenant_id: str,
    signer_id: int,
    at: int,
    by: str,
    detail: Mapping[str, object] | None = None,
) -> None:
    append(
        connection,
        at=at,
        tenant_id=tenant_id,
        actor=by,
        act=f"signer.{act}",
        subject=str(signer_id),
        detail=detail or {},
    )


def _stored(row: Row[Any], guesses: Sequence[int]) -> StoredSigner:
    signer = Signer(
        id=row.id,
        tenant_id=row.tenant_id,
        name=row.name,
        kind=SignerKind(row.kind),
        algorithm=SignerAlgorithm(row.algorithm),
        subject=row.subject,
        issuer=row.issuer,
        serial_number=row.serial_number,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )
    return StoredSigner(
        signer=signer,
        chain=split_chain(bytes(row.chain)),
        salt=None if row.salt is None else bytes(row.salt),
        parameters=row.parameters,
        sealed=None if row.sealed is None else bytes(row.sealed),
        uri=row.uri,
        guesses=tuple(guesses),
    )


def split_chain(chain: bytes) -> tuple[bytes, ...]:
    """Return the certificates of a chain: DER says how long each is (X.690, 8.1.3)."""
    found = []
    while chain:
        size, head = chain[1], 2
        if size & 0x80:
            head += size & 0x7F
            size = int.from_bytes(chain[2:head])
        found.append(chain[: head + size])
        chain = chain[head + size :]
    return tuple(found)
