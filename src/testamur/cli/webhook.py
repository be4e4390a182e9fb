"""`testamur webhook`: systems that are told of events."""

from typing import Annotated, Any

import typer

from testamur.core.clock import rfc3339
from testamur.core.webhooks import (
    EVENT_NAMES,
    EVERYTHING,
    DeliveryState,
    Webhook,
    WebhookDelivery,
    WebhookStyle,
)

from .house import house_of
from .key import Slug
from .show import Json, out, print_json, print_table

Which = Annotated[str, typer.Argument(help="A webhook's id.")]

#: How many deliveries are shown.
SHOWN = 50


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    webhook = typer.Typer(help="Systems that are told of events.", no_args_is_help=True)
    webhook.command()(add)
    webhook.command(name="list")(list_)
    webhook.command()(rotate)
    webhook.command(name="test")(ping)
    webhook.command()(enable)
    webhook.command()(disable)
    webhook.command()(remove)
    webhook.command()(deliveries)
    webhook.command()(replay)
    app.add_typer(webhook, name="webhook")


def add(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="Where events are posted to, by https.")],
    tenant: Slug,
    event: Annotated[
        list[str] | None,
        typer.Option(help="What it is told of; may be given often. All if left out."),
    ] = None,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    style: Annotated[
        WebhookStyle, typer.Option(help="Whose headers are sent beside the standard's.")
    ] = WebhookStyle.STANDARD,
    as_json: Json = False,
) -> None:
    """
    Have a system be told of events from now on, and print the secret, once.

    With the secret it checks who called: see docs/webhooks.md.
    """
    wanted = {
        "url": url,
        "events": event or [EVERYTHING],
        "description": description,
        "style": str(style),
    }
    with house_of(context).open() as desk:
        made, secret = desk.webhooks.of(tenant).add(wanted)
    _print_secret(made, secret, as_json)


def list_(
    context: typer.Context,
    tenant: Slug,
    events: Annotated[
        bool, typer.Option("--events", help="List the names of events instead.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List a tenant's webhooks."""
    if events:
        if as_json:
            print_json(EVENT_NAMES)
        else:
            out.print("\n".join(EVENT_NAMES), markup=False)
        return
    with house_of(context).open() as desk:
        found = desk.webhooks.of(tenant).listing()
    if as_json:
        print_json([_fields(one) for one in found])
        return
    print_table(
        ["id", "url", "events", "state", "last error"],
        [
            [
                one.id,
                one.url,
                " ".join(one.events),
                one.ended or "told",
                one.last_error or "",
            ]
            for one in found
        ],
    )


def rotate(
    context: typer.Context, which: Which, tenant: Slug, as_json: Json = False
) -> None:
    """Give a webhook another secret; the old one signs for a day more."""
    with house_of(context).open() as desk:
        made, secret = desk.webhooks.of(tenant).rotate(which)
    _print_secret(made, secret, as_json)


def ping(
    context: typer.Context, which: Which, tenant: Slug, as_json: Json = False
) -> None:
    """Have a webhook be told that nothing happened: `webhook.ping`."""
    with house_of(context).open() as desk:
        delivery = desk.webhooks.of(tenant).ping(which)
    if as_json:
        print_json({"deliveryId": delivery})
    else:
        out.print(
            f"{delivery} waits for the server. What comes of it: testamur webhook "
            f"deliveries {which} --tenant {tenant}",
            markup=False,
        )


def enable(context: typer.Context, which: Which, tenant: Slug) -> None:
    """Tell a webhook again, from now on."""
    _change(context, tenant, which, is_enabled=True)


def disable(context: typer.Context, which: Which, tenant: Slug) -> None:
    """Tell a webhook nothing for now; what waits for it is dropped."""
    _change(context, tenant, which, is_enabled=False)


def remove(context: typer.Context, which: Which, tenant: Slug) -> None:
    """Remove a webhook; what waits for it is dropped."""
    with house_of(context).open() as desk:
        desk.webhooks.of(tenant).remove(which)
    out.print(f"{which} is removed", markup=False)


def deliveries(
    context: typer.Context,
    which: Which,
    tenant: Slug,
    state: Annotated[
        DeliveryState | None, typer.Option(help="Only those in this state.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what a webhook was told, the newest first."""
    with house_of(context).open() as desk:
        found, _ = desk.webhooks.of(tenant).deliveries(which, state, None, SHOWN)
    if as_json:
        print_json([_told(one) for one in found])
        return
    print_table(
        ["id", "event", "state", "attempts", "last error", "since"],
        [
            [
                one.id,
                one.type,
                str(one.state),
                str(one.attempts),
                one.last_error or "",
                rfc3339(one.created_at),
            ]
            for one in found
        ],
    )


def replay(
    context: typer.Context,
    which: Which,
    tenant: Slug,
    delivery: Annotated[
        str | None, typer.Option(help="Only this one; all that are parked otherwise.")
    ] = None,
) -> None:
    """Tell a webhook again what it missed, under the same ids."""
    count = 1
    with house_of(context).open() as desk:
        webhooks = desk.webhooks.of(tenant)
        if delivery is None:
            count = webhooks.replay_since(which, 0)
        else:
            webhooks.replay(which, delivery)
    out.print(f"{count} to be told again", markup=False)


def _change(
    context: typer.Context, tenant: str, which: str, *, is_enabled: bool
) -> None:
    with house_of(context).open() as desk:
        found = desk.webhooks.of(tenant).change(which, {"enabled": is_enabled})
    state = "told from now on" if found.ended is None else "not told"
    out.print(f"{found.id} is {state}", markup=False)


def _print_secret(made: Webhook, secret: str, as_json: bool) -> None:
    if as_json:
        print_json({**_fields(made), "secret": secret})
        return
    out.print(f"webhook  {made.id}", markup=False)
    out.print(f"secret   {secret}", markup=False)
    out.print("The secret is not shown again.", markup=False)


def _fields(one: Webhook) -> dict[str, Any]:
    return {
        "id": one.id,
        "url": one.url,
        "events": list(one.events),
        "description": one.description,
        "style": one.style,
        "enabled": one.ended is None,
        "disabledReason": one.ended,
        "lastError": one.last_error,
        "createdAt": rfc3339(one.created_at),
    }


def _told(one: WebhookDelivery) -> dict[str, Any]:
    return {
        "id": one.id,
        "type": one.type,
        "state": one.state,
        "attempts": one.attempts,
        "lastError": one.last_error,
        "createdAt": rfc3339(one.created_at),
    }
