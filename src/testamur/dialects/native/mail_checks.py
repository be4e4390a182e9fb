"""What the DNS says of the domain that mails are from, on the native wire."""

from typing import Any

from testamur.core.clock import rfc3339
from testamur.core.mail_checks import MailCheck, MailFinding


def spelled(check: MailCheck) -> dict[str, Any]:
    """Spell a check."""
    return {
        "domain": check.domain,
        "checkedAt": rfc3339(check.checked_at),
        "isGood": check.is_good,
        "findings": [finding(one) for one in check.findings],
    }


def finding(one: MailFinding) -> dict[str, Any]:
    """Spell a finding."""
    return {
        "subject": one.subject,
        "weight": one.weight,
        "code": one.code,
        "name": one.name,
        "detail": one.detail,
        "remedy": one.remedy,
    }
