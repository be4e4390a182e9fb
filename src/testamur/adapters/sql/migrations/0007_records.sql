-- The academic directory. Each table is one definition of records/definitions.py; an
-- index for each field that records are found by. Where a record that must be there
-- is referred to, the tenant follows from it and is left out of the index.
CREATE TABLE institutions (
  seq {serial},
  uuid TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  name TEXT NOT NULL,
  legal_name TEXT,
  tax_id TEXT,
  country TEXT NOT NULL,
  website TEXT,
  linkedin_organization TEXT,
  status TEXT NOT NULL,
  is_badges_enabled BOOLEAN NOT NULL,
  badge_image_uuid TEXT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX institutions_by_tenant ON institutions (tenant_id, seq);
CREATE INDEX institutions_by_name ON institutions (tenant_id, name, seq);
CREATE INDEX institutions_by_tax_id ON institutions (tenant_id, tax_id, seq);
CREATE INDEX institutions_by_status ON institutions (tenant_id, status, seq);

CREATE TABLE organizations (
  seq {serial},
  uuid TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  name TEXT NOT NULL,
  code TEXT,
  institution_seq BIGINT NOT NULL REFERENCES institutions (seq),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX organizations_by_tenant ON organizations (tenant_id, seq);
CREATE INDEX organizations_by_name ON organizations (tenant_id, name, seq);
CREATE INDEX organizations_by_code ON organizations (tenant_id, code, seq);
CREATE INDEX organizations_by_institution ON organizations (institution_seq, seq);
CREATE UNIQUE INDEX organizations_unique ON organizations (institution_seq, code);

CREATE TABLE modules (
  seq {serial},
  uuid TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  name TEXT NOT NULL,
  code TEXT,
  description TEXT,
  workload BIGINT,
  -- In hundredths.
  credits BIGINT,
  modality TEXT,
  level TEXT,
  institution_seq BIGINT NOT NULL REFERENCES institutions (seq),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX modules_by_tenant ON modules (tenant_id, seq);
CREATE INDEX modules_by_name ON modules (tenant_id, name, seq);
CREATE INDEX modules_by_code ON modules (tenant_id, code, seq);
CREATE INDEX modules_by_modality ON modules (tenant_id, modality, seq);
CREATE INDEX modules_by_level ON modules (tenant_id, level, seq);
CREATE INDEX modules_by_institution ON modules (institution_seq, seq);
CREATE UNIQUE INDEX modules_unique ON modules (institution_seq, code);

CREATE TABLE courses (
  seq {serial},
  uuid TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  code TEXT,
  name TEXT NOT NULL,
  description TEXT,
  workload_hours BIGINT,
  area TEXT,
  version TEXT,
  status TEXT NOT NULL,
  institution_seq BIGINT NOT NULL REFERENCES institutions (seq),
  organization_seq BIGINT REFERENCES organizations (seq),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX courses_by_tenant ON courses (tenant_id, seq);
CREATE INDEX courses_by_code ON courses (tenant_id, code, seq);
CREATE INDEX courses_by_name ON courses (tenant_id, name, seq);
CREATE INDEX courses_by_area ON courses (tenant_id, area, seq);
CREATE INDEX courses_by_status ON courses (tenant_id, status, seq);
CREATE INDEX courses_by_institution ON courses (institution_seq, seq);
CREATE INDEX courses_by_organization ON courses (organization_seq, tenant_id, seq);
CREATE UNIQUE INDEX courses_unique ON courses (institution_seq, code, version);
CREATE UNIQUE INDEX courses_unique_without_version ON courses (institution_seq, code)
  WHERE version IS NULL;

-- The modules of each course, in their order.
CREATE TABLE course_modules (
  course_seq BIGINT NOT NULL REFERENCES courses (seq),
  module_seq BIGINT NOT NULL REFERENCES modules (seq),
  position BIGINT NOT NULL,
  PRIMARY KEY (course_seq, module_seq)
) {without_rowid};
CREATE INDEX course_modules_by_module ON course_modules (module_seq);

CREATE TABLE course_module_groups (
  seq {serial},
  uuid TEXT NOT NULL UNIQUE,
  course_seq BIGINT NOT NULL REFERENCES courses (seq),
  name TEXT NOT NULL
);
CREATE UNIQUE INDEX course_module_groups_unique
  ON course_module_groups (course_seq, name);

CREATE TABLE course_module_group_members (
  group_seq BIGINT NOT NULL REFERENCES course_module_groups (seq),
  course_seq BIGINT NOT NULL,
  module_seq BIGINT NOT NULL,
  position BIGINT NOT NULL,
  PRIMARY KEY (group_seq, module_seq),
  FOREIGN KEY (course_seq, module_seq)
    REFERENCES course_modules (course_seq, module_seq)
) {without_rowid};
CREATE INDEX course_module_group_members_by_module
  ON course_module_group_members (course_seq, module_seq);

CREATE TABLE cohorts (
  seq {serial},
  uuid TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  code TEXT NOT NULL,
  name TEXT,
  starts_at TEXT,
  ends_at TEXT,
  course_seq BIGINT NOT NULL REFERENCES courses (seq),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX cohorts_by_tenant ON cohorts (tenant_id, seq);
CREATE INDEX cohorts_by_code ON cohorts (tenant_id, code, seq);
CREATE INDEX cohorts_by_name ON cohorts (tenant_id, name, seq);
CREATE INDEX cohorts_by_course ON cohorts (course_seq, seq);
CREATE UNIQUE INDEX cohorts_unique ON cohorts (course_seq, code);

CREATE TABLE students (
  seq {serial},
  uuid TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  name TEXT NOT NULL,
  email TEXT NOT NULL,
  -- As addresses are compared.
  email_folded TEXT NOT NULL,
  date_of_birth TEXT NOT NULL,
  gender TEXT,
  social_name TEXT,
  document_id TEXT,
  country TEXT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX students_by_tenant ON students (tenant_id, seq);
CREATE INDEX students_by_name ON students (tenant_id, name, seq);
CREATE INDEX students_by_document_id ON students (tenant_id, document_id, seq);
CREATE UNIQUE INDEX students_unique ON students (tenant_id, email_folded);

CREATE TABLE enrollments (
  seq {serial},
  uuid TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  completion_status TEXT NOT NULL,
  -- In hundredths.
  grade BIGINT,
  enrolled_at TEXT NOT NULL,
  completed_at TEXT,
  student_seq BIGINT NOT NULL REFERENCES students (seq),
  course_seq BIGINT NOT NULL REFERENCES courses (seq),
  cohort_seq BIGINT REFERENCES cohorts (seq),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX enrollments_by_tenant ON enrollments (tenant_id, seq);
CREATE INDEX enrollments_by_completion_status
  ON enrollments (tenant_id, completion_status, seq);
CREATE INDEX enrollments_by_enrolled_at ON enrollments (tenant_id, enrolled_at, seq);
CREATE INDEX enrollments_by_student ON enrollments (student_seq, seq);
CREATE INDEX enrollments_by_course ON enrollments (course_seq, seq);
CREATE INDEX enrollments_by_cohort ON enrollments (cohort_seq, tenant_id, seq);

-- How many records of a tenant there are: in all (facet ''), and with each value of a
-- tallied field (facet 'field=value'), in each block of their numbers. A block is seq
-- without its last 12 bits (level 1), or its last 20 (level 2).
CREATE TABLE record_tallies (
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  resource TEXT NOT NULL,
  facet TEXT NOT NULL,
  level BIGINT NOT NULL,
  block BIGINT NOT NULL,
  count BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, resource, facet, level, block)
) {without_rowid};
