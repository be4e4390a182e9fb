"""What `testamur fsck` asks of the tables that trust needs: each rule, broken."""

import pytest
from sqlalchemy import text

from support.workshop import failing, row
from testamur.core.ids import new_id

#: What breaks a rule, and what is said of it. `:other` is a key, `:list` a list, of
#: another tenant; `:key` is another key of the same one.
BROKEN = [
    (
        "no-die",
        "UPDATE certificates SET die_id = NULL WHERE number = 1",
        "is signed in part",
    ),
    (
        "no-place",
        "UPDATE certificates SET status_index = NULL WHERE number = 1",
        "is signed in part",
    ),
    (
        "not-signed",
        "UPDATE certificates SET signature = NULL, die_id = NULL WHERE number = 1",
        "is signed and its job is not, or the other way round",
    ),
    ("no-signing", "DELETE FROM signings", "nothing says with which key"),
    (
        "another-key",
        "UPDATE signings SET key_id = :key",
        "with another key than its job was accepted with",
    ),
    (
        "key-of-another",
        "UPDATE signings SET key_id = :other",
        "was signed with the key of another tenant",
    ),
    (
        "list-of-another",
        "UPDATE signings SET status_list_id = :list",
        "has its places in the status list of another tenant",
    ),
    (
        "place-taken-twice",
        "UPDATE certificates SET status_index = 7",
        "place 7 of a status list is taken twice",
    ),
    (
        "place-outside",
        "UPDATE certificates SET status_index = 1000000 WHERE number = 1",
        "or one outside of it",
    ),
    (
        "more-than-were-handed-out",
        "UPDATE status_lists SET used = 1",
        "has more credentials than places",
    ),
    (
        "standing-elsewhere",
        "UPDATE standings SET status_index = status_index + 1",
        "the standing of row 1 has another place",
    ),
    (
        "standing-of-nothing",
        "UPDATE standings SET number = 99",
        "the standing of row 99 has another place",
    ),
    (
        "act-of-another",
        "UPDATE acts SET tenant_id = :stranger",
        "the standing of row 1 comes from an act of another tenant",
    ),
    ("no-leaves", "DELETE FROM leaf_batches", "has signed certificates, and no leaves"),
]


@pytest.fixture
def trusted(open_workshop):
    """Return an installation with signed certificates, one of them revoked."""
    workshop = open_workshop()
    tenant = workshop.tenant()
    workshop.admit(tenant, [row(1), failing(2), row(3)], chunk_rows=3)
    with workshop.database.writing() as connection:
        connection.execute(
            text(
                "INSERT INTO leaf_batches (act, count, digests) "
                "VALUES ('an act', 1, :digest)"
            ),
            {"digest": b"d" * 32},
        )
    workshop.drain()
    with workshop.database.writing() as connection:
        connection.execute(
            text(
                "INSERT INTO acts (id, tenant_id, verb, reason, actor, done_at, count) "
                "VALUES ('an act', :tenant, 'revoke', '', 'me', 1, 1)"
            ),
            {"tenant": tenant.id},
        )
        connection.execute(
            text(
                "INSERT INTO standings (job_seq, number, standing, since, act_id, "
                "status_list_id, status_index) SELECT c.job_seq, 1, 'revoked', 1, "
                "'an act', g.status_list_id, c.status_index FROM certificates c "
                "JOIN signings g ON g.chunk_id = c.chunk_id WHERE c.number = 1"
            )
        )
    return workshop


def test_what_is_issued_and_revoked_as_it_should_be_is_sound(trusted):
    """
    No rule speaks where nothing was broken.
    """
    assert trusted.wrong() == []


@pytest.mark.parametrize(
    ("statement", "said"), [one[1:] for one in BROKEN], ids=[one[0] for one in BROKEN]
)
def test_what_does_not_agree_is_named(trusted, statement, said):
    """
    Each thing that must hold between the tables is looked at, and told of.
    """
    ours, stranger = trusted.tenant(), trusted.tenant("stranger")
    ring = trusted.vouching.keyring
    values = {
        "key": ring.rotate(ours.id, by="test").id,
        "other": ring.current(stranger.id).id,
        "stranger": stranger.id,
    }
    with trusted.database.writing() as connection:
        values["list"] = connection.scalar(
            text(
                "INSERT INTO status_lists (name, tenant_id, public_url, seed, size, "
                "used, version) VALUES (:name, :tenant, '', :seed, 131072, 9, 0) "
                "RETURNING id"
            ),
            {"name": new_id(), "tenant": stranger.id, "seed": b"s" * 32},
        )
        named = {name: values[name] for name in values if f":{name}" in statement}
        connection.execute(text(statement), named)

    assert [line for line in trusted.wrong() if said in line]


def test_what_an_earlier_release_issued_is_sound_without_a_signature(trusted):
    """
    Unsigned certificates of a job without a letterhead break no rule.
    """
    with trusted.database.writing() as connection:
        for statement in (
            "DELETE FROM standings",
            "DELETE FROM acts",
            "DELETE FROM leaf_batches",
            "DELETE FROM signings",
            "DELETE FROM log_state",
            "UPDATE certificates SET signature = NULL, die_id = NULL, "
            "status_index = NULL",
        ):
            connection.execute(text(statement))
        profile = connection.scalar(text("SELECT profile FROM jobs"))
        head, _, rest = profile.partition('"letterhead":{')
        connection.execute(
            text("UPDATE jobs SET profile = :profile"),
            {"profile": head + '"letterhead":null' + rest.partition("}")[2]},
        )

    assert trusted.wrong() == []
