"""Bugs in telling webhooks of events (I28); `catalogue` has them with the others."""

from mutants.mutant import Mutant, test

TOLD = "tests/stores/test_webhooks.py"

WEBHOOK_BUGS = (
    Mutant(
        "gone-is-told-on",
        "I28",
        "delivery/webhooks/calling.py",
        "        elif answer.status == GONE:\n",
        "        elif answer.status is None and GONE == 0:\n",
        (test(TOLD, "test_a_system_that_is_gone_is_told_no_more"),),
    ),
    Mutant(
        "moved-and-told-what-waited",
        "I28",
        "adapters/sql/webhooks.py",
        "            if drops:\n",
        "            if drops and not webhook.id:\n",
        (
            test(
                TOLD, "test_what_is_disabled_moved_or_removed_gets_nothing_that_waited"
            ),
        ),
    ),
    Mutant(
        "signed-is-not-what-is-sent",
        "I28",
        "delivery/webhooks/signing.py",
        '    signed = f"{message_id}.{seconds}.".encode() + body\n',
        '    signed = f"{message_id}.{seconds}.".encode() + body.strip(b"}")\n',
        (test(TOLD, "test_an_event_is_told_signed_as_the_standard_says"),),
    ),
    Mutant(
        "tried-once",
        "I28",
        "delivery/webhooks/calling.py",
        "        if is_hopeless or call.attempts >= MOST:\n",
        "        if is_hopeless or call.attempts >= 1:\n",
        (
            test(
                TOLD,
                "test_failures_are_tried_again_by_the_schedule_and_parked_after_it",
            ),
        ),
    ),
    Mutant(
        "a-dead-host-takes-all-places",
        "I28",
        "delivery/webhooks/calling.py",
        "                self._places(host) - at_host[host],\n",
        "",
        (test(TOLD, "test_a_dead_host_delays_nobody_else"),),
    ),
)
