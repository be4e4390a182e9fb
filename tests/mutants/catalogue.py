"""
Bugs to put in on purpose: what a test must notice, or it proves nothing.

Each says which promise it breaks (the invariants are told in
docs/issuing-cycle.md), what to change where, and which tests must go red. The old
text must be there exactly once: when code changes, so does its mutant.
"""

from mutants.mutant import Mutant, test
from mutants.webhook_bugs import WEBHOOK_BUGS

STORES = "tests/stores/"
INVARIANTS = "tests/invariants/"
AUDIT = INVARIANTS + "test_audit_first.py"

LOOKED_FOR = (
    "test_a_halt_is_looked_for_before_a_chunk_is_leased_and_before_it_is_signed"
)
RESTORED = "test_a_restored_backup_neither_unrevokes_nor_forks_the_log"


VERIFIED = INVARIANTS + "test_verified_first.py"
CHUNKS = INVARIANTS + "test_verified_chunks.py"
FLIPPED = "test_a_signature_with_one_bit_flipped_in_memory_is_shown_to_nobody"
QUEUE = STORES + "test_queue.py"
READ_BACK = "tests/rendering/test_read_back.py"
RELEASED = "test_a_file_that_says_anything_else_is_not_released"
DESK = STORES + "test_desk.py"
KEYS = STORES + "test_issuer_keys.py"
HISTORY = INVARIANTS + "test_key_history.py"
SECRETS = INVARIANTS + "test_no_clear_secrets.py"
STOLEN = INVARIANTS + "test_stolen_disk.py"
REGISTRY = STORES + "test_registry.py"
RENDITIONS = STORES + "test_renditions.py"
RESULTS = STORES + "test_results.py"
ON_ITS_WAY = (
    "test_a_row_that_is_kept_and_not_in_the_log_is_neither_issued_nor_cancelled"
)
ACTS = STORES + "test_acts.py"
LISTS = STORES + "test_published_lists.py"
PLACES = STORES + "test_status_lists.py"
CONVERGENCE = INVARIANTS + "test_convergence.py"
ISSUING = "test_issuing_that_breaks_anywhere_is_finished_by_a_restart"
ERASURE = INVARIANTS + "test_erasure.py"
ERASURES = STORES + "test_erasures.py"
NOTHING_LEFT = "test_nothing_is_left_of_a_person_who_was_erased"
VERDICTS = "tests/verification/test_verdicts.py"
KEEPSAKES = "tests/verification/test_keepsakes.py"
PRESENTATIONS = "tests/verification/test_presentations.py"
OF_BUNDLES = "test_what_is_in_a_bundle_counts_only_for_who_says_so"
UNCHECKED = "test_what_could_not_be_checked_never_counts_as_passed"

MUTANTS = (
    Mutant(
        "other-formats-follow-the-newest-key",
        "I5",
        "issuance/renditions.py",
        "key = self._key(tenant_id, kept.key_id)",
        "key = self._keys.current(tenant_id, algorithm)",
        (
            test(
                RENDITIONS,
                "test_a_rotation_changes_no_byte_of_what_was_given_out"
                "[sqlite-eddsa-jcs-2022-EdDSA]",
            ),
        ),
    ),
    Mutant(
        "other-formats-are-signed-unaudited",
        "I25",
        "issuance/renditions.py",
        "self._store.begin(rendering)",
        "pass",
        (test(RENDITIONS, "test_each_is_signed_once_audited_and_logged[sqlite]"),),
    ),
    Mutant(
        "other-formats-are-not-verified",
        "I15",
        "issuance/renditions.py",
        "if not _holds(body, facts, format, key):\n        raise Fault(\n"
        '            f"the issuer key',
        'if False:\n        raise Fault(\n            f"the issuer key',
        (
            test(
                RENDITIONS,
                "test_a_signature_that_does_not_verify_is_shown_to_nobody[sqlite]",
            ),
        ),
    ),
    Mutant(
        "every-checkpoint-waits-for-slow-witnesses",
        "I14",
        "tlog/witness.py",
        "self._is_quick = not self._thread.is_alive()",
        "pass",
        (
            test(
                "tests/tlog/test_witness.py",
                "test_a_slow_witness_delays_one_checkpoint_and_no_other[sqlite]",
            ),
        ),
    ),
    Mutant(
        "late-cosignatures-are-lost",
        "I14",
        "tlog/sequence.py",
        "            self._store.cosign(state.size, more)\n",
        "",
        (
            test(
                "tests/tlog/test_witness.py",
                "test_after_a_restart_witnesses_are_asked_for_what_lacks_them[sqlite]",
            ),
        ),
        is_slow=True,
    ),
    Mutant(
        "second-try-never-ends",
        "I1",
        "adapters/sql/registry.py",
        '"is_final": lease.is_second_try,',
        '"is_final": False,',
        (test(QUEUE, "test_every_row_is_tried_twice_and_no_more[sqlite]"),),
    ),
    Mutant(
        "rows-forgotten-by-the-second-try",
        "I1",
        "adapters/sql/registry.py",
        "if outcome.failed and not is_last_try:",
        "if outcome.failed and outcome.issued and not is_last_try:",
        (
            test(
                INVARIANTS + "test_totality.py",
                "test_whatever_is_done_every_row_ends_once[sqlite]",
            ),
        ),
    ),
    Mutant(
        "failures-of-rows-that-are-being-kept",
        "I1",
        "adapters/sql/queue.py",
        '" FOR UPDATE OF c SKIP LOCKED"',
        '""',
        (
            test(
                QUEUE,
                "test_a_chunk_that_is_kept_while_its_lease_lapses_is_kept[postgresql]",
            ),
        ),
    ),
    Mutant(
        "finished-while-worked-on",
        "I1",
        "adapters/sql/queue.py",
        "WHERE seq = :job AND wave = :wave AND ",
        "WHERE seq = :job AND ",
        (
            test(
                DESK,
                "test_a_settle_that_looked_before_a_retry_does_not_finish_it[postgresql]",
            ),
        ),
    ),
    Mutant(
        "not-synchronous",
        "I2",
        "adapters/sql/database.py",
        '"journal_mode = WAL",\n        "synchronous = FULL"',
        '"journal_mode = WAL",\n        "synchronous = NORMAL"',
        (
            test(
                INVARIANTS + "test_power_loss.py",
                "test_power_loss_at_any_moment_loses_no_acknowledged_row",
            ),
        ),
    ),
    Mutant(
        "folder-not-synced",
        "I2",
        "adapters/files/blobs.py",
        "second_name.replace(target)\n            sync_folder(target.parent)",
        "second_name.replace(target)",
        (
            test(
                INVARIANTS + "test_power_loss.py",
                "test_power_loss_at_any_moment_loses_no_acknowledged_row",
            ),
        ),
    ),
    Mutant(
        "new-names-after-a-crash",
        "I3",
        "adapters/sql/registry.py",
        "if found and bytes(found.digest) == digest:",
        "if found and not digest:",
        (
            test(
                CONVERGENCE,
                "test_after_a_crash_rows_get_the_names_that_were_drafted[sqlite]",
            ),
        ),
    ),
    Mutant(
        "names-not-unique",
        "I3",
        "adapters/sql/migrations/0001_begin.sql",
        "  reference TEXT NOT NULL UNIQUE,",
        "  reference TEXT NOT NULL,",
        (
            test(
                REGISTRY,
                "test_a_name_that_is_taken_is_not_given_again[sqlite-reference]",
            ),
        ),
    ),
    Mutant(
        "two-draft-one-chunk",
        "I3",
        "adapters/sql/registry.py",
        '"" if database.is_sqlite else " FOR UPDATE"',
        '""',
        (
            test(
                REGISTRY,
                "test_a_chunk_handed_to_four_workers_is_kept_by_one[postgresql]",
            ),
        ),
        is_slow=True,  # four workers have to meet, and sometimes do not
    ),
    Mutant(
        "another-rows-facts",
        "I4",
        "issuance/issue.py",
        "    found = checker(profile).check(row, orjson.loads(cells))\n    assert",
        "    seen = globals().setdefault('_SEEN', {})\n"
        "    found = seen.setdefault(row, checker(profile).check(row, "
        "orjson.loads(cells)))\n    assert",
        (
            test(
                INVARIANTS + "test_own_data.py",
                "test_every_certificate_says_what_its_row_said[sqlite]",
            ),
        ),
    ),
    Mutant(
        "another-rows-picture",
        "I4",
        "issuance/issue.py",
        "ready.append((row, facts, picture))",
        "ready.append((row, facts, ready[-1][2] if ready else picture))",
        (
            test(
                INVARIANTS + "test_own_data.py",
                "test_every_certificate_says_what_its_row_said[sqlite]",
            ),
        ),
    ),
    Mutant(
        "certificates-before-their-bill",
        "I6",
        "adapters/sql/registry.py",
        "            connection.execute(\n                ADD_USAGE,",
        '            connection.exec_driver_sql("COMMIT")\n'
        '            connection.exec_driver_sql("BEGIN IMMEDIATE")\n'
        "            connection.execute(\n                ADD_USAGE,",
        (test(CONVERGENCE, f"{ISSUING}[sqlite-keep.before_commit-kill]"),),
    ),
    Mutant(
        "failed-rows-are-billed",
        "I6",
        "adapters/sql/registry.py",
        '"quantity": len(outcome.issued),',
        '"quantity": len(outcome.issued) + len(outcome.failed),',
        (test(REGISTRY, "test_keeping_is_all_or_nothing[sqlite-raise]"),),
    ),
    Mutant(
        "keys-are-not-unique",
        "I7",
        "adapters/sql/migrations/0001_begin.sql",
        "  finished_at BIGINT,\n  UNIQUE (tenant_id, idempotency_key)\n",
        "  finished_at BIGINT\n",
        (
            test(
                STORES + "test_ledger.py",
                "test_sixteen_twins_at_once_are_one_job[sqlite]",
            ),
        ),
    ),
    Mutant(
        "cancel-forgets-leased-chunks",
        "I8",
        "adapters/sql/steering.py",
        "WHERE job_seq = :job AND state IN {_states(ChunkEvent.CANCEL)}",
        "WHERE job_seq = :job AND state = 'waiting'",
        (
            test(
                DESK,
                "test_cancelling_takes_waiting_and_leased_chunks_and_no_others[sqlite]",
            ),
        ),
    ),
    Mutant(
        "cancel-misses-a-second-try",
        "I8",
        "adapters/sql/steering.py",
        "            connection.execute(CANCEL_CHUNKS, values)\n" * 2,
        "            connection.execute(CANCEL_CHUNKS, values)\n",
        (
            test(
                DESK,
                "test_a_chunk_is_kept_or_cancelled_and_never_both[postgresql-True]",
            ),
        ),
    ),
    Mutant(
        "retry-takes-every-row",
        "I9",
        "adapters/sql/steering.py",
        "    SELECT f.number FROM failures f\n"
        "    WHERE f.job_seq = :job AND f.is_final = TRUE {only} ORDER BY f.number\n",
        "    SELECT f.number FROM rows f\n"
        "    WHERE f.job_seq = :job {only} ORDER BY f.number\n",
        (test(DESK, "test_a_retry_runs_the_failed_rows_and_no_others[sqlite]"),),
    ),
    Mutant(
        "retry-in-two-transactions",
        "I9",
        "adapters/sql/steering.py",
        "            numbers = self._reopen(connection, job.seq, row)\n",
        '            connection.exec_driver_sql("COMMIT")\n'
        '            connection.exec_driver_sql("BEGIN IMMEDIATE")\n'
        "            numbers = self._reopen(connection, job.seq, row)\n",
        (
            test(
                CONVERGENCE,
                "test_a_retry_that_breaks_is_done_or_not_done"
                "[sqlite-retry.before_commit-kill]",
            ),
        ),
    ),
    Mutant(
        "restart-leaves-leases",
        "I10",
        "adapters/sql/queue.py",
        '        which = "TRUE" if all_of_them else which\n',
        "",
        (test(CONVERGENCE, f"{ISSUING}[sqlite-lease.after_commit-kill]"),),
    ),
    Mutant(
        "attempts-counted-afterwards",
        "I10",
        "adapters/sql/queue.py",
        "attempts = attempts + 1,",
        "attempts = attempts,",
        (test(CONVERGENCE, "test_a_chunk_that_always_kills_its_worker_ends[sqlite]"),),
    ),
    Mutant(
        "trouble-of-ours-is-blamed",
        "I10",
        "jobs/runner.py",
        "            if not trouble.passing or stopping.wait(TROUBLE_SECONDS):",
        "            if trouble.passing or stopping.wait(TROUBLE_SECONDS):",
        (
            test(
                INVARIANTS + "test_power_loss.py",
                "test_a_worker_outlives_the_death_of_postgresql[keep.before_commit]",
            ),
        ),
        is_slow=True,
    ),
    Mutant(
        "drivers-own-errors-escape",
        "I10",
        "adapters/sql/database.py",
        "except module.OperationalError as error:",
        "except module.NotSupportedError as error:",
        (
            test(
                INVARIANTS + "test_power_loss.py",
                "test_a_submission_that_postgresql_breaks_off_is_our_trouble",
            ),
        ),
    ),
    Mutant(
        "orphans",
        "I10",
        "core/parent.py",
        "        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)",
        "        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, 0)",
        (
            test(
                INVARIANTS + "test_server_deaths.py",
                "test_a_server_that_is_killed_goes_on_when_it_is_started_again"
                "[sqlite-only-the-server]",
            ),
        ),
        is_slow=True,
    ),
    Mutant(
        "restarted-workers-are-not-let-finish",
        "I10",
        "adapters/processes/pool.py",
        "            process.terminate()\n",
        "            process.kill()\n",
        (
            test(
                INVARIANTS + "test_pool.py",
                "test_a_worker_that_was_started_again_may_finish_its_chunk",
            ),
        ),
    ),
    Mutant(
        "full-disk-is-not-seen",
        "I10",
        "web/spool.py",
        "if free < max(",
        "if free < 0 * max(",
        (
            test(
                INVARIANTS + "test_full_disk.py",
                "test_a_full_disk_stops_nothing_for_good",
            ),
        ),
        is_slow=True,
    ),
    Mutant(
        "kept-with-an-old-token",
        "I11",
        "adapters/sql/registry.py",
        "    WHERE id = :chunk AND token = :token AND state = '{KEEPABLE}'",
        "    WHERE id = :chunk AND state = '{KEEPABLE}'",
        (test(QUEUE, "test_a_lapsed_worker_keeps_nothing[sqlite]"),),
    ),
    Mutant(
        "released-with-an-old-token",
        "I11",
        "adapters/sql/queue.py",
        "HELD = \"{0}id = :chunk AND {0}token = :token AND {0}state = 'leased'\"",
        "HELD = \"{0}id = :chunk AND {0}state = 'leased'\"",
        (test(QUEUE, "test_a_lapsed_worker_keeps_nothing[sqlite]"),),
    ),
    Mutant(
        "nobody-moves-back-in-the-line",
        "I12",
        "adapters/sql/queue.py",
        "turn = 1 + (SELECT max(k.turn)",
        "turn = 0 * (SELECT max(k.turn)",
        (
            test(QUEUE, "test_tenants_take_turns_however_many_jobs_each_has[sqlite]"),
            test(
                INVARIANTS + "test_fairness.py",
                "test_ten_rows_do_not_wait_for_twenty_thousand[sqlite-False]",
            ),
        ),
    ),
    Mutant(
        "two-keys-in-force",
        "I10",
        "adapters/sql/issuer_keys.py",
        "if other.algorithm is key.algorithm and other.is_in_force:",
        "if other.id == key.id:",
        (test(KEYS, "test_processes_that_are_first_at_once_agree[sqlite]"),),
    ),
    Mutant(
        "retired-keys-are-forgotten",
        "I5",
        "issuance/did_web.py",
        "(key for key in keys if key.revoked_at is None)",
        "(key for key in keys if key.is_in_force)",
        (test(HISTORY, "test_what_was_signed_before_a_rotation_verifies"),),
    ),
    Mutant(
        "revoked-keys-stay-published",
        "I17",
        "issuance/did_web.py",
        "(key for key in keys if key.revoked_at is None)",
        "(key for key in keys)",
        (test(HISTORY, "test_what_a_revoked_key_signed_verifies_no_more"),),
    ),
    Mutant(
        "a-revocation-elsewhere-is-not-noticed",
        "I17",
        "issuance/keyring.py",
        "            if key.revoked_at is not None:\n"
        "                self._opened.pop(key_id, None)\n"
        "            elif key_id",
        "            if key_id",
        (test(KEYS, "test_a_revocation_elsewhere_is_noticed[sqlite]"),),
    ),
    Mutant(
        "api-keys-are-kept",
        "I22",
        "access/keys.py",
        'hint=f"{text[:7]}…{text[-4:]}"',
        "hint=text",
        (test(SECRETS, "test_no_secret_is_in_clear_anywhere[file]"),),
        is_slow=True,
    ),
    Mutant(
        "the-secret-is-kept-beside-the-data",
        "I22",
        "wiring/secret.py",
        "return secret.derive(CHECK).hex()",
        "return secret._material.hex()",
        (test(SECRETS, "test_no_secret_is_in_clear_anywhere[environment]"),),
        is_slow=True,
    ),
    Mutant(
        "sealed-by-arguments",
        "I22",
        "adapters/keys/sealing.py",
        '[sys.executable, "-m", CHILD]',
        '[sys.executable, "-m", CHILD, json.dumps(question)]',
        (test(SECRETS, "test_no_secret_is_in_clear_anywhere[token]"),),
        is_slow=True,
    ),
    Mutant(
        "settings-say-the-secret",
        "I22",
        "config.py",
        "repr=not is_hidden,",
        "repr=True,",
        (test(SECRETS, "test_settings_in_a_traceback_do_not_show_the_secret"),),
    ),
    Mutant(
        "a-missing-secret-is-made-anew",
        "I23",
        "wiring/secret.py",
        "if is_known and not path.exists():",
        "if is_known is None:",
        (test(STOLEN, "test_a_copy_without_the_secret_does_not_start"),),
    ),
    Mutant(
        "any-secret-will-do",
        "I23",
        "wiring/secret.py",
        "if not compare_digest(known, mine):",
        "if not known:",
        (test(STOLEN, "test_no_command_signs_for_a_copy_with_another_secret"),),
    ),
    Mutant(
        "keys-are-sealed-with-nothing",
        "I23",
        "wiring/office.py",
        "lambda: self.secret.derive(keys.SEALING)",
        "lambda: bytes(32)",
        (test(STOLEN, "test_a_copy_does_not_open_its_keys_to_a_thief"),),
    ),
    Mutant(
        "a-key-is-made-untold",
        "I25",
        "adapters/sql/issuer_keys.py",
        '            _tell(connection, "key.made", key.made_at, by, key.id, key)\n',
        "",
        (test(KEYS, "test_a_key_that_cannot_be_told_of_is_not_made[sqlite]"),),
    ),
    Mutant(
        "cancelled-rows-are-left-out",
        "I33",
        "delivery/results_csv.py",
        "        lines = map(self._line, rows, outcomes)\n",
        "        lines = (self._line(r, o) for r, o in zip(rows, outcomes)"
        " if o != CANCELLED)\n",
        (
            test(
                DESK,
                "test_cancelling_takes_waiting_and_leased_chunks_and_no_others[sqlite]",
            ),
        ),
    ),
    Mutant(
        "nine-fields",
        "I33",
        "delivery/results_csv.py",
        ',,,,{email},{error}\\n"',
        ',,,,,{email},{error}\\n"',
        (
            test(
                INVARIANTS + "test_server_deaths.py",
                "test_the_results_have_a_line_for_every_row_and_eight_fields_in_each",
            ),
        ),
    ),
    Mutant(
        "broken-off-in-good-order",
        "I33",
        "web/downloads.py",
        '            fp("download.mid")\n',
        "            try:\n"
        '                fp("download.mid")\n'
        "            except RuntimeError:\n"
        "                return\n",
        (
            test(
                INVARIANTS + "test_server_deaths.py",
                "test_a_download_that_breaks_at_any_piece_is_seen_to_be_broken[csv]",
            ),
        ),
    ),
    Mutant(
        "names-that-count",
        "I18",
        "core/ids.py",
        "        digits = raw[:20].hex()\n",
        '        digits = f"{row:040x}"\n',
        (
            test(
                INVARIANTS + "test_unguessable.py",
                "test_names_of_certificates_look_random_and_never_come_twice[certificate]",
            ),
        ),
    ),
    Mutant(
        "guess-as-long-as-you-like",
        "I18",
        "web/pages.py",
        '            guessed(request.client.host if request.client else "")\n',
        "            guessed(request.url.path)\n",
        (
            test(
                INVARIANTS + "test_unguessable.py",
                "test_the_neighbours_of_a_known_certificate_are_404_and_then_429",
            ),
        ),
    ),
    Mutant(
        "leased-while-halted",
        "I19",
        "adapters/sql/queue.py",
        "GOING = \"NOT EXISTS (SELECT 1 FROM house WHERE name = 'halted_at')\"",
        'GOING = "TRUE"',
        (test(INVARIANTS + "test_halt.py", f"{LOOKED_FOR}[sqlite-before leasing]"),),
    ),
    Mutant(
        "signed-while-halted",
        "I19",
        "adapters/sql/registry.py",
        "            if halted_at(connection) is not None:\n",
        "            if halted_at(connection) == 0:\n",
        (test(INVARIANTS + "test_halt.py", f"{LOOKED_FOR}[sqlite-before drafting]"),),
    ),
    Mutant(
        "published-while-halted",
        "I19",
        "wiring/log.py",
        "            if halted_at(connection) is not None:\n",
        "            if halted_at(connection) == 0:\n",
        (
            test(
                INVARIANTS + "test_halt.py",
                "test_halting_stops_issuing_within_five_seconds_and_resuming_loses_"
                "nothing[sqlite]",
            ),
        ),
        is_slow=True,
    ),
    Mutant(
        "an-attempt-for-a-halt",
        "I19",
        "jobs/runner.py",
        "    except Halted as halted:\n"
        "        # Nothing of it was issued: whoever leases it after the halt begins "
        "anew.\n"
        "        queue.release(lease, blameless=True)\n",
        "    except Halted as halted:\n        queue.release(lease)\n",
        (test(INVARIANTS + "test_halt.py", f"{LOOKED_FOR}[sqlite-before drafting]"),),
    ),
    Mutant(
        "revoked-and-not-told",
        "I25",
        "adapters/sql/access_store.py",
        "            _note(connection, act, tenant_id, id_, moment, by)\n",
        "",
        (
            test(
                AUDIT,
                "test_an_act_is_done_with_its_entry_or_not_at_all"
                "[sqlite-api_key.revoke]",
            ),
        ),
    ),
    Mutant(
        "signed-and-not-told",
        "I25",
        "adapters/sql/registry.py",
        "            if draft.places:\n                self._log_key_use",
        "            if not draft:\n                self._log_key_use",
        (test(AUDIT, "test_no_key_signs_what_the_audit_log_does_not_tell[sqlite]"),),
    ),
    Mutant(
        "entries-that-stand-alone",
        "I25",
        "adapters/sql/audit.py",
        '"hash": link(previous, *fields),',
        '"hash": link(START, *fields),',
        (
            test(
                STORES + "test_audit.py",
                "test_each_entry_is_bound_to_the_one_before_it[sqlite]",
            ),
        ),
    ),
    Mutant(
        "changed-and-not-noticed",
        "I25",
        "core/chain.py",
        "elif link(self._hash, *fields) != entry_hash:",
        "elif len(entry_hash) != 32:",
        (
            test(
                AUDIT,
                "test_fsck_names_the_entry_that_is_not_what_it_was[sqlite-changed]",
            ),
        ),
    ),
    Mutant(
        "the-end-cut-off",
        "I25",
        "access/audit.py",
        "    if remembered and not is_there:\n",
        "    if remembered and not is_there and seq >= remembered.seq:\n",
        (
            test(
                AUDIT,
                "test_entries_missing_at_the_end_show_against_the_remembered_head"
                "[sqlite]",
            ),
        ),
    ),
    Mutant(
        "unrevoked-by-a-backup",
        "I17",
        "issuance/replay.py",
        "        if is_known(act.id):\n",
        "        if not is_known(act.id):\n",
        (test(INVARIANTS + "test_restore.py", RESTORED),),
    ),
    Mutant(
        "written-down-too-late",
        "I17",
        "adapters/sql/acts.py",
        "            write_down(done)\n",
        "",
        (test(INVARIANTS + "test_restore.py", RESTORED),),
        is_slow=True,
    ),
    Mutant(
        "goes-on-with-an-old-backup",
        "I17",
        "wiring/record.py",
        '        log.error("issuing halted", why=problem)\n',
        "        return\n",
        (test(INVARIANTS + "test_restore.py", RESTORED),),
        is_slow=True,
    ),
    Mutant(
        "places-handed-out-again",
        "I17",
        "adapters/sql/restored.py",
        '"UPDATE status_lists SET used = size WHERE used < size"',
        '"UPDATE status_lists SET used = used"',
        (test(INVARIANTS + "test_restore.py", RESTORED),),
        is_slow=True,
    ),
    Mutant(
        "secured-before-it-is-judged",
        "I15",
        "issuance/secure.py",
        "        self._lint(wanted, proof)\n",
        "",
        (test(VERIFIED, "test_no_key_is_used_for_what_is_no_credential[jwt]"),),
    ),
    Mutant(
        "signed-for-anybody",
        "I15",
        "issuance/secure.py",
        "    if not isinstance(named, str) or named not in own:\n",
        "    if not isinstance(named, str):\n",
        (test(VERIFIED, "test_no_key_is_used_for_what_is_no_credential[rdfc]"),),
    ),
    Mutant(
        "proofs-not-verified-before-they-are-shown",
        "I15",
        "issuance/secure.py",
        "            raise _not_what_was_signed(key)\n"
        "        _verify(key, signature, message)\n"
        "        return secured, text\n",
        "            raise _not_what_was_signed(key)\n        return secured, text\n",
        (test(VERIFIED, FLIPPED + "[0-rdfc]"),),
    ),
    Mutant(
        "tokens-not-verified-before-they-are-shown",
        "I15",
        "issuance/secure.py",
        "        _verify(key, signature, message)\n        envelope = {\n",
        "        envelope = {\n",
        (test(VERIFIED, FLIPPED + "[511-jwt-rs256]"),),
    ),
    Mutant(
        "what-is-sent-is-not-read-again",
        "I15",
        "issuance/secure.py",
        '_decoded(proofs[0].get("messages", {}).get("sha256")) != message\n',
        "False\n",
        (
            test(
                VERIFIED,
                "test_what_reads_differently_once_it_is_signed_is_shown_to_nobody"
                "[rdfc]",
            ),
        ),
    ),
    Mutant(
        "a-halt-does-not-stop-what-is-in-hand",
        "I19",
        "adapters/sql/secured.py",
        "            _go_on(connection)\n            connection.execute(insert(",
        "            connection.execute(insert(",
        (test(VERIFIED, "test_nothing_is_signed_while_issuing_is_halted"),),
    ),
    Mutant(
        "chunks-not-verified",
        "I15",
        "issuance/signing.py",
        "            hold(verifier, signature, signed, letterhead.key_id)\n",
        "            pass\n",
        (
            test(
                CHUNKS,
                "test_one_bit_of_one_signature_and_no_certificate_of_the_chunk[2]",
            ),
        ),
    ),
    Mutant(
        "nothing-worked-out-from-scratch",
        "I15",
        "issuance/signing.py",
        "            if row.row in checked:\n",
        "            if row.row in ():\n",
        (
            test(
                CHUNKS,
                "test_what_is_stamped_otherwise_than_it_is_signed_is_noticed",
            ),
        ),
    ),
    Mutant(
        "reinstating-brings-back-the-revoked",
        "I17",
        "core/lifecycle.py",
        "    (Standing.SUSPENDED, StandingEvent.REINSTATE): Standing.ACTIVE,\n",
        "    (Standing.SUSPENDED, StandingEvent.REINSTATE): Standing.ACTIVE,\n"
        "    (Standing.REVOKED, StandingEvent.REINSTATE): Standing.ACTIVE,\n",
        (
            test(
                ACTS,
                "test_suspension_ends_and_revocation_does_not[sqlite]",
            ),
        ),
    ),
    Mutant(
        "acts-are-not-put-on-record",
        "I17",
        "adapters/sql/acts.py",
        "            write_down(done)\n",
        "",
        (test(ACTS, "test_one_call_is_one_act[sqlite]"),),
    ),
    Mutant(
        "what-failed-stays-on-record",
        "I17",
        "issuance/standing.py",
        "                self._withdraw(act.id)\n",
        "                pass\n",
        (test(ACTS, "test_an_act_that_was_not_committed_is_withdrawn[sqlite]"),),
    ),
    Mutant(
        "a-replay-takes-the-moment-of-today",
        "I17",
        "adapters/sql/acts.py",
        '        more = {"act": act.id, "now": act.at, "verb": act.verb}\n',
        '        more = {"act": act.id, "now": act.at + 1, "verb": act.verb}\n',
        (test(ACTS, "test_an_act_on_record_is_done_again_once[sqlite]"),),
    ),
    Mutant(
        "readers-do-not-learn-of-an-act",
        "I17",
        "adapters/sql/acts.py",
        "SET version = version + 1, changed_at = :now WHERE id",
        "SET version = version, changed_at = :now WHERE id",
        (
            test(
                LISTS,
                "test_a_revoked_certificate_is_flagged_at_once_and_for_ever[sqlite]",
            ),
        ),
    ),
    Mutant(
        "suspended-certificates-look-good",
        "I17",
        "adapters/sql/status_lists.py",
        "    SELECT status_index FROM standings WHERE status_list_id = :list\n",
        "    SELECT status_index FROM standings WHERE status_list_id = :list\n"
        "      AND standing = 'revoked'\n",
        (
            test(
                LISTS,
                "test_a_revoked_certificate_is_flagged_at_once_and_for_ever[sqlite]",
            ),
        ),
    ),
    Mutant(
        "places-are-handed-out-again",
        "I17",
        "adapters/sql/status_lists.py",
        "        first_place=taken.used - count,\n",
        "        first_place=0,\n",
        (test(PLACES, "test_places_follow_one_another[sqlite]"),),
    ),
    Mutant(
        "places-tell-their-order",
        "I17",
        "issuance/status_list.py",
        "        found.append(left << low | right)\n",
        "        found.append(n)\n",
        (test("tests/issuance/test_status_list.py", "test_neighbours_lie_anywhere"),),
    ),
    Mutant(
        "a-corrected-certificate-stays-good",
        "I17",
        "adapters/sql/corrections.py",
        "        connection.execute(PUT_STANDING, values)\n",
        "",
        (
            test(
                STORES + "test_corrections.py",
                "test_the_new_one_comes_as_the_old_one_goes[sqlite]",
            ),
        ),
    ),
    Mutant(
        "the-page-of-a-revoked-certificate-says-nothing",
        "I17",
        "core/words.py",
        "        taken = self.taken_back\n",
        "        taken = None\n",
        (
            test(
                "tests/web/test_pages.py",
                "test_a_corrected_certificate_leads_to_the_one_in_its_place",
            ),
        ),
    ),
    Mutant(
        "lists-are-signed-without-a-word",
        "I25",
        "issuance/published_list.py",
        "        self._lists.note_signing(found, key.id, str(purpose))\n",
        "",
        (test(LISTS, "test_the_use_of_the_key_is_in_the_audit_log_first[sqlite]"),),
    ),
    Mutant(
        "a-place-in-the-log-is-enough",
        "I14",
        "adapters/sql/publication.py",
        "(first_index IS NULL\n"
        "      OR first_index >= (SELECT coalesce(max(published_size), 0) FROM "
        "log_state))\n",
        "first_index IS NULL\n",
        (test(RESULTS, "test_a_place_in_the_log_is_not_enough[sqlite-None-False]"),),
    ),
    Mutant(
        "finished-before-its-leaves-are-out",
        "I14",
        "adapters/sql/queue.py",
        "OR c.id IN (SELECT chunk_id {UNPUBLISHED})",
        "OR c.id IS NULL",
        (
            test(
                DESK,
                "test_a_job_is_not_finished_before_its_last_leaf_is_in_the_log[sqlite]",
            ),
        ),
    ),
    Mutant(
        "what-is-kept-is-counted-at-once",
        "I14",
        "adapters/sql/steering.py",
        'CASE WHEN {is_published("c.id")} THEN c.succeeded END',
        "c.succeeded",
        (
            test(
                DESK,
                "test_a_job_is_not_finished_before_its_last_leaf_is_in_the_log[sqlite]",
            ),
        ),
    ),
    Mutant(
        "what-is-on-its-way-is-called-cancelled",
        "I14",
        "adapters/sql/steering.py",
        "remaining = job.total - int(kept) - failed",
        "remaining = job.total - succeeded - failed",
        (test(DESK, f"{ON_ITS_WAY}[sqlite]"),),
    ),
    Mutant(
        "rows-on-their-way-are-called-cancelled",
        "I14",
        "delivery/results_csv.py",
        "        if row.is_on_its_way:\n            return PENDING\n",
        "",
        (test(DESK, f"{ON_ITS_WAY}[sqlite]"),),
    ),
    Mutant(
        "certificates-without-leaves",
        "I14",
        "adapters/sql/registry.py",
        "            connection.execute(ADD_LEAVES, values | leaves)\n",
        "            assert leaves\n",
        (test(REGISTRY, "test_keeping_is_all_or_nothing[sqlite-raise]"),),
    ),
    Mutant(
        "shown-before-it-is-logged",
        "I14",
        "adapters/sql/certificates.py",
        "f\"WHERE c.id = :id AND {is_published('c.chunk_id')}\"",
        '"WHERE c.id = :id"',
        (
            test(
                STORES + "test_certificates.py",
                "test_what_is_not_published_does_not_exist[sqlite]",
            ),
        ),
    ),
    Mutant(
        "parts-of-tiles-grow",
        "I5",
        "tlog/read.py",
        "return self._tile(name.level, name.n)[: name.width * HASH]",
        "return self._tile(name.level, name.n)",
        (
            test(
                INVARIANTS + "test_write_once.py", "test_nothing_published_ever_changes"
            ),
        ),
    ),
    Mutant(
        "a-retired-key-ends-its-jobs",
        "I16",
        "issuance/keyring.py",
        "if key is not None and key.revoked_at is not None:\n            return None",
        "if key is not None and not key.is_in_force:\n            return None",
        (
            test(
                INVARIANTS + "test_frozen_profile.py",
                "test_a_job_keeps_its_letterhead_through_rotation_and_other_workers",
            ),
        ),
    ),
    Mutant(
        "signed-with-the-key-of-the-day",
        "I16",
        "adapters/sql/registry.py",
        '            "key_id": letterhead.key_id,\n',
        '            "key_id": connection.exec_driver_sql(\n'
        '                "SELECT id FROM issuer_keys "\n'
        '                "ORDER BY made_at DESC LIMIT 1").scalar(),\n',
        (
            test(
                INVARIANTS + "test_frozen_profile.py",
                "test_a_job_keeps_its_letterhead_through_rotation_and_other_workers",
            ),
        ),
        is_slow=True,
    ),
    Mutant(
        "what-a-backup-lost-is-not-taken-back-again",
        "I17",
        "adapters/sql/secured_acts.py",
        "            there = [one for one in places if one is not None]\n",
        "            there = [one for one in places if one and one.is_secured]\n",
        (
            test(
                STORES + "test_secured.py",
                "test_a_restored_backup_does_not_unrevoke[sqlite-False]",
            ),
        ),
    ),
    Mutant(
        "readers-keep-the-old-list",
        "I17",
        "adapters/sql/status_lists.py",
        "    SELECT status_index FROM standings WHERE status_list_id = :list\n"
        "    UNION ALL\n"
        "    SELECT status_index FROM secured_standings WHERE status_list_id = :list\n",
        "    SELECT status_index FROM standings WHERE status_list_id = :list\n",
        (
            test(
                STORES + "test_secured.py",
                "test_a_credential_is_suspended_reinstated_and_revoked_for_ever[sqlite]",
            ),
        ),
    ),
    Mutant(
        "freed-pages-keep-what-was-in-them",
        "I26",
        "adapters/sql/database.py",
        '        connection.execute("VACUUM")\n',
        "",
        (
            test(
                "tests/adapters/test_overwriting.py", "test_freed_bytes_are_overwritten"
            ),
        ),
    ),
    Mutant(
        "the-log-of-the-database-keeps-her",
        "I26",
        "adapters/sql/database.py",
        "PRAGMA wal_checkpoint(TRUNCATE)",
        "PRAGMA wal_checkpoint(PASSIVE)",
        (
            test(
                "tests/adapters/test_overwriting.py", "test_freed_bytes_are_overwritten"
            ),
        ),
    ),
    Mutant(
        "the-upload-is-kept",
        "I26",
        "adapters/sql/erasures.py",
        'files |= {fields["rows_digest"], fields["images_digest"] or ""} - {""}',
        "pass",
        (test(ERASURE, NOTHING_LEFT),),
        is_slow=True,
    ),
    Mutant(
        "a-digest-of-what-was-sent-is-kept",
        "I26",
        "adapters/sql/erasures.py",
        "submission_digest = '', idempotency_key",
        "idempotency_key",
        (
            test(
                ERASURES,
                "test_what_was_erased_is_not_submitted_again_by_repeating_a_request"
                "[sqlite]",
            ),
        ),
    ),
    Mutant(
        "other-formats-are-kept",
        "I26",
        "adapters/sql/erasures.py",
        '    "DELETE FROM renditions WHERE job_seq = :job AND number {these}",\n',
        "",
        (test(ERASURE, NOTHING_LEFT),),
        is_slow=True,
    ),
    Mutant(
        "names-of-her-batches-are-kept",
        "I26",
        "adapters/sql/erasures.py",
        "        if _names(batch, found.addresses):\n",
        "        if not batch:\n",
        (test(ERASURES, "test_no_table_names_an_erased_person[sqlite]"),),
    ),
    Mutant(
        "rows-that-failed-are-overlooked",
        "I26",
        "issuance/erasure.py",
        "        return any(alone.search(folded(cell)) for cell in cells)\n",
        "        return False\n",
        (test(ERASURES, "test_no_table_names_an_erased_person[sqlite]"),),
    ),
    Mutant(
        "similar-addresses-are-erased",
        "I26",
        "issuance/erasure.py",
        "            return folded(facts.recipient_email) == address\n",
        "            return address in folded(facts.recipient_email)\n",
        (test(ERASURES, "test_who_only_has_a_similar_address_stays[sqlite]"),),
    ),
    Mutant(
        "files-of-others-are-removed",
        "I26",
        "adapters/sql/erasures.py",
        "                if digest not in needed:\n",
        "                if digest:\n",
        (test(ERASURES, "test_a_file_that_others_need_stays[sqlite]"),),
    ),
    Mutant(
        "a-tenant-erases-anothers-certificates",
        "I15",
        "adapters/sql/erasures.py",
        "WHERE j.tenant_id = :tenant AND c.id {these}",
        "WHERE c.id {these}",
        (test(ERASURES, "test_another_tenants_person_stays[sqlite]"),),
    ),
    Mutant(
        "who-is-being-issued-is-erased-in-part",
        "I26",
        "adapters/sql/erasures.py",
        "act.tenant_id, rows, must_rest=True)",
        "act.tenant_id, rows, must_rest=False)",
        (test(ERASURES, "test_what_is_being_worked_on_is_not_erased[sqlite]"),),
    ),
    Mutant(
        "an-erasure-is-forgotten-by-a-restore",
        "I26",
        "adapters/files/acts_record.py",
        '                    rows=tuple(line.get("rows", ())),\n',
        "",
        (test(ERASURE, "test_an_older_backup_that_is_restored_is_rid_of_her"),),
        is_slow=True,
    ),
    Mutant(
        "an-erased-certificate-stays-in-force",
        "I26",
        "adapters/sql/erasures.py",
        "            for statement in (*self._revoke, *self._erase):\n",
        "            for statement in self._erase:\n",
        (test(ERASURES, "test_certificates_that_were_revoked_are_erased_too[sqlite]"),),
    ),
    Mutant(
        "an-export-keeps-who-was-erased",
        "I26",
        "wiring/exporting.py",
        "    for one in office.certificates.erased_of(tenant.id):\n",
        "    for one in ():\n",
        (
            test(
                "tests/house/test_export.py",
                "test_who_was_erased_since_is_not_in_the_next_export",
            ),
        ),
        is_slow=True,
    ),
    Mutant(
        "respelled-words-are-accepted",
        "I15",
        "verification/examine.py",
        "        if how is not None:\n",
        '        if how == "":\n',
        (
            test(
                "tests/verification/test_plain_words.py",
                "test_a_signature_that_holds_for_other_words_is_not_enough",
            ),
        ),
    ),
    Mutant(
        "a-context-hides-a-word",
        "I15",
        "verification/plain_words.py",
        "        if iri not in terms[term]:\n            yield problem\n",
        "        if iri not in terms[term]:\n            return\n",
        (
            test(
                "tests/verification/test_rules.py",
                "test_an_object_that_holds_a_context_is_read_as_that_context",
            ),
        ),
    ),
    Mutant(
        "not-checked-counts-as-passed",
        "I15",
        "verification/verdict.py",
        "                check.is_needed and check.outcome is not Outcome.PASSED\n",
        "                check.is_needed and check.outcome is Outcome.FAILED\n",
        (test(VERDICTS, UNCHECKED),),
    ),
    Mutant(
        "a-list-that-does-not-answer-is-not-needed",
        "I17",
        "verification/taken_back.py",
        "            return missed(Step.STATUS, problem.code, str(problem))",
        "            return left_out(Step.STATUS, problem.code, str(problem))",
        (test(VERDICTS, "test_a_list_that_cannot_be_relied_on_says_nothing"),),
    ),
    Mutant(
        "any-challenge-is-met",
        "I15",
        "verification/judgements.py",
        "        if wish.challenge is not None and "
        'proof.get("challenge") != wish.challenge:\n            continue\n',
        "",
        (test(PRESENTATIONS, "test_a_presentation_answers_what_its_holder_was_asked"),),
    ),
    Mutant(
        "a-challenge-is-not-passed-on",
        "I15",
        "wiring/vc_api.py",
        "wish = Wish(challenge=wanted.challenge, domain=wanted.domain)",
        "wish = Wish()",
        (
            test(
                "tests/web/test_vc_api.py",
                "test_a_presentation_is_held_to_what_its_holder_was_asked",
            ),
        ),
    ),
    Mutant(
        "a-bundle-vouches-for-itself",
        "I15",
        "verification/sources.py",
        "        if did in self.bundled_dids and self.wish.trusts_bundle:",
        "        if did in self.bundled_dids:",
        (test(KEEPSAKES, OF_BUNDLES),),
    ),
    Mutant(
        "a-bundle-says-that-it-is-not-revoked",
        "I17",
        "verification/taken_back.py",
        "        if url in sources.bundled_lists and sources.wish.trusts_bundle:",
        "        if url in sources.bundled_lists:",
        (test(KEEPSAKES, OF_BUNDLES),),
    ),
    Mutant(
        "bits-are-counted-from-the-right",
        "I17",
        "verification/status.py",
        ">> (7 - index % 8) & 1",
        ">> (index % 8) & 1",
        (test(VERDICTS, "test_a_revoked_one_is_invalid"),),
    ),
    Mutant(
        "anybody-says-what-is-revoked",
        "I17",
        "verification/taken_back.py",
        'if listed.get("issuer") != found.get("issuer"):',
        'if listed.get("issuer") is None:',
        (test(VERDICTS, "test_a_list_that_somebody_else_signed_well_says_nothing"),),
    ),
    Mutant(
        "a-list-for-another-purpose-will-do",
        "I17",
        "verification/status.py",
        '    if purpose not in said["purposes"]:',
        '    if not said["purposes"]:',
        (
            test(
                VERDICTS,
                "test_a_list_that_cannot_be_relied_on_says_nothing[another-purpose]",
            ),
        ),
    ),
    Mutant(
        "a-proof-for-anything-will-do",
        "I15",
        "verification/signatures.py",
        "    if purpose not in purposes:",
        "    if not purpose:",
        (
            test(
                PRESENTATIONS,
                "test_a_proof_for_something_else_or_of_another_time_is_no_good",
            ),
        ),
    ),
    Mutant(
        "a-key-for-something-else-signs",
        "I15",
        "verification/keys.py",
        "    if method not in allowed:",
        "    if allowed is None:",
        (
            test(
                VERDICTS,
                "test_a_key_that_the_issuer_does_not_list_is_no_good[key-for-something-else]",
            ),
        ),
    ),
    Mutant(
        "somebody-elses-key-signs",
        "I15",
        "verification/signatures.py",
        "    if owner == signer or (is_presented and signer is None):",
        "    if owner:",
        (test(VERDICTS, "test_somebody_elses_key_is_named"),),
    ),
    Mutant(
        "any-picture-will-do",
        "I15",
        "verification/judgements.py",
        "        if wanted and not wanted & known:",
        "        if wanted and not known:",
        (test(KEEPSAKES, "test_another_picture_in_the_bundle_is_found_out"),),
    ),
    Mutant(
        "whoever-comes-last-decides",
        "I13",
        "adapters/sql/log_store.py",
        "    WHERE id = 1 AND size = :old_size AND root = :old_root\n",
        "    WHERE id = 1\n",
        (
            test(
                "tests/tlog/test_sequence.py",
                "test_one_of_two_that_decide_the_same_size_loses",
            ),
        ),
    ),
    Mutant(
        "an-older-database-goes-on",
        "I13",
        "tlog/sequence.py",
        "        self._refuse_to_fork(state)\n        self._publish(state)\n",
        "        self._publish(state)\n",
        (
            test(
                "tests/tlog/test_faults.py",
                "test_a_database_from_an_older_backup_signs_nothing",
            ),
        ),
    ),
    Mutant(
        "signed-before-it-is-decided",
        "I13",
        "tlog/sequence.py",
        "        if not self._store.extend(state, after, places, tiles):\n",
        "        self._publish(after)\n"
        "        if not self._store.extend(state, after, places, tiles):\n",
        (
            test(
                "tests/tlog/test_faults.py",
                "test_a_process_that_dies_anywhere_leaves_a_log_that_goes_on",
            ),
        ),
    ),
    Mutant(
        "text-is-taken-on-trust",
        "I4",
        "rendering/pdfium/read_back.py",
        "    if not all(is_on(page, piece) for piece in pieces):\n",
        "    if not pieces:\n",
        (test(READ_BACK, f"{RELEASED}[letters exchanged]"),),
    ),
    Mutant(
        "more-text-is-no-matter",
        "I4",
        "rendering/pdfium/read_back.py",
        "    if Counter(counted(page)) != Counter(counted(total)):",
        "    if not Counter(counted(page)) >= Counter(counted(total)):",
        (test(READ_BACK, f"{RELEASED}[another row's text besides]"),),
    ),
    Mutant(
        "any-qr-code-will-do",
        "I4",
        "rendering/pdfium/read_back.py",
        "                if _read(_drawn(leaf, window)) != [url]:",
        "                if not _read(_drawn(leaf, window)):",
        (test(READ_BACK, f"{RELEASED}[a QR code that leads elsewhere]"),),
    ),
    Mutant(
        "the-first-ones-name-in-every-picture",
        "I4",
        "rendering/pdfium/raster.py",
        "            leaf.drop_last(own)\n",
        "",
        (
            test(
                "tests/rendering/test_raster.py",
                "test_the_same_file_gives_the_same_bytes",
            ),
        ),
    ),
    Mutant(
        "fences-that-let-through",
        "I4",
        "core/solitude.py",
        "    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _EPERM)]\n",
        "    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _ALLOW)]\n",
        (
            test(
                "tests/rendering/test_typesetting.py",
                "test_who_is_cut_off_reaches_nobody",
            ),
        ),
        is_slow=True,
    ),
    Mutant(
        "stamped-without-looking",
        "I4",
        "rendering/prepare.py",
        "            if not are_alike(prefix + tail, typeset):\n"
        "                return slow\n",
        "",
        (
            test(
                "tests/rendering/test_prepare.py",
                "test_text_under_a_drawing_is_typeset_for_ever",
            ),
        ),
        is_slow=True,
    ),
    Mutant(
        "suppressed-and-mailed",
        "I27",
        "delivery/sending.py",
        "            if why and (letter.is_bulk or why - UNSUBSCRIBED):\n",
        "            if why and not letter.is_bulk and why - UNSUBSCRIBED:\n",
        (
            test(
                "tests/delivery/test_outbox.py",
                "test_who_is_on_the_suppression_list_is_not_written_to",
            ),
        ),
    ),
    Mutant(
        "looking-unsubscribes",
        "I27",
        "web/routes/unsubscribing.py",
        "        found = await ask(verbs.look, request",
        '        await ask_slowly(verbs.stop, request.path_params["token"])\n'
        "        found = await ask(verbs.look, request",
        (
            test(
                "tests/web/test_unsubscribing.py",
                "test_looking_at_the_link_stops_nothing",
            ),
        ),
    ),
    Mutant(
        "unsubscribed-by-anybody",
        "I27",
        "delivery/suppression/unsubscribing.py",
        "    if not hmac.compare_digest(code, _code(key, body)):\n"
        "        return None\n",
        "",
        (
            test(
                STORES + "test_mail_returns.py",
                "test_a_mail_that_says_unsubscribe_does_it",
            ),
        ),
    ),
    Mutant(
        "forged-bounces-count",
        "I27",
        "delivery/bounces/return_path.py",
        "        if hmac.compare_digest(found[2], _code(key, found[1])):\n",
        "        if found[2]:\n",
        (
            test(
                STORES + "test_mail_returns.py",
                "test_a_forged_bounce_does_nothing",
            ),
        ),
    ),
    Mutant(
        "delayed-is-bounced",
        "I27",
        "delivery/bounces/reading.py",
        "        kind = ReturnKind.DELAYED\n",
        "        kind = ReturnKind.HARD\n",
        (
            test(
                STORES + "test_mail_returns.py",
                "test_what_may_pass_is_noted_and_no_bounce",
            ),
        ),
    ),
    Mutant(
        "headers-can-be-added",
        "I27",
        "delivery/dkim/signature.py",
        "            names += [name] * (len(values) + 1)\n",
        "            names += [name] * len(values)\n",
        (
            test(
                "tests/delivery/test_dkim.py",
                "test_a_changed_mail_does_not",
            ),
        ),
    ),
    *WEBHOOK_BUGS,
)
