"""Addresses that can be written to, and probably should not be."""

from collections.abc import Iterator
from functools import lru_cache

#: Where most people have their mailbox: what is almost one of these is a slip.
PROVIDERS = (
    "gmail.com",
    "googlemail.com",
    "hotmail.com",
    "icloud.com",
    "outlook.com",
    "protonmail.com",
    "yahoo.com",
)

#: Real ones that lie as close to one of those as a slip does.
_NOT_SLIPS = frozenset(
    {
        "email.com",
        "fmail.com",
        "hmail.com",
        "mail.com",
        "qmail.com",
        "ymail.com",
        "zmail.com",
    }
)

#: Endings that no address has, and what is meant. Each was looked up in the root zone
#: (IANA); the last ones are countries where these providers give out no addresses.
_ENDINGS = {
    "cim": "com",
    "clm": "com",
    "cmo": "com",
    "coml": "com",
    "comm": "com",
    "con": "com",
    "coom": "com",
    "cpm": "com",
    "ocm": "com",
    "vom": "com",
    "xom": "com",
    "ent": "net",
    "netl": "net",
    "nte": "net",
    "ogr": "org",
    "orgg": "org",
    "rog": "org",
    "edi": "edu",
    "eud": "edu",
}
_ENDINGS_OF_PROVIDERS = {"cm": "com", "co": "com", "om": "com", "cn": "com"}

#: What is before the @ of a desk and not of a person (RFC 2142, and what is usual).
ROLES = frozenset(
    {
        "abuse",
        "accounts",
        "admin",
        "administrator",
        "admissions",
        "billing",
        "contact",
        "enquiries",
        "help",
        "helpdesk",
        "hostmaster",
        "hr",
        "info",
        "kontakt",
        "mail",
        "marketing",
        "no-reply",
        "noreply",
        "office",
        "postmaster",
        "registrar",
        "root",
        "sales",
        "secretary",
        "support",
        "team",
        "test",
        "webmaster",
    }
)

#: Mailboxes that are gone after minutes or hours.
DISPOSABLE = frozenset(
    {
        "10minutemail.com",
        "dispostable.com",
        "getnada.com",
        "grr.la",
        "guerrillamail.com",
        "mailinator.com",
        "maildrop.cc",
        "sharklasers.com",
        "temp-mail.org",
        "tempmail.com",
        "throwawaymail.com",
        "trashmail.com",
        "yopmail.com",
    }
)


def doubts(address: str) -> Iterator[tuple[str, str]]:
    """
    Give a code and a sentence for each thing that is odd about *address*.

    It is one that e-mail can be sent to by its form.
    """
    local, _, domain = address.rpartition("@")
    domain = domain.lower()
    meant = meant_domain(domain)
    if meant is not None:
        yield (
            "address_typo",
            f"Is {local}@{meant} meant? There are few addresses at {domain}, or none.",
        )
    if domain in DISPOSABLE:
        yield (
            "address_disposable",
            f"Mailboxes at {domain} are gone after a while. Ask for one that lasts, or "
            "the certificate is lost to its recipient.",
        )
    if local.lower() in ROLES:
        yield (
            "address_role",
            f"{local}@… is usually a desk and not a person. Write the recipient's own "
            "address if they have one.",
        )


@lru_cache(maxsize=4_096)
def meant_domain(domain: str) -> str | None:
    """
    Return the domain that *domain* is probably a slip of the pen for, or None.

    >>> meant_domain("gmial.com"), meant_domain("example.con")
    ('gmail.com', 'example.com')
    >>> meant_domain("mail.com") is None
    True
    """
    if domain in PROVIDERS or domain in _NOT_SLIPS:
        return None
    head, _, ending = domain.rpartition(".")
    mended = f"{head}.{_ENDINGS[ending]}" if ending in _ENDINGS else domain
    if ending in _ENDINGS_OF_PROVIDERS and "." not in head:
        other = f"{head}.{_ENDINGS_OF_PROVIDERS[ending]}"
        if other in PROVIDERS:
            return other
    for provider in PROVIDERS:
        name = provider.partition(".")[0]
        if mended == provider or (
            mended.endswith(".com")
            and mended not in _NOT_SLIPS
            and _is_one_slip(mended.removesuffix(".com"), name)
        ):
            return provider
    return mended if mended != domain else None


def _is_one_slip(written: str, meant: str) -> bool:
    """Say whether one letter is missing, too many, another, or two are swapped."""
    if written == meant or abs(len(written) - len(meant)) > 1:
        return False
    start = 0
    while start < min(len(written), len(meant)) and written[start] == meant[start]:
        start += 1
    left, right = written[start:], meant[start:]
    return (
        left[1:] == right[1:]
        or left[1:] == right
        or left == right[1:]
        or (left[:2] == right[:2][::-1] and left[2:] == right[2:])
    )
