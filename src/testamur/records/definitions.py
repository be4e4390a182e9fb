"""
Which records there are. All else follows: a resource more is a definition more here,
and a migration that makes its table.

What may be looked for has an index that begins with it; what many records have in
common is tallied, too. docs/records.md says what that costs.
"""

from testamur.core.records import Definition, Field, Found, Holds, Referrer, Unique

_RARE, _COMMON = Found.BY_INDEX, Found.BY_TALLY


def _line(
    name: str,
    *,
    is_required: bool = False,
    longest: int = 255,
    found: Found = Found.NOT,
    is_sortable: bool = False,
) -> Field:
    return Field(
        name,
        Holds.LINE,
        is_required=is_required,
        longest=longest,
        found=found,
        is_sortable=is_sortable,
    )


def _record(
    name: str,
    target: str,
    *,
    is_required: bool = False,
    agrees_on: str = "",
    found: Found = _COMMON,
) -> Field:
    return Field(
        name,
        Holds.RECORD,
        target=target,
        is_required=is_required,
        agrees_on=agrees_on,
        found=found,
    )


def _choice(name: str, *choices: str, default: str) -> Field:
    return Field(
        name,
        Holds.CHOICE,
        default=default,
        choices=choices,
        found=_COMMON,
        is_sortable=True,
    )


def _certified(column: str) -> tuple[Referrer, ...]:
    """Name the certificates that refer to records by *column*: drafts, and issued."""
    return (Referrer("academic_certificates", column, "certificates"),)


_NAME = _line("name", is_required=True, found=_RARE, is_sortable=True)
_CODE = _line("code", longest=100, found=_RARE, is_sortable=True)
_INSTITUTION = _record("institution", "institutions", is_required=True)

INSTITUTIONS = Definition(
    "institutions",
    "institution",
    (
        _NAME,
        _line("legal_name"),
        _line("tax_id", longest=50, found=_RARE),
        _line("country", is_required=True, longest=100),
        Field("website", Holds.URL),
        _line("linkedin_organization"),
        _choice("status", "active", "inactive", "suspended", default="active"),
        Field("is_badges_enabled", Holds.TRUTH, default=False),
        Field(
            "badge_image_uuid",
            Holds.ELSEWHERE,
            target="files",
            needed_for="is_badges_enabled",
        ),
    ),
    referrers=_certified("institution_seq"),
)

ORGANIZATIONS = Definition(
    "organizations",
    "organization",
    (_NAME, _CODE, _INSTITUTION),
    unique=(Unique(("institution", "code")),),
)

MODULES = Definition(
    "modules",
    "module",
    (
        _NAME,
        _CODE,
        Field("description", Holds.TEXT, longest=5_000),
        Field("workload", Holds.WHOLE, most=1_000_000, is_sortable=True),
        Field("credits", Holds.HUNDREDTHS, most=10_000, is_sortable=True),
        _line("modality", longest=100, found=_COMMON),
        _line("level", longest=100, found=_COMMON),
        _INSTITUTION,
    ),
    unique=(Unique(("institution", "code")),),
    referrers=(Referrer("course_modules", "module_seq", "courses"),),
)

COURSES = Definition(
    "courses",
    "course",
    (
        _CODE,
        _NAME,
        Field("description", Holds.TEXT, longest=5_000),
        Field("workload_hours", Holds.WHOLE, most=1_000_000, is_sortable=True),
        _line("area", found=_COMMON, is_sortable=True),
        _line("version", longest=50),
        _choice("status", "draft", "active", "archived", default="draft"),
        _INSTITUTION,
        _record("organization", "organizations", agrees_on="institution"),
    ),
    unique=(Unique(("institution", "version", "code")),),
    referrers=_certified("course_seq"),
    parts=(
        ("course_module_group_members", "course_seq"),
        ("course_module_groups", "course_seq"),
        ("course_modules", "course_seq"),
    ),
)

COHORTS = Definition(
    "cohorts",
    "cohort",
    (
        _line("code", is_required=True, longest=100, found=_RARE, is_sortable=True),
        _line("name", found=_RARE, is_sortable=True),
        Field("starts_at", Holds.DATE, is_sortable=True),
        Field("ends_at", Holds.DATE, is_sortable=True),
        _record("course", "courses", is_required=True),
    ),
    told_as="code",
    unique=(Unique(("course", "code")),),
    referrers=_certified("cohort_seq"),
)

STUDENTS = Definition(
    "students",
    "student",
    (
        _NAME,
        Field(
            "email",
            Holds.EMAIL,
            is_required=True,
            longest=254,
            found=_RARE,
            is_sortable=True,
        ),
        Field("date_of_birth", Holds.DATE, is_required=True),
        _line("gender", longest=50),
        _line("social_name"),
        _line("document_id", longest=100, found=_RARE),
        _line("country", longest=100),
    ),
    unique=(Unique(("email",)),),
    referrers=_certified("student_seq"),
)

ENROLLMENTS = Definition(
    "enrollments",
    "enrollment",
    (
        _choice(
            "completion_status",
            "enrolled",
            "completed",
            "dropped",
            default="enrolled",
        ),
        Field("grade", Holds.HUNDREDTHS, most=10, is_sortable=True),
        Field("enrolled_at", Holds.DATE, is_required=True, is_sortable=True),
        Field("completed_at", Holds.DATE, is_sortable=True),
        _record("student", "students", is_required=True, found=_RARE),
        _record("course", "courses", is_required=True),
        _record("cohort", "cohorts", agrees_on="course"),
    ),
    referrers=_certified("enrollment_seq"),
)

#: Whatever is referred to stands before what refers to it.
DEFINITIONS: tuple[Definition, ...] = (
    INSTITUTIONS,
    ORGANIZATIONS,
    MODULES,
    COURSES,
    COHORTS,
    STUDENTS,
    ENROLLMENTS,
)
