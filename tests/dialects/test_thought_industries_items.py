"""What is wrong with one item of a bulk call, told apart from all others."""

import json

import pytest

from testamur.core.refusals import Kind, Refusal
from testamur.dialects.thought_industries import css, page, problems, read
from testamur.dialects.thought_industries.labels import TYPES
from testamur.dialects.thought_industries.spell import uuid_of
from testamur.dialects.thought_industries.values import BadItem
from testamur.rendering.package.package import pack, read_package
from testamur.rendering.text.font_house import House
from testamur.web.bodies import read_json

COURSE = "4e5c9ae5-c84c-4b2c-9f6f-5a1f3a2f0c11"
GOOD = {"title": "Tides", "resourceType": "course", "resourceId": COURSE}
NAME = {"type": "nameLabel", "x": 100, "y": 200}

#: What is sent instead of, or besides, what is good; and what its error says.
BROKEN = {
    "no-object": (17, "must be an object"),
    "null": (None, "must be an object"),
    "list": ([], "must be an object"),
    "empty": ({}, "title, resourceType, resourceId are missing"),
    "no-title": ({**GOOD, "title": None}, "title is null"),
    "title-number": ({**GOOD, "title": 7}, "title must be text"),
    "title-blank": ({**GOOD, "title": " \t "}, "title is empty"),
    "title-long": ({**GOOD, "title": "x" * 256}, "may have 255"),
    "title-bidi": ({**GOOD, "title": "a\u202eb"}, "order in which letters"),
    "title-nul": ({**GOOD, "title": "a\0b"}, "cannot be printed"),
    "title-surrogate": ({**GOOD, "title": "a\ud800b"}, "half a character"),
    "title-break": ({**GOOD, "title": "a\nb"}, "single line"),
    "kind-unknown": ({**GOOD, "resourceType": "bundle"}, "course or learningPath"),
    "kind-case": ({**GOOD, "resourceType": "Course"}, "course or learningPath"),
    "kind-list": ({**GOOD, "resourceType": ["course"]}, "is a list"),
    "resource-no-uuid": ({**GOOD, "resourceId": "course-1"}, "must be a UUID"),
    "resource-number": ({**GOOD, "resourceId": 4}, "must be a UUID"),
    "resource-two": (
        {**GOOD, "resource": {"id": "11111111-1111-4111-8111-111111111111"}},
        "name different ones",
    ),
    "resource-list": ({**GOOD, "resource": [COURSE]}, "resource must be an object"),
    "id-no-uuid": ({**GOOD, "id": "7"}, "id must be a UUID"),
    "id-true": ({**GOOD, "id": True}, "id must be a UUID"),
    "asset-file": ({**GOOD, "asset": "file:///etc/passwd"}, "must be a URL"),
    "asset-space": ({**GOOD, "asset": "https://a.example/a b"}, "must be a URL"),
    "asset-long": ({**GOOD, "asset": "https://a.example/" + "a" * 2048}, "2,048"),
    "days-zero": ({**GOOD, "expirationDays": 0}, "from 1 to"),
    "days-half": ({**GOOD, "expirationDays": 1.5}, "whole number"),
    "days-true": ({**GOOD, "expirationDays": True}, "whole number"),
    "days-text": ({**GOOD, "expirationDays": "30"}, "whole number"),
    "days-huge": ({**GOOD, "expirationDays": 10**18}, "from 1 to"),
    "date-none": ({**GOOD, "expirationDate": "2030-02-30"}, "that exists"),
    "date-german": ({**GOOD, "expirationDate": "31.12.2030"}, "ISO 8601"),
    "date-no-zone": ({**GOOD, "expirationDate": "2030-01-01T00:00:00"}, "ISO 8601"),
    "action": ({**GOOD, "recertificationAction": "burn"}, "resetProgress"),
    "auto-reset": ({**GOOD, "recertificationAutoReset": "yes"}, "true or false"),
    "assets-text": ({**GOOD, "supplementalAssets": "x"}, "must be a list"),
    "labels-object": ({**GOOD, "labels": {}}, "labels must be a list"),
    "labels-many": ({**GOOD, "labels": [NAME] * 101}, "at most 100"),
    "label-text": ({**GOOD, "labels": ["nameLabel"]}, "labels[0] must be an object"),
    "label-no-x": ({**GOOD, "labels": [{"type": "nameLabel", "y": 1}]}, ".x is"),
    "label-minus": ({**GOOD, "labels": [{**NAME, "x": -1}]}, "from 0"),
    "label-type": ({**GOOD, "labels": [{**NAME, "type": "title"}]}, "labels[0].type"),
    "label-size": ({**GOOD, "labels": [{**NAME, "fontSize": 9_999}]}, "from 4 to"),
    "label-colour": ({**GOOD, "labels": [{**NAME, "fontColor": "red"}]}, "a colour"),
    "label-align": ({**GOOD, "labels": [{**NAME, "textAlign": "up"}]}, "left or"),
    "label-date": ({**GOOD, "labels": [{**NAME, "dateFormat": "d.M."}]}, "usLong"),
    "label-words": (
        {**GOOD, "labels": [{**NAME, "type": "textLabel"}]},
        "labels[0].text is missing",
    ),
    "label-field": (
        {**GOOD, "labels": [{**NAME, "type": "textLabel", "text": "{{name}}"}]},
        "two braces",
    ),
    "label-slug": (
        {**GOOD, "labels": [{**NAME, "type": "userFieldLabel"}]},
        "userCustomFieldSlug is missing",
    ),
    "css-number": ({**GOOD, "customCss": 1}, "customCss must be text"),
    "css-long": ({**GOOD, "customCss": "a" * 20_001}, "20,000"),
}


def the_only(item, *, updating=False):
    """Return how one item is read."""
    [found] = read.templates({"templates": [item]}, updating=updating)
    return found


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_with_an_item_is_its_own_error(name):
    """The error names the field, and the record is what was sent, as JSON."""
    item, says = BROKEN[name]

    found = the_only(item)

    assert found.problem is not None
    assert says in found.problem
    assert json.loads(read.record_of(item)) == item
    read.record_of(item).encode()


def test_one_template_does_not_flood_the_answer_with_warnings():
    """Twenty are given, and the others counted."""
    found = the_only({**GOOD, "customCss": ".a{" * 6_000})

    assert len(found.warnings) == 21
    assert found.warnings[-1] == "templates[0]: and 11,978 warnings more."


@pytest.mark.parametrize(
    "more",
    [
        {"resource": COURSE.upper()},
        {"resource": {"id": COURSE, "slug": "tides"}, "resourceId": None},
        {"resource": {"id": COURSE}, "resourceId": COURSE},
        {"resource": None, "resourceId": COURSE},
    ],
)
def test_a_resource_is_named_by_its_id_or_as_an_object(more):
    """As the service takes the one, and shows the other."""
    found = the_only({"title": "Tides", "resourceType": "course", **more})

    assert found.problem is None
    assert found.changes["resourceId"] == COURSE


def test_a_body_with_a_spoilt_item_is_read_all_the_same():
    """NUL, half a character, a number beyond 64 bits: the others are not affected."""
    spoilt = rb'{"templates": [{"title": "\u0000"}, {"x": 1e999}, {"y": 1%s}, {}]}'

    body = read_json(spoilt % (b"0" * 30), per_item=True)

    assert [len(item) for item in body["templates"]] == [1, 1, 1, 0]
    assert body["templates"][1]["x"] == "1e999"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ([], Kind.MALFORMED),
        (None, Kind.MALFORMED),
        ({}, Kind.MALFORMED),
        ({"templates": None}, Kind.MALFORMED),
        ({"templates": {}}, Kind.MALFORMED),
        ({"templates": "x"}, Kind.MALFORMED),
        ({"templates": [{}] * 5_001}, Kind.TOO_LARGE),
    ],
)
def test_a_body_that_is_no_list_of_templates_is_refused_as_a_whole(body, kind):
    """Then there are no items to tell apart."""
    with pytest.raises(Refusal) as refused:
        read.templates(body, updating=False)

    assert refused.value.kind is kind


def test_every_unknown_key_is_a_warning_with_its_place():
    """One for each, in labels as well; what is known goes on to count."""
    item = {**GOOD, "colour": 1, "size": 2, "labels": [{**NAME, "angle": 9}]}
    found = read.templates({"templates": [GOOD, item]}, updating=False)

    assert found[0].warnings == []
    assert [one.partition(":")[0] for one in found[1].warnings] == [
        "templates[1].colour",
        "templates[1].size",
        "templates[1].labels[0].angle",
    ]
    assert found[1].problem is None


def test_every_field_that_is_known_is_taken_without_a_warning():
    """All that the service's certificate templates have."""
    item = {
        **GOOD,
        "asset": "https://files.example.org/background.png",
        "supplementalAssets": ["https://files.example.org/terms.pdf"],
        "labels": [NAME],
        "customCss": ".nameLabel { color: navy; letter-spacing: 0.1em }",
        "expirationDate": "2030-12-31",
        "expirationDays": 365,
        "isExpired": False,
        "recertificationAction": "actionUrl",
        "recertificationActionText": "Again",
        "recertificationActionUrl": "https://learn.example.org/again",
        "recertificationInstructions": "Do it\nagain.",
        "recertificationAfterDays": 300,
        "recertificationAutoReset": True,
        "userCustomField": {"slug": "region"},
        "userCustomFieldSlug": "region",
        "userCustomFieldValue": "EMEA",
    }

    found = the_only(item)

    assert (found.problem, found.warnings) == (None, [])
    assert found.changes["expirationDate"] == "2030-12-31T23:59:59.000Z"


def test_an_update_names_its_template():
    """Without an id there is nothing to change; null takes a field away."""
    assert "id is missing" in (the_only(GOOD, updating=True).problem or "")

    sent = {"id": COURSE.upper(), "asset": None, "customCss": "", "labels": []}
    found = the_only(sent, updating=True)

    assert (found.problem, found.id) == (None, COURSE)
    assert found.changes == {"asset": None, "customCss": None, "labels": []}


def label(**more):
    """Return a label of a template that was read."""
    found = the_only({**GOOD, "labels": [{"x": 100, "y": 200, **more}]})
    assert found.problem is None
    return found


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_of_label_becomes_a_text_that_can_be_laid_out(kind):
    """Whatever a label prints, the package is one that we take; all but a button."""
    slugs = dict.fromkeys(
        ("customFieldSlug", "sessionCustomContentFieldSlug", "userCustomFieldSlug"),
        "region",
    )
    found = label(type=kind, text="Well done", dateFormat="usShort", **slugs)

    document = page.document(found.changes, page.PLAIN)

    package = read_package(pack(document, {}))
    assert package.design.texts
    assert bool(found.warnings) is (kind == "shareToLinkedIn")


@pytest.mark.parametrize(
    ("date_format", "pattern"),
    [
        ("euroShort", "dd-MM-yyyy"),
        ("iso8601", "yyyy-MM-dd"),
        ("usLong", "MMMM d, yyyy"),
        ("usShort", "MM-dd-yyyy"),
    ],
)
def test_dates_are_printed_in_the_formats_of_the_service(date_format, pattern):
    """By patterns of CLDR: the end, and the date of the award."""
    end = label(type="expirationDateLabel", dateFormat=date_format)
    award = label(type="dateLabel", dateFormat=date_format)

    [text] = page.document(end.changes, page.PLAIN)["items"]
    [other] = page.document(award.changes, page.PLAIN)["items"]

    assert text["text"] == "{{validUntil|" + pattern + "}}"
    assert other["text"] == "{{attribute_awardedDate|" + pattern + "}}"


def test_a_field_of_the_instance_is_known_by_its_type_or_when_it_comes_along():
    """Any other is left out, with a warning that says what to send."""
    field = {"id": "field-1", "type": "textLabel", "text": "Honours"}
    item = {
        **GOOD,
        "certificateFields": [field],
        "labels": [
            {"certificateFieldId": "field-1", "x": 1, "y": 1},
            {"certificateFieldId": "nameLabel", "x": 1, "y": 1},
            {"certificateFieldId": COURSE, "x": 1, "y": 1},
        ],
    }

    found = the_only(item)

    kinds = [one["type"] for one in found.changes["labels"]]
    assert kinds == ["textLabel", "nameLabel"]
    assert len(found.warnings) == 1
    assert "labels[2]" in found.warnings[0]


def test_a_label_beyond_the_page_is_told():
    """Whose page is known: without a background it is A4."""
    found = label(type="nameLabel", x=3_000)

    with pytest.raises(BadItem, match=r"labels\[0\] stands at x 3000"):
        page.document(found.changes, page.PLAIN)


def test_places_are_pixels_of_the_background():
    """A picture of 2000 pixels becomes as wide as A4, and its labels with it."""
    found = label(type="nameLabel", x=1_000, y=500, fontSize=40)
    stands = page.page_of_picture(2_000, 1_400, "b.png")

    [text] = page.document(found.changes, stands)["items"]

    assert text["box"][0] == pytest.approx(841.89 / 2, abs=0.1)
    assert text["size"] == pytest.approx(40 * 841.89 / 2_000, abs=0.01)


STYLES = {
    ".nameLabel{font-family: 'Playfair Display', serif}": {"font": "Playfair Display"},
    ".nameLabel{font-family: Georgia, serif}": {"font": "Noto Serif"},
    "#me{color:#FA0}": {"colour": "#ffaa00"},
    "* {color: rgb(1, 2, 3)}": {"colour": "#010203"},
    ".name-label{font-size: 40px}": {"points": 30.0},
    ".nameLabel, .other {font-weight: bold; font-style: italic}": {
        "weight": 700,
        "italic": True,
    },
    ".nameLabel{text-transform:uppercase;letter-spacing:2pt}": {
        "upper": True,
        "tracking": 2.0,
    },
    ".nameLabel{text-align: center !important}": {"align": "center"},
    ".nameLabel{text-align:center! IMPORTANT}": {"align": "center"},
    "#me{color:#111} .nameLabel{color:#222}": {"colour": "#111111"},
    "/* .nameLabel{color:red} */ span{color:navy}": {"colour": "#000080"},
}


@pytest.mark.parametrize("text", STYLES)
def test_styles_of_labels_are_followed(text):
    """A class, an id or all of them; an id wins, as in a browser."""
    rules, warnings = css.read(text)

    assert css.style_of(rules, "nameLabel", ["me"]) == STYLES[text]
    assert warnings == []


@pytest.mark.parametrize(
    "text",
    [
        "@import url(https://evil.example/a.css);",
        "@media print { .nameLabel { color: red } }",
        ".nameLabel { background: url(file:///etc/passwd) }",
        ".nameLabel { color: expression(alert(1)) }",
        ".a > .b { color: red }",
        "nonsense",
        "{{{{}}}}",
        "}" * 50,
        "@" * 500,
        ".nameLabel { font-family: Comic Sans MS }",
        ".nameLabel { font-size: 9000px }",
    ],
)
def test_whatever_else_is_in_a_style_sheet_is_a_warning(text):
    """Never an error: it has no effect, and its author is told so."""
    found = the_only({**GOOD, "labels": [NAME], "customCss": text})

    assert found.problem is None
    assert found.warnings
    rules, _ = css.read(text)
    assert css.style_of(rules, "nameLabel", []) == {}


def test_the_fonts_that_styles_may_ask_for_are_there():
    """Each is a family of the installation."""
    assert set(css.FAMILIES) <= set(House().families())


def test_every_kind_of_refusal_is_spelt():
    """In the service's form, with one of its statuses."""
    for kind in Kind:
        refusal = Refusal(kind, "some_code", "Do this.", retry_after_seconds=3)

        status, body = problems.spell(refusal, request_id="req_1")

        assert status in (400, 401, 403, 404, 409, 422, 429)
        assert body["error"] == "some_code"
        assert body["retryAfter"] == 3


def test_two_certificates_never_share_a_uuid():
    """The certificate's id can be read from it."""
    name = "0123456789abcdef01234567"

    assert uuid_of(name) == "01234567-89ab-8cde-8f01-234567000000"
