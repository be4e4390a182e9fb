"""
Certificates from a CSV and a ZIP of images, with the package requests:

    TESTAMUR_URL=http://127.0.0.1:8000 TESTAMUR_API_KEY=pk_... \
        python bulk_mint.py certificates.csv images.zip

Leaves results-JOB.csv and results-JOB.zip in the current folder.
"""

import os
import sys
import time
import uuid
from contextlib import ExitStack

import requests


class BulkMintClient:
    """The bulk mint API at *url*, for who holds *api_key*."""

    def __init__(self, url, api_key):
        self.url = f"{url}/api/bulk-mint"
        self.session = requests.Session()
        self.session.headers["x-api-key"] = api_key

    def create_job(self, csv_path, zip_path=None):
        """Send the files; return the new job."""
        # A name for this request: sent twice, it still makes one job.
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        paths = {"metadata": csv_path, "images": zip_path}
        while True:
            with ExitStack() as stack:
                files = {
                    name: stack.enter_context(open(path, "rb"))
                    for name, path in paths.items()
                    if path
                }
                answer = self.session.post(self.url, files=files, headers=headers)
            if self.is_good(answer):
                return answer.json()["data"]

    def wait(self, job):
        """Poll the job until it is neither queued nor processing; return it."""
        while job["status"] in ("queued", "processing"):
            time.sleep(0.5 if job["totalCount"] < 100 else 5)
            job = self.ask("GET", f"/{job['jobId']}").json()["data"]
            print(f"{job['status']}: {job['processedCount']} of {job['totalCount']}")
        return job

    def retry(self, job_id):
        """Queue the failed rows again; return the job."""
        return self.ask("POST", f"/{job_id}/retry").json()["data"]

    def download(self, job_id, kind):
        """Save the results, csv or zip."""
        answer = self.ask("GET", f"/{job_id}/download/{kind}", stream=True)
        with answer, open(f"results-{job_id}.{kind}", "wb") as file:
            for piece in answer.iter_content(64 * 1024):
                file.write(piece)

    def ask(self, method, path, **options):
        """Ask until the answer is good."""
        while True:
            answer = self.session.request(method, self.url + path, **options)
            if self.is_good(answer):
                return answer

    @staticmethod
    def is_good(answer):
        """Say so; wait and deny it when it was too often; end on any other refusal."""
        if answer.ok:
            return True
        problem = answer.json()["error"]
        if answer.status_code != 429:
            sys.exit(problem["message"])
        time.sleep(problem["retry_after"])
        return False


def main():
    """Issue, retry what failed once, and save the results."""
    client = BulkMintClient(os.environ["TESTAMUR_URL"], os.environ["TESTAMUR_API_KEY"])
    job = client.wait(client.create_job(*sys.argv[1:3]))
    if job["failedCount"]:
        print(f"Retrying {job['failedCount']} failed certificates")
        job = client.wait(client.retry(job["jobId"]))
    for error in job["errors"]:
        print(f"Row {error['row']}: {error['error']}")
    for kind in ("csv", "zip"):
        client.download(job["jobId"], kind)
    print(f"{job['successCount']} certificates: results-{job['jobId']}.csv and .zip")


if __name__ == "__main__":
    main()
