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

from testamur.core.records import Holds
from testamur.records.ports import DEFINITIONS

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
    _text("user_id"),
    _text("key_id"),
    _text("family"),
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

done_rows = Table(
    "done_rows",
    metadata,
    _number("job_seq"),
    _number("number"),
    _number("done_at"),
    _text("detail"),
)

document_seals = Table(
    "document_seals",
    metadata,
    _number("document_id"),
    _number("version"),
    _number("signer_id"),
    _number("job_seq"),
    _number("number"),
    _text("level"),
    _number("sealed_at"),
)

lasting = Table(
    "lasting",
    metadata,
    _number("document_id"),
    _number("version"),
    _text("state"),
    _number("attempts"),
    _number("next_at"),
    _number("leased_until"),
    _number("token"),
    _text("last_error"),
)

sign_sessions = Table(
    "sign_sessions",
    metadata,
    _number("job_seq"),
    _text("keeper"),
    _number("alive_until"),
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

users = Table(
    "users",
    metadata,
    _serial("number"),
    _text("id"),
    _text("tenant_id"),
    _text("name"),
    _text("email"),
    _text("address"),
    _text("hash"),
    _number("created_at"),
    _number("password_changed_at"),
    _number("disabled_at"),
)

login_tries = Table(
    "login_tries",
    metadata,
    Column("who", LargeBinary),
    _number("count"),
    _number("last_at"),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("digest", LargeBinary),
    _text("family"),
    _text("tenant_id"),
    _text("user_id"),
    _text("scopes"),
    _number("ttl"),
    _number("created_at"),
    _number("expires_at"),
    _number("spent_at"),
)

uploaded_files = Table(
    "uploaded_files",
    metadata,
    _serial("seq"),
    _text("id"),
    _text("tenant_id"),
    _text("digest"),
    _text("original_name"),
    _text("media_type"),
    _text("extension"),
    _number("size"),
    _number("created_at"),
    _number("used_at"),
    _text("used_for"),
    _number("expires_at"),
)

academic_certificates = Table(
    "academic_certificates",
    metadata,
    _serial("seq"),
    _text("uuid"),
    _text("tenant_id"),
    _number("institution_seq"),
    _number("course_seq"),
    _number("student_seq"),
    _number("cohort_seq"),
    _number("enrollment_seq"),
    _text("file_id"),
    _number("awarded_at"),
    _number("valid_until"),
    _text("snapshot"),
    _number("job_seq"),
    _number("number"),
    _number("created_at"),
    _number("updated_at"),
    _number("deleted_at"),
)

record_tables = {
    one.resource: Table(
        one.resource,
        metadata,
        _serial("seq"),
        _text("uuid"),
        _text("tenant_id"),
        *(
            Column(field.column, Boolean)
            if field.holds is Holds.TRUTH
            else _number(field.column)
            if field.holds in (Holds.WHOLE, Holds.HUNDREDTHS, Holds.RECORD)
            else _text(field.column)
            for field in one.fields
        ),
        *(
            _text(field.compared_in)
            for field in one.fields
            if field.compared_in != field.column
        ),
        _number("created_at"),
        _number("updated_at"),
    )
    for one in DEFINITIONS
}

course_modules = Table(
    "course_modules",
    metadata,
    _number("course_seq"),
    _number("module_seq"),
    _number("position"),
)

course_module_groups = Table(
    "course_module_groups",
    metadata,
    _serial("seq"),
    _text("uuid"),
    _number("course_seq"),
    _text("name"),
)

course_module_group_members = Table(
    "course_module_group_members",
    metadata,
    _number("group_seq"),
    _number("course_seq"),
    _number("module_seq"),
    _number("position"),
)

record_tallies = Table(
    "record_tallies",
    metadata,
    _text("tenant_id"),
    _text("resource"),
    _text("facet"),
    _number("level"),
    _number("block"),
    _number("count"),
)

signers = Table(
    "signers",
    metadata,
    _serial("id"),
    _text("tenant_id"),
    _text("name"),
    _text("kind"),
    _text("algorithm"),
    Column("chain", LargeBinary),
    _text("subject"),
    _text("issuer"),
    _text("serial_number"),
    _number("valid_from"),
    _number("valid_until"),
    Column("salt", LargeBinary),
    _text("parameters"),
    Column("sealed", LargeBinary),
    _text("uri"),
    _number("created_at"),
    _number("revoked_at"),
)

signer_guesses = Table(
    "signer_guesses",
    metadata,
    _serial("id"),
    _number("signer_id"),
    _number("at"),
)

outbox = Table(
    "outbox",
    metadata,
    _text("id"),
    _text("tenant_id"),
    _text("kind"),
    _text("recipient"),
    _text("message"),
    _text("message_id"),
    _text("state"),
    _number("attempts"),
    _number("next_at"),
    _text("last_error"),
    _number("leased_until"),
    _number("token"),
    _number("created_at"),
    _number("sent_at"),
    _text("destination"),
    _number("job_seq"),
    _number("number"),
    _text("returned_kind"),
    _text("returned_code"),
    _text("returned_words"),
    _number("returned_at"),
)

mail_returns = Table(
    "mail_returns",
    metadata,
    _text("outcome"),
    _number("count"),
)

suppressions = Table(
    "suppressions",
    metadata,
    _number("seq"),
    _text("id"),
    _text("tenant_id"),
    _text("digest"),
    _text("address"),
    _text("reason"),
    _number("created_at"),
)

dkim_keys = Table(
    "dkim_keys",
    metadata,
    _text("id"),
    _text("domain"),
    _text("selector"),
    _text("algorithm"),
    Column("public", LargeBinary),
    Column("sealed", LargeBinary),
    _number("created_at"),
)

mail_checks = Table(
    "mail_checks",
    metadata,
    _text("domain"),
    _number("checked_at"),
    _text("findings"),
)

events = Table(
    "events",
    metadata,
    _serial("seq"),
    _text("id"),
    _text("tenant_id"),
    _text("type"),
    _text("subject"),
    _text("data"),
    _number("created_at"),
)

tellings = Table("tellings", metadata, _number("chunk_id"), _number("job_seq"))

document_types = Table(
    "document_types",
    metadata,
    _serial("id"),
    _text("tenant_id"),
    _text("description"),
    Column("signed_by_third", Boolean),
    Column("multiples_third_signers", Boolean),
    _text("indexers"),
    _number("created_at"),
    _number("updated_at"),
)

documents = Table(
    "documents",
    metadata,
    _serial("id"),
    _text("uuid"),
    _text("tenant_id"),
    _number("document_type_id"),
    _text("description"),
    _text("module_uuid"),
    _text("file_uuid"),
    _text("indexers"),
    _text("status"),
    Column("in_order", Boolean),
    _number("sent_at"),
    _number("signed_at"),
    _number("refused_at"),
    _number("institution_signed_at"),
    _text("signature_level"),
    _text("record_digest"),
    _number("created_at"),
    _number("updated_at"),
)

document_files = Table(
    "document_files",
    metadata,
    _number("document_id"),
    _number("version"),
    _text("kind"),
    _text("digest"),
    _number("size"),
    _number("created_at"),
)

signatories = Table(
    "signatories",
    metadata,
    _serial("id"),
    _text("uuid"),
    _text("tenant_id"),
    _text("name"),
    _text("email"),
    _text("address"),
    _text("document_number"),
    _number("created_at"),
    _number("updated_at"),
)

signature_requests = Table(
    "signature_requests",
    metadata,
    _serial("id"),
    _text("uuid"),
    _number("document_id"),
    _number("signatory_id"),
    _number("place"),
    Column("token_digest", LargeBinary),
    _number("created_at"),
    _number("asked_at"),
    _text("mail_id"),
    _number("mailed_at"),
    _number("expires_at"),
    _number("viewed_at"),
    _number("signed_at"),
    _number("refused_at"),
    _text("reason"),
    _text("name"),
    _text("email"),
    _text("typed_name"),
    _text("client"),
    _text("user_agent"),
    _text("seen_digest"),
)

vault_files = Table(
    "vault_files",
    metadata,
    _serial("seq"),
    _text("id"),
    _text("tenant_id"),
    _text("digest"),
    _text("pdf_digest"),
    _text("name"),
    _text("media_type"),
    _number("size"),
    _text("document"),
    _number("created_at"),
    _number("expires_at"),
    _number("used_at"),
)

vault_customers = Table(
    "vault_customers",
    metadata,
    _serial("id"),
    _text("tenant_id"),
    _text("address"),
    _number("created_at"),
)

vault_batches = Table(
    "vault_batches",
    metadata,
    _serial("seq"),
    _text("uuid"),
    _text("tenant_id"),
    _number("job_seq"),
    _text("name"),
    Column("is_vault", Boolean),
    _text("template_id"),
    _number("created_at"),
)

vault_certificates = Table(
    "vault_certificates",
    metadata,
    _serial("id"),
    _text("uuid"),
    _text("tenant_id"),
    _number("batch_seq"),
    _number("job_seq"),
    _number("number"),
    _text("reference"),
    _text("title"),
    _text("full_name"),
    _text("email"),
    _text("address"),
    _text("sought"),
    _text("issue_date"),
    _text("details"),
    Column("is_vault", Boolean),
    _text("file_id"),
    _number("customer_id"),
    _number("assigned_at"),
    _text("mail_id"),
    _text("verified_digest"),
    _number("created_at"),
)

webhooks = Table(
    "webhooks",
    metadata,
    _serial("seq"),
    _text("id"),
    _text("tenant_id"),
    _text("url"),
    _text("events"),
    _text("description"),
    _text("style"),
    Column("sealed", LargeBinary),
    Column("sealed_before", LargeBinary),
    _number("before_until"),
    _text("ended"),
    _number("told_up_to"),
    _number("failing_since"),
    _text("last_error"),
    _number("created_at"),
)

webhook_attempts = Table(
    "webhook_attempts",
    metadata,
    _number("delivery_seq"),
    _number("attempt"),
    _number("at"),
    _number("milliseconds"),
    _number("status"),
    _text("error"),
    _text("answer"),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    _serial("seq"),
    _text("id"),
    _number("webhook_seq"),
    _text("type"),
    _text("body"),
    _text("state"),
    _number("attempts"),
    _number("next_at"),
    _number("leased_until"),
    _number("token"),
    _text("last_error"),
    _number("created_at"),
    _number("ended_at"),
)
