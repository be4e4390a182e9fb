"""`testamur mail bounce`: a mail server hands over what came back."""

import sys
from typing import Annotated

import typer

from testamur.core.mail_returns import MAX_RETURN_BYTES
from testamur.core.refusals import Fault, Refusal

from .house import house_of

#: sysexits.h: try again later. Any other status but 0 has the mail server give up.
EX_TEMPFAIL = 75


def bounce(
    context: typer.Context,
    recipient: Annotated[
        list[str] | None,
        typer.Option(help="To whom it came, as the envelope says. May be repeated."),
    ] = None,
) -> None:
    """
    Take in a message that came back, from standard input.

    For a mail server: `|testamur mail bounce` in .forward, or a pipe transport. What
    proves nothing does nothing, and is counted. The exit status is 75 when the mail
    server has to hand it over again, and 0 otherwise.
    """
    try:
        message = sys.stdin.buffer.read(MAX_RETURN_BYTES)
        while sys.stdin.buffer.read(MAX_RETURN_BYTES):
            pass  # whoever writes must not find the pipe closed
        with house_of(context).open() as desk:
            outcome = desk.take_bounce(message, recipient or ())
    except Exception as trouble:
        # Nothing is lost: the mail server keeps it, whatever is wrong here.
        is_told = isinstance(trouble, Refusal | Fault)  # anything else may quote it
        why = str(trouble) if is_told else type(trouble).__name__
        sys.stderr.write(f"testamur: not taken in: {why}\n")
        raise typer.Exit(EX_TEMPFAIL) from None
    sys.stdout.write(f"{outcome}\n")
