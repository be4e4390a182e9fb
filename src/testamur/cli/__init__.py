"""The command line: one file per noun. What it does is handed over by wiring."""

import sys

import typer
from rich.console import Console

from testamur.core.refusals import Fault, Refusal

from . import (
    audit,
    certificate,
    config,
    export,
    halt,
    issue,
    issuer,
    job,
    key,
    log,
    mail,
    operations,
    person,
    record,
    secret,
    server,
    signer,
    suppression,
    template,
    tenant,
    token,
    user,
    verify,
    version,
    webhook,
)
from .house import House

app = typer.Typer(
    name="testamur",
    help="Issue certificates in bulk: a CSV and images become certificates.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.callback()(version.offer_version)
server.add_to(app)
tenant.add_to(app)
issuer.add_to(app)
key.add_to(app)
token.add_to(app)
user.add_to(app)
issue.add_to(app)
template.add_to(app)
job.add_to(app)
certificate.add_to(app)
log.add_to(app)
verify.add_to(app)
audit.add_to(app)
halt.add_to(app)
record.add_to(app)
person.add_to(app)
operations.add_to(app)
export.add_to(app)
secret.add_to(app)
signer.add_to(app)
mail.add_to(app)
suppression.add_to(app)
webhook.add_to(app)
config.add_to(app)


def run(house: House) -> None:
    """Run the command that this process was started with, and exit."""
    try:
        # Not standalone: what a command gives to `typer.Exit` is returned.
        sys.exit(app(obj=house, standalone_mode=False) or 0)
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(130)
    except (Refusal, Fault) as error:
        _say(str(error))
        sys.exit(1)
    except BrokenPipeError:  # `testamur job list | head`
        sys.exit(0)
    except OSError as error:
        _say(f"{error.filename or ''}: {error.strerror or error}".lstrip(": "))
        sys.exit(1)
    except Exception as error:
        usage = getattr(error, "format_message", None)
        if usage is None:
            raise
        text = usage()
        if text.startswith("Usage:"):  # no command was named
            sys.stderr.write(text + "\n")
        else:
            _say(text)
        sys.exit(2)


def _say(line: str) -> None:
    console = Console(stderr=True, highlight=False)
    # One line for programs; people get it broken between words.
    console.print(f"testamur: {line}", markup=False, soft_wrap=not console.is_terminal)
