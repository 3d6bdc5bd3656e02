"""Tests of the reader of the roster files: accepted spellings of values, and mistakes reported with line and column."""

from datetime import date

import pytest

from contracts import COUNTY
from contracts.csv_tables import MAX_BYTES
from services.mediation.county_files import read_rosters
from services.mediation.rosters import files as roster_files

HEADER_LINE = "code,kind,agency,township,village,takes,valid_from,valid_to,zh,en,synthetic"
VALID_ROW = "committee-1,人民调解委员会,peoples_mediation_committee-daman,大满镇,620702102201,婚姻家庭、邻里,2026/1/5,,大满镇第1村人民调解委员会,Committee of Village 1,是"
MEMBERS_FILE = "id,organisation,role,valid_from\ndaman-014,committee-1,mediator,2026-01-05\n"


def read_files(*rows, head=HEADER_LINE, members=MEMBERS_FILE, encoding="utf-8"):
    """Read a file organisations.csv with these lines, and members.csv. Return (entries, errors)."""
    return roster_files.read({"organisations": "\n".join((head, *rows)).encode(encoding), "members": members.encode()})


def mistakes_of(*rows, **options):
    """Return the mistakes found in these lines, as (file, line, column, token)."""
    return [(error.file, error.line, error.column, error.token) for error in read_files(*rows, **options)[1]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_values_in_a_roster_file_may_be_chinese_names_or_tokens_in_utf8_or_gb18030(encoding):
    entries, errors = read_files(VALID_ROW, encoding=encoding)
    (committee,) = entries["organisations"]

    assert errors == []
    assert (committee.kind, committee.township, committee.takes) == ("peoples_mediation_committee", "620702102", ("family", "neighbour"))
    assert (committee.valid_from, committee.valid_to, committee.synthetic) == (date(2026, 1, 5), None, True)


def test_column_headings_of_a_roster_file_may_be_chinese():
    head = "组织代码,类别,归口机构,乡镇街道,村社区代码,受理类型,生效日期,失效日期,中文名称,英文名称,虚构"

    assert mistakes_of(VALID_ROW, head=head) == []


@pytest.mark.parametrize(
    ("valid", "invalid", "column", "token"),
    [
        ("committee-1", "=HYPERLINK(1)", "code", "formula"),
        ("committee-1", "@SUM(A1)", "code", "formula"),
        ("Committee of Village 1", "+A1", "en", "formula"),
        ("committee-1", "Committee 1", "code", "wrong_form"),
        ("committee-1", "", "code", "required"),
        ("人民调解委员会", "小组", "kind", "not_in_list"),
        ("peoples_mediation_committee-daman", "nobody", "agency", "unknown_agency"),
        ("620702102201", "620702108201", "village", "not_in_township"),
        ("婚姻家庭、邻里", "婚姻、邻里", "takes", "not_in_list"),
        ("2026/1/5", "2026-02-30", "valid_from", "not_a_date"),
        ("2026/1/5,", "2026/1/5,2025-12-31", "valid_to", "ends_too_early"),
        ("Committee of Village 1", "call 13900000000", "en", "wrong_form"),
        (",是", ",maybe", "synthetic", "not_in_list"),
    ],
)
def test_a_mistake_in_a_roster_file_is_reported_with_its_line_and_column(valid, invalid, column, token):
    assert mistakes_of("", VALID_ROW.replace(valid, invalid, 1))[0] == ("organisations.csv", 3, column, token)


def test_a_mistake_in_a_roster_file_is_explained_in_both_languages_without_quoting_the_cell():
    (error,) = read_files(VALID_ROW.replace("committee-1", "=cmd|张三", 1))[1]

    assert str(error) == "organisations.csv 第2行 “code”不能是公式 | organisations.csv line 2: “code” must not be a formula"


def test_missing_and_unknown_column_headings_of_a_roster_file_are_reported():
    assert mistakes_of(VALID_ROW, head=HEADER_LINE.replace("agency", "phone")) == [
        ("organisations.csv", 1, "3", "unknown_column"),
        ("organisations.csv", 1, "agency", "missing_column"),
    ]


def test_overlapping_versions_of_one_organisation_are_a_mistake():
    later = VALID_ROW.replace("2026/1/5", "2026-06-01")

    assert mistakes_of(VALID_ROW, later) == [("organisations.csv", 3, "valid_from", "twice")]
    assert mistakes_of(VALID_ROW.replace("2026/1/5,", "2026/1/5,2026-05-31"), later) == []


def test_a_member_of_an_unknown_organisation_is_a_mistake():
    assert mistakes_of(VALID_ROW, members=MEMBERS_FILE.replace("committee-1", "committee-2")) == [("members.csv", 2, "organisation", "unknown_place")]


def test_an_undecodable_or_too_large_roster_file_is_refused():
    assert [error.token for error in roster_files.read({"organisations": b"\xff\x00\x81"})[1]] == ["not_readable"]
    assert [error.token for error in roster_files.read({"organisations": b"x" * (MAX_BYTES + 1)})[1]] == ["too_long"]


# ── rosters of the demonstration county ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_demo_rosters_have_the_published_numbers_of_organisations_and_are_marked_as_synthetic():
    entries, errors = read_rosters(COUNTY.folder)
    organisations_by_kind = {kind: [o for o in entries["organisations"] if o.kind == kind] for kind in {o.kind for o in entries["organisations"]}}

    assert errors == []
    assert len(organisations_by_kind["village_judge"]) == 277
    expected = {"peoples_mediation_committee": 272, "industry_mediation_body": 19, "fast_track_team": 7, "enforcement_group": 6, "video_room": 12}
    assert {kind: len(organisations_by_kind[kind]) for kind in expected} == expected
    people = {role: {member.id for member in entries["members"] if member.role == role} for role in ("mediator", "invited_mediator")}
    assert (len(people["mediator"]), len(people["invited_mediator"])) == (172, 13)
    assert all(entry.synthetic for table in entries.values() for entry in table)
    assert all("虚构" in organisation.zh for organisation in entries["organisations"])
