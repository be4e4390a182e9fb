"""Why a try ended without a file. Inside this folder only; outside it is a Reason."""

from .urls import CLAUSES


class Trouble(Exception):
    """
    This try ended without a file.

    `clause` says why in words that name nobody; `passing`, that another try may
    do better; `host_wide`, that any file of that host would have failed.
    """

    def __init__(
        self,
        code: str,
        clause: str = "",
        *,
        passing: bool = False,
        host_wide: bool = False,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.clause = clause or CLAUSES[code]
        self.passing = passing
        self.host_wide = host_wide
