"""Document types, documents, signers and signature requests on the DokStamp wire."""

import io
import time
import uuid

import pikepdf
import pytest

from support.paperwork import Paperwork, answer, pdf

CPF = {"indexer": "Client CPF", "rule": "CPF"}


@pytest.fixture
def desk(server, tenant):
    """Return a new tenant's paperwork."""
    return Paperwork(server, tenant)


def errors(reply, status=422):
    """Return what a refusal says of each field, after a look at its envelope."""
    body = reply.json()
    assert reply.status_code == status, reply.text
    assert body["success"] is False
    assert body["message"] == "The given data was invalid."
    return body["errors"]


# Document types -----------------------------------------------------------------------


def test_a_document_type_is_what_was_said_of_it(desk):
    """The service's own example comes back, with an integer id."""
    body = {
        "description": "Contract",
        "signed_by_third": True,
        "multiples_third_signers": False,
        "indexers": [CPF, {"indexer": "Mail", "rule": "E-mail"}, {"indexer": "Note"}],
    }

    made = desk.post("/document-types", body)

    assert made == desk.ok(desk.client.get(f"/document-types/{made['id']}"))
    assert isinstance(made["id"], int)
    assert made["indexers"][2] == {"indexer": "Note", "rule": "Outro"}
    assert {key: made[key] for key in body if key != "indexers"} == {
        key: body[key] for key in body if key != "indexers"
    }


def test_a_document_type_is_changed_in_part(desk):
    """What is not said stays."""
    kind = desk.kind(indexers=[CPF])

    changed = desk.ok(
        desk.client.patch(f"/document-types/{kind}", json={"description": "Other"})
    )

    assert changed["description"] == "Other"
    assert changed["indexers"] == [CPF]


def test_a_document_type_goes_when_nothing_has_it(desk):
    """And stays, with a word about why, while a document does."""
    kind = desk.kind()
    document = desk.document(document_type_id=kind)

    kept = desk.client.delete(f"/document-types/{kind}")
    desk.client.delete(f"/documents/{document['id']}")
    gone = desk.client.delete(f"/document-types/{kind}")

    assert "document_type_id" in errors(kept)
    assert gone.status_code == 204
    assert desk.client.get(f"/document-types/{kind}").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "description"),
        ({"description": 7}, "description"),
        ({"description": "x" * 256}, "description"),
        ({"description": " \u200b"}, "description"),
        ({"description": "a\u0007b"}, "description"),
        ({"description": "a", "signed_by_third": "yes"}, "signed_by_third"),
        ({"description": "a", "indexers": {}}, "indexers"),
        ({"description": "a", "indexers": ["x"]}, "indexers.0"),
        ({"description": "a", "indexers": [{"rule": "CPF"}]}, "indexers.0.indexer"),
        (
            {"description": "a", "indexers": [{"indexer": "a", "rule": "CNPJ"}]},
            "indexers.0.rule",
        ),
        ({"description": "a", "indexers": [CPF, CPF]}, "indexers.1.indexer"),
        ([], "body"),
    ],
)
def test_what_is_wrong_with_a_type_is_told_by_field(desk, body, field):
    """Each with its name, as Laravel spells it."""
    assert field in errors(desk.client.post("/document-types", json=body))


# Documents ----------------------------------------------------------------------------


def test_a_document_is_made_of_an_uploaded_pdf(desk):
    """It has an integer id and a UUID, and its file is spent."""
    data = pdf("this one")
    made = desk.document(data)

    found = desk.ok(desk.client.get(f"/documents/{made['id']}"))
    same = desk.ok(desk.client.get(f"/documents/{made['uuid']}"))
    file = desk.ok(desk.client.get(f"/files/{made['file_uuid']}"))

    assert found == same == made
    assert made["status"] == "draft"
    assert file["used_at"] is not None
    assert desk.client.get(f"/documents/{made['id']}/download").content == data


def test_a_file_becomes_one_document(desk):
    """The second is refused, as a second certificate is."""
    kind, file = desk.kind(), desk.file()
    body = {"description": "A", "document_type_id": kind, "file_uuid": file}
    desk.post("/documents", body)

    again = desk.client.post("/documents", json=body)

    assert "already used" in errors(again)["file_uuid"][0]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"%PDF-1.7\nand then nothing", "pdf_corrupt"),
        (b"\x89PNG\r\n\x1a\n" + bytes(64), "pdf_required"),
    ],
)
def test_what_is_no_pdf_is_refused_by_name(desk, data, code):
    """At `file_uuid`, with the code in the text; the file stays free."""
    reply = desk.client.post("/files", files=[("files[]", ("a.pdf", data, "x/y"))])
    if reply.status_code != 201:
        pytest.skip("the upload refuses it before")
    [file] = reply.json()["data"]
    body = {
        "description": "A",
        "document_type_id": desk.kind(),
        "file_uuid": file["uuid"],
    }

    refused = desk.client.post("/documents", json=body)

    assert code in errors(refused)["file_uuid"][0]
    assert desk.ok(desk.client.get(f"/files/{file['uuid']}"))["used_at"] is None


def test_everything_that_is_wrong_with_a_document_is_told_at_once(desk):
    """Unknown ids in the service's own words."""
    body = {
        "description": "A",
        "document_type_id": 10**17,
        "file_uuid": str(uuid.uuid4()),
        "module_uuid": str(uuid.uuid4()),
    }

    wrong = errors(desk.client.post("/documents", json=body))

    assert wrong == {
        "document_type_id": ["The selected document type id is invalid."],
        "file_uuid": ["The selected file uuid is invalid."],
        "module_uuid": ["The selected module uuid is invalid."],
    }
    assert set(errors(desk.client.post("/documents", json={}))) == {
        "description",
        "document_type_id",
        "file_uuid",
    }


def test_anothers_things_are_unknown_in_a_body_and_not_there_in_a_path(desk, server):
    """422 and 404; a document of another's is not told from none."""
    other = Paperwork(server, server.tenant())
    theirs = other.document()
    body = {
        "description": "A",
        "document_type_id": theirs["document_type_id"],
        "file_uuid": other.file(),
    }

    wrong = errors(desk.client.post("/documents", json=body))

    assert set(wrong) == {"document_type_id", "file_uuid"}
    for path in ("", "/download", "/record", "/signers", "/signatures"):
        assert desk.client.get(f"/documents/{theirs['id']}{path}").status_code == 404
    resent = desk.client.post(
        "/documents/signatures/batch/resend", json={"document_ids": [theirs["id"]]}
    )
    assert errors(resent) == {
        "document_ids.0": ["The selected document_ids.0 is invalid."]
    }


@pytest.mark.parametrize(
    ("value", "is_right"),
    [
        ("529.982.247-25", True),
        ("52998224725", True),
        ("529.982.247-26", False),
        ("111.111.111-11", False),
        ("５２９９８２２４７２５", False),
        ("5299822472", False),
    ],
)
def test_indexers_are_held_to_their_rules(desk, value, is_right):
    """A Brazilian tax id with both its check digits, or none."""
    body = {
        "description": "A",
        "document_type_id": desk.kind(indexers=[CPF]),
        "file_uuid": desk.file(),
        "indexers": [{"indexer": "Client CPF", "value": value}],
    }

    reply = desk.client.post("/documents", json=body)

    if is_right:
        assert desk.ok(reply, 201)["indexers"] == body["indexers"]
    else:
        assert errors(reply) == {
            "indexers.0.value": ["The indexers.0.value must be a valid CPF."]
        }


def test_a_document_is_changed_until_somebody_signed_it(desk):
    """Afterwards it stays what was signed, and cannot be deleted."""
    document = desk.asked("ada@example.org", "bob@example.org")
    path = f"/documents/{document['id']}"
    changed = desk.ok(desk.client.patch(path, json={"description": "Better"}))
    assert changed["description"] == "Better"
    desk.sign(desk.link("ada@example.org"))

    assert "status" in errors(desk.client.patch(path, json={"description": "Worse"}))
    assert "status" in errors(desk.client.delete(path))
    assert desk.ok(desk.client.get(path))["description"] == "Better"


def test_documents_are_destroyed_together_or_not_at_all(desk):
    """By ids or UUIDs; one that cannot be keeps all of them."""
    first, second = desk.document(), desk.document()
    path = "/documents/batch/destroy"

    def destroy(**body):
        return desk.client.request("DELETE", path, json=body)

    wrong = errors(destroy(document_ids=[first["id"], 10**17]))
    assert wrong == {"document_ids.1": ["The selected document_ids.1 is invalid."]}
    assert desk.client.get(f"/documents/{first['id']}").status_code == 200
    assert destroy(uuids=[first["uuid"]]).status_code == 204
    assert destroy(document_ids=[second["id"]]).status_code == 204
    assert desk.client.get(f"/documents/{first['id']}").status_code == 404
    assert desk.client.get(f"/documents/{second['id']}").status_code == 404


def test_documents_are_listed_by_what_is_asked_for(desk):
    """Filtered, sorted, in pages, with the whole of `meta`."""
    kind = desk.kind()
    for name in ("b", "a", "c"):
        desk.document(description=name, document_type_id=kind)
    desk.asked("ada@example.org")

    def listed(**params):
        reply = desk.client.get("/documents", params=params)
        assert reply.status_code == 200, reply.text
        body = reply.json()
        return [one["description"] for one in body["data"]], body["meta"]

    names, meta = listed(
        **{
            "where[document_type_id]": kind,
            "where[status]": "draft",
            "sort[column]": "description",
            "sort[order]": "desc",
            "per_page": 2,
        }
    )
    assert names == ["c", "b"]
    assert (meta["total"], meta["last_page"], meta["current_page"]) == (3, 2, 1)
    assert meta["path"].endswith("/documents")
    assert listed(page=99)[0] == []
    assert listed(**{"where[document_type_id]": "x"})[0] == []
    assert listed(**{"where[status]": "pending"})[0] == ["Contract of Ada"]
    reply = desk.client.get("/documents", params={"where[tenant_id]": "x"})
    assert "where[tenant_id]" in errors(reply)


@pytest.mark.parametrize("name", ["0", "-1", "1.5", "x", "9" * 30, "%00", "１"])
def test_what_is_no_id_is_nowhere(desk, name):
    """404, whatever it is."""
    assert desk.client.get(f"/documents/{name}").status_code == 404


# Signers ------------------------------------------------------------------------------


def test_a_signer_is_registered_changed_and_removed(desk):
    """One address, one signer."""
    body = {"name": "Zoë", "email": "Zoe@Example.org", "document_number": "X 1"}
    made = desk.post("/signers", body)

    taken = desk.client.post("/signers", json={**body, "email": "zoe@example.ORG"})
    changed = desk.ok(
        desk.client.patch(f"/signers/{made['id']}", json={"name": "Zoë Å"})
    )

    assert errors(taken) == {"email": ["The email has already been taken."]}
    assert (changed["name"], changed["document_number"]) == ("Zoë Å", "X 1")
    listed = desk.client.get("/signers", params={"where[name]": "Zoë Å"}).json()
    assert [one["id"] for one in listed["data"]] == [made["id"]]
    assert desk.client.delete(f"/signers/{made['uuid']}").status_code == 204
    assert desk.client.get(f"/signers/{made['id']}").status_code == 404


@pytest.mark.parametrize(
    "address",
    ["ada", "ada@example", "a@b.c, d@e.f", "a@b.c\r\nBcc: d@e.f", "<a@example.org>"],
)
def test_a_signer_has_one_real_address(desk, address):
    """Nothing that could become two, or a header."""
    reply = desk.client.post("/signers", json={"name": "A", "email": address})

    assert "email" in errors(reply)


def test_a_signer_whom_a_document_has_stays(desk):
    """They can be removed when it does not have them any more."""
    document = desk.asked("ada@example.org", "bob@example.org")
    [ada, _] = desk.ok(desk.client.get(f"/documents/{document['id']}/signers"))
    path = f"/signers/{ada['signer_id']}"

    assert "signer_id" in errors(desk.client.delete(path))
    unlinked = desk.client.delete(
        f"/documents/{document['id']}/signers/{ada['signer_id']}"
    )
    assert unlinked.status_code == 204
    assert desk.client.delete(path).status_code == 204


def test_the_type_says_whether_and_how_many_sign(desk):
    """Nobody, one, or several."""
    nobody = desk.document(document_type_id=desk.kind(signed_by_third=False))
    one = desk.document(document_type_id=desk.kind(multiples_third_signers=False))
    two = [{"name": n, "email": f"{n}@example.org"} for n in ("ada", "bob")]

    for document, count in ((nobody, 1), (one, 2)):
        path = f"/documents/{document['id']}/signers"
        assert "signers" in errors(
            desk.client.post(path, json={"signers": two[:count]})
        )
    desk.post(f"/documents/{one['id']}/signers", {"signers": two[:1]})


def test_the_same_person_signs_a_document_once(desk):
    """However they are named."""
    document = desk.asked("ada@example.org")
    path = f"/documents/{document['id']}/signers"
    [ada] = desk.ok(desk.client.get(path))

    wrong = errors(
        desk.client.post(
            path,
            json={
                "signers": [
                    {"signer_id": ada["signer_id"]},
                    {"name": "A", "email": "ADA@example.org"},
                    {"signer_id": 10**17},
                ]
            },
        )
    )

    assert set(wrong) == {"signers.0", "signers.1", "signers.2.signer_id"}
    assert len(desk.ok(desk.client.get(path))) == 1


# Asking, and asking again -------------------------------------------------------------


def test_asking_writes_to_everybody_once(desk):
    """A second call asks nobody who was asked; statuses follow the mails."""
    document = desk.document()
    path = f"/documents/{document['id']}"
    assert "signers" in errors(desk.client.post(f"{path}/send"))
    signers = [{"name": n, "email": f"{n}@example.org"} for n in ("ada", "bob")]
    desk.post(f"{path}/signers", {"signers": signers})
    assert set(desk.statuses(document).values()) == {"pending"}

    for _ in range(2):
        desk.ok(desk.client.post(f"{path}/send"))
    desk.mails("ada@example.org")
    desk.mails("bob@example.org")

    assert desk.ok(desk.client.get(path))["status"] == "pending"
    assert set(desk.statuses(document).values()) == {"sent"}
    assert len(desk.mails("ada@example.org")) == 1


def test_in_order_means_one_after_the_other(desk):
    """The second is written to when the first has signed."""
    document = desk.asked("ada@example.org", "bob@example.org", order="sequential")
    link = desk.link("ada@example.org")
    assert desk.statuses(document) == {
        "ada@example.org": "sent",
        "bob@example.org": "pending",
    }

    desk.sign(link)

    assert desk.sign(desk.link("bob@example.org")).status_code == 200
    assert desk.ok(desk.client.get(f"/documents/{document['id']}"))["status"] == (
        "signed"
    )


def past(desk, seconds):
    """Let the tenant's signature requests have been made *seconds* earlier."""
    statement = (
        f"UPDATE signature_requests SET asked_at = asked_at - {seconds * 1000}, "
        f"expires_at = expires_at - {seconds * 1000} WHERE document_id IN "
        "(SELECT d.id FROM documents d JOIN tenants t ON t.id = d.tenant_id "
        f"WHERE t.slug = '{desk.tenant.slug}')"
    )
    with desk.server.office.database.writing() as connection:
        connection.exec_driver_sql(statement)


def resend(desk, *documents):
    """Ask again for *documents*; wait until it is over."""
    answer = desk.client.post(
        "/documents/signatures/batch/resend",
        json={"document_ids": [one["id"] for one in documents]},
    )
    end = time.monotonic() + 30
    while answer.status_code < 300 and answer.json()["data"]["job"]["status"] in (
        *("queued", "processing"),
    ):
        assert time.monotonic() < end, answer.text
        time.sleep(0.05)
        answer = desk.client.get(answer.json()["data"]["job"]["url"])
    return answer


def test_resending_writes_to_those_who_have_not_signed(desk):
    """Per document: sent, and to how many; or skipped, and why. The link stays."""
    pending = desk.asked("ada@example.org", "bob@example.org")
    signed, draft = desk.asked("cyd@example.org"), desk.document()
    first = desk.link("ada@example.org")
    desk.sign(desk.link("bob@example.org"))
    desk.sign(desk.link("cyd@example.org"))
    past(desk, 61)

    reply = resend(desk, pending, signed, draft)

    body = reply.json()
    assert reply.status_code == 200
    assert body["success"] is True
    results = {one["document_id"]: one for one in body["data"]["results"]}
    assert list(results) == [pending["id"], signed["id"], draft["id"]]
    assert results[pending["id"]] == {
        "document_id": pending["id"],
        "status": "sent",
        "code": None,
        "message": None,
        "recipients": 1,
    }
    assert results[signed["id"]]["code"] == "signed"
    assert results[draft["id"]]["code"] == "not_sent"
    assert desk.link("ada@example.org", 2) == first
    assert len(desk.mails("bob@example.org")) == 1
    ids = {mail["message-id"] for mail in desk.mails("ada@example.org", 2)}
    assert len(ids) == 2


def test_two_clicks_are_one_wish(desk):
    """Within a minute nobody is written to again, and the document says so."""
    document = desk.asked("ada@example.org")
    past(desk, 61)

    bodies = [resend(desk, document).json()["data"]["results"][0] for _ in range(2)]

    assert [one["status"] for one in bodies] == ["sent", "skipped"]
    assert bodies[1]["code"] == "too_soon"
    assert len(desk.mails("ada@example.org", 2)) == 2


def test_one_unknown_document_stops_the_whole_call(desk):
    """Nothing is sent, and its place is told."""
    document = desk.asked("ada@example.org")
    desk.mails("ada@example.org")
    past(desk, 61)
    body = {"document_ids": [document["id"], 10**17, "x", -1]}

    wrong = errors(desk.client.post("/documents/signatures/batch/resend", json=body))
    unknown = errors(resend(desk, document, {"id": 10**17}))

    assert set(wrong) == {"document_ids.2", "document_ids.3"}
    assert unknown == {"document_ids.1": ["The selected document_ids.1 is invalid."]}
    [result] = resend(desk, document).json()["data"]["results"]
    assert result["recipients"] == 1


@pytest.mark.parametrize(
    "ids", [None, [], {}, "1", [None], [True], [1.5], [[1]], list(range(1, 1_002))]
)
def test_ids_are_a_list_of_whole_numbers(desk, ids):
    """At least one, and at most a thousand."""
    reply = desk.client.post(
        "/documents/signatures/batch/resend", json={"document_ids": ids}
    )

    assert all(name.startswith("document_ids") for name in errors(reply))


def test_an_expired_request_lives_again(desk):
    """Nobody can sign with it meanwhile; asked again, the same link works."""
    document = desk.asked("ada@example.org")
    link = desk.link("ada@example.org")
    past(desk, 31 * 24 * 3600)
    assert desk.statuses(document) == {"ada@example.org": "expired"}
    assert "expired" in desk.sign(link).text

    resend(desk, document)

    assert desk.link("ada@example.org", 2) == link
    desk.sign(link)
    assert desk.statuses(document) == {"ada@example.org": "signed"}


# What was signed ----------------------------------------------------------------------


def test_who_signed_is_told_with_all_that_is_known(desk):
    """Who, when, from where, with what, and the hash of what they saw."""
    data = pdf("what ada saw")
    document = desk.asked("ada@example.org", data=data)
    desk.sign(desk.link("ada@example.org"), "Ada Lovelace")

    [one] = desk.ok(desk.client.get(f"/documents/{document['id']}/signatures"))
    [file, *_] = desk.ok(desk.client.get(f"/documents/{document['id']}"))["files"]

    assert one["status"] == "signed"
    assert one["signed_name"] == "Ada Lovelace"
    assert one["ip_address"] == "127.0.0.1"
    assert one["user_agent"] == "Browser/1.0"
    assert one["document_sha256"] == file["sha256"]
    assert one["requested_at"] <= one["viewed_at"] <= one["signed_at"]


def test_when_all_have_signed_the_record_is_the_last_page(desk):
    """The document's bytes stand first, as they were; the record says who signed."""
    data = pdf("two pages", pages=2)
    document = desk.asked("ada@example.org", "bob@example.org", data=data)
    path = f"/documents/{document['id']}"
    desk.sign(desk.link("ada@example.org"), "Ada Lovelace")
    assert desk.client.get(f"{path}/download").content == data
    assert desk.client.get(f"{path}/record").status_code == 404

    desk.sign(desk.link("bob@example.org"), "محمد 王小明 Ω")

    signed = desk.client.get(f"{path}/download").content
    record = desk.client.get(f"{path}/record").content
    assert signed.startswith(data)
    with pikepdf.open(io.BytesIO(signed)) as found:
        assert len(found.pages) == 3
    with pikepdf.open(io.BytesIO(record)) as found:
        assert len(found.pages) == 1
    kinds = [one["type"] for one in desk.ok(desk.client.get(path))["files"]]
    assert kinds == ["original", "signed"]
    assert desk.client.get(f"{path}/download").content == signed


def test_a_refusal_ends_it(desk):
    """The document is refused, with the reason; others need not sign any more."""
    document = desk.asked("ada@example.org", "bob@example.org")
    other = desk.link("bob@example.org")

    desk.refuse(desk.link("ada@example.org"), "Not my contract")

    [ada, bob] = desk.ok(desk.client.get(f"/documents/{document['id']}/signatures"))
    assert (ada["status"], ada["refusal_reason"]) == ("refused", "Not my contract")
    assert bob["status"] in ("sent", "viewed")
    assert (
        "does not need your signature" in answer(other, decision="sign", name="B").text
    )
    found = desk.ok(desk.client.get(f"/documents/{document['id']}"))
    assert (found["status"], found["signed_at"]) == ("refused", None)
    past(desk, 61)
    assert resend(desk, document).json()["data"]["results"][0]["code"] == "refused"


def test_the_audit_log_tells_of_it_and_names_nobody(desk):
    """Made, asked, signed, asked again, deleted: ids and counts."""
    document = desk.asked("ada@example.org", "bob@example.org")
    desk.sign(desk.link("ada@example.org"), "Ada Lovelace")
    past(desk, 61)
    resend(desk, document)
    gone = desk.document()
    desk.client.delete(f"/documents/{gone['id']}")

    text = desk.client.get("/v1/audit").text

    for act in (
        "document.create",
        "signature.send",
        "document.sign",
        "signature.resend",
        "document.delete",
    ):
        assert act in text
    assert document["uuid"] in text
    assert "lovelace" not in text.lower()
    assert "example.org" not in text
