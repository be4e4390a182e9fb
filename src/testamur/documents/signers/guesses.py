"""
How often a PIN may be wrong.

Guesses are counted before they are looked at, in the database: it knows nothing of
processes, and forgets nothing when one of them dies.
"""

from collections.abc import Sequence

from testamur.core.clock import MINUTE
from testamur.core.refusals import Kind, Refusal

#: So many in this time;
MOST_AT_A_TIME = 5
PERIOD = 15 * MINUTE

#: and so many in a row, until somebody unlocks the signer.
MOST_IN_A_ROW = 10


def judge(guesses: Sequence[int], now: int) -> None:
    """
    Return if another PIN may be tried; *guesses* are the moments since the last right.

    Raises:
        Refusal: TOO_OFTEN `pin_locked`, until some of them are old; INVALID
            `pin_blocked`, until it is unlocked.
    """
    if len(guesses) >= MOST_IN_A_ROW:
        raise Refusal(
            Kind.INVALID,
            "pin_blocked",
            f"The pin was wrong {MOST_IN_A_ROW} times in a row: ask your operator to "
            "unlock the certificate (testamur signer unlock).",
            at="pin",
        )
    recent = sorted(one for one in guesses if one > now - PERIOD)
    if len(recent) >= MOST_AT_A_TIME:
        # A clock that was set back must not lock anybody out for longer.
        left = min(recent[-MOST_AT_A_TIME] + PERIOD - now, PERIOD)
        seconds = -(-left // 1_000)
        raise Refusal(
            Kind.TOO_OFTEN,
            "pin_locked",
            f"The pin was wrong too often. Try again in {-(-seconds // 60)} minutes.",
            at="pin",
            retry_after_seconds=seconds,
        )


def is_locked(guesses: Sequence[int], now: int) -> bool:
    """Say whether no PIN may be tried now."""
    try:
        judge(guesses, now)
    except Refusal:
        return True
    return False


def wrong(guesses: int) -> Refusal:
    """Return what is said of a wrong PIN, the last of so many *guesses*."""
    left = MOST_IN_A_ROW - guesses
    return Refusal(
        Kind.INVALID,
        "pin_incorrect",
        "The pin is incorrect."
        + (f" After {left} more the certificate is blocked." if 0 < left <= 3 else ""),
        at="pin",
    )
