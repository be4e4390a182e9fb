-- Certificates of the academic directory: drafts, and what was issued of them. What
-- became of an issued one is told by the row of the job that it was issued by.
CREATE TABLE academic_certificates (
  seq {serial},
  uuid TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  institution_seq BIGINT NOT NULL REFERENCES institutions (seq),
  course_seq BIGINT NOT NULL REFERENCES courses (seq),
  student_seq BIGINT NOT NULL REFERENCES students (seq),
  cohort_seq BIGINT REFERENCES cohorts (seq),
  enrollment_seq BIGINT REFERENCES enrollments (seq),
  -- The uploaded file that it looks like, spent on it.
  file_id TEXT UNIQUE REFERENCES uploaded_files (id),
  -- When it was awarded, as its issuer says; and when it ends.
  awarded_at BIGINT,
  valid_until BIGINT,
  -- The student as they were when it was issued: JSON. NULL in drafts.
  snapshot TEXT,
  -- The row that it was issued by; NULL in drafts.
  job_seq BIGINT REFERENCES jobs (seq),
  number BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  -- Since when it is not listed any more. What was issued stays, and is revoked.
  deleted_at BIGINT,
  UNIQUE (job_seq, number)
);
CREATE INDEX academic_certificates_by_tenant ON academic_certificates (tenant_id, seq)
  WHERE deleted_at IS NULL;
CREATE INDEX academic_certificates_by_institution
  ON academic_certificates (institution_seq, seq);
CREATE INDEX academic_certificates_by_course ON academic_certificates (course_seq, seq);
CREATE INDEX academic_certificates_by_student
  ON academic_certificates (student_seq, seq);
CREATE INDEX academic_certificates_by_cohort ON academic_certificates (cohort_seq, seq);
CREATE INDEX academic_certificates_by_enrollment
  ON academic_certificates (enrollment_seq, seq);
