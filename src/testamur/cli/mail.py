"""`testamur mail`: how mails go out, and what comes back."""

import typer

from . import mail_bounce, mail_check, mail_dkim


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    mail = typer.Typer(
        help="Mails: how they are signed, and what comes back.", no_args_is_help=True
    )
    mail.command()(mail_check.check)
    mail.command()(mail_bounce.bounce)
    mail_dkim.add_to(mail)
    app.add_typer(mail, name="mail")
