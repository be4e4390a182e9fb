"""
The tables as queries name them. `migrations/` makes them; a test holds both equal.

Booleans are stored as the engine stores them; moments are milliseconds.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

metadata = MetaData()


def _text(name: str) -> Column[str]:
    return Column(name, Text)


def _number(name: str) -> Column[int]:
    return Column(name, BigInteger)


def _serial(name: str) -> Column[int]:
    return Column(name, BigInteger().with_variant(Integer, "sqlite"), primary_key=True)


tenants = Table(
    "tenants",
    metadata,
    _text("id"),
    _text("slug"),
    _text("name"),
    _text("plan"),
    _number("created_at"),
    _number("suspended_at"),
    Column("shows_addresses", Boolean),
)

api_keys = Table(
    "api_keys",
    metadata,
    _text("id"),
    _text("tenant_id"),
    _text("name"),
    Column("digest", LargeBinary),
    _text("hint"),
    _text("scopes"),
    _number("created_at"),
    _number("expires_at"),
    _number("revoked_at"),
)

tokens = Table(
    "tokens",
    metadata,
    _text("id"),
    _text("tenant_id"),
    _text("scopes"),
    _number("created_at"),
    _number("expires_at"),
    _number("revoked_at"),
)

jobs = Table(
    "jobs",
    metadata,
    _serial("seq"),
    _text("id"),
    _text("tenant_id"),
    _text("verb"),
    _text("dialect"),
    _text("state"),
    _number("total"),
    _text("profile"),
    _number("wave"),
    _number("turn"),
    _text("idempotency_key"),
    _text("submission_digest"),
    _number("created_at"),
    _number("updated_at"),
    _number("started_at"),
    _number("finished_at"),
)

rows = Table(
    "rows",
    metadata,
    _number("job_seq"),
    _number("number"),
    _text("cells"),
)

chunks = Table(
    "chunks",
    metadata,
    _serial("id"),
    _number("job_seq"),
    _number("wave"),
    Column("is_second_try", Boolean),
    _number("first_row"),
    _number("last_row"),
    _number("size"),
    _text("state"),
    _number("token"),
    _number("attempts"),
    _text("worker"),
    _number("leased_until"),
    _number("ready_at"),
    _number("succeeded"),
    _number("failed"),
    _number("finished_at"),
)

pictures = Table(
    "pictures",
    metadata,
    _serial("id"),
    _number("job_seq"),
    _text("source"),
    _text("state"),
    _number("round"),
    _text("claimed_by"),
    _number("claimed_until"),
    _text("original_digest"),
    _text("digest"),
    _text("media_type"),
    _number("width"),
    _number("height"),
    _number("size"),
    _number("crc32"),
    _text("thumbnail_digest"),
    _text("thumbnail_media_type"),
    _text("code"),
    _text("message"),
)

drafts = Table(
    "drafts",
    metadata,
    _number("chunk_id"),
    Column("seed", LargeBinary),
    _number("issued_at"),
    Column("digest", LargeBinary),
    _text("key_id"),
    _number("status_list_id"),
    _number("first_place"),
)

certificates = Table(
    "certificates",
    metadata,
    _number("job_seq"),
    _number("number"),
    _text("id"),
    _text("reference"),
    _number("chunk_id"),
    _number("issued_at"),
    _number("picture_id"),
    _number("die_id"),
    _number("status_index"),
    Column("signature", LargeBinary),
)

vouchers = Table(
    "vouchers",
    metadata,
    _number("job_seq"),
    _number("number"),
    _text("id"),
    _number("expires_at"),
)

failures = Table(
    "failures",
    metadata,
    _number("job_seq"),
    _number("number"),
    _number("wave"),
    _number("tries"),
    Column("is_final", Boolean),
    _text("code"),
    _text("message"),
    _number("failed_at"),
)

usage = Table(
    "usage",
    metadata,
    _number("chunk_id"),
    _text("tenant_id"),
    _number("job_seq"),
    _number("quantity"),
    _text("price_version"),
    _number("used_at"),
)

batches = Table(
    "batches",
    metadata,
    _text("id"),
    _text("tenant_id"),
    _number("job_seq"),
    _text("name"),
    _number("created_at"),
)

leaf_batches = Table(
    "leaf_batches",
    metadata,
    _serial("id"),
    _number("chunk_id"),
    _text("act"),
    _number("count"),
    _number("first_index"),
    Column("digests", LargeBinary),
)

log_state = Table(
    "log_state",
    metadata,
    _number("id"),
    _text("origin"),
    _number("size"),
    Column("root", LargeBinary),
    Column("edge", LargeBinary),
    _number("decided_at"),
    _number("published_size"),
)

log_tiles = Table(
    "log_tiles",
    metadata,
    _number("level"),
    _number("n"),
    Column("hashes", LargeBinary),
)

log_checkpoints = Table(
    "log_checkpoints",
    metadata,
    _number("size"),
    _text("note"),
)

house = Table(
    "house",
    metadata,
    _text("name"),
    _text("value"),
)

issuer_keys = Table(
    "issuer_keys",
    metadata,
    _text("id"),
    _text("tenant_id"),
    _text("algorithm"),
    Column("public", LargeBinary),
    Column("sealed", LargeBinary),
    _number("made_at"),
    _number("retired_at"),
    _number("revoked_at"),
)

dies = Table(
    "dies",
    metadata,
    _serial("id"),
    _text("shape"),
    _text("digest"),
    Column("body", LargeBinary),
)

status_lists = Table(
    "status_lists",
    metadata,
    _serial("id"),
    _text("name"),
    _text("tenant_id"),
    _text("public_url"),
    Column("seed", LargeBinary),
    _number("size"),
    _number("used"),
    _number("version"),
    _number("changed_at"),
)

secured = Table(
    "secured",
    metadata,
    _text("id"),
    _text("tenant_id"),
    _text("name_digest"),
    _text("key_id"),
    _number("secured_at"),
    _number("status_list_id"),
    _number("status_index"),
)

renditions = Table(
    "renditions",
    metadata,
    _number("job_seq"),
    _number("number"),
    _text("format"),
    _text("key_id"),
    Column("signature", LargeBinary),
)

secured_standings = Table(
    "secured_standings",
    metadata,
    _number("status_list_id"),
    _number("status_index"),
    _text("standing"),
    _number("since"),
    _text("act_id"),
)

signings = Table(
    "signings",
    metadata,
    _number("chunk_id"),
    _text("key_id"),
    _number("status_list_id"),
)

acts = Table(
    "acts",
    metadata,
    _text("id"),
    _text("tenant_id"),
    _text("verb"),
    _text("reason"),
    _text("actor"),
    _number("done_at"),
    _number("count"),
)

standings = Table(
    "standings",
    metadata,
    _number("job_seq"),
    _number("number"),
    _text("standing"),
    _number("since"),
    _text("act_id"),
    _number("status_list_id"),
    _number("status_index"),
)

corrections = Table(
    "corrections",
    metadata,
    _number("job_seq"),
    _number("number"),
    _text("replaced_by"),
    _text("act_id"),
)

erasures = Table(
    "erasures",
    metadata,
    _number("job_seq"),
    _number("number"),
    _text("act_id"),
)

erased_files = Table("erased_files", metadata, _text("digest"))

audit = Table(
    "audit",
    metadata,
    _number("seq"),
    _number("at"),
    _text("tenant_id"),
    _text("actor"),
    _text("act"),
    _text("subject"),
    _text("detail"),
    Column("hash", LargeBinary),
)

templates = Table(
    "templates",
    metadata,
    _text("id"),
    _text("tenant_id"),
    _text("name"),
    _number("made_at"),
    _number("archived_at"),
)

template_versions = Table(
    "template_versions",
    metadata,
    _serial("id"),
    _text("template_id"),
    _number("number"),
    _text("package_digest"),
    _text("prepared_digest"),
    _text("state"),
    _text("code"),
    _text("message"),
    _text("about"),
    _number("made_at"),
)

prints = Table(
    "prints",
    metadata,
    _number("job_seq"),
    _number("number"),
    _text("format"),
    _text("prefix_digest"),
    Column("tail", LargeBinary),
    _number("size"),
    _number("crc32"),
    Column("digest", LargeBinary),
)

ti_jobs = Table(
    "ti_jobs",
    metadata,
    _text("id"),
    _text("tenant_id"),
    _text("type"),
    _text("description"),
    _number("made_at"),
    _number("total"),
    _number("started_at"),
    _number("broken"),
)

ti_templates = Table(
    "ti_templates",
    metadata,
    _text("id"),
    _text("tenant_id"),
    _text("resource_type"),
    _text("resource_id"),
    _text("title"),
    _text("fields"),
    _number("revision"),
    _text("state"),
    Column("has_asset", Boolean),
    _number("claimed_until"),
    _text("template_id"),
    _number("version"),
    _text("code"),
    _text("message"),
    _text("job_id"),
    _number("made_at"),
    _number("changed_at"),
)

ti_users = Table(
    "ti_users",
    metadata,
    _text("tenant_id"),
    _text("id"),
    _text("email"),
    _text("address"),
    _text("external_id"),
    _text("fields"),
    _number("made_at"),
    _number("changed_at"),
)

ti_certifications = Table(
    "ti_certifications",
    metadata,
    _text("id"),
    _text("tenant_id"),
    _text("user_id"),
    _text("resource_type"),
    _text("resource_id"),
    _text("digest"),
    _number("attempt"),
    _text("identifier"),
    _text("job_id"),
    _number("number"),
    _number("ended_at"),
    _number("made_at"),
)
