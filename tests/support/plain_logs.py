"""Logs of tests, in the lines in which servers write them."""

import structlog


def write_plain_logs() -> None:
    """Have what is logged here be one line each: colours and frames cost 0.3 s."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ]
    )
