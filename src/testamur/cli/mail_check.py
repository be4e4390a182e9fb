"""`testamur mail check`: what the DNS says of the domain that mails are from."""

from typing import Annotated

import typer

from testamur.core.clock import rfc3339
from testamur.core.mail_checks import MailCheck, Weight

from .house import house_of
from .show import Json, out, print_beside, print_json

MARKS = {
    Weight.GOOD: "good    ",
    Weight.ADVICE: "advice  ",
    Weight.PROBLEM: "PROBLEM ",
    Weight.UNKNOWN: "unknown ",
}


def check(
    context: typer.Context,
    domain: Annotated[
        str | None,
        typer.Argument(help="That of TESTAMUR_MAIL_FROM when left out."),
    ] = None,
    as_json: Json = False,
) -> None:
    """
    Look at SPF, DKIM, DMARC and MX of a domain that mails are from.

    The exit status is 1 when something has to be put right, or was not answered.
    """
    with house_of(context).open() as desk:
        found = desk.check_mail(domain)
    if as_json:
        print_json(_fields(found))
    else:
        out.print(f"{found.domain}:", markup=False)
        for one in found.findings:
            head = f"{MARKS[one.weight]}{one.subject:<6}"
            print_beside(head, f"{one.name}: {one.detail}")
            if one.remedy is not None:
                print_beside(" " * len(head), one.remedy)
    if not found.is_good:
        raise typer.Exit(1)


def _fields(found: MailCheck) -> dict[str, object]:
    return {
        "domain": found.domain,
        "checkedAt": rfc3339(found.checked_at),
        "isGood": found.is_good,
        "findings": [
            {
                "subject": one.subject,
                "weight": one.weight,
                "code": one.code,
                "name": one.name,
                "detail": one.detail,
                "remedy": one.remedy,
            }
            for one in found.findings
        ],
    }
