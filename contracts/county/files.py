"""Reading and checking of a county's folder: county.toml, agencies.csv, townships.csv, villages.csv, population.csv."""

import re
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path

from contracts.county.model import Agency, County, Population, Village
from contracts.county.roles import PLACE_KINDS, PLATFORMS, ROLES, ROLES_WITH_LEAD, STATUSES
from contracts.csv_tables import (
    CELL_MISTAKES,
    CellError,
    cell_error,
    choice_reader,
    length_reader,
    list_reader,
    number_reader,
    pattern_reader,
    read_boolean,
    read_date,
    read_table,
)
from contracts.kinds import KINDS

TITLE_NAMES = ("page", "brand_line")
FILES_THAT_MAY_BE_EMPTY = ("villages.csv",)
AGENCY_CODE_PATTERN = r"^[a-z][a-z0-9_]{0,62}(?:-[a-z0-9_]{1,40})?$"
read_name = length_reader(1, 60)

# fmt: off
# Sentences of all mistakes in a county's folder, by token. The name of the column or key precedes the sentence.
MISTAKES = CELL_MISTAKES | {
    "not_toml":         ("不是有效的TOML",                                       "is not valid TOML"),
    "not_utf8":         ("不是UTF-8编码",                                        "is not in UTF-8"),
    "no_entries":       ("没有任何记录",                                         "has no entries"),
    "unknown_key":      ("不是county.toml的项目",                                "is not a known key of county.toml"),
    "outside_area":     ("不属于本县（区）区划代码范围",                          "is outside the county's area"),
    "no_parent":        ("缺失：调解组织须有指导或者管理它的机构",               "is missing: a mediation body needs an agency that guides it"),
    "parent_of_another_role": ("须与该机构同类：只有调解组织可以有他类的上级机构", "has a different role: only a mediation body may have a parent of another role"),
    "circle":           ("上级关系成环",                                         "forms a circle of superior agencies"),
    "no_lead":          ("须有且只有一个没有同类上级的机构，现有{other}个",       "needs exactly one agency without a parent of its role; there are {other}"),
    "lead_not_active":  ("牵头机构须为在用",                                     "has to be active, because the agency leads its role"),
    "served_twice":     ("该乡镇已由第{other}行的同类机构负责",                  "contains a township that the agency in line {other} already serves"),
    "does_not_add_up":  ("与各乡镇之和{other}不符",                              "differs from the sum of the townships, {other}"),
    "less_than_parts":  ("少于各乡镇之和{other}",                                "is less than the sum of the townships, {other}"),
    "no_total":         ("该年缺少全县合计行",                                   "has no row for the whole county in this year"),
    "day_of_another_year": ("既不在year所列年份，也不在次年",                    "is neither in `year` nor in the following year"),
}

# Columns of the county's CSV files, in the form that `read_table` takes.
AGENCY_COLUMNS = {
    # column         Chinese heading  required  reader of a cell              value if empty
    "code":         ("机构代码",      True,     pattern_reader(AGENCY_CODE_PATTERN)),
    "zh":           ("中文名称",      True,     read_name),
    "en":           ("英文名称",      True,     read_name),
    "role":         ("类别",          True,     choice_reader(ROLES)),
    "parent":       ("上级机构",      False,    pattern_reader(AGENCY_CODE_PATTERN)),
    "platform":     ("所用系统",      False,    choice_reader(PLATFORMS),            "own"),
    "townships":    ("负责乡镇",      False,    list_reader(pattern_reader(r"^\d{9}$")),  ()),
    "takes":        ("专门受理类型",  False,    list_reader(choice_reader(KINDS)),       ()),
    "status":       ("状态",          False,    choice_reader(STATUSES),             "active"),
    "batches":      ("合并收件",      False,    read_boolean,                        False),
}
TOWNSHIP_COLUMNS = {
    "code":         ("代码",          True,     pattern_reader(r"^\d{9}$")),
    "zh":           ("中文名称",      True,     read_name),
    "en":           ("英文名称",      True,     read_name),
}
VILLAGE_COLUMNS = {
    "code":         ("代码",          True,     pattern_reader(r"^\d{12}$")),
    "zh":           ("中文名称",      True,     read_name),
    "en":           ("英文名称",      True,     read_name),
    "kind":         ("类别",          True,     choice_reader(PLACE_KINDS)),
    "synthetic":    ("虚构",          False,    read_boolean,                      False),
}
POPULATION_COLUMNS = {
    "year":         ("年份",          True,     number_reader(1990, 2199)),
    "reference_on": ("统计时点",      True,     read_date),
    "area":         ("区划代码",      True,     pattern_reader(r"^\d{6}$|^\d{9}$")),
    "residents":    ("常住人口",      True,     number_reader(0, 100_000_000)),
    "floating":     ("流动人口",      False,    number_reader(0, 100_000_000)),
    "source":       ("来源",          True,     length_reader(2, 200)),
    "synthetic":    ("虚构",          True,     read_boolean),
}
# fmt: on


def read_county(folder: Path) -> tuple[County, list[CellError]]:
    """Return the county described by a folder, and all mistakes in its files, sorted by file and line.

    If there are mistakes, the county is incomplete and serves only to check further files of the folder.
    """
    errors: list[CellError] = []
    settings = _read_settings(folder, errors)
    agencies = _read_csv(folder, "agencies.csv", AGENCY_COLUMNS, Agency, errors)
    townships = _read_csv(folder, "townships.csv", TOWNSHIP_COLUMNS, dict, errors)
    villages = _read_csv(folder, "villages.csv", VILLAGE_COLUMNS, Village, errors)
    population = _read_csv(folder, "population.csv", POPULATION_COLUMNS, Population, errors)
    area = settings.get("area")
    names = {row["code"]: (row["zh"], row["en"]) for _, row in townships}
    errors += _check_unique("agencies.csv", ((line, agency.code) for line, agency in agencies))
    errors += _check_unique("townships.csv", ((line, row["code"]) for line, row in townships))
    errors += _check_unique("villages.csv", ((line, village.code) for line, village in villages))
    errors += _check_unique("population.csv", ((line, (row.year, row.area)) for line, row in population), "area")
    errors += [_error("townships.csv", line, "code", "outside_area") for line, row in townships if area and not row["code"].startswith(area)]
    errors += [_error("villages.csv", line, "code", "unknown_township") for line, village in villages if names and village.code[:9] not in names]
    errors += _check_agencies(agencies, names)
    errors += _check_population(population, area, names)
    settings = settings if not errors else _EMPTY_SETTINGS
    county = County(
        folder=folder,
        area=settings["area"],
        zh=settings["name"]["zh"],
        en=settings["name"]["en"],
        docket=settings["docket"],
        titles={title: (names["zh"], names["en"]) for title, names in settings["titles"].items()},
        periods=settings.get("periods", {}),
        agencies={agency.code: agency for _, agency in agencies},
        townships=names,
        villages={village.code: village for _, village in villages},
        population=tuple(row for _, row in population),
    )
    return county, sorted(errors)


_EMPTY_SETTINGS = {"area": "", "name": {"zh": "", "en": ""}, "docket": "", "titles": {}}


def _error(file, line, column, token, other=0):
    return cell_error(file, line, column, token, other, MISTAKES)


# ── county.toml ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def read_toml(folder: Path, file: str, errors: list[CellError]) -> tuple[dict, str]:
    """Return the content of a TOML file as a dictionary, and its text. If the file cannot be read, append the mistake to `errors` and return ({}, "")."""
    try:
        text = (folder / file).read_bytes().decode("utf-8-sig")
        return tomllib.loads(text), text
    except FileNotFoundError:
        errors.append(_error(file, 1, file, "missing_file"))
    except UnicodeDecodeError:
        errors.append(_error(file, 1, file, "not_utf8"))
    except tomllib.TOMLDecodeError as mistake:
        place = re.search(r"\(at line (\d+), column (\d+)\)", str(mistake))
        line, column = (int(place[1]), place[2]) if place else (1, "1")
        errors.append(_error(file, line, column, "not_toml"))  # the message of TOMLDecodeError is omitted, because it may quote the file
    return {}, ""


def line_of_entry(text: str, path: tuple[str, ...]) -> int:
    """Return the line number of the entry with this path in a TOML file. If the entry is missing, return that of the innermost table around it, else 1."""
    table, line_by_path = (), {}
    for number, line in enumerate(text.splitlines(), 1):
        if heading := re.match(r"\s*\[([^\[\]]+)\]", line):
            table = _key_path(heading[1])
            line_by_path.setdefault(table, number)
        elif key := re.match(r"""\s*([\w."'\- ]+?)\s*=""", line):
            line_by_path.setdefault((*table, *_key_path(key[1])), number)
    return next((line_by_path[path[:length]] for length in range(len(path), 0, -1) if path[:length] in line_by_path), 1)


def _key_path(dotted):
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _read_settings(folder, errors):
    read_errors: list[CellError] = []
    settings, text = read_toml(folder, "county.toml", read_errors)
    if read_errors:
        errors += read_errors
        return {}

    def check_value(path: tuple[str, ...], is_valid: Callable[[object], bool], token: str):
        value = settings
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        if value is None:
            errors.append(_error("county.toml", line_of_entry(text, path), ".".join(path), "required"))
        elif not is_valid(value):
            errors.append(_error("county.toml", line_of_entry(text, path), ".".join(path), token))

    known_keys = {"area", "name", "docket", "titles", "periods", "office_hours", "grace"}  # the mediation service checks the last three
    errors += [_error("county.toml", line_of_entry(text, (name,)), name, "unknown_key") for name in settings if name not in known_keys]
    check_value(("area",), lambda value: isinstance(value, str) and re.fullmatch(r"[1-9][0-9]{5}", value), "wrong_form")
    check_value(("docket",), lambda value: isinstance(value, str) and 2 <= len(value) <= 12, "wrong_length")
    for path in [("name",), *(("titles", title) for title in TITLE_NAMES)]:
        for language in ("zh", "en"):
            check_value((*path, language), lambda value: isinstance(value, str) and 1 <= len(value) <= 80, "wrong_length")
    titles = settings.get("titles")
    unknown_titles = [title for title in titles if title not in TITLE_NAMES] if isinstance(titles, dict) else []
    errors += [_error("county.toml", line_of_entry(text, ("titles", title)), f"titles.{title}", "unknown_key") for title in unknown_titles]
    periods = settings.get("periods", {})
    if not isinstance(periods, dict) or not all(isinstance(row, dict) for row in periods.values()):
        errors.append(_error("county.toml", line_of_entry(text, ("periods",)), "periods", "not_an_object"))
    return settings if isinstance(settings.get("area"), str) else settings | {"area": None}


# ── CSV files ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _read_csv(folder, file, columns, make, errors):
    try:
        content = (folder / file).read_bytes()
    except FileNotFoundError:
        errors.append(_error(file, 1, file, "missing_file"))
        return []
    rows, row_errors = read_table(file, content, columns, make)
    errors += row_errors
    if not rows and not row_errors and file not in FILES_THAT_MAY_BE_EMPTY:
        errors.append(_error(file, 1, file, "no_entries"))
    return rows


def _check_unique(file: str, numbered: Iterable[tuple[int, object]], column: str = "code"):
    first_line: dict[object, int] = {}
    for line, key in numbered:
        if key in first_line:
            yield _error(file, line, column, "twice", first_line[key])
        first_line.setdefault(key, line)


def _check_agencies(rows, townships):
    agencies = {agency.code: agency for _, agency in rows}
    line_by_served_township: dict[tuple[str, str], int] = {}
    for line, agency in rows:
        superior = agencies.get(agency.parent)
        if agency.parent is None and agency.role == "B":
            yield _error("agencies.csv", line, "parent", "no_parent")
        elif agency.parent is not None and superior is None:
            yield _error("agencies.csv", line, "parent", "unknown_agency")
        elif superior is not None and agency.role != "B" and superior.role != agency.role:
            yield _error("agencies.csv", line, "parent", "parent_of_another_role")
        elif _is_its_own_superior(agency, agencies):
            yield _error("agencies.csv", line, "parent", "circle")
        for township in agency.townships:
            if townships and township not in townships:
                yield _error("agencies.csv", line, "townships", "unknown_township")
            elif agency.role != "B" and agency.is_active and line_by_served_township.setdefault((agency.role, township), line) != line:
                yield _error("agencies.csv", line, "townships", "served_twice", line_by_served_township[agency.role, township])
    if rows:
        yield from _check_leads(rows)


def _is_its_own_superior(agency, agencies):
    visited, superior = set(), agency
    while superior is not None and superior.code not in visited:
        visited.add(superior.code)
        superior = agencies.get(superior.parent)
    return superior is not None and superior.code == agency.code


def _check_leads(rows):
    for role in ROLES_WITH_LEAD:
        leads = [(line, agency) for line, agency in rows if agency.role == role and agency.parent is None]
        if len(leads) != 1:
            yield _error("agencies.csv", leads[1][0] if leads else 1, f"role {role}", "no_lead", len(leads))
        elif not leads[0][1].is_active:
            yield _error("agencies.csv", leads[0][0], "status", "lead_not_active")


def _check_population(rows, area, townships):
    totals = {row.year: line for line, row in rows if row.area == area}
    for line, row in rows:
        if area and row.area != area and townships and row.area not in townships:
            yield _error("population.csv", line, "area", "unknown_township" if row.area.startswith(area) else "outside_area")
        if row.reference_on.year not in (row.year, row.year + 1):
            yield _error("population.csv", line, "reference_on", "day_of_another_year")
        if area and row.year not in totals:
            totals[row.year] = line
            yield _error("population.csv", line, "year", "no_total")
        if row.area == area and totals[row.year] == line:
            yield from _check_total(line, row, [other for _, other in rows if other.year == row.year and other.area != area], townships)


def _check_total(line, total, townships_of_year, townships):
    for column in ("residents", "floating"):
        values = [getattr(part, column) for part in townships_of_year]
        county_total = getattr(total, column)
        if county_total is None or None in values or not values:
            continue
        is_complete = {part.area for part in townships_of_year} >= townships.keys()
        if is_complete and county_total != sum(values):
            yield _error("population.csv", line, column, "does_not_add_up", sum(values))
        elif not is_complete and county_total < sum(values):
            yield _error("population.csv", line, column, "less_than_parts", sum(values))
