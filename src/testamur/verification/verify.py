"""The one verb: bytes in, a verdict out."""

import threading
from collections.abc import Mapping
from typing import Any

from testamur.core.clock import Clock
from testamur.core.refusals import Kind, Refusal

from .judgements import (
    form_check,
    how_read,
    image_check,
    occasion_check,
    standing_check,
    validity_check,
)
from .ports import CheckLog, Fetch, House, HouseCertificate, Reader
from .reading_room import busy
from .records import Records, certificate_id_in
from .signatures import signature_checks
from .sources import Sources, Wish
from .strict_json import NotReadable, read_json
from .taken_back import StatusLists
from .verdict import Step, Verdict, failed, missed, passed

__all__ = ["Verifier", "Wish"]

#: How many may be verified at once: what waits for other servers holds a thread.
AT_ONCE = 16

Found = Mapping[str, Any]


class Verifier:
    """
    Verifies what anybody sends. Threads may share it.

    Without *house* nothing is known of our own records, and without *fetch* nobody
    is asked: what would have been found there is not checked, and said to be so.
    """

    def __init__(
        self,
        reader: Reader,
        *,
        clock: Clock,
        check_log: CheckLog,
        house: House | None = None,
        fetch: Fetch | None = None,
        at_once: int = AT_ONCE,
    ) -> None:
        self._reader = reader
        self._clock = clock
        self._status_lists = StatusLists(reader, house)
        self._records = Records(house, check_log)
        self._house = house
        self._fetch = fetch
        self._places = threading.BoundedSemaphore(at_once)

    def verify(
        self, data: bytes, media_type: str = "", wish: Wish | None = None
    ) -> Verdict:
        """
        Return the verdict on *data*.

        JSON, an array of JSON credentials, an EnvelopedVerifiableCredential, a
        presentation, a JWT, a PNG with a credential baked in, a PDF with one
        attached, or a bundle (ZIP):
        what it is is seen from the bytes.

        Raises:
            Refusal: TOO_OFTEN `verifier_busy`.
        """
        if not self._places.acquire(blocking=False):
            raise busy()
        try:
            sources = Sources(wish or Wish(), self._house, self._fetch, self._clock())
            found = self._reader.read(data, media_type)
            self._open_bundle(found, sources)
            return self._judge(found, sources, found.get("cameAs", ""))
        finally:
            self._places.release()

    def verify_name(self, name: str) -> Verdict:
        """
        Return the verdict on a certificate of this house, by its id or URL.

        Raises:
            Refusal: NOT_FOUND, when there is none; INVALID, when *name* is neither;
                TOO_OFTEN `verifier_busy`.
        """
        if self._house is None:
            raise Refusal(Kind.INVALID, "no_house", "There are no certificates here.")
        certificate_id = certificate_id_in(self._house, name.strip())
        if certificate_id is None:
            raise Refusal(
                Kind.INVALID,
                "certificate_name",
                "Give a certificate's id (24 letters and digits) or its address here, "
                f"which begins with {self._house.public_urls[0]}/c/. Certificates of "
                "others are checked from their file.",
            )
        certificate = self._house.certificate(certificate_id)
        if certificate is None:
            raise Refusal(
                Kind.NOT_FOUND,
                "certificate_not_found",
                "There is no certificate with this id here. Compare it with the one "
                "you were given.",
            )
        if certificate.credential is None:
            return self._unsigned(certificate)
        verdict = self.verify(certificate.credential)
        return Verdict(
            verdict.checks, verdict.checked_at, verdict.kind, verdict.says, "id"
        )

    def _unsigned(self, certificate: HouseCertificate) -> Verdict:
        now = self._clock()
        said = {"id": certificate.id}
        if certificate.standing == "erased":
            check = standing_check(certificate, now)
            return Verdict([check], now, "certificate", said, "id")
        return Verdict(
            [
                missed(
                    Step.PROOF,
                    "not_a_credential",
                    "This certificate is in this server's records, but was issued "
                    "before certificates were signed: it is not a verifiable "
                    "credential. Look at its page instead.",
                ),
                standing_check(certificate, now),
            ],
            now,
            "certificate",
            said,
            "id",
        )

    # One document ------------------------------------------------------------------

    def _judge(self, found: Found, sources: Sources, came_as: str) -> Verdict:
        if trouble := found.get("trouble"):
            check = failed(Step.READING, trouble[0], trouble[1])
            return Verdict([check], sources.now, came_as=came_as)
        kind = found.get("kind", "")
        inside = [self._judge(one, sources, "") for one in found.get("inside", ())]
        read = passed(Step.READING, "readable", how_read(came_as or "json"))
        if kind == "array":
            return Verdict([read], sources.now, "array", {}, came_as, inside)
        checks = [read, form_check(found), *signature_checks(found, sources)]
        checks.append(validity_check(found, sources.now))
        if kind == "presentation":
            checks.append(occasion_check(found, sources.wish))
        else:
            checks.append(self._status_lists.check(found, sources))
            checks.append(image_check(found))
            checks += self._records.checks(found, sources)
        return Verdict(
            checks, sources.now, kind, found.get("says", {}), came_as, inside
        )

    def _open_bundle(self, found: Found, sources: Sources) -> None:
        """Take note of what came along; whether it counts is the caller's wish."""
        bundle = found.get("bundle")
        if not bundle:
            return
        try:
            document = (
                read_json(bundle["issuer"].encode()) if bundle["issuer"] else None
            )
        except NotReadable:
            document = None
        if isinstance(document, dict) and isinstance(document.get("id"), str):
            sources.bundled_dids[document["id"]] = document
        for text in bundle["status"]:
            try:
                listed = read_json(text.encode())
            except NotReadable:
                continue
            if isinstance(listed, dict) and isinstance(listed.get("id"), str):
                sources.bundled_lists[listed["id"]] = text.encode()
