"""Whether a credential was taken back: what the status lists that it names say."""

from collections.abc import Mapping
from typing import Any

from .judgements import form_check, validity_check
from .keys import short
from .ports import House, NotFetched, Reader
from .signatures import signature_checks
from .sources import Sources
from .status import AGAINST, NoStatus, bit_at
from .verdict import Check, Outcome, Step, failed, left_out, missed, passed

Found = Mapping[str, Any]


class StatusLists:
    """Reads status lists: the house's own, trusted copies, or others' published."""

    def __init__(self, reader: Reader, house: House | None) -> None:
        self._reader = reader
        self._house = house

    def check(self, found: Found, sources: Sources) -> Check:
        """Return what the lists say that a credential names."""
        statuses = found.get("statuses", ())
        if not statuses:
            return left_out(
                Step.STATUS,
                "status_none",
                "It names no status list, so there is no way to learn whether it was "
                "taken back.",
            )
        checks = [self._one_status(one, found, sources) for one in statuses]
        for outcome in (Outcome.FAILED, Outcome.NOT_CHECKED):
            for check in checks:
                if check.outcome is outcome and check.is_needed:
                    return check
        return checks[0]

    def _one_status(self, status: Found, found: Found, sources: Sources) -> Check:
        if "BitstringStatusListEntry" not in status["types"]:
            name = ", ".join(status["types"])[:80]
            return missed(
                Step.STATUS, "status_type", f"Its status ({name}) is not read here."
            )
        purpose, index, url = status["purpose"], status["index"], status["list"]
        if purpose is None or index is None or url is None or status["size"] != 1:
            return missed(Step.STATUS, "status_form", "Its status entry is not clear.")
        if purpose not in AGAINST:
            return left_out(
                Step.STATUS,
                "status_purpose",
                f"Its status list ({purpose[:40]}) says nothing about validity.",
            )
        try:
            is_set, where, as_of = self._bit(url, purpose, index, found, sources)
        except NoStatus as problem:
            return missed(Step.STATUS, problem.code, str(problem))
        if not is_set:
            return passed(
                Step.STATUS,
                f"not_{AGAINST[purpose]}",
                f"It was not {AGAINST[purpose]}, says the issuer's list {where}.",
                as_of,
            )
        word = AGAINST[purpose]
        if purpose == "revocation" and self._is_suspension(url, index, found, sources):
            word = "suspended"
        return failed(
            Step.STATUS,
            word,
            f"The issuer has {word} it, says the list {where}.",
            as_of,
        )

    def _bit(
        self, url: str, purpose: str, index: int, found: Found, sources: Sources
    ) -> tuple[bool, str, int | None]:
        data, where, is_live = self._list(url, sources)
        listed = self._reader.read(data)
        problem = f"The status list {short(url)} cannot be relied on"
        if trouble := listed.get("trouble"):
            raise NoStatus("status_list", f"{problem}. {trouble[1]}")
        for check in (form_check(listed), *signature_checks(listed, sources)):
            if check.outcome is not Outcome.PASSED:
                raise NoStatus("status_list", f"{problem}. {check.detail}")
        if listed.get("issuer") != found.get("issuer"):
            raise NoStatus("status_issuer", f"{problem}. It is from another issuer.")
        if listed.get("id") not in (None, url) or not listed.get("list"):
            raise NoStatus("status_list", f"{problem}. It is another document.")
        said_at = listed.get("validFrom")
        if is_live:
            validity = validity_check(listed, sources.now)
            if validity.outcome is not Outcome.PASSED:
                raise NoStatus("status_old", f"{problem}. {validity.detail}")
        is_set = bit_at(listed["list"], purpose, index)
        return is_set, where, sources.now if is_live else said_at

    def _list(self, url: str, sources: Sources) -> tuple[bytes, str, bool]:
        """Return the list at *url*, where it is from, and whether that is now."""
        if url in sources.wish.status_lists:
            return sources.wish.status_lists[url], "that you named", False
        if self._is_own(url):
            assert self._house is not None
            own = self._house.status_list(url)
            if own is None:
                raise NoStatus("status_list", f"There is no list {short(url)} here.")
            return own, "in this server's records", True
        if url in sources.bundled_lists and sources.wish.trusts_bundle:
            return (
                sources.bundled_lists[url],
                "in the bundle, as it was then: it may have been taken back since",
                False,
            )
        data = sources.fetch(url)
        if isinstance(data, NotFetched):
            raise NoStatus(
                "status_unreachable",
                f"Whether it was taken back could not be learnt: {data.message}",
            )
        return data, f"fetched from {short(url)}", True

    def _is_own(self, url: str) -> bool:
        if self._house is None:
            return False
        return any(url.startswith(f"{one}/") for one in self._house.public_urls)

    def _is_suspension(
        self, url: str, index: int, found: Found, sources: Sources
    ) -> bool:
        """Say whether a set bit of ours is a suspension (see docs/verification.md)."""
        beside = url + "/suspension"
        if not self._is_own(beside) and beside not in sources.bundled_lists:
            return False
        try:
            return self._bit(beside, "suspension", index, found, sources)[0]
        except NoStatus:
            return False
