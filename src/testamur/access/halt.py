"""The kill switch: nothing is signed while issuing is halted."""

from testamur.core.clock import Clock
from testamur.core.policy import MAX_ACT_REASON_CHARACTERS
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import Halt

from .audit import OPERATOR
from .ports import Switch


class KillSwitch:
    """
    Halts and resumes issuing, for the whole installation.

    Whatever is in hand is given back before it is signed, and what is accepted
    meanwhile waits. Reading, verifying and revoking go on.
    """

    def __init__(self, switch: Switch, clock: Clock) -> None:
        self._switch = switch
        self._clock = clock

    def state(self) -> Halt | None:
        """Return since when and why issuing is halted; None while it goes on."""
        return self._switch.state()

    def halt(self, reason: str = "", *, by: str = OPERATOR) -> Halt:
        """
        Have nothing signed from now on; return the halt in force.

        A halt that is in force already stays as it is. Who signs just now may
        finish within the second. *by* is who asks, for the audit log.

        Raises:
            Refusal: INVALID `reason_too_long`.
        """
        reason = " ".join(reason.split())
        if len(reason) > MAX_ACT_REASON_CHARACTERS:
            raise Refusal(
                Kind.INVALID,
                "reason_too_long",
                f"the reason has {len(reason)} characters and may have "
                f"{MAX_ACT_REASON_CHARACTERS}; shorten it",
                at="reason",
            )
        wanted = Halt(self._clock(), reason)
        self._switch.halt(wanted, by=by)
        return self._switch.state() or wanted

    def resume(self) -> bool:
        """Let issuing go on where it stopped; say whether it was halted."""
        return self._switch.resume(self._clock(), by=OPERATOR)
