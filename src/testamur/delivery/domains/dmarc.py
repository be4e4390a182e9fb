"""DMARC (RFC 7489): what receivers do with mails of the From's domain."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from testamur.core.mail_checks import MailFinding, Weight
from testamur.core.mail_keys import DkimKey, zone_line

from .ports import Resolver, Unanswered


@dataclass(frozen=True, slots=True)
class Sender:
    """How mails of a domain are sent."""

    #: Behind the @ of From.
    domain: str
    #: Behind the @ of the address that bounces go to, which SPF is about.
    envelope: str
    #: Those that sign its mails.
    keys: Sequence[DkimKey]
    #: The mail server that mails go out by.
    host: str = ""


def tags_of(record: str) -> dict[str, str]:
    """
    Return the tags of a record, their names in small letters.

    >>> tags_of("v=DMARC1; P=none;")
    {'v': 'DMARC1', 'p': 'none'}
    """
    pairs = (part.partition("=") for part in record.split(";") if "=" in part)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def check_dmarc(sender: Sender, resolver: Resolver) -> Iterator[MailFinding]:
    """Give what is to be said of the domain's policy."""
    name = f"_dmarc.{sender.domain}"
    try:
        where, found = _record(sender.domain, resolver)
    except Unanswered:
        yield MailFinding(
            *("dmarc", Weight.UNKNOWN, "dmarc_unknown", name),
            "The DNS did not answer.",
            "Look again; if it stays so, ask whoever runs the domain's name servers.",
        )
        return
    wanted = "v=DMARC1; p=none"
    if not found:
        yield MailFinding(
            *("dmarc", Weight.PROBLEM, "dmarc_missing", name),
            "There is no DMARC record; large receivers want one of who writes to many.",
            f"Publish: {zone_line(name, wanted)}",
        )
        return
    if len(found) > 1:
        yield MailFinding(
            *("dmarc", Weight.PROBLEM, "dmarc_multiple", where),
            f"There are {len(found)} DMARC records, so that none counts.",
            f"Keep one, such as: {zone_line(where, found[0])}",
        )
        return
    tags = tags_of(found[0])
    policy = tags.get("p", "").lower()
    if where != name:
        policy = tags.get("sp", policy).lower()
    if policy not in ("none", "quarantine", "reject"):
        yield MailFinding(
            *("dmarc", Weight.PROBLEM, "dmarc_syntax", where),
            "The DMARC record does not say none, quarantine or reject as p.",
            f"Publish: {zone_line(where, wanted)}",
        )
        return
    problem = _unaligned(sender, tags)
    if problem is not None:
        weight = Weight.ADVICE if policy == "none" else Weight.PROBLEM
        yield MailFinding(
            *("dmarc", weight, problem[0], where),
            f"{problem[1]} The policy is {policy}.",
            problem[2],
        )
    if policy == "none":
        stricter = found[0].replace("p=none", "p=quarantine")
        yield MailFinding(
            *("dmarc", Weight.ADVICE, "dmarc_none", where),
            "The policy is none: anybody can write in the domain's name.",
            "Once everything that sends for the domain is signed, publish: "
            + zone_line(where, stricter),
        )
    elif problem is None:
        yield MailFinding(
            *("dmarc", Weight.GOOD, "dmarc_good", where), f"The policy is {policy}."
        )


def _record(domain: str, resolver: Resolver) -> tuple[str, Sequence[str]]:
    """Return the records in force and where: those of the nearest domain above."""
    labels = domain.split(".")
    for start in range(max(1, len(labels) - 1)):
        name = "_dmarc." + ".".join(labels[start:])
        found = [
            one
            for one in resolver.txt(name)
            if one.replace(" ", "").lower().startswith("v=dmarc1")
        ]
        if found:
            return name, found
    return f"_dmarc.{domain}", ()


def _unaligned(sender: Sender, tags: dict[str, str]) -> tuple[str, str, str] | None:
    """Return why neither SPF nor DKIM speaks for the From's domain, and the remedy."""
    is_strict = tags.get("aspf", "r").lower() == "s"
    if sender.envelope == sender.domain or (
        not is_strict and _is_related(sender.envelope, sender.domain)
    ):
        return None
    if not sender.keys:
        return (
            "dmarc_unaligned",
            f"Bounces go to {sender.envelope}, which is not the From's domain, and no "
            "key signs for that: neither SPF nor DKIM speaks for it.",
            f"testamur mail dkim add {sender.domain}",
        )
    is_strict = tags.get("adkim", "r").lower() == "s"
    if is_strict and all(one.domain != sender.domain for one in sender.keys):
        return (
            "dmarc_strict",
            f"Only {sender.domain} itself may sign (adkim=s), and the key is of "
            f"{sender.keys[0].domain}.",
            f"testamur mail dkim add {sender.domain}",
        )
    return None


def _is_related(one: str, other: str) -> bool:
    """Say whether one domain is the other or below it."""
    return f".{one}".endswith(f".{other}") or f".{other}".endswith(f".{one}")
