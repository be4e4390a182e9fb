"""
Is this one e-mail address that a certificate can be sent to?

One addr-spec (RFC 5321 4.1.2) without display name, quotes, comments or address
literal; the domain has a dot. Nothing is looked up. Domains that only a private
network knows (`.local`, `.test`) are fine here: this service is self-hosted.
"""

import re

from testamur.core.columns import RECIPIENT_EMAIL
from testamur.core.refusals import Reason
from testamur.core.text import quoted

MAX_ADDRESS_CHARACTERS = 254

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"(?!..--)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"

#: Nearly every address there is. What does not match is looked at closely.
_PLAIN = re.compile(
    rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+(?!..--)[A-Za-z]{{2,63}}"
)


def email_problem(text: str) -> Reason | None:
    """
    Say what is wrong with *text* as the address of a recipient.

    Addresses with letters beyond ASCII before the @ (EAI, RFC 6531) are refused
    with a code of their own: most mail servers cannot take them. After the @
    such letters are fine (IDNA 2008).
    """
    if len(text) <= MAX_ADDRESS_CHARACTERS and _PLAIN.fullmatch(text):
        return None
    return _look_closely(text)


def _look_closely(text: str) -> Reason | None:
    # Not at the top: most processes never meet an address that needs it, and
    # its tables take memory.
    from email_validator import EmailNotValidError, validate_email

    if len(text) > MAX_ADDRESS_CHARACTERS:
        return _refuse(text, f"It is longer than {MAX_ADDRESS_CHARACTERS} characters.")
    try:
        address = validate_email(
            text,
            check_deliverability=False,
            globally_deliverable=False,
            strict=True,  # 64 characters before the @, as RFC 5321 has it
        )
    except EmailNotValidError as error:
        return _refuse(text, str(error))

    domain = text.rpartition("@")[2].lower()
    if address.smtputf8:
        return Reason(
            "email_eai",
            f"Invalid email format: {quoted(text)} in column {RECIPIENT_EMAIL}. "
            "Letters beyond ASCII before the @ cannot be delivered by most mail "
            "servers. Write an address of this person that has none.",
        )
    if not re.fullmatch(r".+\.(?=.*[a-z]).+", address.ascii_domain):
        return _refuse(text, "The part after the @-sign is not a full domain name.")
    if domain not in (address.domain.lower(), address.ascii_domain.lower()):
        return _refuse(text, f"Write the part after the @-sign as {address.domain}.")
    return None


def _refuse(text: str, why: str) -> Reason:
    return Reason(
        "email_format",
        f"Invalid email format: {quoted(text)} in column {RECIPIENT_EMAIL}. {why} "
        "Write one address such as name@example.org.",
    )
