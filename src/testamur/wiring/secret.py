"""The operator secret: found where the settings say, and held to the data."""

import secrets
from collections.abc import Mapping
from hmac import compare_digest

from testamur.access.secret import OperatorSecret
from testamur.adapters.files.secret import read_material, read_secret, secret_path
from testamur.adapters.sql.audit import append
from testamur.adapters.sql.database import Database
from testamur.adapters.sql.house_secret import (
    note_check,
    put_sealed,
    sealed_secret,
    secret_check,
)
from testamur.adapters.sql.house_state import house_id
from testamur.config import Settings
from testamur.core.clock import Clock
from testamur.core.refusals import Fault, Kind, Refusal

#: What the secret is asked for so that the data can tell it from another.
CHECK = "check"


class Secrets:
    """Where this installation's operator secret is."""

    def __init__(
        self, settings: Settings, environment: Mapping[str, str], database: Database
    ) -> None:
        self._settings = settings
        self._environment = environment
        self._database = database

    def open(self) -> OperatorSecret:
        """
        Return the secret; made on the first start of an embedded server.

        Raises:
            Fault: it is missing, cannot be opened, or is not the one that this
                data was made with. Nothing is signed then, and nothing changes.
        """
        return self._held(self._material())

    def seal(self, url: str, clock: Clock, *, may_make_key: bool, by: str) -> None:
        """
        Have the secret opened by the key at *url* from now on.

        It is the one in force, or a new one where there was none. Whatever held
        it before is the operator's to remove.

        Raises:
            Fault: the key cannot be used; nothing has changed.
            Refusal: INVALID `secret_url`, when no key is named.
        """
        from testamur.adapters.keys import sealing

        if not url:
            raise Refusal(
                Kind.INVALID,
                "secret_url",
                "say which key seals the secret: `testamur secret seal URL`, with "
                "pkcs11:... or aws-kms://...",
            )
        material = self._sealable()
        secret = self._held(material)
        sealed = sealing.seal(url, material, may_make_key=may_make_key)
        if not compare_digest(sealing.unseal(url, sealed), material):
            raise Fault("the key does not open what it sealed", passing=False)
        with self._database.writing() as connection:
            note_check(connection, _check(secret))
            put_sealed(connection, sealed)
            append(
                connection,
                at=clock(),
                tenant_id=None,
                actor=by,
                act="secret.sealed",
                subject=house_id(connection),
                detail={"scheme": url.partition(":")[0]},
            )

    def _material(self) -> bytes:
        if self._settings.secret:
            return read_material(self._settings.secret)
        if self._settings.secret_url:
            from testamur.adapters.keys import sealing

            with self._database.reading() as connection:
                sealed = sealed_secret(connection)
            if sealed is None:
                raise Fault(
                    "no operator secret is sealed by the key that "
                    "TESTAMUR_SECRET_URL names; run: testamur secret seal",
                    passing=False,
                )
            return sealing.unseal(self._settings.secret_url, sealed)
        return self._of_file()

    def _of_file(self) -> bytes:
        path = secret_path(self._settings.secret_file, self._environment)
        with self._database.reading() as connection:
            is_known = secret_check(connection) is not None
        if is_known and not path.exists():
            raise Fault(
                f"the operator secret {path} is missing, and this data was made with "
                "it: without it nothing can be signed, and no key or token works. "
                "Put it back, or name in TESTAMUR_SECRET_FILE where it is",
                passing=False,
            )
        return read_secret(
            path, data=self._settings.data, may_create=self._settings.is_embedded
        )

    def _sealable(self) -> bytes:
        with self._database.reading() as connection:
            is_new = secret_check(connection) is None and not sealed_secret(connection)
            has_none = sealed_secret(connection) is None
        if self._settings.secret_url and has_none:
            if is_new:
                return secrets.token_bytes(32)
            raise Fault(
                "this data was made with a secret that is not sealed yet: take "
                "TESTAMUR_SECRET_URL away, name the secret as before, and run: "
                "testamur secret seal URL",
                passing=False,
            )
        return self._material()

    def _held(self, material: bytes) -> OperatorSecret:
        secret = OperatorSecret(material)
        mine = _check(secret)
        with self._database.reading() as connection:
            known = secret_check(connection)
        if known is None:
            with self._database.writing() as connection:
                known = note_check(connection, mine)
        if not compare_digest(known, mine):
            raise Fault(
                "the operator secret is not the one that this data was made with: "
                "nothing can be signed, and no key or token works. Name the right "
                "one in TESTAMUR_SECRET_FILE, TESTAMUR_SECRET or TESTAMUR_SECRET_URL",
                passing=False,
            )
        return secret


def _check(secret: OperatorSecret) -> str:
    return secret.derive(CHECK).hex()
