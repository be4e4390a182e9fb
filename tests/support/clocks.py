"""Time that passes when a test says so."""


class HandClock:
    """A clock that shows *now* (milliseconds) until it is moved."""

    def __init__(self, now: int = 1_795_000_000_000) -> None:
        self.now = now

    def __call__(self) -> int:
        """Return what the clock shows."""
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        """Let time pass; a negative number sets the clock back."""
        self.now += round(seconds * 1_000)
