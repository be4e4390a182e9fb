"""I29: whatever a client sends, the answer is what the description says; no 5xx."""

import os
import subprocess
import sys
from pathlib import Path

from support.server import good_rows, pictures, sheet

SCHEMATHESIS = str(Path(sys.executable).with_name("st"))

#: All checks but two: no generator makes a CSV that is a good one, so "schema-valid
#: means accepted" cannot be asked of uploads; and a GET that is sent with a body is
#: refused for its body, before there is a path that knows its methods.
LEFT_OUT = "positive_data_acceptance,unsupported_method"

#: Refusals of what the description forbids: those that the tool knows of, but for 5xx,
#: and that something is too large.
SETTINGS = """
[checks]
negative_data_rejection.expected-statuses = [
    400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428, 429
]
"""

#: How many requests are made up for each operation, beside those that go through what
#: its description allows and forbids, one by one; a soak may want more.
EXAMPLES = os.environ.get("TESTAMUR_FUZZ_EXAMPLES", "8")


def test_no_made_up_request_breaks_anything(server, tenant, tmp_path):
    """Hundreds of them, the same ones each time, with every check that applies."""
    tenant.done(sheet(*good_rows(2)), pictures())
    (tmp_path / "schemathesis.toml").write_text(SETTINGS)

    done = subprocess.run(
        [
            SCHEMATHESIS,
            "run",
            f"{server.url}/openapi.json",
            f"--header=x-api-key: {tenant.key}",
            f"--header=X-Tenant: {tenant.slug}",
            "--checks=all",
            f"--exclude-checks={LEFT_OUT}",
            f"--max-examples={EXAMPLES}",
            "--seed=20261122",
            "--generation-database=none",
            "--no-color",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=150,
    )

    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert "Tested: " in done.stdout
    assert "bug req_" not in server.log
