"""
Clients of the Pocketbook wire, run against a running server.

Ours are in examples/clients. The service's own documented samples are no part of
this repository: where their text lies beside it (`../shared/reference`), they are
taken out of it and run as they are, but for the base URL and the key.
"""

import csv
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from support.capabilities import LACKS
from support.server import ROOT, good_rows, pictures, sheet

EXAMPLES = ROOT / "examples" / "clients"
DOCUMENTED = ROOT.parent / "shared" / "reference" / "seed-pocketbook.txt"
DOCUMENTED_URL = "https://api.pocketbook.studio/api"
DOCUMENTED_KEY = "pk_your_api_key_here"

BAD_ROW = "Broken,A description,one.png,education,no address"

#: What the samples need around them. Their `fetch` is not the one built into Node:
#: that one takes a form of the package form-data for an object and sends the text
#: "[object FormData]", with or without `duplex: 'half'`. The package node-fetch (2)
#: streams it. And their five seconds between polls are shortened.
PRELOAD = """
globalThis.fetch = require('node-fetch');
const later = globalThis.setTimeout;
globalThis.setTimeout = (call, time, ...rest) => later(call, time / 20, ...rest);
"""


def program(name: str) -> str:
    """Return the path of a program. Testamur needs none of these; its clients do."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{LACKS}{name}; install it to run the clients written for it")
    return found


@pytest.fixture
def folder(tmp_path):
    """Return a folder with the files that every sample reads."""
    (tmp_path / "certificates.csv").write_bytes(sheet(*good_rows(4), BAD_ROW))
    (tmp_path / "images.zip").write_bytes(pictures())
    return tmp_path


def run(folder: Path, *words: str, **environment: str) -> str:
    """Run a client in *folder*; return what it printed."""
    done = subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def assert_results(folder: Path, stem: str) -> None:
    """Hold the files that a client saved to what a job of `folder` comes to."""
    with (folder / f"{stem}.csv").open(newline="") as file:
        states = [line["status"] for line in csv.DictReader(file)]
    with zipfile.ZipFile(folder / f"{stem}.zip") as archive:
        assert archive.testzip() is None
        names = archive.namelist()
    assert states == ["success"] * 4 + ["failed"]
    assert len([name for name in names if name.startswith("metadata/")]) == 4


# Ours


@pytest.mark.parametrize(
    ("interpreter", "name"),
    [
        ("node", "bulk_mint.mjs"),
        (sys.executable, "bulk_mint.py"),
        ("sh", "bulk_mint.sh"),
    ],
    ids=["javascript", "python", "curl"],
)
def test_an_example_client_does_the_whole_job(tenant, folder, interpreter, name):
    """Creates, waits, retries what failed, and saves both downloads."""
    if name.endswith(".sh"):
        program("curl")

    said = run(
        folder,
        program(interpreter),
        str(EXAMPLES / name),
        "certificates.csv",
        "images.zip",
        TESTAMUR_URL=tenant.server.url,
        TESTAMUR_API_KEY=tenant.key,
    )

    [saved] = folder.glob("results-*.csv")
    assert "Retrying 1 failed" in said
    assert "4 certificates" in said
    assert_results(folder, saved.stem)


# The documented ones


def documented() -> str:
    """Return the service's documentation."""
    if not DOCUMENTED.exists():
        # Also where CI=true: it is not ours to bring along.
        pytest.skip(
            f"{LACKS}the text of the documented clients; put it at "
            f"{DOCUMENTED.relative_to(ROOT.parent)} beside the repository"
        )
    return DOCUMENTED.read_text()


def between(text: str, start: str, end: str) -> str:
    """Return what follows the last *start* that *end* follows, both left out."""
    before, _, _ = text.partition(end)
    found = before.rpartition(start)[2]
    assert found != before, start
    return found


def addressed(code: str, url: str, key: str) -> str:
    """Put our address and key in; nothing else is changed."""
    assert DOCUMENTED_URL in code
    return code.replace(DOCUMENTED_URL, f"{url}/api").replace(DOCUMENTED_KEY, key)


def indented(lines: str) -> str:
    """Give Python back the indentation that the text has lost."""
    blocks: list[str] = []  # the statements that the line is inside of
    code, ended = [], ""
    for line in lines.splitlines():
        word = line.split(" ")[0].rstrip(":")
        if word in ("elif", "else"):
            while ended not in ("if", "elif"):
                ended = blocks.pop()
        elif word == "def":
            blocks.clear()
        code.append("    " * len(blocks) + line)
        if line.endswith(":"):
            blocks.append(word)
            ended = ""
        elif word in ("return", "raise"):
            ended = blocks.pop()
    return "\n".join(code)


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    """Return a folder with the packages that the JavaScript samples require."""
    documented()
    where = tmp_path_factory.mktemp("packages")
    npm, wanted = program("npm"), ("form-data@4", "node-fetch@2")
    done = subprocess.run(
        [npm, "install", "--no-audit", "--no-fund", "--prefix", where, *wanted],
        capture_output=True,
        text=True,
        timeout=120,
    )
    if done.returncode:
        pytest.skip(f"{LACKS}form-data and node-fetch; let npm reach its registry")
    (where / "preload.js").write_text(PRELOAD)
    return where


def run_javascript(packages: Path, folder: Path, code: str, tenant) -> str:
    """Run *code* as the samples expect to be run."""
    (folder / "sample.js").write_text(addressed(code, tenant.server.url, tenant.key))
    (folder / "node_modules").symlink_to(packages / "node_modules")
    return run(
        folder,
        program("node"),
        "--require",
        str(packages / "preload.js"),
        "sample.js",
        POCKETBOOK_API_KEY=tenant.key,
    )


@pytest.mark.xdist_group("npm")
def test_the_documented_workflow_runs(tenant, folder, packages):
    """BulkMintClient: create, wait, retry what failed, wait again, download both."""
    code = between(
        documented(), "minting workflow:\njavascript\n", "Best Practices\nPerf"
    )
    assert code.endswith("\nmain();")

    said = run_javascript(packages, folder, code, tenant)

    assert "Retrying 1 failed certificates" in said
    assert "Retry initiated for 1 certificates" in said
    assert "Progress: 100.0% (5/5)" in said
    [saved] = folder.glob("results-*.csv")
    assert_results(folder, saved.stem)


@pytest.mark.xdist_group("npm")
def test_the_documented_functions_in_javascript_run(tenant, folder, packages):
    """Each snippet for itself: create, poll, list, download, retry, cancel, cost."""
    text = documented()
    snippets = [
        between(text, "javascript\n", "}python\nimport requests\ndef create") + "}",
        between(text, "javascript\n", "}python\nimport requests\nimport time") + "}",
        between(text, "javascript\n", "// Example: Get all completed"),
        between(text, "javascript\nconst fs = require('fs');\n", "// Download CSV"),
        between(
            text,
            "Code Example\njavascript\n",
            "Response\njson\n{\n"
            '"success": true,\n"data": {\n"jobId": "507f1f77bcf86cd799439013",\n'
            '"status": "queued",\n"retriedCount"',
        ),
        between(
            text,
            "Code Example\njavascript\n",
            "Response\njson\n{\n"
            '"success": true,\n"data": {\n"jobId": "507f1f77bcf86cd799439013",\n'
            '"status": "cancelled"',
        ),
    ]
    use = """
    (async () => {
      const id = await createBulkMintJob();
      const job = await pollJobStatus(id);
      await downloadResults(id, 'csv');
      await downloadResults(id, 'zip');
      const listed = await listBulkJobs('completed');
      const retried = await retryFailedJob(id);
      await pollJobStatus(retried.jobId);
      const cancelled = await cancelJob(id);
      const known = listed.data.jobs[0].jobId === id && listed.data.pagination.page;
      console.log('SEEN', job.failedCount, known, retried.retriedCount,
        cancelled.success, cancelled.error.code);
    """
    cost = between(text, "estimate costs:\njavascript\n", "Related Resources")

    said = run_javascript(
        packages, folder, "\n".join([*snippets, use, cost, "})();"]), tenant
    )

    assert "SEEN 1 1 1 false job_not_cancellable" in said
    assert "Cost for 1000 certificates: {" in said
    [saved] = folder.glob("job-*.csv")
    assert_results(folder, saved.stem)


def test_the_documented_functions_in_python_run(tenant, folder):
    """Create, poll and download, with the package requests."""
    text = documented()
    creating = between(text, "python\n", "bash\ncurl -X POST")
    polling = "import requests\n" + between(
        text,
        "}python\nimport requests\n",
        'Response\njson\n{\n"success": true,\n"data": {\n'
        '"jobId": "507f1f77bcf86cd799439013",\n"status": "processing"',
    )
    downloading = between(text, "python\n", "# Download CSV\ndownload_results")
    # The rows name a picture of a ZIP: the line that sends it is a comment there.
    creating = creating.replace("# 'images'", "'images'")
    use = """
time.sleep = lambda seconds, sleep=time.sleep: sleep(seconds / 20)
job = create_bulk_mint_job()
assert poll_job_status(job)["failedCount"] == 1
download_results(job, "csv")
download_results(job, "zip")
"""
    code = "\n".join([*map(indented, (creating, polling, downloading)), use])
    path = folder / "sample.py"
    path.write_text(addressed(code, tenant.server.url, tenant.key))

    said = run(folder, sys.executable, str(path))

    assert "Job completed successfully!" in said
    [saved] = folder.glob("job-*.csv")
    assert_results(folder, saved.stem)


def test_the_documented_curl_command_runs(tenant, folder):
    """It creates a job, with a batch."""
    program("curl")
    found = re.search(r'curl -X POST .*?"createBatch=true"', documented(), re.DOTALL)
    assert found is not None

    said = run(folder, "sh", "-c", addressed(found[0], tenant.server.url, tenant.key))

    assert '"success":true' in said
    [job] = tenant.client.get("/api/bulk-mint").json()["data"]["jobs"]
    assert job["jobId"] in said
    assert job["batchId"]
    assert tenant.wait(job["jobId"])["successCount"] == 4
