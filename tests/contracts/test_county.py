"""Tests of a county's folder: it is read, checked, created from a template and compared with another version.

Every mistake is reported with file, line, column and a sentence in Chinese and English.
"""

import shutil
import subprocess
import sys

import pytest

from contracts import COUNTY
from contracts.county import files
from contracts.county.roles import ROLES, ROLES_WITH_LEAD
from deploy.county.changes import compare_counties
from deploy.county.check import check_county_folder
from deploy.county.skeleton import CannotWriteTemplate, write_template
from deploy.files import ROOT

GANZHOU = ROOT / "counties/ganzhou"


@pytest.fixture
def folder(tmp_path):
    """Return the path of a copy of a valid county folder, which the test may edit."""
    return shutil.copytree(GANZHOU, tmp_path / "county")


def edit_file(folder, file, old, new):
    """Replace the first occurrence of the text `old` in a file of the folder."""
    text = (folder / file).read_text("utf-8")
    assert old in text, f"{file} has no {old}"
    (folder / file).write_text(text.replace(old, new, 1), "utf-8")


@pytest.mark.parametrize("county", sorted(path.name for path in (ROOT / "counties").iterdir() if path.is_dir()))
def test_the_county_folders_in_the_repository_are_valid(county):
    completed = subprocess.run([sys.executable, "-m", "deploy.county", "check", f"counties/{county}"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (completed.returncode, completed.stderr) == (0, "")


def test_every_role_except_mediation_bodies_has_one_lead_agency():
    assert {COUNTY.lead_agency(role).role for role in ROLES_WITH_LEAD} == set(ROLES) - {"B"}
    assert (COUNTY.lead_agency("C").code, COUNTY.lead_agency("M").code) == ("court", "mediation_centre")


def test_population_figures_of_the_census_are_real_and_those_of_the_latest_year_are_synthetic():
    assert COUNTY.residents_by_area(2020)["620702"] == 519_100  # figure of the seventh national census
    assert {row.synthetic for row in COUNTY.population if row.year == 2020} == {False}
    assert {row.synthetic for row in COUNTY.population if row.year == COUNTY.latest_vintage} == {True}


# fmt: off
# Each row replaces a text in a file of the county's folder, and names the mistake that must be reported.
EDITS_WITH_MISTAKES = [
    # file             old                                    new                                  line  column            token
    ("agencies.csv",   "Police,P,",                           "Police,Q,",                             9,    "role",            "not_in_list"),
    ("agencies.csv",   "police,公安",                         "Police!,公安",                          9,    "code",            "wrong_form"),
    ("agencies.csv",   "grid,网格",                           "police,网格",                           12,   "code",            "twice"),
    ("agencies.csv",   "B,mediation_centre,own,,labour",      "B,,own,,labour",                        19,   "parent",          "no_parent"),
    ("agencies.csv",   "B,mediation_centre,own,,labour",      "B,nobody,own,,labour",                  19,   "parent",          "unknown_agency"),
    ("agencies.csv",   "C,court,own",                         "C,police,own",                          3,    "parent",          "parent_of_another_role"),
    ("agencies.csv",   "Court,C,,own",                        "Court,C,court-xijiao,own",              2,    "parent",          "circle"),
    ("agencies.csv",   "J,judicial_bureau,own,620702102",     "J,judicial_bureau,own,620702999",       7,    "townships",       "unknown_township"),
    ("agencies.csv",   "Judicial Bureau,J,,own,,",            "Judicial Bureau,J,,own,620702102,",     7,    "townships",       "served_twice"),
    ("agencies.csv",   "Police,P,,own,,,active",              "Police,P,,own,,,suspended",             9,    "status",          "lead_not_active"),
    ("agencies.csv",   "Police,P,,own",                       "Police,J,judicial_bureau,own",          1,    "role P",          "no_lead"),
    ("agencies.csv",   "Police,P,,own",                       "=HYPERLINK(),P,,own",                   9,    "en",              "formula"),
    ("agencies.csv",   "code,zh,en",                          "code;zh;en",                            1,    "1",               "unknown_column"),
    ("townships.csv",  "620702102,大满镇",                    "620703102,大满镇",                      9,    "code",            "outside_area"),
    ("villages.csv",   "620702001001,",                       "620709001001,",                         2,    "code",            "unknown_township"),
    ("villages.csv",   "1 of Dongjie Street,community",       "1 of Dongjie Street,hamlet",            2,    "kind",            "not_in_list"),
    ("population.csv", "620702,519200",                       "620702,519201",                         5,    "residents",       "does_not_add_up"),
    ("population.csv", "620702,519100",                       "620702,100",                            2,    "residents",       "less_than_parts"),
    ("population.csv", "2020,2020-11-01,620702,519100",       "2019,2020-11-01,620702,519100",         3,    "year",            "no_total"),
    ("population.csv", "2020-11-01,620702105",                "2022-11-01,620702105",                  3,    "reference_on",    "day_of_another_year"),
    ("population.csv", "519200",                              "many",                                  5,    "residents",       "out_of_range"),
    ("county.toml",    'area = "620702"',                     'area = "6207"',                         3,    "area",            "wrong_form"),
    ("county.toml",    'zh = "甘州区"',                       '# zh = "甘州区"',                       6,    "name.zh",         "required"),
    ("county.toml",    "[titles.page] ",                      "[titles.pages] ",                       10,   "titles.pages",    "unknown_key"),
    ("county.toml",    "[name]",                              "[name",                                 6,    "6",               "not_toml"),
    ("routing.csv",    "organisation:industry-finance",       "organisation:industry-money",           6,    "bodies",          "unknown_place"),
    ("routing.csv",    "agency:womens_federation",            "agency:mens_federation",                3,    "bodies",          "unknown_agency"),
    ("organisations.csv", "peoples_mediation_committee,620702001", "nobody,620702001",                 2,    "agency",          "unknown_agency"),
    ("members.csv",    "committee-620702102,mediator",        "committee-0,mediator",                  2,    "organisation",    "unknown_place"),
]
# fmt: on


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "column", "token"), EDITS_WITH_MISTAKES, ids=lambda value: value if isinstance(value, str) and len(value) < 25 else "-"
)
def test_a_mistake_in_a_county_file_is_reported_with_file_line_and_column(folder, file, old, new, line, column, token):
    edit_file(folder, file, old, new)

    errors = check_county_folder(folder)

    assert (file, line, column, token) in [(error.file, error.line, error.column, error.token) for error in errors], list(map(str, errors))
    assert all(error.zh and error.en for error in errors)


# fmt: off
# Each row replaces the content of a file in the county's folder, and names the mistake that must be reported.
FILES_WITH_MISTAKES = [
    # file             content                                                                          line  column              token
    ("county.toml",    b"",                                                                             1,    "area",             "required"),
    ("county.toml",    b"titles = 5",                                                                   1,    "titles.page.zh",   "required"),
    ("county.toml",    b"area = 620702",                                                                1,    "area",             "wrong_form"),
    ("county.toml",    b"periods = [1]",                                                                1,    "periods",          "not_an_object"),
    ("county.toml",    "甘".encode("gb18030"),                                                          1,    "county.toml",      "not_utf8"),
    ("agencies.csv",   b"code,zh,en,role\n",                                                            1,    "agencies.csv",     "no_entries"),
    ("agencies.csv",   b"code,zh,en,code,role\n",                                                       1,    "code",             "repeated_column"),
    ("agencies.csv",   b"code,zh,en\n",                                                                 1,    "role",             "missing_column"),
    ("agencies.csv",   b"code\x00",                                                                     1,    "agencies.csv",     "not_readable"),
    ("townships.csv",  b"code,zh,en\n",                                                                 1,    "townships.csv",    "no_entries"),
    ("population.csv", b"year,reference_on,area,residents,floating,source,synthetic\n",                 1,    "population.csv",   "no_entries"),
]
# fmt: on


@pytest.mark.parametrize(("file", "content", "line", "column", "token"), FILES_WITH_MISTAKES, ids=lambda value: value if isinstance(value, str) else "-")
def test_an_unreadable_or_incomplete_county_file_is_reported_as_a_mistake(folder, file, content, line, column, token):
    (folder / file).write_bytes(content)

    assert (file, line, column, token) in [(error.file, error.line, error.column, error.token) for error in check_county_folder(folder)]


def test_an_area_code_that_is_not_a_string_is_reported_as_one_mistake(folder):
    edit_file(folder, "county.toml", 'area = "620702"', "area = 620702")

    assert [(error.file, error.line, error.column) for error in check_county_folder(folder)] == [("county.toml", 3, "area")]


def test_mistakes_in_all_county_files_are_reported_together(folder):
    edit_file(folder, "agencies.csv", "B,mediation_centre,own,,labour", "B,,own,,labour")
    edit_file(folder, "townships.csv", "620702102,大满镇", "620703102,大满镇")
    edit_file(folder, "population.csv", "620702,519200", "620702,519201")
    edit_file(folder, "routing.csv", "organisation:industry-finance", "organisation:industry-money")
    (folder / "members.csv").unlink()
    (folder / "county.toml").write_text(
        (folder / "county.toml").read_text("utf-8") + "[periods.confirmation_apply]\ndays = 60\n[periods.no_clock]\ndays = 1\n", "utf-8"
    )

    assert {error.file for error in check_county_folder(folder)} >= {
        "agencies.csv",
        "townships.csv",
        "population.csv",
        "members.csv",
        "county.toml",
        "villages.csv",
    }
    assert sum(error.file == "county.toml" for error in check_county_folder(folder)) == 2


def test_the_description_of_a_mistake_is_bilingual_and_does_not_quote_the_cell(folder):
    edit_file(folder, "agencies.csv", "Police,P,", "Police,张三,")

    (sentence,) = [str(error) for error in check_county_folder(folder) if error.line == 9]

    assert sentence == "agencies.csv 第9行 “role”不在允许的取值之内 | agencies.csv line 9: “role” is not one of the allowed values"


def test_a_csv_file_with_a_byte_order_mark_or_in_gb18030_is_read_but_one_with_semicolons_is_refused(folder):
    text = (folder / "townships.csv").read_text("utf-8")
    (folder / "townships.csv").write_bytes(text.encode("utf-8-sig"))
    (folder / "villages.csv").write_bytes((folder / "villages.csv").read_text("utf-8").encode("gb18030"))
    assert check_county_folder(folder) == []

    (folder / "townships.csv").write_text(text.replace(",", ";"), "utf-8")
    assert [(error.file, error.token) for error in check_county_folder(folder)][-1:] != [] and ("townships.csv", "separator") in [
        (e.file, e.token) for e in check_county_folder(folder)
    ]


def test_a_program_that_starts_with_an_invalid_county_folder_prints_every_mistake_and_exits(folder):
    edit_file(folder, "agencies.csv", "Police,P,", "Police,Q,")
    edit_file(folder, "population.csv", "620702,519200", "620702,519201")

    completed = subprocess.run(
        [sys.executable, "-c", "import contracts"],
        cwd=ROOT,
        env={"FENGQIAO_COUNTY": str(folder), "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert completed.returncode == 1
    assert "agencies.csv line 9" in completed.stderr and "population.csv line 5" in completed.stderr, completed.stderr
    assert "Traceback" not in completed.stderr


def test_the_template_of_a_county_folder_is_valid_and_does_not_overwrite_an_existing_folder(tmp_path):
    write_template(tmp_path / "new", "330681")

    assert check_county_folder(tmp_path / "new") == []
    assert files.read_county(tmp_path / "new")[0].area == "330681"
    with pytest.raises(CannotWriteTemplate):
        write_template(tmp_path / "new", "330681")
    with pytest.raises(CannotWriteTemplate):
        write_template(tmp_path / "other", "33068")


def test_comparison_of_two_county_folders_lists_changed_agencies_and_refuses_a_deleted_agency(folder):
    edit_file(folder, "agencies.csv", "police,公安,Police", "police,县公安局,County Police")
    edit_file(folder, "agencies.csv", "labour,active", "labour,suspended")
    edit_file(folder, "agencies.csv", "medical,active", "medical,removed")
    (folder / "agencies.csv").write_text(
        (folder / "agencies.csv").read_text("utf-8") + "elder_mediation,老年人调解,Elder Mediation,B,mediation_centre,own,,,active,\n", "utf-8"
    )
    after = files.read_county(folder)[0]

    changes = compare_counties(COUNTY, after)
    assert (changes.added, changes.renamed) == (("elder_mediation",), ("police",))
    assert (changes.suspended, changes.removed, changes.reactivated) == (("trade_union",), ("medical_mediation",), ())
    assert compare_counties(after, COUNTY).reactivated == ("trade_union", "medical_mediation")
    assert compare_counties(after, COUNTY).refused == (
        "机构elder_mediation不得删去：请将status改为removed，其历史记录仍要用到名称 | "
        "agency elder_mediation may not disappear: set its status to removed, because its history needs its names",
    )


def test_comparison_of_two_county_folders_refuses_a_changed_role_another_area_and_a_deleted_township(folder):
    edit_file(folder, "agencies.csv", "Traffic Accident Mediation Body,B,mediation_centre", "Traffic Accident Mediation Body,W,womens_federation")

    another_role, another_county = (
        compare_counties(COUNTY, files.read_county(folder)[0]).refused,
        compare_counties(COUNTY, files.read_county(ROOT / "counties/zhuji")[0]).refused,
    )

    assert [sentence.partition(" | ")[2] for sentence in another_role] == ["the role of agency traffic_mediation may not change: remove it and add another one"]
    assert another_county[0].endswith("the area differs: one installation serves one county")
    assert another_county[-1].endswith("township 620702402 may not disappear: registered disputes need its name")
