"""Reads and checks the files of a county's folder: county.toml, agencies.csv, townships.csv, villages.csv, population.csv."""

import re
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path

from contracts.county.model import Agency, County, Population, Village
from contracts.county.roles import LED, PLACE_KINDS, PLATFORMS, ROLES, STATUSES
from contracts.csv_tables import CELL_MISTAKES, CellError, boolean, cell_error, day_of, formed, one_of, read_table, several, text_of, whole_number
from contracts.kinds import KINDS

TITLES = ("page", "brand_line")
MAY_BE_EMPTY = ("villages.csv",)
CODE = r"^[a-z][a-z0-9_]{0,62}(?:-[a-z0-9_]{1,40})?$"
NAME = text_of(1, 60)

# fmt: off
MISTAKES = CELL_MISTAKES | {
    "not_toml":         ("不是有效的TOML",                                       "is not valid TOML"),
    "not_utf8":         ("不是UTF-8编码",                                        "is not in UTF-8"),
    "no_entries":       ("没有任何一条",                                         "has no entries"),
    "unknown_key":      ("不是county.toml的项目",                                "is no entry of county.toml"),
    "outside_area":     ("不在本县（区）区划代码之下",                           "does not lie in the county's area"),
    "no_parent":        ("缺失：调解组织须有指导或者管理它的机构",               "is missing: a mediation body needs the agency that guides it"),
    "parent_of_another_role": ("须与该机构同类：只有调解组织可以有他类的上级机构", "has another role: only a mediation body may have a parent of another role"),
    "circle":           ("上级关系成环",                                         "leads back to the agency itself"),
    "no_lead":          ("须有且只有一个没有同类上级的机构，现有{other}个",       "needs exactly one agency without a parent of its role; there are {other}"),
    "lead_not_active":  ("牵头机构须为在用",                                     "has to be active: the agency leads its role"),
    "served_twice":     ("该乡镇已由第{other}行的同类机构负责",                  "names a township that the agency of line {other} serves already"),
    "does_not_add_up":  ("与各乡镇之和{other}不符",                              "differs from the sum of its townships, {other}"),
    "less_than_parts":  ("少于各乡镇之和{other}",                                "is less than the sum of its townships, {other}"),
    "no_total":         ("该年缺少全县合计行",                                   "has no row for the whole county in this year"),
    "day_of_another_year": ("与year不是同一年，也不是其次年",                    "is neither in `year` nor in the year after it"),
}

AGENCIES = {
    # column         Chinese          required  how it is read                if empty
    "code":         ("机构代码",      True,     formed(CODE)),
    "zh":           ("中文名称",      True,     NAME),
    "en":           ("英文名称",      True,     NAME),
    "role":         ("类别",          True,     one_of(ROLES)),
    "parent":       ("上级机构",      False,    formed(CODE)),
    "platform":     ("所用系统",      False,    one_of(PLATFORMS),            "own"),
    "townships":    ("负责乡镇",      False,    several(formed(r"^\d{9}$")),  ()),
    "takes":        ("专门受理类型",  False,    several(one_of(KINDS)),       ()),
    "status":       ("状态",          False,    one_of(STATUSES),             "active"),
}
TOWNSHIPS = {
    "code":         ("代码",          True,     formed(r"^\d{9}$")),
    "zh":           ("中文名称",      True,     NAME),
    "en":           ("英文名称",      True,     NAME),
}
VILLAGES = {
    "code":         ("代码",          True,     formed(r"^\d{12}$")),
    "zh":           ("中文名称",      True,     NAME),
    "en":           ("英文名称",      True,     NAME),
    "kind":         ("类别",          True,     one_of(PLACE_KINDS)),
    "synthetic":    ("虚构",          False,    boolean,                      False),
}
POPULATION = {
    "year":         ("年份",          True,     whole_number(1990, 2199)),
    "reference_on": ("统计时点",      True,     day_of),
    "area":         ("区划代码",      True,     formed(r"^\d{6}$|^\d{9}$")),
    "residents":    ("常住人口",      True,     whole_number(0, 100_000_000)),
    "floating":     ("流动人口",      False,    whole_number(0, 100_000_000)),
    "source":       ("来源",          True,     text_of(2, 200)),
    "synthetic":    ("虚构",          True,     boolean),
}
# fmt: on


def read(folder: Path) -> tuple[County, list[CellError]]:
    """Return the county of a folder and every mistake in its files, in the order of files and lines.

    With any mistake the county is incomplete: fit to check the other files of the folder against it, and for nothing else.
    """
    errors: list[CellError] = []
    settings = _read_settings(folder, errors)
    agencies = _read_rows(folder, "agencies.csv", AGENCIES, Agency, errors)
    townships = _read_rows(folder, "townships.csv", TOWNSHIPS, dict, errors)
    villages = _read_rows(folder, "villages.csv", VILLAGES, Village, errors)
    population = _read_rows(folder, "population.csv", POPULATION, Population, errors)
    area = settings.get("area")
    names = {row["code"]: (row["zh"], row["en"]) for _, row in townships}
    errors += _repeated("agencies.csv", ((line, agency.code) for line, agency in agencies))
    errors += _repeated("townships.csv", ((line, row["code"]) for line, row in townships))
    errors += _repeated("villages.csv", ((line, village.code) for line, village in villages))
    errors += _repeated("population.csv", ((line, (row.year, row.area)) for line, row in population), "area")
    errors += [_error("townships.csv", line, "code", "outside_area") for line, row in townships if area and not row["code"].startswith(area)]
    errors += [_error("villages.csv", line, "code", "unknown_township") for line, village in villages if names and village.code[:9] not in names]
    errors += _check_agencies(agencies, names)
    errors += _check_population(population, area, names)
    settings = settings if not errors else _INCOMPLETE
    county = County(
        folder=folder,
        area=settings["area"],
        zh=settings["name"]["zh"],
        en=settings["name"]["en"],
        docket=settings["docket"],
        titles={title: (words["zh"], words["en"]) for title, words in settings["titles"].items()},
        periods=settings.get("periods", {}),
        agencies={agency.code: agency for _, agency in agencies},
        townships=names,
        villages={village.code: village for _, village in villages},
        population=tuple(row for _, row in population),
    )
    return county, sorted(errors)


_INCOMPLETE = {"area": "", "name": {"zh": "", "en": ""}, "docket": "", "titles": {}}


def _error(file, line, column, token, other=0):
    return cell_error(file, line, column, token, other, MISTAKES)


# ── county.toml ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def read_toml(folder: Path, file: str, errors: list[CellError]) -> tuple[dict, str]:
    """Return what a TOML file of the folder says, and its text; empty, and an error, if it cannot be read."""
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
        errors.append(_error(file, line, column, "not_toml"))  # its own message may repeat what is written there
    return {}, ""


def line_of(text: str, path: tuple[str, ...]) -> int:
    """Return the line of a TOML file where the entry `path` is written, or that of the table around it; 1 if neither is there."""
    table, found = (), {}
    for number, line in enumerate(text.splitlines(), 1):
        if heading := re.match(r"\s*\[([^\[\]]+)\]", line):
            table = _keys(heading[1])
            found.setdefault(table, number)
        elif key := re.match(r"""\s*([\w."'\- ]+?)\s*=""", line):
            found.setdefault((*table, *_keys(key[1])), number)
    return next((found[path[:length]] for length in range(len(path), 0, -1) if path[:length] in found), 1)


def _keys(dotted):
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _read_settings(folder, errors):
    unread: list[CellError] = []
    settings, text = read_toml(folder, "county.toml", unread)
    if unread:
        errors += unread
        return {}

    def expect(path: tuple[str, ...], fits: Callable[[object], bool], token: str):
        value = settings
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        if value is None:
            errors.append(_error("county.toml", line_of(text, path), ".".join(path), "required"))
        elif not fits(value):
            errors.append(_error("county.toml", line_of(text, path), ".".join(path), token))

    known = {"area", "name", "docket", "titles", "periods"}
    errors += [_error("county.toml", line_of(text, (name,)), name, "unknown_key") for name in settings if name not in known]
    expect(("area",), lambda value: isinstance(value, str) and re.fullmatch(r"[1-9][0-9]{5}", value), "wrong_form")
    expect(("docket",), lambda value: isinstance(value, str) and 2 <= len(value) <= 12, "wrong_length")
    for path in [("name",), *(("titles", title) for title in TITLES)]:
        for language in ("zh", "en"):
            expect((*path, language), lambda value: isinstance(value, str) and 1 <= len(value) <= 80, "wrong_length")
    titles = settings.get("titles")
    unknown = [one for one in titles if one not in TITLES] if isinstance(titles, dict) else []
    errors += [_error("county.toml", line_of(text, ("titles", one)), f"titles.{one}", "unknown_key") for one in unknown]
    periods = settings.get("periods", {})
    if not isinstance(periods, dict) or not all(isinstance(row, dict) for row in periods.values()):
        errors.append(_error("county.toml", line_of(text, ("periods",)), "periods", "not_an_object"))
    return settings if isinstance(settings.get("area"), str) else settings | {"area": None}


# ── the tables ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _read_rows(folder, file, columns, make, errors):
    try:
        content = (folder / file).read_bytes()
    except FileNotFoundError:
        errors.append(_error(file, 1, file, "missing_file"))
        return []
    rows, wrong = read_table(file, content, columns, make)
    errors += wrong
    if not rows and not wrong and file not in MAY_BE_EMPTY:
        errors.append(_error(file, 1, file, "no_entries"))
    return rows


def _repeated(file: str, numbered: Iterable[tuple[int, object]], column: str = "code"):
    first: dict[object, int] = {}
    for line, key in numbered:
        if key in first:
            yield _error(file, line, column, "twice", first[key])
        first.setdefault(key, line)


def _check_agencies(rows, townships):
    agencies = {agency.code: agency for _, agency in rows}
    served: dict[tuple[str, str], int] = {}
    for line, agency in rows:
        above = agencies.get(agency.parent)
        if agency.parent is None and agency.role == "B":
            yield _error("agencies.csv", line, "parent", "no_parent")
        elif agency.parent is not None and above is None:
            yield _error("agencies.csv", line, "parent", "unknown_agency")
        elif above is not None and agency.role != "B" and above.role != agency.role:
            yield _error("agencies.csv", line, "parent", "parent_of_another_role")
        elif _leads_back(agency, agencies):
            yield _error("agencies.csv", line, "parent", "circle")
        for township in agency.townships:
            if townships and township not in townships:
                yield _error("agencies.csv", line, "townships", "unknown_township")
            elif agency.role != "B" and agency.is_active and served.setdefault((agency.role, township), line) != line:
                yield _error("agencies.csv", line, "townships", "served_twice", served[agency.role, township])
    if rows:
        yield from _check_leads(rows)


def _leads_back(agency, agencies):
    seen, one = set(), agency
    while one is not None and one.code not in seen:
        seen.add(one.code)
        one = agencies.get(one.parent)
    return one is not None and one.code == agency.code


def _check_leads(rows):
    for role in LED:
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
            yield from _check_sum(line, row, [other for _, other in rows if other.year == row.year and other.area != area], townships)


def _check_sum(line, total, parts, townships):
    for column in ("residents", "floating"):
        values = [getattr(part, column) for part in parts]
        own = getattr(total, column)
        if own is None or None in values or not values:
            continue
        complete = {part.area for part in parts} >= townships.keys()
        if complete and own != sum(values):
            yield _error("population.csv", line, column, "does_not_add_up", sum(values))
        elif not complete and own < sum(values):
            yield _error("population.csv", line, column, "less_than_parts", sum(values))
