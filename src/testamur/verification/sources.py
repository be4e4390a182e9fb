"""
Where keys and status lists come from while one document is verified.

In this order: copies that the caller trusts, this house's own records, the bundle
(only if the caller said so), the network. Each address is asked once, and no
document makes us ask for long or often.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .keys import Key, NoKey, did_url, key_in, key_of_did_key, short
from .ports import Fetch, House, HouseIssuer, NotFetched
from .strict_json import NotReadable, read_json

#: What one verification may ask of other people's servers.
MAX_FETCHES = 12
FETCHING_SECONDS = 20.0

MAX_DID_DOCUMENT_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Wish:
    """What the caller expects, beside the document."""

    #: Of a presentation: what the holder was asked to sign.
    challenge: str | None = None
    domain: str | None = None
    #: Trusted copies: DID documents by DID, status list credentials by URL, and
    #: verifier keys of logs.
    did_documents: Mapping[str, Any] = field(default_factory=dict)
    status_lists: Mapping[str, bytes] = field(default_factory=dict)
    log_keys: Sequence[str] = ()
    #: Whether what came in a bundle may vouch for it. Only a person who knows where
    #: the bundle comes from can say so.
    trusts_bundle: bool = False


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A key, and where it was found."""

    key: Key
    code: str
    detail: str
    as_of: int | None


class KeyWanting(NoKey):
    """The key could not be had; perhaps it exists."""


class Sources:
    """What one verification draws on."""

    def __init__(
        self, wish: Wish, house: House | None, fetch: Fetch | None, now: int
    ) -> None:
        self.wish = wish
        self.house = house
        self.now = now
        self._fetch = fetch
        self._fetched: dict[str, bytes | NotFetched] = {}
        self._until = time.monotonic() + FETCHING_SECONDS
        #: What came in the bundle: DID documents by DID, status lists by URL.
        self.bundled_dids: dict[str, Any] = {}
        self.bundled_lists: dict[str, bytes] = {}

    def is_ours(self, did: str) -> bool:
        """Say whether *did* is one of this house's issuers."""
        return self.house is not None and did.startswith(tuple(self.house.did_prefixes))

    def key(self, method: str, purpose: str) -> FoundKey:
        """
        Return the key that the DID URL *method* names, if it is for *purpose*.

        Raises:
            NoKey: there is none. KeyWanting: nobody could be asked.
        """
        did = method.partition("#")[0]
        if did.startswith("did:key:"):
            if method not in (did, f"{did}#{did.removeprefix('did:key:')}"):
                raise NoKey("key_not_listed", f"{short(method)} is no key of its DID.")
            return FoundKey(
                key_of_did_key(did),
                "key_in_did",
                f"The key is the issuer's identifier itself ({short(did)}), which says "
                "nothing about who that is.",
                None,
            )
        if did in self.wish.did_documents:
            key = key_in(self.wish.did_documents[did], did, method, purpose)
            return FoundKey(
                key,
                "key_from_caller",
                f"The issuer's keys were taken from the copy of {did} that you named.",
                None,
            )
        if self.is_ours(did):
            return self._our_key(did, method, purpose)
        if did in self.bundled_dids and self.wish.trusts_bundle:
            key = key_in(self.bundled_dids[did], did, method, purpose)
            return FoundKey(
                key,
                "key_from_bundle",
                f"The issuer's keys ({did}) were taken from the bundle itself: trust "
                "them only if you compared them with the issuer's own, or had the "
                "bundle from the issuer.",
                None,
            )
        return self._published_key(did, method, purpose)

    def _our_key(self, did: str, method: str, purpose: str) -> FoundKey:
        assert self.house is not None
        issuer: HouseIssuer | None = self.house.issuer(did)
        if issuer is None:
            raise NoKey("issuer_unknown", f"There is no issuer {did} here.")
        if method in issuer.revoked:
            raise NoKey(
                "key_revoked",
                "The key that signed it was revoked: it may be in wrong hands.",
            )
        key = key_in(issuer.document, did, method, purpose)
        detail = f"The key is one of {did}, from this server's own records."
        if method in issuer.retired:
            detail += " It was replaced since; what it signed before stays valid."
        return FoundKey(key, "key_of_house", detail, self.now)

    def _published_key(self, did: str, method: str, purpose: str) -> FoundKey:
        if did.startswith("did:web:"):
            url = did_url(did)
        elif did.startswith("https://"):
            url = did
        else:
            raise KeyWanting(
                "issuer_did",
                f"Keys of {short(did)} cannot be found: did:web, did:key and https "
                "addresses are known here.",
            )
        data = self.fetch(url)
        if isinstance(data, NotFetched):
            raise KeyWanting(
                "issuer_unreachable",
                f"The issuer's keys could not be had: {data.message}",
            )
        if len(data) > MAX_DID_DOCUMENT_BYTES:
            raise KeyWanting("issuer_document", f"{short(url)} is too large.")
        try:
            document = read_json(data)
        except NotReadable as problem:
            raise KeyWanting(
                "issuer_document", f"{short(url)} cannot be read. {problem}"
            ) from None
        if not isinstance(document, Mapping):
            raise KeyWanting("issuer_document", f"{short(url)} is no DID document.")
        key = key_in(document, did, method, purpose)
        return FoundKey(
            key,
            "key_published",
            f"The key is one that the issuer publishes at {short(url)}.",
            self.now,
        )

    def fetch(self, url: str) -> bytes | NotFetched:
        """Return what is at *url*, or why nothing is."""
        if url in self._fetched:
            return self._fetched[url]
        if self._fetch is None:
            return NotFetched(
                f"{short(url)} was not asked: this check uses no network."
            )
        if len(self._fetched) >= MAX_FETCHES or time.monotonic() > self._until:
            return NotFetched(
                f"{short(url)} was not asked any more: the document names too many "
                "places, or slow ones.",
            )
        self._fetched[url] = self._fetch(url)
        return self._fetched[url]
