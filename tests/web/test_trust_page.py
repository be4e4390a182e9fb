"""The trust section of a real certificate's page, on a real server."""

import re
import time
from hashlib import sha256

import httpx

from support.server import good_rows, pictures, sheet
from testamur.tlog.checkpoint import log_verifiers
from testamur.tlog.note import verifier
from testamur.tlog.proof import verify_proof


def test_everything_that_the_page_offers_is_there(server, tenant):
    """
    The proof on it verifies offline, its links lead somewhere, its entry is right.
    """
    tenant.done(sheet(*good_rows(5)), pictures())
    one = tenant.client.get("/v1/certificates").json()["certificates"][2]
    address = f"{server.url}/c/{one['id']}"

    page = httpx.get(address)

    assert page.status_code == 200
    credential = httpx.get(f"{address}.json")
    (proof,) = re.findall(r"<pre[^>]*>([^<]*)</pre>", page.text)
    log = verifier(httpx.get(f"{server.url}/log/key").text.split()[0])
    # A text in HTML: a plus sign of base64 may be spelled otherwise.
    text = proof.replace("&#43;", "+").replace("&#39;", "'")
    logged = verify_proof(
        text,
        sha256(credential.content).digest(),
        log_verifiers(log.name, log.public),
    )
    assert f"Entry {logged.index + 1:,} of {logged.checkpoint.size:,}" in page.text
    did = credential.json()["issuer"]["id"]
    assert did in page.text
    key = credential.json()["proof"][0]["verificationMethod"].partition("#")[2]
    assert key in page.text
    section = page.text[page.text.index('class="trust"') :]
    for link in re.findall(r'href="([^"]+)"', section[: section.index("</section>")]):
        answer = httpx.get(link if link.startswith("http") else server.url + link)
        assert answer.status_code == 200, link


def test_the_page_is_quick(server, tenant):
    """
    Ten milliseconds at the very most in the best of twenty, proof and all.
    """
    tenant.done(sheet(*good_rows(600)), pictures())
    (one,) = tenant.client.get("/v1/certificates?limit=1").json()["certificates"]
    times = []
    with httpx.Client(base_url=server.url) as client:
        for _ in range(20):
            begun = time.perf_counter()
            assert client.get(f"/c/{one['id']}").status_code == 200
            times.append(time.perf_counter() - begun)

    assert min(times) < 0.010, times
