"""Redirects, followed by hand: each place they name is read like a row's own URL."""

from dataclasses import dataclass
from urllib.parse import urljoin

from testamur.core.refusals import Reason

from .trouble import Trouble
from .urls import Target, read_url

REDIRECTS = {301, 302, 303, 307, 308}


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A redirect, as its Location header spells it."""

    location: str


def follow(here: Target, redirect: Elsewhere) -> Target:
    """Return where *redirect* leads from *here*."""
    # Joining only makes text; read_url alone says what that text means. It sees
    # the location by itself first, because joining drops tabs and line ends.
    try:
        joined = urljoin(here.url, redirect.location)
    except ValueError:
        raise Trouble("url_host_format") from None
    alone = read_url(redirect.location)
    there = read_url(joined)
    if isinstance(alone, Reason) and alone.code == "url_characters":
        raise Trouble(alone.code)
    if isinstance(there, Reason):
        raise Trouble(there.code)
    if here.scheme == "https" and there.scheme == "http":
        raise Trouble("url_scheme")
    return there
