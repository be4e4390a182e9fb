"""
API keys: `pk_` and 64 hexadecimal digits, shown once and stored as a digest.

The last 16 digits are a tag that only the holder of the operator secret can
compute over the first 48 (192 random bits). So a made-up key is told from a real
one by arithmetic: a flood of them never reaches the database, and never has to
be answered by locking out the address a real key comes from.

The digest is keyed (BLAKE2b, RFC 7693). A key is random, so a slow hash would
add nothing (OWASP ASVS 6.5.2); it is found by looking its digest up, so nothing
is compared that time could betray.
"""

import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from hashlib import blake2b

from testamur.core.clock import Clock, rfc3339
from testamur.core.ids import new_id
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import ApiKey, Caller, NewKey, Tenant

from .audit import actor_of
from .ports import Keyring, Standing
from .scopes import granted
from .secret import OperatorSecret
from .tenants import read_name

FORM = re.compile(r"pk_[0-9a-f]{64}")

#: Random and tag part, in hexadecimal digits.
RANDOM_DIGITS = 48
TAG_DIGITS = 16


class Keys:
    """The API keys of all tenants."""

    def __init__(self, keyring: Keyring, secret: OperatorSecret, clock: Clock) -> None:
        self._keyring = keyring
        self._clock = clock
        self._tag_key = secret.derive("api key tag")
        self._digest_key = secret.derive("api key digest")

    def create(
        self,
        tenant: Tenant,
        *,
        name: str = "",
        scopes: Iterable[str] = (),
        expires_at: int | None = None,
        by: Caller | None = None,
    ) -> NewKey:
        """
        Give *tenant* a new key; its text is known now and never again.

        Without *scopes* it has all that *by* has (the operator, None, has all).
        After a crash: a key nobody was shown may be in the list; revoke it.

        Raises:
            Refusal: INVALID `unknown_scope`, `name_format` or `expiry_range`;
                NOT_ALLOWED `missing_scope`.
        """
        now = self._clock()
        if expires_at is not None and expires_at <= now:
            raise Refusal(
                Kind.INVALID,
                "expiry_range",
                f"The key would expire at {rfc3339(expires_at)}, which is past.",
                at="expiresAt",
            )
        body = "pk_" + secrets.token_hex(RANDOM_DIGITS // 2)
        text = body + self._tag(body)
        key = ApiKey(
            id=new_id(),
            tenant_id=tenant.id,
            name=read_name(name, at="name") if name else "",
            hint=f"{text[:7]}…{text[-4:]}",
            scopes=granted(scopes, by),
            created_at=now,
            expires_at=expires_at,
            revoked_at=None,
        )
        self._keyring.add_key(key, self.digest(text), by=actor_of(by))
        return NewKey(key, text)

    def list(self, tenant: Tenant) -> Sequence[ApiKey]:
        """Return the tenant's keys, the oldest first, revoked ones too."""
        return self._keyring.keys_of(tenant.id)

    def revoke(self, tenant: Tenant, key_id: str, *, by: Caller | None = None) -> None:
        """
        Refuse the key for ever. It stops working everywhere within seconds.

        *by* is who asks (None: the operator).

        Raises:
            Refusal: NOT_FOUND `key_not_found`, also for another tenant's key.
        """
        moment = self._clock()
        if not self._keyring.revoke_key(tenant.id, key_id, moment, by=actor_of(by)):
            raise Refusal(
                Kind.NOT_FOUND,
                "key_not_found",
                "There is no such API key; list the keys to see their ids.",
            )

    def is_genuine(self, text: str) -> bool:
        """Say whether we made the key *text*, whatever became of it since."""
        body, tag = text[:-TAG_DIGITS], text[-TAG_DIGITS:]
        return hmac.compare_digest(self._tag(body), tag)

    def digest(self, text: str) -> bytes:
        """Return what is stored of *text*."""
        return blake2b(text.encode(), key=self._digest_key, digest_size=32).digest()

    def standing(self, digest: bytes) -> Standing | None:
        """Return how the key with *digest* stands now; asks the database."""
        return self._keyring.key_standing(digest)

    def _tag(self, body: str) -> str:
        return blake2b(
            body.encode(), key=self._tag_key, digest_size=TAG_DIGITS // 2
        ).hexdigest()
