// Certificates from a CSV and a ZIP of images, with what Node brings along:
//
//   TESTAMUR_URL=http://127.0.0.1:8000 TESTAMUR_API_KEY=pk_... \
//     node bulk_mint.mjs certificates.csv images.zip
//
// Leaves results-JOB.csv and results-JOB.zip in the current folder.

import { createWriteStream, openAsBlob } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

class BulkMintClient {
  constructor(url, apiKey) {
    this.url = `${url}/api`;
    this.headers = { 'x-api-key': apiKey };
  }

  // Ask until the answer is not "too often"; throw what else is refused.
  async ask(path, options = {}) {
    for (;;) {
      const headers = { ...this.headers, ...options.headers };
      const response = await fetch(this.url + path, { ...options, headers });
      if (response.ok) return response;
      const problem = await response.json();
      if (response.status !== 429) throw new Error(problem.error.message);
      await sleep(problem.error.retry_after * 1000);
    }
  }

  async createJob(csvPath, zipPath) {
    const form = new FormData();
    form.append('metadata', await openAsBlob(csvPath), 'certificates.csv');
    if (zipPath) form.append('images', await openAsBlob(zipPath), 'images.zip');
    // A name for this request: sent twice, it still makes one job.
    const headers = { 'Idempotency-Key': crypto.randomUUID() };
    const response = await this.ask('/bulk-mint', {
      method: 'POST',
      headers,
      body: form,
    });
    return (await response.json()).data;
  }

  async wait(job) {
    while (job.status === 'queued' || job.status === 'processing') {
      await sleep(job.totalCount < 100 ? 500 : 5000);
      const response = await this.ask(`/bulk-mint/${job.jobId}`);
      job = (await response.json()).data;
      console.log(`${job.status}: ${job.processedCount} of ${job.totalCount}`);
    }
    return job;
  }

  async retry(jobId) {
    const path = `/bulk-mint/${jobId}/retry`;
    const response = await this.ask(path, { method: 'POST' });
    return (await response.json()).data;
  }

  async download(jobId, kind) {
    const response = await this.ask(`/bulk-mint/${jobId}/download/${kind}`);
    const file = createWriteStream(`results-${jobId}.${kind}`);
    await pipeline(Readable.fromWeb(response.body), file);
  }
}

const sleep = (milliseconds) =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

const [csvPath, zipPath] = process.argv.slice(2);
const client = new BulkMintClient(
  process.env.TESTAMUR_URL,
  process.env.TESTAMUR_API_KEY,
);
let job = await client.wait(await client.createJob(csvPath, zipPath));
if (job.failedCount > 0) {
  console.log(`Retrying ${job.failedCount} failed certificates`);
  job = await client.wait(await client.retry(job.jobId));
}
for (const { row, error } of job.errors) console.log(`Row ${row}: ${error}`);
await client.download(job.jobId, 'csv');
await client.download(job.jobId, 'zip');
console.log(`${job.successCount} certificates: results-${job.jobId}.csv and .zip`);
