"""The keys of all domains, and mails that are signed with those of their own."""

import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from testamur.core.clock import Clock
from testamur.core.mail_keys import DkimAlgorithm, DkimKey
from testamur.core.refusals import Kind, Refusal

from ..ports import Mail
from .keys import Sign, make_key, open_key
from .ports import DkimStore
from .signature import Signable, signature

#: For so long a process signs by what it read of the keys.
FRESH_SECONDS = 5.0

_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
_DOMAIN = re.compile(rf"(?=.{{3,190}}$){_LABEL}(\.{_LABEL})+")
_SELECTOR = re.compile(rf"(?=.{{1,60}}$){_LABEL}(\.{_LABEL})*")

#: What a selector is when nobody names one.
SELECTORS = {DkimAlgorithm.RSA: "testamur-rsa", DkimAlgorithm.ED25519: "testamur-ed"}


class Dkim:
    """The keys in *store*; *sealing* returns the 32 bytes that they are sealed with."""

    def __init__(
        self, store: DkimStore, sealing: Callable[[], bytes], clock: Clock
    ) -> None:
        self._store = store
        self._sealing = sealing
        self._clock = clock
        self._lock = threading.Lock()
        self._read_at = -FRESH_SECONDS
        self._keys: Sequence[DkimKey] = ()
        self._opened: dict[str, Sign] = {}

    def add(
        self,
        domain: str,
        selector: str | None = None,
        algorithm: DkimAlgorithm = DkimAlgorithm.RSA,
        *,
        by: str,
    ) -> DkimKey:
        """
        Make a key that mails from *domain* are signed with from now on.

        Until its record is in the DNS its signatures count for nothing, and do no
        harm. A domain may have several keys: a mail has a signature by each.

        Raises:
            Refusal: INVALID `domain` or `selector`; CONFLICT `selector`.
        """
        domain = self._domain(domain)
        if selector is None:
            selector = self._free_selector(domain, SELECTORS[algorithm])
        elif not _SELECTOR.fullmatch(selector := selector.lower()):
            raise Refusal(
                Kind.INVALID,
                "selector",
                "a selector has letters, digits and hyphens, such as mail2026",
                at="selector",
            )
        key = make_key(
            domain, selector, algorithm, sealing=self._sealing(), now=self._clock()
        )
        if not self._store.add(key, by=by):
            raise Refusal(
                Kind.CONFLICT,
                "selector",
                f"{domain} has a key with the selector {selector}; take another one",
                at="selector",
            )
        self._forget()
        return key

    def keys(self, domain: str | None = None) -> Sequence[DkimKey]:
        """Return the keys of a domain, or of all, as they are now."""
        found = self._store.all()
        return [one for one in found if domain is None or one.domain == domain.lower()]

    def remove(self, domain: str, selector: str, *, by: str) -> None:
        """
        Forget a key for ever; other processes sign with it for seconds still.

        Raises:
            Refusal: NOT_FOUND `dkim_key_not_found`.
        """
        domain, selector = domain.lower(), selector.lower()
        if not self._store.remove(domain, selector, self._clock(), by=by):
            raise Refusal(
                Kind.NOT_FOUND,
                "dkim_key_not_found",
                f"{domain} has no key with the selector {selector}; "
                "`testamur mail dkim list` lists those there are",
            )
        self._forget()

    def signed(self, mail: Mail) -> Mail:
        """
        Return *mail* with a signature by each key of the domain it is from.

        A domain that has none has those of the domain above it: both are aligned, as
        DMARC says (RFC 7489, 3.1.1). Without any the mail is as it was. The same
        mail has the same signatures, however often it is sent.

        Raises:
            Fault: passing, when a key cannot be had or does not open.
        """
        keys = self.keys_for(mail.sender.rpartition("@")[2].lower())
        if not keys:
            return mail
        signable = Signable(mail.data)
        headers = [
            signature(signable, key, self._opened_key(key), mail.written_at)
            for key in keys
        ]
        return replace(mail, data=b"".join((*headers, mail.data)))

    def keys_for(self, domain: str) -> Sequence[DkimKey]:
        """
        Return the keys that sign mails from *domain*, as known for some seconds.

        Raises:
            Fault: passing, when they cannot be had.
        """
        with self._lock:
            now = time.monotonic()
            if now - self._read_at >= FRESH_SECONDS:
                self._keys = self._store.all()
                self._opened = {
                    one.id: self._opened[one.id]
                    for one in self._keys
                    if one.id in self._opened
                }
                self._read_at = now
            keys = self._keys
        while "." in domain:
            if found := [one for one in keys if one.domain == domain]:
                return found
            domain = domain.partition(".")[2]
        return ()

    def _opened_key(self, key: DkimKey) -> Sign:
        found = self._opened.get(key.id)
        if found is None:
            found = self._opened[key.id] = open_key(key, sealing=self._sealing())
        return found

    def _forget(self) -> None:
        with self._lock:
            self._read_at = -FRESH_SECONDS

    def _free_selector(self, domain: str, wish: str) -> str:
        taken = {one.selector for one in self.keys(domain)}
        number = 1
        while (found := wish if number == 1 else f"{wish}{number}") in taken:
            number += 1
        return found

    def _domain(self, text: str) -> str:
        domain = text.lower().removesuffix(".")
        if not _DOMAIN.fullmatch(domain):
            raise Refusal(
                Kind.INVALID,
                "domain",
                "this is no domain; write it like example.org, and one beyond ASCII "
                "as the DNS has it (xn--...)",
                at="domain",
            )
        return domain
