"""docs/conformance.md: what is said there always, and what the last run found."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.run import Outcome

HEAD = """\
# Conformance

The W3C's suites for what Testamur implements run against a server on your machine
by one command. They are other people's programs: get them first, once, each at the
commit that the table below names. Node 18 or newer is needed, and npm, which
installs what they use.

```sh
mkdir ../suites && cd ../suites
{clones}
cd -
make conformance SUITES=../suites
```

The command starts a server with TLS in front of it, makes a tenant and its keys,
writes each suite's `localConfig.cjs`, runs the suite's own tests with its own mocha,
and writes this page. It ends with 1 if a mandatory test fails. The libraries that the
suites name by their repositories (the last two) are taken from the folder, so that
nothing but npm's registry is asked.

## Results

{date}:

| suite | commit | mandatory: passed | failed | pending | optional: passed | failed |
| --- | --- | --- | --- | --- | --- | --- |
{rows}

*Pending* tests skip themselves: they look at properties that a status entry may have
and ours do not (a status size and messages), or are not written yet.
{failures}
## How the suites are configured

- The data model suite: issuer is the tenant's `did:web`. Its optional part on
  enveloped credentials gets `vc+jwt` from the same endpoint
  (`options.type`).
- The suite for `eddsa-rdfc-2022` and `eddsa-jcs-2022` looks up keys by itself, and
  knows `did:key` alone. So it issues as the `did:key` of the tenant's key, which the
  [VC-API](divergences/vc_api.md) allows as an issuer. Most of its credentials are of
  version 1.1 of the data model.
- The status list suite asks for a place in a list (`options.credentialStatus`), and
  reads the list where the credential says it is.

## What was noticed in the suites

- The data model suite names the digest of an older text of
  `https://www.w3.org/ns/credentials/v2`, of before the Recommendation, and has it
  accepted. That digest and the Recommendation's are known here
  (`verification/digests.py`); any other is refused.
- Its three optional tests of enveloped presentations send a token whose presentation
  is inside a claim `vp`, and whose credential is inside a claim `vc`. *Securing
  Verifiable Credentials using JOSE and COSE* says that neither may be there. They
  are refused here, and so these tests fail.
"""

CLONE = (
    "git clone https://github.com/{owner}/{name} && git -C {name} checkout -q {commit}"
)


def write_report(
    page: Path, outcomes: Sequence["Outcome"], clones: Sequence[str], date: str
) -> None:
    """Write *page* anew."""
    text = HEAD.format(
        clones="\n".join(clones),
        date=date,
        rows="\n".join(_row(outcome) for outcome in outcomes),
        failures=_failures(outcomes),
    )
    page.write_text(one_sentence_per_line(text))


def one_sentence_per_line(text: str) -> str:
    """Return Markdown *text* in the form of the other pages here."""
    blocks = re.split(r"(```.*?```)", text, flags=re.DOTALL)
    return "".join(
        block if block.startswith("```") else _lined(block) for block in blocks
    )


def _lined(prose: str) -> str:
    # A line belongs to the one before it, unless it begins something of its own.
    joined = re.sub(r"(?<=[^\n|]) *\n +(?=[^\s-])", " ", prose)
    joined = re.sub(r"(?<=[^\n|]) *\n(?=[A-Za-z`*(])", " ", joined)
    lines = []
    for line in joined.split("\n"):
        indent = "  " if line.startswith("- ") else ""
        if not line.startswith("|"):
            line = re.sub(r"(?<=[a-z`)]{2}[.?!]) +(?=[A-Z`])", f"\n{indent}", line)
        lines.append(line)
    return "\n".join(lines)


def _row(outcome: "Outcome") -> str:
    failed = [title for title, _ in outcome.failed]
    counts = [
        sum(outcome.is_optional(title) is optional for title in titles)
        for optional, groups in (
            (False, (outcome.passed, failed, outcome.pending)),
            (True, (outcome.passed, failed)),
        )
        for titles in groups
    ]
    return f"| {outcome.suite.name} | `{outcome.commit[:12]}` | " + (
        " | ".join(map(str, counts)) + " |"
    )


def _failures(outcomes: Sequence["Outcome"]) -> str:
    lines = [
        f"- {'optional' if outcome.is_optional(title) else '**mandatory**'}, "
        f"{outcome.suite.name}: {title}"
        for outcome in outcomes
        for title, _ in outcome.failed
    ]
    return "\nWhat failed:\n\n" + "\n".join(lines) + "\n" if lines else ""
