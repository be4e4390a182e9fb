"""Documents that are made to hurt whoever checks them, each with its outcome."""

import base64
import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Callable

from support.third_party import third_party
from support.verifying import credential, status_list

EXAMPLES = "https://www.w3.org/ns/credentials/examples/v2"
MIB = 1024 * 1024

#: Makes a document; its verdict's result; the code of a check that says why.
Case = tuple[Callable[[], bytes], str, str]


def spelled(**changed: object) -> bytes:
    """Return one of our credentials, with members changed."""
    return json.dumps(credential() | changed).encode()


def inserted(text: str) -> bytes:
    """Return one of our credentials, with *text* as its first members."""
    return ("{" + text + "," + json.dumps(credential())[1:]).encode()


CRED = "https://www.w3.org/2018/credentials#"


def own_context(context: object) -> dict[str, object]:
    """Return the member that adds a *context* of the document's own."""
    return {"@context": [*credential()["@context"], context]}


def renamed(key: str, name: str, context: object = None) -> bytes:
    """Return a credential whose *key* is called *name*, as *context* lets it."""
    document = credential()
    document[name] = document.pop(key)
    added = own_context(context) if context is not None else {}
    return json.dumps(document | added).encode()


def respelled_end() -> bytes:
    """Return a credential with an end that only RDF sees."""
    document = credential(has_end=True)
    end = document.pop("validUntil")
    moment = "http://www.w3.org/2001/XMLSchema#dateTime"
    document[f"{CRED}validUntil"] = {"@type": moment, "@value": end}
    return json.dumps(document).encode()


def graph(subjects: list[object]) -> bytes:
    """Return a signed-looking credential that says *subjects*, as examples do."""
    document = credential()
    document["@context"] = ["https://www.w3.org/ns/credentials/v2", EXAMPLES]
    document["credentialSubject"] = subjects
    for name in ("relatedResource", "evidence", "name"):
        document.pop(name, None)
    document["issuer"] = document["issuer"]["id"]
    return json.dumps(document).encode()


def clique(size: int) -> bytes:
    """Return nodes without names that all know one another: all look alike."""
    names = [f"_:n{number}" for number in range(size)]
    return graph(
        [
            {"knows": [{"id": one, "knows": [{"id": other} for other in names]}]}
            for one in names
        ]
    )


def ring(size: int) -> bytes:
    """Return nodes without names in a circle."""
    return graph(
        [
            {"about": {"id": f"_:n{n}", "next": {"id": f"_:n{(n + 1) % size}"}}}
            for n in range(size)
        ]
    )


def poison(name: str) -> bytes:
    """Return one of the W3C's poison datasets, as JSON-LD."""
    text = third_party(f"vectors/rdf-canon/tests/rdfc10/{name}-in.nq").read_text()
    found = re.findall(r"^(_:\S+) <([^>]+)> (_:\S+) \.$", text, re.M)
    assert found
    return graph(
        [{"about": {"id": s, re.sub(r".*[/#]", "", p): {"id": o}}} for s, p, o in found]
    )


def token(header: object, payload: object, signature: bytes = b"x") -> bytes:
    """Return a compact JWS of whatever."""
    parts = [
        one if isinstance(one, bytes) else json.dumps(one).encode()
        for one in (header, payload, signature)
    ]
    return b".".join(base64.urlsafe_b64encode(one).rstrip(b"=") for one in parts)


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG of one dot, with more chunks in it."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        crc = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    dot = zlib.compress(b"\0\0")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(*one)
        for one in [(b"IHDR", head), *chunks, (b"IDAT", dot), (b"IEND", b"")]
    )


def text_chunk(
    text: bytes, keyword: bytes = b"openbadgecredential"
) -> tuple[bytes, bytes]:
    """Return an iTXt chunk."""
    return b"iTXt", keyword + b"\0\0\0\0\0" + text


def deflated_chunk(text: bytes) -> tuple[bytes, bytes]:
    """Return an iTXt chunk, compressed."""
    return b"iTXt", b"openbadgecredential\0\1\0\0\0" + zlib.compress(text, 9)


def packed(*files: tuple[str, bytes], deflated: bool = True) -> bytes:
    """Return a ZIP of *files*."""
    out = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()


DOCUMENTS: dict[str, Case] = {
    # Not JSON, or JSON that parsers disagree about.
    "J01-nothing": (lambda: b"", "unreadable", "empty"),
    "J02-white-space": (lambda: b" \n\t", "unreadable", "empty"),
    "J03-text": (lambda: b"hello", "unreadable", "unknown_format"),
    "J04-html": (lambda: b"<!doctype html><p>no</p>", "unreadable", "unknown_format"),
    "J05-cut-off": (lambda: spelled()[:-1], "unreadable", "json_syntax"),
    "J06-two-values": (lambda: spelled() + b"{}", "unreadable", "json_syntax"),
    "J07-duplicate-key": (
        lambda: inserted('"issuer": "did:web:evil.example"'),
        "unreadable",
        "json_duplicate_key",
    ),
    "J08-duplicate-by-escape": (
        lambda: inserted('"\\u0069ssuer": "did:web:evil.example"'),
        "unreadable",
        "json_duplicate_key",
    ),
    "J09-nan": (lambda: inserted('"x": NaN'), "unreadable", "json_number"),
    "J10-infinity": (lambda: inserted('"x": -Infinity'), "unreadable", "json_number"),
    "J11-overflow": (lambda: inserted('"x": 1e999'), "unreadable", "json_number"),
    "J12-million-digits": (
        lambda: inserted('"x": ' + "9" * 1_000_000),
        "unreadable",
        "json_number",
    ),
    "J13-lone-surrogate": (
        lambda: inserted('"x": "\\ud800"'),
        "unreadable",
        "json_encoding",
    ),
    "J14-surrogate-in-key": (
        lambda: inserted('"\\udfff": 1'),
        "unreadable",
        "json_encoding",
    ),
    "J15-not-utf-8": (
        lambda: spelled().replace(b"Harbour pilot", b"Harbour \xffpilot"),
        "unreadable",
        "json_encoding",
    ),
    "J16-utf-16": (
        lambda: spelled().decode().encode("utf-16"),
        "unreadable",
        "unknown_format",
    ),
    "J17-byte-order-mark": (
        lambda: b"\xef\xbb\xbf" + spelled(),
        "unreadable",
        "unknown_format",
    ),
    "J18-deep-arrays": (lambda: b"[" * 10_000, "unreadable", "json_depth"),
    "J19-deep-closed": (
        lambda: b"[" * 10_000 + b"]" * 10_000,
        "unreadable",
        "json_depth",
    ),
    "J20-deep-objects": (
        lambda: b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        "unreadable",
        "json_depth",
    ),
    "J21-deep-inside": (
        lambda: inserted('"x": ' + "[" * 100 + "]" * 100),
        "unreadable",
        "json_depth",
    ),
    "J22-ten-megabytes": (lambda: b"[" + b"1," * 5 * MIB + b"1]", "unreadable", ""),
    "J23-number": (lambda: b"7", "unreadable", "unknown_format"),
    "J24-empty-list": (lambda: b"[]", "unreadable", "array_size"),
    "J25-many": (lambda: b"[" + b"{}," * 500 + b"{}]", "unreadable", "array_size"),
    "J26-nul": (lambda: b"\0" * 1_000, "unreadable", "unknown_format"),
    # Credentials that mean something else than they seem to.
    "C01-empty-object": (lambda: b"{}", "invalid", "context_missing"),
    "C02-unsigned-word": (lambda: spelled(grade="A"), "invalid", "not_signable"),
    "C03-unsigned-deep": (
        lambda: spelled(
            credentialSubject=credential()["credentialSubject"] | {"grade": "A"}
        ),
        "invalid",
        "not_signable",
    ),
    "C04-unknown-context": (
        lambda: spelled(
            **{"@context": [*credential()["@context"], "https://evil.example/c"]}
        ),
        "unreadable",
        "context_unknown",
    ),
    "C05-context-within": (
        lambda: spelled(
            **{
                "@context": [
                    *credential()["@context"],
                    {"@import": "https://evil.example/c"},
                ]
            }
        ),
        "invalid",
        "respelled",
    ),
    "C06-context-redefines": (
        lambda: spelled(**own_context({"issuer": "https://evil.example/issuer"})),
        "invalid",
        "respelled",
    ),
    # The signature over what they mean still holds for each of these.
    "R01-status-renamed": (
        lambda: renamed("credentialStatus", "x", {"x": f"{CRED}credentialStatus"}),
        "invalid",
        "respelled",
    ),
    "R02-status-by-iri": (
        lambda: renamed("credentialStatus", f"{CRED}credentialStatus"),
        "invalid",
        "respelled",
    ),
    "R03-status-by-prefix": (
        lambda: renamed("credentialStatus", "c:credentialStatus", {"c": CRED}),
        "invalid",
        "respelled",
    ),
    "R04-status-by-vocab": (
        lambda: renamed("credentialStatus", "Status", {"@vocab": f"{CRED}credential"}),
        "invalid",
        "respelled",
    ),
    "R05-status-by-known-word": (
        lambda: renamed("credentialStatus", "x", {"x": "credentialStatus"}),
        "invalid",
        "respelled",
    ),
    "R06-status-in-nest": (
        lambda: spelled(
            **{
                "@nest": {"credentialStatus": credential()["credentialStatus"]},
                "credentialStatus": [],
            }
        ),
        "invalid",
        "respelled",
    ),
    "R07-end-by-iri": (
        lambda: respelled_end(),
        "invalid",
        "respelled",
    ),
    "R08-context-deep-inside": (
        lambda: spelled(
            credentialSubject=credential()["credentialSubject"]
            | {"@context": {"name": "https://schema.org/description"}}
        ),
        "invalid",
        "respelled",
    ),
    "R09-second-self": (
        lambda: spelled(
            evidence=[
                {
                    "id": credential()["id"],
                    "type": ["Evidence"],
                    "validUntil": "2020-01-01T00:00:00Z",
                }
            ]
        ),
        "invalid",
        "respelled",
    ),
    "R10-harmless-context": (
        lambda: spelled(
            **own_context(
                {"Grade": {"@id": "https://example.org/Grade", "@context": {}}}
            )
        ),
        "valid",
        "signature_holds",
    ),
    "C07-vocab-swallows": (
        lambda: spelled(
            **{
                "@context": [
                    *credential()["@context"],
                    {"@vocab": "https://evil.example/"},
                ],
                "grade": "A",
            }
        ),
        "invalid",
        "signature_wrong",
    ),
    "C08-no-proof": (
        lambda: json.dumps(
            {key: value for key, value in credential().items() if key != "proof"}
        ).encode(),
        "invalid",
        "proof_missing",
    ),
    "C09-empty-proof": (lambda: spelled(proof=[]), "invalid", "proof_missing"),
    "C10-proof-of-nothing": (
        lambda: spelled(proof=[{}]),
        "unreadable",
        "suite_unknown",
    ),
    "C11-many-proofs": (
        lambda: spelled(proof=credential()["proof"] * 100),
        "invalid",
        "proofs_too_many",
    ),
    "C12-huge-proof-value": (
        lambda: spelled(
            proof=[credential()["proof"][0] | {"proofValue": "z" + "2" * 100_000}]
        ),
        "invalid",
        "proof_form",
    ),
    "C13-other-purpose": (
        lambda: spelled(
            proof=[credential()["proof"][0] | {"proofPurpose": "authentication"}]
        ),
        "invalid",
        "proof_purpose",
    ),
    "C14-relative-id": (lambda: spelled(id="/c/1"), "invalid", "id_url"),
    "C15-issuer-is-list": (lambda: spelled(issuer=["a", "b"]), "invalid", "issuer_url"),
    "C16-wrong-types": (
        lambda: spelled(
            credentialStatus=7, credentialSubject="x", validFrom={}, name=[[]]
        ),
        "invalid",
        "text_form",
    ),
    "C17-status-list-itself": (
        lambda: status_list(7),
        "valid",
        "signature_holds",
    ),
    # Graphs without an end.
    "G01-clique": (lambda: clique(12), "unreadable", "too_hard"),
    "G02-large-clique": (lambda: clique(60), "unreadable", "too_hard"),
    "G03-ring": (lambda: ring(2_000), "unreadable", "too_hard"),
    "G04-w3c-poison-44": (lambda: poison("test044"), "unreadable", "too_hard"),
    "G05-w3c-poison-74": (lambda: poison("test074"), "unreadable", "too_hard"),
    # Tokens.
    "T01-none": (
        lambda: token({"alg": "none"}, credential()),
        "unreadable",
        "jwt_algorithm",
    ),
    "T02-shared-secret": (
        lambda: token({"alg": "HS256", "typ": "JWT"}, credential()),
        "unreadable",
        "jwt_algorithm",
    ),
    "T03-critical": (
        lambda: token({"alg": "EdDSA", "crit": ["x"], "x": 1}, credential()),
        "unreadable",
        "jwt_header",
    ),
    "T04-detached": (
        lambda: token({"alg": "EdDSA", "b64": False}, credential()),
        "unreadable",
        "jwt_header",
    ),
    "T05-another-type": (
        lambda: token({"alg": "EdDSA", "typ": "at+jwt"}, credential()),
        "unreadable",
        "jwt_type",
    ),
    "T06-not-json": (
        lambda: token({"alg": "EdDSA"}, b"\xff\xfe"),
        "unreadable",
        "json_encoding",
    ),
    "T07-version-1": (
        lambda: token({"alg": "EdDSA"}, {"vc": {}, "iss": "x"}),
        "unreadable",
        "jwt_version",
    ),
    "T08-algorithm-is-list": (
        lambda: token({"alg": ["EdDSA"]}, credential()),
        "unreadable",
        "jwt_algorithm",
    ),
    "T09-loose-bits": (
        lambda: token({"alg": "EdDSA"}, b"{}")[:-1] + b"B",
        "unreadable",
        "jwt_form",
    ),
    "T10-deep": (
        lambda: token({"alg": "EdDSA"}, b"[" * 10_000),
        "unreadable",
        "json_depth",
    ),
    # Pictures.
    "P01-no-credential": (lambda: png(), "unreadable", "png_no_credential"),
    "P02-two": (
        lambda: png(text_chunk(spelled()), text_chunk(spelled())),
        "unreadable",
        "png_several_credentials",
    ),
    "P03-cut-off": (
        lambda: png(text_chunk(spelled()))[:-6],
        "unreadable",
        "png_damaged",
    ),
    "P04-trailer": (
        lambda: png(text_chunk(spelled())) + b"PK\x03\x04",
        "unreadable",
        "png_damaged",
    ),
    "P05-wrong-checksum": (
        lambda: png(text_chunk(spelled())).replace(b"Harbour pilot", b"Harbour pirat"),
        "unreadable",
        "png_damaged",
    ),
    "P06-bomb": (
        lambda: png(deflated_chunk(b" " * 100 * MIB)),
        "unreadable",
        "png_text",
    ),
    "P07-length-lies": (
        lambda: b"\x89PNG\r\n\x1a\n" + b"\xff\xff\xff\xffiTXt",
        "unreadable",
        "png_damaged",
    ),
    "P08-open-badges-2": (
        lambda: png(text_chunk(b"https://example.org/badge/1", b"openbadges")),
        "unreadable",
        "open_badges_2",
    ),
    "P09-picture-in-it": (
        lambda: png(text_chunk(png())),
        "unreadable",
        "unknown_format",
    ),
    "P10-many-chunks": (
        lambda: png(*[(b"tEXt", b"")] * 120_000),
        "unreadable",
        "png_damaged",
    ),
    # Bundles.
    "Z01-no-credential": (
        lambda: packed(("x", b"")),
        "unreadable",
        "bundle_credential",
    ),
    "Z02-bomb": (
        lambda: packed(("credential.json", b" " * 200 * MIB)),
        "unreadable",
        "bundle_too_large",
    ),
    "Z03-many": (
        lambda: packed(*((str(number), b"") for number in range(1_000))),
        "unreadable",
        "bundle_entries",
    ),
    "Z04-twice": (
        lambda: packed(
            ("credential.json", spelled()), ("credential.jsom", spelled())
        ).replace(b"credential.jsom", b"credential.json"),
        "unreadable",
        "bundle_twice",
    ),
    "Z05-damaged": (
        lambda: packed(("credential.json", spelled()), deflated=False).replace(
            b"Harbour pilot", b"Harbour pirat"
        ),
        "unreadable",
        "bundle_damaged",
    ),
    "Z06-cut-off": (
        lambda: packed(("credential.json", spelled()))[:-30],
        "unreadable",
        "bundle_damaged",
    ),
    "Z07-bundle-in-it": (
        lambda: packed(("credential.json", packed(("credential.json", b"{}")))),
        "unreadable",
        "unknown_format",
    ),
    # Envelopes.
    "E01-no-context": (
        lambda: json.dumps(
            {"type": "EnvelopedVerifiableCredential", "id": "data:application/jwt,x"}
        ).encode(),
        "unreadable",
        "envelope_context",
    ),
    "E02-no-data": (
        lambda: json.dumps(
            {
                "@context": "https://www.w3.org/ns/credentials/v2",
                "type": "EnvelopedVerifiableCredential",
                "id": "https://evil.example/",
            }
        ).encode(),
        "unreadable",
        "envelope_id",
    ),
}
