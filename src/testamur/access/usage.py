"""
What certificates cost, before and after.

Failed rows cost nothing. The price of a job's certificates depends on how many
that job has, so both the preview and the bill come from the one price list that
the job was accepted under, in whole minor units of money.
"""

import re
from collections import defaultdict

from testamur.core.policy import (
    CURRENT_PRICES,
    MAX_PREVIEW,
    PRICES,
    PriceList,
)
from testamur.core.refusals import Fault, Kind, Refusal
from testamur.core.words import CostLine, CostPreview, Tenant, Usage, UsageLine

from .ports import Ledger

#: ASCII digits only: int() would also read ` 1`, `1_000` and `١٢`.
COUNT_FORM = re.compile(r"[1-9][0-9]{0,6}")


def read_count(text: str) -> int:
    """
    Return the number of certificates that *text* says.

    Raises:
        Refusal: INVALID `count_range`, when it is not 1 to 1,000,000.
    """
    if COUNT_FORM.fullmatch(text) and int(text) <= MAX_PREVIEW:
        return int(text)
    raise _count_range()


def preview(count: int) -> CostPreview:
    """
    Return what *count* certificates of one job would cost today.

    Raises:
        Refusal: INVALID `count_range`, when it is not 1 to 1,000,000.
    """
    if not 1 <= count <= MAX_PREVIEW:
        raise _count_range()
    prices = PRICES[CURRENT_PRICES]
    lines = tuple(
        CostLine(tier.start, quantity, tier.unit_price)
        for tier, quantity in prices.split(count)
    )
    return CostPreview(count, prices.currency, prices.version, lines)


def usage_of(ledger: Ledger, tenant: Tenant, since: int, until: int) -> Usage:
    """
    Return what *tenant* used in [*since*, *until*), one line per price list.

    A job that was worked on before *since* goes on in the tier it had reached,
    so the amounts of adjoining periods add up to the bill of the whole.

    Raises:
        Refusal: INVALID `period_range`, when *until* is before *since*.
    """
    if until < since:
        raise Refusal(
            Kind.INVALID,
            "period_range",
            "The period ends before it begins; exchange the two dates.",
            at="until",
        )
    quantities: defaultdict[str, int] = defaultdict(int)
    amounts: defaultdict[str, int] = defaultdict(int)
    for job in ledger.used(tenant.id, since, until):
        cost = _prices(job.price_version).cost
        quantities[job.price_version] += job.quantity
        amounts[job.price_version] += cost(job.before + job.quantity) - cost(job.before)
    lines = tuple(
        UsageLine(version, PRICES[version].currency, count, amounts[version])
        for version, count in sorted(quantities.items())
    )
    return Usage(since, until, lines)


def _prices(version: str) -> PriceList:
    try:
        return PRICES[version]
    except KeyError:
        raise Fault(
            f"usage was written under the price list {version!r}, which this "
            "Testamur does not know",
            passing=False,
        ) from None


def _count_range() -> Refusal:
    return Refusal(
        Kind.INVALID,
        "count_range",
        f"The number of certificates is a whole number from 1 to {MAX_PREVIEW:,}, "
        "in digits 0-9.",
        at="count",
    )
