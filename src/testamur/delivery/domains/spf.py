"""
SPF (RFC 7208): which servers may send for the domain that bounces go to.

The record is read as a receiver reads it, but for whom it lets send: nobody knows here
from which address the mail server sends.
"""

import re
from collections.abc import Iterator, Sequence

from testamur.core.mail_checks import MailFinding, Weight
from testamur.core.mail_keys import zone_line

from .ports import Resolver, Unanswered

#: RFC 7208, 4.6.4: look-ups that a receiver does before it gives up.
MOST_LOOKUPS = 10

_TERM = re.compile(
    r"(?P<sign>[-+?~]?)(?P<name>all|include|a|mx|ptr|ip4|ip6|exists)"
    r"(?::(?P<domain>[^/\s]+))?(?P<prefix>/[0-9/]+)?",
    re.IGNORECASE,
)
_IP = re.compile(r"[-+?~]?ip[46]:[0-9a-f.:]+(/[0-9]{1,3})?", re.IGNORECASE)
_MODIFIER = re.compile(r"(?P<name>[a-z][a-z0-9_.-]*)=(?P<value>\S*)", re.IGNORECASE)

#: Each asks the DNS once, or more.
_ASKING = frozenset({"include", "a", "mx", "ptr", "exists"})


class _Broken(Exception):
    """A receiver would call it an error: *code* says which."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def is_spf(text: str) -> bool:
    """
    Say whether a text is an SPF record (4.5).

    >>> is_spf("v=spf1 -all"), is_spf("v=spf10 -all")
    (True, False)
    """
    return text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")


def check_spf(domain: str, resolver: Resolver, host: str) -> Iterator[MailFinding]:
    """Give what is to be said of *domain*; mails go out by the mail server *host*."""
    try:
        found = [one for one in resolver.txt(domain) if is_spf(one)]
        if not found:
            yield MailFinding(
                *("spf", Weight.PROBLEM, "spf_missing", domain),
                "There is no SPF record: receivers cannot tell who may send.",
                "Publish, with what your mail provider says to include: "
                + zone_line(domain, suggestion(host)),
            )
        elif len(found) > 1:
            yield MailFinding(
                *("spf", Weight.PROBLEM, "spf_multiple", domain),
                f"There are {len(found)} SPF records, so that none counts.",
                f"Publish one in place of them: {zone_line(domain, merged(found))}",
            )
        else:
            yield from _one(domain, found[0], resolver)
    except Unanswered:
        yield MailFinding(
            *("spf", Weight.UNKNOWN, "spf_unknown", domain),
            "The DNS did not answer.",
            "Look again; if it stays so, ask whoever runs the domain's name servers.",
        )


def suggestion(host: str) -> str:
    """Return a record that lets the mail server *host* send, if that is a name."""
    sender = f"a:{host} " if re.search(r"[a-z]", host) and "." in host else ""
    return f"v=spf1 {sender}mx ~all"


def merged(records: Sequence[str]) -> str:
    """
    Return one record that allows what any of *records* allows.

    >>> merged(["v=spf1 mx -all", "v=spf1 include:x.example ~all"])
    'v=spf1 mx include:x.example ~all'
    """
    terms = [term for record in records for term in record.split()[1:]]
    ends = [term for term in terms if term.lower().lstrip("-+?~") == "all"]
    kept = list(dict.fromkeys(term for term in terms if term not in ends))
    mildest = next((end for end in ("?all", "~all", "-all") if end in ends), "~all")
    return " ".join(("v=spf1", *kept, mildest))


def _one(domain: str, record: str, resolver: Resolver) -> Iterator[MailFinding]:
    costs: dict[str, int] = {}
    try:
        lookups = _lookups(domain, record, resolver, (domain,), costs)
    except _Broken as problem:
        yield MailFinding(
            *("spf", Weight.PROBLEM, problem.code, domain),
            str(problem),
            "Correct or remove that part of the record: " + zone_line(domain, record),
        )
        return
    if lookups > MOST_LOOKUPS:
        dear = ", ".join(
            f"{term} ({count})"
            for term, count in sorted(costs.items(), key=lambda one: -one[1])[:5]
        )
        yield MailFinding(
            *("spf", Weight.PROBLEM, "spf_lookups", domain),
            f"Reading the record takes more than {MOST_LOOKUPS} look-ups, after which "
            "receivers give up.",
            "Take out what does not send for you any more, or name its addresses by "
            f"ip4: and ip6:. What costs how many: {dear}",
        )
        return
    end = _end(record)
    if end == "+":
        yield MailFinding(
            *("spf", Weight.PROBLEM, "spf_allows_all", domain),
            "The record lets everybody send for the domain.",
            "Publish: " + zone_line(domain, re.sub(r"(?i)\s\+?all\b", " ~all", record)),
        )
    elif end in ("?", ""):
        plain = re.sub(r"(?i)\s\?all\b", "", record)
        yield MailFinding(
            *("spf", Weight.ADVICE, "spf_neutral", domain),
            "The record does not say what to do with mails of others.",
            f"Publish: {zone_line(domain, f'{plain} ~all')}",
        )
    else:
        yield MailFinding(
            *("spf", Weight.GOOD, "spf_good", domain),
            f"There is one record, which takes {lookups} look-ups. Whether it allows "
            "the mail server in use only a receiver can tell.",
        )


def _end(record: str) -> str:
    """Return the sign of `all`; a redirect says it elsewhere."""
    for term in record.split()[1:]:
        found = _TERM.fullmatch(term)
        if found and found["name"].lower() == "all":
            return found["sign"] or "+"
    return "-" if re.search(r"(?i)\sredirect=", record) else ""


def _lookups(
    domain: str,
    record: str,
    resolver: Resolver,
    above: tuple[str, ...],
    costs: dict[str, int],
) -> int:
    """
    Return how many look-ups reading *record* takes; more than enough is enough.

    Raises:
        _Broken: a receiver would call the record an error.
    """
    count = 0
    for term in record.split()[1:]:
        cost = _cost(term, domain, resolver, above)
        if cost and len(above) == 1:
            costs[term] = cost
        count += cost
        if count > MOST_LOOKUPS and len(above) > 1:
            break
    return count


def _cost(term: str, domain: str, resolver: Resolver, above: tuple[str, ...]) -> int:
    if _IP.fullmatch(term):
        return 0
    modifier = _MODIFIER.fullmatch(term)
    if modifier:
        if modifier["name"].lower() != "redirect":
            return 0
        target = modifier["value"]
    else:
        found = _TERM.fullmatch(term)
        if found is None or found["name"].lower() in ("ip4", "ip6"):
            raise _Broken("spf_syntax", f"No receiver understands {term[:80]!r}.")
        name = found["name"].lower()
        if name != "include":
            return int(name in _ASKING)
        target = found["domain"] or ""
    target = target.lower().rstrip(".")
    if "%" in target:  # follows from the mail, which is not there yet
        return 1
    if not target or target in above:
        raise _Broken("spf_loop", f"The record leads back to itself, by {term[:80]!r}.")
    if len(above) > MOST_LOOKUPS:
        return 1
    there = [one for one in resolver.txt(target) if is_spf(one)]
    if len(there) != 1:
        raise _Broken(
            "spf_include",
            f"{target} has {len(there) or 'no'} SPF record{'s' if there else ''}, and "
            f"{term[:80]!r} needs one there: receivers call all of it an error.",
        )
    return 1 + _lookups(target, there[0], resolver, (*above, target), {})
