"""What a real name server says of a domain, and what there is to do about it."""

import re
from dataclasses import replace

import pytest

from support.name_server import BROKEN, SILENT, name_server
from testamur.adapters.dns.resolver import DnsResolver
from testamur.core.mail_checks import Weight
from testamur.core.mail_keys import DkimAlgorithm
from testamur.delivery.dkim.keys import make_key
from testamur.delivery.domains.check import check_domain
from testamur.delivery.domains.dmarc import Sender

DOMAIN = "example.org"
RSA, ED25519 = (
    make_key(DOMAIN, str(one), one, sealing=b"s" * 32, now=0) for one in DkimAlgorithm
)
SENDER = Sender(DOMAIN, DOMAIN, (RSA, ED25519), "smtp.example.net")

GOOD = {
    (DOMAIN, "TXT"): ["something=else", "v=spf1 include:_spf.example.net mx -all"],
    ("_spf.example.net", "TXT"): ["v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 ~all"],
    (RSA.record_name, "TXT"): [RSA.record],
    (ED25519.record_name, "TXT"): [ED25519.record],
    (f"_dmarc.{DOMAIN}", "TXT"): ["v=DMARC1; p=reject; rua=mailto:d@example.org"],
    (DOMAIN, "MX"): ["mx.example.net"],
}


@pytest.fixture(scope="module")
def zone():
    """Return a name server: it takes a second to stop."""
    with name_server({}) as zone:
        yield zone


@pytest.fixture
def found(zone):
    """Return what tells what is found where the DNS says *records*, by code."""

    def found(records, sender=SENDER, **options):
        zone.records = {**GOOD, **records}
        zone.asked = []
        resolver = DnsResolver(zone.address, **options)
        check = check_domain(sender, resolver, lambda: 7)
        assert (check.domain, check.checked_at) == (sender.domain, 7)
        return {one.code: one for one in check.findings}

    return found


@pytest.fixture
def spf(found):
    """Return what tells what is said of these SPF records of the domain."""

    def spf(*records):
        codes = found({(DOMAIN, "TXT"): records})
        return next(one for code, one in codes.items() if code.startswith("spf_"))

    return spf


def published(remedy):
    """Return the text that a remedy says to publish, as a zone file has it."""
    line = re.search(r'IN TXT ((?:"[^"]*" ?)+)', remedy)
    return "".join(re.findall('"([^"]*)"', line[1]))


def test_a_domain_that_is_set_up_has_nothing_to_put_right(found):
    """Long records in two strings, both kinds of key; nothing else is a finding."""
    codes = found({})

    assert set(codes) == {"spf_good", "dkim_good", "dmarc_good", "mx_good"}
    assert {one.weight for one in codes.values()} == {Weight.GOOD}


def test_a_domain_without_anything_is_told_what_to_publish(found):
    """Every record, word for word."""
    nothing = dict.fromkeys(GOOD, ())

    codes = found(nothing)

    assert set(codes) == {"spf_missing", "dkim_missing", "dmarc_missing", "mx_missing"}
    assert {one.weight for one in codes.values()} == {Weight.PROBLEM}
    remedies = {code: one.remedy for code, one in codes.items()}
    assert published(remedies["spf_missing"]) == "v=spf1 a:smtp.example.net mx ~all"
    assert published(remedies["dkim_missing"]) == ED25519.record
    assert published(remedies["dmarc_missing"]) == "v=DMARC1; p=none"
    assert "example.org. IN MX 10 " in remedies["mx_missing"]


@pytest.mark.parametrize(
    ("records", "code"),
    [
        (["v=spf1 mx +all"], "spf_allows_all"),
        (["v=spf1 mx all"], "spf_allows_all"),
        (["v=spf1 mx ?all"], "spf_neutral"),
        (["v=spf1 mx"], "spf_neutral"),
        (["V=SPF1 MX ~ALL"], "spf_good"),
        (["v=spf1 redirect=_spf.example.net"], "spf_good"),
        (["v=spf1 exists:%{i}.x.example include:%{d}.y.example -all"], "spf_good"),
        (["v=spf10 -all"], "spf_missing"),
        (["v=spf1 include:nowhere.example -all"], "spf_include"),
        (["v=spf1 includes:x.example -all"], "spf_syntax"),
        (["v=spf1 ip4:example.org -all"], "spf_syntax"),
        (["v=spf1 include:example.org -all"], "spf_loop"),
        (["v=spf1 mx -all", "v=spf1 a ~all"], "spf_multiple"),
    ],
)
def test_an_spf_record_is_read_as_receivers_read_it(spf, records, code):
    """And what is wrong with it has a name."""
    one = spf(*records)

    assert one.code == code
    assert (one.weight is Weight.PROBLEM) == (code not in ("spf_good", "spf_neutral"))
    assert (one.remedy is None) == (code == "spf_good")


def test_several_spf_records_become_one(spf):
    """It allows what any of them allowed, and ends as the mildest."""
    one = spf("v=spf1 mx -all", "v=spf1 mx include:_spf.example.net ~all")

    assert published(one.remedy) == "v=spf1 mx include:_spf.example.net ~all"


def test_a_record_that_lets_everybody_send_is_closed(spf):
    """The rest of it stays."""
    assert published(spf("v=spf1 mx +all").remedy) == "v=spf1 mx ~all"


@pytest.mark.parametrize(("includes", "code"), [(9, "spf_good"), (10, "spf_lookups")])
def test_eleven_look_ups_are_one_too_many(found, includes, code):
    """Those of included records count, and the dearest is named."""
    inner = " ".join(f"a:h{number}.example.net" for number in range(includes - 1))
    records = {
        (DOMAIN, "TXT"): ["v=spf1 mx include:big.example.net -all"],
        ("big.example.net", "TXT"): [f"v=spf1 {inner} -all"],
    }

    one = found(records).get(code)

    assert one is not None
    if code == "spf_lookups":
        assert "include:big.example.net (10)" in one.remedy


def test_an_spf_record_without_end_ends(found, zone):
    """Each includes two more, for ever: a dozen questions, and no more."""
    records = {
        (f"n{number}.example.net", "TXT"): [
            f"v=spf1 include:n{number + 1}.example.net "
            f"include:n{number + 2}.example.net -all"
        ]
        for number in range(40)
    }
    records[DOMAIN, "TXT"] = ["v=spf1 include:n0.example.net -all"]

    assert "spf_lookups" in found(records)
    assert len(zone.asked) < 40


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([], "dkim_missing"),
        ([RSA.record.replace("MIIB", "MIIC")], "dkim_differs"),
        ([ED25519.record], "dkim_differs"),
        ([RSA.record, RSA.record + ";"], "dkim_multiple"),
        (["v=DKIM1; k=rsa; p="], "dkim_revoked"),
        ([f"{RSA.record}; t=y:s"], "dkim_testing"),
        (["garbage"], "dkim_revoked"),
        ([RSA.record.replace("p=", "p = ").replace("MIIB", "MI IB")], "dkim_good"),
    ],
)
def test_a_keys_record_has_to_be_that_of_the_key(found, records, code):
    """Whatever else is there has a name, and the record to publish beside it."""
    codes = found({(RSA.record_name, "TXT"): records}, replace(SENDER, keys=(RSA,)))

    assert code in codes
    if code != "dkim_good":
        assert published(codes[code].remedy) == RSA.record


def test_mails_that_are_not_signed_are_a_problem(found):
    """The command that makes a key is the remedy."""
    one = found({}, replace(SENDER, keys=()))["dkim_no_key"]

    assert (one.weight, one.subject) == (Weight.PROBLEM, "dkim")
    assert "testamur mail dkim add example.org" in one.remedy


@pytest.mark.parametrize(
    ("records", "code"),
    [
        (["v=DMARC1; p=none"], "dmarc_none"),
        (["v=DMARC1; p=quarantine"], "dmarc_good"),
        (["v=DMARC1;p=REJECT;pct=50"], "dmarc_good"),
        (["v=DMARC1; rua=mailto:a@example.org"], "dmarc_syntax"),
        (["v=DMARC1; p=maybe"], "dmarc_syntax"),
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], "dmarc_multiple"),
    ],
)
def test_a_dmarc_record_says_a_policy(found, records, code):
    """None is advice, since it is where everybody begins; none at all is a problem."""
    codes = found({(f"_dmarc.{DOMAIN}", "TXT"): records})

    assert code in codes
    expected = {"dmarc_none": Weight.ADVICE, "dmarc_good": Weight.GOOD}
    assert codes[code].weight is expected.get(code, Weight.PROBLEM)


def test_the_policy_of_the_domain_above_holds_below(found):
    """With what it says of subdomains."""
    sender = Sender("mail.example.org", "mail.example.org", (RSA,))
    records = {
        ("mail.example.org", "MX"): ["mx.example.net"],
        ("mail.example.org", "TXT"): ["v=spf1 mx -all"],
        (f"_dmarc.{DOMAIN}", "TXT"): ["v=DMARC1; p=none; sp=reject"],
    }

    assert found(records, sender)["dmarc_good"].name == f"_dmarc.{DOMAIN}"


def test_a_strict_policy_that_nothing_is_aligned_with_is_a_problem(found):
    """Bounces go elsewhere and nobody signs: receivers would refuse every mail."""
    sender = replace(SENDER, envelope="bounces.example.net", keys=())
    elsewhere = {
        ("bounces.example.net", "TXT"): ["v=spf1 mx -all"],
        ("bounces.example.net", "MX"): ["mx.example.net"],
    }

    assert found(elsewhere, sender)["dmarc_unaligned"].weight is Weight.PROBLEM
    assert "dmarc_good" in found(elsewhere, replace(sender, keys=(RSA,)))
    assert "dmarc_good" in found(elsewhere, replace(sender, envelope=DOMAIN))


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ({(DOMAIN, "MX"): ["."]}, "mx_null"),
        ({(DOMAIN, "MX"): []}, "mx_missing"),
        ({(DOMAIN, "MX"): [], (DOMAIN, "A"): ["192.0.2.1"]}, "mx_good"),
    ],
)
def test_somebody_has_to_take_the_answers(found, records, code):
    """A host without MX takes mails itself (RFC 5321, 5.1)."""
    assert code in found(records)


def test_a_domain_that_bounces_go_to_has_to_take_them(found):
    """SPF is that domain's, too."""
    codes = found({}, replace(SENDER, envelope="bounces.example.org"))

    assert codes["mx_missing"].name == "bounces.example.org"
    assert codes["spf_missing"].name == "bounces.example.org"


@pytest.mark.parametrize("how", [BROKEN, SILENT])
def test_what_is_not_answered_is_not_known(found, how):
    """It is no proof of anything; and it ends, however many questions there are."""
    codes = found(dict.fromkeys(GOOD, how), seconds=0.2, seconds_in_all=0.5)

    assert set(codes) == {"spf_unknown", "dkim_unknown", "dmarc_unknown", "mx_unknown"}
    assert {one.weight for one in codes.values()} == {Weight.UNKNOWN}
