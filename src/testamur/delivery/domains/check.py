"""Everything that the DNS says of a domain that mails are from."""

from collections.abc import Iterator

from testamur.core.clock import Clock
from testamur.core.mail_checks import MailCheck, MailFinding, Weight
from testamur.core.mail_keys import DkimKey, zone_line

from .dmarc import Sender, check_dmarc, tags_of
from .ports import Resolver, Unanswered
from .spf import check_spf


def check_domain(sender: Sender, resolver: Resolver, clock: Clock) -> MailCheck:
    """
    Look at SPF, DKIM, DMARC and MX; what is not answered is a finding too.

    Takes as long as the resolver takes for a dozen questions.
    """
    findings = (
        *check_spf(sender.envelope, resolver, sender.host),
        *_check_keys(sender, resolver),
        *check_dmarc(sender, resolver),
        *_check_mx(sender.domain, resolver, takes_bounces=False),
        *(
            _check_mx(sender.envelope, resolver, takes_bounces=True)
            if sender.envelope != sender.domain
            else ()
        ),
    )
    return MailCheck(sender.domain, clock(), findings)


def _check_keys(sender: Sender, resolver: Resolver) -> Iterator[MailFinding]:
    if not sender.keys:
        yield MailFinding(
            *("dkim", Weight.PROBLEM, "dkim_no_key", sender.domain),
            "Mails are not signed here. If your mail server signs them for this "
            "domain, all is well.",
            f"testamur mail dkim add {sender.domain}, and publish what it prints.",
        )
    for key in sender.keys:
        yield _check_key(key, resolver)


def _check_key(key: DkimKey, resolver: Resolver) -> MailFinding:
    name = key.record_name
    publish = f"Publish: {zone_line(name, key.record)}"
    try:
        found = resolver.txt(name)
    except Unanswered:
        return MailFinding(
            *("dkim", Weight.UNKNOWN, "dkim_unknown", name),
            "The DNS did not answer.",
            "Look again; if it stays so, ask whoever runs the domain's name servers.",
        )
    if not found:
        return MailFinding(
            *("dkim", Weight.PROBLEM, "dkim_missing", name),
            f"The record of the key {key.selector} is not there.",
            publish,
        )
    if len(found) > 1:
        return MailFinding(
            *("dkim", Weight.PROBLEM, "dkim_multiple", name),
            f"There are {len(found)} records; receivers take any of them.",
            f"Leave one. {publish}",
        )
    tags, wanted = tags_of(found[0]), tags_of(key.record)
    said = "".join(tags.get("p", "").split())
    if not said:
        return MailFinding(
            *("dkim", Weight.PROBLEM, "dkim_revoked", name),
            f"The record of the key {key.selector} says that it is revoked.",
            f"testamur mail dkim remove {key.domain} {key.selector}, and add another; "
            f"or, if it is good: {publish}",
        )
    if said != wanted["p"] or tags.get("k", "rsa").lower() != wanted["k"]:
        return MailFinding(
            *("dkim", Weight.PROBLEM, "dkim_differs", name),
            f"The record of the key {key.selector} has another key: no signature "
            "verifies.",
            publish,
        )
    if "y" in tags.get("t", "").lower().split(":"):
        return MailFinding(
            *("dkim", Weight.ADVICE, "dkim_testing", name),
            "The record says that signing is being tried out (t=y).",
            publish,
        )
    return MailFinding(
        *("dkim", Weight.GOOD, "dkim_good", name),
        f"The record of the key {key.selector} is there.",
    )


def _check_mx(
    domain: str, resolver: Resolver, *, takes_bounces: bool
) -> Iterator[MailFinding]:
    try:
        hosts = resolver.mx(domain)
        is_host = not hosts and bool(resolver.addresses(domain))
    except Unanswered:
        yield MailFinding(
            *("mx", Weight.UNKNOWN, "mx_unknown", domain),
            "The DNS did not answer.",
            "Look again; if it stays so, ask whoever runs the domain's name servers.",
        )
        return
    what = "mails that come back" if takes_bounces else "answers"
    publish = f"Publish: {domain}. IN MX 10 mail.{domain}. (your own mail server)"
    if "" in hosts:
        yield MailFinding(
            *("mx", Weight.PROBLEM, "mx_null", domain),
            f"The domain says that it takes no mails; {what} are lost, and many "
            "receivers refuse mails from there.",
            publish,
        )
    elif not hosts and not is_host:
        yield MailFinding(
            *("mx", Weight.PROBLEM, "mx_missing", domain),
            f"Nobody takes mails for the domain; {what} are lost, and many receivers "
            "refuse mails from there.",
            publish,
        )
    else:
        yield MailFinding(
            *("mx", Weight.GOOD, "mx_good", domain),
            f"Mails for it are taken by {', '.join(hosts) or 'the host itself'}.",
        )
