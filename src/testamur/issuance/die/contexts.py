"""
The JSON-LD contexts our credentials mean something by. Nothing is ever fetched.

They come with packages we depend on, as plain files; no code of those packages
is run. Files of the same context differ in layout, so what is pinned is a hash
of the sorted JSON. A context that drifted would change what signatures cover,
therefore nothing starts with one.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
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

VC_V1 = "https://www.w3.org/2018/credentials/v1"
DATA_INTEGRITY_V2 = "https://w3id.org/security/data-integrity/v2"

_PYLD = "pyld/documentloader/frozen/bundled"
_OPENBADGESLIB = "openbadgeslib/ob3/contexts"

#: What the credentials of others mean something by, beside ours.
FOREIGN_PINS: Mapping[str, Pin] = {
    VC_V1: Pin(
        "PyLD",
        f"{_PYLD}/credentials-v1.jsonld",
        "b01e671e873981f19a9102a9a57f666dbcaeb31b99e3e124378d143e71549247",
    ),
    "https://www.w3.org/ns/did/v1": Pin(
        "PyLD",
        f"{_PYLD}/did-v1.jsonld",
        "a7e146c40fcec005d3f0f14ae745665f446da58d7914a9d8f733746686fad82b",
    ),
    "https://w3id.org/security/v1": Pin(
        "PyLD",
        f"{_PYLD}/security-v1.jsonld",
        "d87de2ce3ce407bcac481f8af31e211e54beb5cbd7dd459826ed0502302ee234",
    ),
    "https://w3id.org/security/v2": Pin(
        "PyLD",
        f"{_PYLD}/security-v2.jsonld",
        "38a9ef19cf3a75bf856202bd1ed4cbd55c985ad4a809eb7f4ef584ba9d51dc90",
    ),
    "https://w3id.org/security/suites/ed25519-2020/v1": Pin(
        "PyLD",
        f"{_PYLD}/security-ed25519-2020-v1.jsonld",
        "fb517f09d990829aed734c9bad8cbbb2ac3d5063b865c7e3d81f246074bf5691",
    ),
    "https://w3id.org/security/suites/jws-2020/v1": Pin(
        "PyLD",
        f"{_PYLD}/security-jws-2020-v1.jsonld",
        "eed16334842a5635257913b33acd1aeee29009eb188d855f9a1d0ceee4a8ae4d",
    ),
    DATA_INTEGRITY_V2: Pin(
        "openbadgeslib",
        f"{_OPENBADGESLIB}/security-data-integrity-v2.json",
        "7ba3c50acf2689d5e07927267343eb353249c7c22a9f2d00307cc970e855e305",
    ),
    "https://w3id.org/security/multikey/v1": Pin(
        "openbadgeslib",
        f"{_OPENBADGESLIB}/security-multikey-v1.json",
        "be20c3ee6af6e9c4102e66a85c26617831218e32216bdf050f870e389e737cdc",
    ),
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json": Pin(
        "openbadgeslib",
        f"{_OPENBADGESLIB}/ob-v3p0-context-3.0.1.json",
        "8bb2354552b70cbdf2066f6d3e24bc5c2be2619145737580ad2aebdc366e77d5",
    ),
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json": Pin(
        "openbadgeslib",
        f"{_OPENBADGESLIB}/ob-v3p0-context-3.0.2.json",
        "bdd1d11a55a660322f24660862a1d430ee80cce584465f750909daa43684357c",
    ),
    "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json": Pin(
        "openbadgeslib",
        f"{_OPENBADGESLIB}/ob-v3p0-extensions.json",
        "15f4c347c6fe4380d9b6b93795859e33747ef48d5c55b91a71c52fb51c7bcbd7",
    ),
    "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json": Pin(
        "openbadgeslib",
        f"{_OPENBADGESLIB}/clr_context_2.0.1.json",
        "7defe702c102faf14108579b7d65ef39ecf4c3bbef925b803e15bd77cd6e3394",
    ),
}

#: Examples of the data model name it, and so do its conformance tests. All that it
#: says is that every word is an example, so no package has to carry it.
EXAMPLES_V2 = "https://www.w3.org/ns/credentials/examples/v2"
_SAID_HERE: Contexts = {
    EXAMPLES_V2: {"@context": {"@vocab": "https://www.w3.org/ns/credentials/examples#"}}
}


class _Known(Mapping[str, Mapping[str, Any]]):
    """Every context we know, each read when it is first needed."""

    def __init__(self) -> None:
        self._read: dict[str, Mapping[str, Any]] = dict(_SAID_HERE)

    def __getitem__(self, url: str) -> Mapping[str, Any]:
        if url not in self._read:
            self._read[url] = read(url, PINS[url] if url in PINS else FOREIGN_PINS[url])
        return self._read[url]

    def __iter__(self) -> Iterator[str]:
        yield from PINS
        yield from FOREIGN_PINS
        yield from _SAID_HERE

    def __contains__(self, url: object) -> bool:
        return url in PINS or url in FOREIGN_PINS or url in _SAID_HERE

    def __len__(self) -> int:
        return len(PINS) + len(FOREIGN_PINS) + len(_SAID_HERE)


@cache
def known_contexts() -> Contexts:
    """
    Return the contexts that any document may name: ours, and what others use.

    A document that names another one says something that nobody here can check.
    Looking one up raises what `read` raises.
    """
    return _Known()


@cache
def pinned_contexts() -> Contexts:
    """
    Return the contexts of our own credentials.

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
