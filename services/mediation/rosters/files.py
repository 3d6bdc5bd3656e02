"""Reader of the roster files organisations.csv and members.csv. Pure."""

import re

from contracts import COUNTY, KINDS
from contracts.county import County
from contracts.csv_tables import CellError, InvalidCell, cell_error, choice_reader, list_reader, pattern_reader, read_boolean, read_date, read_table
from contracts.fields import MEDIATOR_PATTERN, ORGANISATION_PATTERN, VILLAGE_PATTERN
from contracts.kinds import MEMBER_ROLES, ORGANISATION_KINDS
from services.mediation.rosters.roster import Entry, Member, Organisation, find_overlaps


def _read_name(cell):
    """Return the name of an organisation from a cell. Raises CellMistake for a name with seven digits in a row: it may contain a telephone number."""
    if not 2 <= len(cell) <= 120 or re.search(r"\d{7}", cell):
        raise InvalidCell("wrong_form")
    return cell


# fmt: off
ORGANISATION_COLUMNS = {
    # column: Chinese heading, whether required, function that reads the cell (and the value if empty)
    "code":         ("组织代码",    True,    pattern_reader(ORGANISATION_PATTERN)),
    "kind":         ("类别",        True,    choice_reader(ORGANISATION_KINDS)),
    "agency":       ("归口机构",    True,    None),                             # _column_readers() sets the function: it accepts codes of the county's agencies
    "township":     ("乡镇街道",    True,    None),                             # _column_readers() sets the function: it accepts codes of the county's townships
    "village":      ("村社区代码",  False,   pattern_reader(VILLAGE_PATTERN)),
    "takes":        ("受理类型",    False,   list_reader(choice_reader(KINDS)), ()),
    "valid_from":   ("生效日期",    True,    read_date),
    "valid_to":     ("失效日期",    False,   read_date),
    "zh":           ("中文名称",    True,    _read_name),
    "en":           ("英文名称",    True,    _read_name),
    "synthetic":    ("虚构",        False,   read_boolean, False),
}
MEMBER_COLUMNS = {
    "id":           ("人员编号",    True,    pattern_reader(MEDIATOR_PATTERN)),
    "organisation": ("组织代码",    True,    pattern_reader(ORGANISATION_PATTERN)),
    "role":         ("身份",        True,    choice_reader(MEMBER_ROLES)),
    "takes":        ("受理类型",    False,   list_reader(choice_reader(KINDS)), ()),
    "valid_from":   ("生效日期",    True,    read_date),
    "valid_to":     ("失效日期",    False,   read_date),
    "synthetic":    ("虚构",        False,   read_boolean, False),
}
# fmt: on
TABLES = {"organisations": (ORGANISATION_COLUMNS, Organisation), "members": (MEMBER_COLUMNS, Member)}


def _column_readers(table: str, county: County) -> dict:
    """Return the columns of a roster file, with readers for the agencies and townships of this county."""
    columns = dict(TABLES[table][0])
    agencies = {code: (agency.zh,) for code, agency in county.agencies.items()}
    for name, names, mistake in (("agency", agencies, "unknown_agency"), ("township", county.townships, "unknown_township")):
        if name in columns:
            columns[name] = (*columns[name][:2], choice_reader(names, mistake))
    return columns


def read(contents: dict[str, bytes], county: County = COUNTY) -> tuple[dict[str, list[Entry]], list[CellError]]:
    """Return the entries of the files, by names in TABLES, and every mistake in them. If there is any mistake, the entries must not be used."""
    entries, errors, lines = {}, [], {}
    for table, content in contents.items():
        numbered_entries, table_errors = read_table(f"{table}.csv", content, _column_readers(table, county), TABLES[table][1], _check_row)
        entries[table] = [entry for _, entry in numbered_entries]
        lines |= {id(entry): line for line, entry in numbered_entries}
        errors += table_errors
        errors += [cell_error(f"{table}.csv", lines[id(later)], "valid_from", "twice", lines[id(earlier)]) for earlier, later in find_overlaps(entries[table])]
    if "organisations" in entries and not errors:
        codes = {organisation.code for organisation in entries["organisations"]}
        errors += [cell_error("members.csv", lines[id(m)], "organisation", "unknown_place") for m in entries.get("members", ()) if m.organisation not in codes]
    return entries, sorted(errors, key=lambda error: (error.file, error.line, error.column))


def _check_row(row):
    """Return (column, mistake) if cells of the row contradict each other, else None."""
    if row.get("village") and not row["village"].startswith(row["township"]):
        return "village", "not_in_township"
    if row["valid_to"] is not None and row["valid_to"] < row["valid_from"]:
        return "valid_to", "ends_too_early"
    return None
