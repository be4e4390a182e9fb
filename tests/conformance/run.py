"""
Run the W3C's conformance suites against a server here: `make conformance`.

The suites are other people's programs and not part of this repository. They are
looked for in a folder (`SUITES`, else `../suites`), where the commands in
docs/conformance.md put them. Each is copied to `build/conformance` and installed
there with npm; the server, its tenant and its keys are made for the occasion, and
listen on this machine only. What came of it is written into docs/conformance.md.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent))

from conformance.report import CLONE, write_report  # noqa: E402
from conformance.tls import tls_in_front_of  # noqa: E402
from support import server as support_server  # noqa: E402

BUILD = ROOT / "build" / "conformance"

#: npm and a suite may take so long.
INSTALL_SECONDS = 300
RUN_SECONDS = 420


@dataclass(frozen=True)
class Suite:
    """One suite, and the parts of it that ask for a feature that is optional."""

    name: str
    #: What its issuers and verifiers are chosen by.
    tags: tuple[str, ...]
    #: Beginnings of the titles of optional parts.
    optional: tuple[str, ...] = ()


SUITES = (
    Suite(
        "vc-data-model-2.0-test-suite",
        ("vc2.0",),
        ("Enveloped Verifiable",),
    ),
    Suite("vc-di-eddsa-test-suite", ("eddsa-rdfc-2022", "eddsa-jcs-2022")),
    Suite("vc-bitstring-status-list-test-suite", ("BitstringStatusList",)),
)

#: What the suites take from other repositories, and whose those are.
LIBRARIES = {
    "vc-test-suite-implementations": "w3c",
    "data-integrity-test-suite-assertion": "w3c-ccg",
}


@dataclass
class Outcome:
    """What came of one suite."""

    suite: Suite
    commit: str
    passed: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)

    def is_optional(self, title: str) -> bool:
        """Say whether a test is of an optional part."""
        return title.startswith(self.suite.optional) if self.suite.optional else False


def main() -> int:
    """Run every suite that is there; return 1 if a mandatory test fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", type=Path, help="the folder with the suites")
    parser.add_argument("--only", help="run the suite whose name holds this")
    parser.add_argument("--no-report", action="store_true", help="only print")
    arguments = parser.parse_args()
    folder = arguments.suites.resolve()
    outcomes = []
    for suite in SUITES:
        if arguments.only and arguments.only not in suite.name:
            continue
        if not (folder / suite.name / "package.json").is_file():
            print(f"{suite.name}: not in {folder}; docs/conformance.md says how")
            return 2
        outcomes.append(run(suite, prepare(suite, folder), folder))
    for outcome in outcomes:
        tell(outcome)
    if not arguments.no_report and not arguments.only:
        clones = [
            CLONE.format(owner=owner, name=name, commit=commit_of(folder / name)[:12])
            for name, owner in (
                *((suite.name, "w3c") for suite in SUITES),
                *LIBRARIES.items(),
            )
        ]
        write_report(ROOT / "docs" / "conformance.md", outcomes, clones, today())
    return int(
        any(
            not outcome.is_optional(title)
            for outcome in outcomes
            for title, _ in outcome.failed
        )
    )


def prepare(suite: Suite, folder: Path) -> Path:
    """Return a copy of the suite with what it needs installed."""
    place = BUILD / suite.name
    if (place / "node_modules" / ".package-lock.json").is_file():
        return place
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(
        folder / suite.name,
        place,
        ignore=shutil.ignore_patterns("node_modules", ".git", "package-lock.json"),
    )
    package = json.loads((place / "package.json").read_text())
    package.pop("devDependencies", None)
    package["dependencies"].setdefault("mocha", "^10.0.0")
    for name in LIBRARIES:
        if name in package["dependencies"] and (folder / name).is_dir():
            package["dependencies"][name] = f"file:{folder / name}"
    (place / "package.json").write_text(json.dumps(package, indent=2))
    subprocess.run(
        ["npm", "install", "--install-links", "--ignore-scripts", "--no-audit"],
        cwd=place,
        check=True,
        timeout=INSTALL_SECONDS,
        stdout=subprocess.DEVNULL,
    )
    return place


def run(suite: Suite, place: Path, folder: Path) -> Outcome:
    """Run the suite in *place* against a server of its own."""
    with (
        tls_in_front_of() as front,
        support_server.running(TESTAMUR_PUBLIC_URL=front.url) as server,
    ):
        front.forward_to(server.port)
        tenant = server.tenant()
        did = httpx.get(f"{server.url}/t/{tenant.slug}/did.json").json()["id"]
        config = local_config(suite, front.url, tenant.key, did, key_did(tenant))
        (place / "localConfig.cjs").write_text(
            f"module.exports = {json.dumps(config, indent=2)};\n"
        )
        report = place / "result.json"
        report.unlink(missing_ok=True)
        finished = subprocess.run(
            [
                *("node_modules/.bin/mocha", "tests/", "--timeout", "15000"),
                *("--preserve-symlinks", "--reporter", "json"),
                *("--reporter-option", f"output={report}"),
            ],
            cwd=place,
            env={**os.environ, "NODE_EXTRA_CA_CERTS": str(front.ca_file)},
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )
        if not report.is_file():
            raise SystemExit(f"{suite.name} did not run:\n{finished.stderr[-4000:]}")
    return read_report(suite, commit_of(folder / suite.name), report)


def key_did(tenant: Any) -> str:
    """Return the `did:key` of the tenant's key, as its first credential tells."""
    document = tenant.client.post(
        "/credentials/issue",
        json={
            "credential": {
                "@context": ["https://www.w3.org/ns/credentials/v2"],
                "type": ["VerifiableCredential"],
                "credentialSubject": {"id": "did:example:anybody"},
            }
        },
    ).json()["verifiableCredential"]
    method = document["proof"][0]["verificationMethod"]
    keys = tenant.client.get(f"/t/{tenant.slug}/did.json").json()["verificationMethod"]
    found = next(key for key in keys if key["id"] == method)
    return f"did:key:{found['publicKeyMultibase']}"


def local_config(
    suite: Suite, url: str, key: str, did: str, key_name: str
) -> Mapping[str, Any]:
    """Return the suite's own configuration (its localConfig.cjs)."""
    headers = {"x-api-key": key}

    def endpoint(path: str, *tags: str, **options: Any) -> dict[str, Any]:
        found = {"id": did, "endpoint": url + path, "headers": headers}
        return {**found, "tags": tags} | ({"options": options} if options else {})

    issue, verify = "/credentials/issue", "/credentials/verify"
    present = "/presentations/verify"
    if suite.tags == ("vc2.0",):
        issuers = [
            endpoint(issue, "vc2.0"),
            endpoint(issue, "EnvelopingProof", type="vc+jwt"),
        ]
        verifiers = [endpoint(verify, "vc2.0", "EnvelopingProof")]
        presented = [endpoint(present, "vc2.0", "EnvelopingProof")]
    elif suite.tags == ("BitstringStatusList",):
        status = {"type": "BitstringStatusListEntry", "statusPurpose": "revocation"}
        issuers = [endpoint(issue, *suite.tags, credentialStatus=status)]
        verifiers = [endpoint(verify, *suite.tags)]
        presented = []
    else:
        # This suite looks up keys itself, and knows `did:key` alone.
        issuers = [
            endpoint(issue, name, cryptosuite=name) | {"id": key_name}
            for name in suite.tags
        ]
        verifiers = [endpoint(verify, *suite.tags)]
        presented = []
    return {
        "settings": {"enableInteropTests": False, "testAllImplementations": False},
        "implementations": [
            {
                "name": "Testamur",
                "implementation": "Testamur",
                "issuers": issuers,
                "verifiers": verifiers,
                "vpVerifiers": presented,
            }
        ],
    }


def read_report(suite: Suite, commit: str, file: Path) -> Outcome:
    """Return what mocha's JSON reporter wrote."""
    found = json.loads(file.read_text())
    outcome = Outcome(suite, commit)
    outcome.passed = [test["fullTitle"] for test in found["passes"]]
    outcome.pending = [test["fullTitle"] for test in found["pending"]]
    outcome.failed = [
        (test["fullTitle"], str(test["err"].get("message", "")).split("\n")[0])
        for test in found["failures"]
    ]
    return outcome


def commit_of(folder: Path) -> str:
    """Return the commit that a clone is at."""
    found = subprocess.run(
        ["git", "-C", str(folder), "rev-parse", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip() or "unknown"


def tell(outcome: Outcome) -> None:
    """Print what came of a suite."""
    print(
        f"{outcome.suite.name} at {outcome.commit[:12]}: {len(outcome.passed)} passed, "
        f"{len(outcome.failed)} failed, {len(outcome.pending)} pending"
    )
    for title, message in outcome.failed:
        print(f"  {'(optional) ' if outcome.is_optional(title) else ''}FAILED {title}")
        print(f"    {message}")


def today() -> str:
    """Return the date, for the report."""
    return datetime.now(UTC).date().isoformat()


if __name__ == "__main__":
    sys.exit(main())
