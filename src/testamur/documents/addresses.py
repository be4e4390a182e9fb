"""Is this an e-mail address that a signatory can be written to?"""

from testamur.core.text import nfc, trim

#: RFC 5321 4.5.3.1.
MAX_CHARACTERS = 254


def is_address(text: str) -> bool:
    """
    Say whether *text* is one address; nothing is looked up.

    Letters beyond ASCII are fine, before the @ as well (RFC 6531): whether the mail
    server takes them shows when it is written to.
    """
    # Not at the top: its tables take memory, and most processes never need them.
    from email_validator import EmailNotValidError, validate_email

    if len(text) > MAX_CHARACTERS or not text.isprintable():
        return False
    try:
        validate_email(
            text, check_deliverability=False, globally_deliverable=False, strict=True
        )
    except EmailNotValidError:
        return False
    return "." in text.rpartition("@")[2]


def compared(address: str) -> str:
    """Return *address* as two of them are compared: in practice case says nothing."""
    return nfc(trim(address)).lower()
