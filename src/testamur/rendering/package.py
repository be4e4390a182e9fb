"""
A package: a template as people upload it, a ZIP of `template.json` and its assets.

    template.json
    assets/background.svg
    assets/Our-Font-Bold.ttf

A template without assets may come as the JSON alone. What the JSON says is in
`package_schema`; nothing here draws, decodes or runs any of it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from .design import Design

#: A package, as it is sent.
MAX_PACKAGE_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Package:
    """A template that was read: everything it names is there."""

    design: Design
    #: The files by name, without `assets/`.
    assets: Mapping[str, bytes]


def read_package(data: bytes, *, families: Collection[str] | None = None) -> Package:
    """
    Return the template in *data*, a ZIP or bare JSON.

    *families* are the fonts of the installation; None: those that come with it.

    Raises:
        Refusal: INVALID or TOO_LARGE. `at` is the JSON path of the fault; when
            there are several, `parts` has each.
    """
    raise NotImplementedError


def pack(design: Design | Mapping[str, object], assets: Mapping[str, bytes]) -> bytes:
    """Return the package of *design* (or its JSON) and *assets*: always the same."""
    raise NotImplementedError
