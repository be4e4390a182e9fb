"""Recipients are written to where their job says so, in its language."""

import email
import email.policy
import time

import pytest

from support.server import good_rows, pictures, sheet
from testamur.core.languages import LANGUAGES
from testamur.delivery.certificate_letter import WORDS, certificate_letter

ROW = {
    "name": "Análisis — العربية",
    "description": "What for",
    "category": "education",
    "recipientName": "Ana Ibáñez",
}


def mails_to(server, address):
    """Return the mails to somebody, read."""
    found = [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in sorted((server.data / "mail").glob("*.eml"))
    ]
    return [one for one in found if address in one["To"]]


def wait_for_mail(server, address):
    """Return the mail to somebody, once it is there."""
    end = time.monotonic() + 20
    while not (found := mails_to(server, address)):
        assert time.monotonic() < end
        time.sleep(0.05)
    (mail,) = found
    return mail


def issued(tenant, address, **options):
    """Issue one certificate; return its job."""
    row = {**ROW, "recipientEmail": address}
    body = {"rows": [row], "template": "classic-diploma", **options}
    answer = tenant.client.post("/v1/jobs", json=body)
    assert answer.status_code == 202, answer.text
    job = answer.json()["id"]
    tenant.wait(job)
    return job


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_recipient_is_told_in_the_jobs_language(server, tenant, language):
    """Who issued what, its number, and where it is; and how to have no more of them."""
    address = f"ana-{language}@example.org"
    job = issued(tenant, address, notify=True, language=language)

    mail = wait_for_mail(server, address)

    [certificate] = tenant.client.get(f"/v1/certificates?jobId={job}").json()[
        "certificates"
    ]
    plain = mail.get_body(("plain",)).get_content()
    markup = mail.get_body(("html",)).get_content()
    assert mail["Content-Language"] == language
    assert ROW["name"] in mail["Subject"]
    for part in (plain, markup):
        assert f"{server.url}/c/{certificate['id']}" in part
        assert certificate["referenceNumber"] in part
        assert "Ana Ibáñez" in part
    assert f'lang="{language}"' in markup
    assert ('dir="rtl"' in markup) == (language == "ar")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_nobody_is_written_to_unless_the_job_says_so(server, tenant):
    """Not by default, and not before the hold is over."""
    issued(tenant, "silent@example.org")
    issued(tenant, "held@example.org", notify=True, holdMinutes=60)
    issued(tenant, "told@example.org", notify=True)

    wait_for_mail(server, "told@example.org")
    server.rest()

    assert mails_to(server, "silent@example.org") == []
    assert mails_to(server, "held@example.org") == []


def test_the_form_takes_the_same_wishes(server, tenant):
    """As text; the rows' recipients are each written to once."""
    form = {
        "rows": ("rows.csv", sheet(*good_rows(2))),
        "images": ("images.zip", pictures()),
    }
    data = {"notify": "true", "language": "fr"}
    job = tenant.client.post("/v1/jobs", files=form, data=data).json()["id"]
    tenant.wait(job)
    rows = tenant.client.get(f"/v1/certificates?jobId={job}").json()["certificates"]

    for row in rows:
        mail = wait_for_mail(server, row["recipientEmail"])
        assert mail["Content-Language"] == "fr"
    assert len(rows) == 2


@pytest.mark.parametrize(
    ("wish", "at"),
    [
        ({"notify": "yes"}, "notify"),
        ({"notify": True, "language": "tlh"}, "language"),
        ({"notify": True, "holdMinutes": -1}, "holdMinutes"),
        ({"notify": True, "holdMinutes": 1.5}, "holdMinutes"),
        ({"notify": True, "holdMinutes": 10_081}, "holdMinutes"),
        ({"language": "es"}, "notify"),
    ],
)
def test_wishes_that_cannot_be_are_refused(tenant, wish, at):
    """By field, and nothing is accepted."""
    answer = tenant.client.post("/v1/jobs", json={"rows": [ROW], **wish})

    assert (answer.status_code, answer.json()["at"]) == (422, at)


def test_every_language_says_the_same():
    """The same places in each text, and none is left unfilled."""
    places = {"{title}", "{issuer}", "{recipient}", "{reference}"}
    for language in LANGUAGES:
        words, english = WORDS[language], WORDS["en"]
        for name in words.__slots__:
            text = getattr(words, name)
            assert text
            assert {one for one in places if one in text} == {
                one for one in places if one in getattr(english, name)
            }, (language, name)
        letter = certificate_letter(
            issuer="{title}",
            recipient="%s {0}",
            title="{recipient}",
            reference="PB-1",
            url="https://a.example/",
            language=language,
        )
        assert "{recipient}" in letter.subject
