"""
The JSON-LD contexts our credentials mean something by. Nothing is ever fetched.

They come with packages we depend on, as plain files; no code of those packages
is run. Files of the same context differ in layout, so what is pinned is a hash
of the sorted JSON. A context that drifted would change what signatures cover,
therefore nothing starts with one.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from testamur.core.refusals import Fault

VC_V2 = "https://www.w3.org/ns/credentials/v2"
OB_V3 = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"

#: A context by its URL.
Contexts = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Pin:
    """Where a context comes from, and the SHA-256 (hex) of its sorted JSON."""

    package: str
    file: str
    digest: str


PINS: Mapping[str, Pin] = {
    VC_V2: Pin(
        "PyLD",
        "pyld/documentloader/frozen/bundled/credentials-v2.jsonld",
        "b463c8d6a066214123ddd9827b135e1b50e1fc73322cc52a9b12a4f1fc7d86cf",
    ),
    OB_V3: Pin(
        "openbadgeslib",
        "openbadgeslib/ob3/contexts/ob-v3p0-context-3.0.3.json",
        "04b1136ddc4eda9a8966bc7ef182789f233a26739473140ef75d6968c29a2966",
    ),
}


@cache
def pinned_contexts() -> Contexts:
    """
    Return every context we know.

    Raises:
        Fault: not passing, when one is missing or not the one that was pinned.
    """
    return {url: read(url, pin) for url, pin in PINS.items()}


def read(url: str, pin: Pin) -> Mapping[str, Any]:
    """
    Return the context *url* as *pin* has it.

    Raises:
        Fault: not passing, when it is missing or another one.
    """
    try:
        found = distribution(pin.package).locate_file(pin.file)
        text = Path(str(found)).read_bytes()
        context: dict[str, Any] = json.loads(text)
    except (PackageNotFoundError, OSError, ValueError) as error:
        raise Fault(
            f"the JSON-LD context {url} cannot be read from {pin.file} of the package "
            f"{pin.package} ({error}); install the locked version of that package",
            passing=False,
        ) from error
    digest = digest_of(context)
    if digest != pin.digest:
        raise Fault(
            f"the JSON-LD context {url} in the package {pin.package} has the digest "
            f"{digest} and must have {pin.digest}; install the locked version of "
            "that package",
            passing=False,
        )
    return context


def digest_of(context: Mapping[str, Any]) -> str:
    """Return the SHA-256 (hex) of *context* as sorted JSON without white space."""
    text = json.dumps(
        context, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    return hashlib.sha256(text.encode()).hexdigest()
