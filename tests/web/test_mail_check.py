"""What the DNS says of our domain: asked by programs, by operators, and by itself."""

import json
from dataclasses import replace

import pytest

from support.name_server import name_server
from support.server import running
from testamur.adapters.sql.outbox import put
from testamur.wiring.mail_check import MailChecks

DOMAIN = "example.org"


@pytest.fixture(scope="module")
def zone():
    """Return a name server that knows a domain without DMARC."""
    records = {
        (DOMAIN, "TXT"): ["v=spf1 mx -all"],
        (DOMAIN, "MX"): ["mx.example.org"],
    }
    with name_server(records) as zone:
        yield zone


@pytest.fixture(scope="module")
def house(zone):
    """Return a server whose mails are from that domain."""
    with running(
        TESTAMUR_MAIL_FROM=f"House <house@{DOMAIN}>", TESTAMUR_DNS_SERVER=zone.address
    ) as server:
        yield server


def test_a_program_is_told_what_to_put_right(house, zone):
    """Whoever asks again within a minute is told the same, and nobody asks the DNS."""
    tenant = house.tenant()

    first = tenant.client.get("/v1/mail/check")
    asked = len(zone.asked)
    second = tenant.client.get("/v1/mail/check")

    assert first.status_code == 200
    assert (first.json()["domain"], first.json()["isGood"]) == (DOMAIN, False)
    codes = {one["code"]: one for one in first.json()["findings"]}
    assert set(codes) == {"spf_good", "dkim_no_key", "dmarc_missing", "mx_good"}
    assert "_dmarc.example.org. IN TXT" in codes["dmarc_missing"]["remedy"]
    assert second.json() == first.json()
    assert len(zone.asked) == asked > 0


def test_an_operator_publishes_what_is_printed_and_all_is_well(house, zone):
    """A key, its record, a policy: then nothing is left to do."""
    printed = house.run("mail", "dkim", "add", DOMAIN, "--json")
    key = json.loads(printed)
    zone.records[key["recordName"], "TXT"] = [key["record"]]
    zone.records[f"_dmarc.{DOMAIN}", "TXT"] = ["v=DMARC1; p=reject"]

    said = house.run("mail", "check")

    assert "PROBLEM" not in said
    assert said.count("good") == 4
    shown = house.run("mail", "dkim", "show", DOMAIN)
    assert shown.startswith(f'{key["recordName"]}. IN TXT "v=DKIM1; k=rsa; p=')
    assert DOMAIN in house.run("mail", "dkim", "list")
    assert "is gone" in house.run("mail", "dkim", "remove", DOMAIN, key["selector"])
    assert house.run("mail", "dkim", "list") == ""


def queue(office, count):
    """Have *count* mails of one job wait."""
    now = office.clock() + 10**9
    with office.database.writing() as connection:
        tenant = connection.exec_driver_sql("SELECT id FROM tenants LIMIT 1").scalar()
        for number in range(count):
            name = put(
                connection,
                tenant_id=tenant,
                recipient=f"p{number}@example.com",
                message={"about": "nothing"},
                domain=DOMAIN,
                now=now,
            )
            connection.exec_driver_sql(
                f"UPDATE outbox SET job_seq = 77 WHERE id = '{name}'"
            )


def test_before_many_mails_go_out_the_dns_is_asked_once(house, zone):
    """What is wrong is told with the job, stops nothing, and costs one look an hour."""
    house.tenant()
    settings = replace(
        house.office.settings, smtp_url="smtp://127.0.0.1:1", mail_check_from=3
    )
    office = replace(house.office, settings=settings)
    with office.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM mail_checks")
    zone.records[DOMAIN, "TXT"] = []
    checks = MailChecks(office)

    queue(office, 2)
    assert not checks.step()
    queue(office, 1)
    assert [checks.step(), checks.step()] == [True, False]

    codes = {one.code for one in checks.warnings(3)}
    assert {"spf_missing", "dkim_no_key"} <= codes
    assert checks.warnings(2) == ()
