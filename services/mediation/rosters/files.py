"""Rosters as people keep them: two tables saved as CSV. Pure."""

import re

from contracts import COUNTY, KINDS
from contracts.county import County
from contracts.csv_tables import CellError, CellMistake, boolean, cell_error, day_of, formed, one_of, read_table, several
from contracts.fields import MEDIATOR, ORGANISATION, VILLAGE
from contracts.kinds import MEMBER_ROLES, ORGANISATION_KINDS
from services.mediation.rosters.roster import Entry, Member, Organisation, overlapping


def _title(cell):
    """What an organisation is called: no number long enough for a telephone."""
    if not 2 <= len(cell) <= 120 or re.search(r"\d{7}", cell):
        raise CellMistake("wrong_form")
    return cell


# fmt: off
ORGANISATIONS = {
    # column         Chinese        needed   how it is read
    "code":         ("组织代码",    True,    formed(ORGANISATION)),
    "kind":         ("类别",        True,    one_of(ORGANISATION_KINDS)),
    "agency":       ("归口机构",    True,    None),                             # one of the county's agencies
    "township":     ("乡镇街道",    True,    None),                             # one of the county's townships
    "village":      ("村社区代码",  False,   formed(VILLAGE)),
    "takes":        ("受理类型",    False,   several(one_of(KINDS)), ()),
    "valid_from":   ("生效日期",    True,    day_of),
    "valid_to":     ("失效日期",    False,   day_of),
    "zh":           ("中文名称",    True,    _title),
    "en":           ("英文名称",    True,    _title),
    "synthetic":    ("虚构",        False,   boolean, False),
}
MEMBERS = {
    "id":           ("人员编号",    True,    formed(MEDIATOR)),
    "organisation": ("组织代码",    True,    formed(ORGANISATION)),
    "role":         ("身份",        True,    one_of(MEMBER_ROLES)),
    "takes":        ("受理类型",    False,   several(one_of(KINDS)), ()),
    "valid_from":   ("生效日期",    True,    day_of),
    "valid_to":     ("失效日期",    False,   day_of),
    "synthetic":    ("虚构",        False,   boolean, False),
}
# fmt: on
TABLES = {"organisations": (ORGANISATIONS, Organisation), "members": (MEMBERS, Member)}


def _columns(table: str, county: County) -> dict:
    columns = dict(TABLES[table][0])
    agencies = {code: (agency.zh,) for code, agency in county.agencies.items()}
    for name, names, mistake in (("agency", agencies, "unknown_agency"), ("township", county.townships, "unknown_township")):
        if name in columns:
            columns[name] = (*columns[name][:2], one_of(names, mistake))
    return columns


def read(contents: dict[str, bytes], county: County = COUNTY) -> tuple[dict[str, list[Entry]], list[CellError]]:
    """Return the entries of both tables, by their names in TABLES, and every mistake in them. With any mistake none of the entries should be used."""
    found, wrong, lines = {}, [], {}
    for sheet, content in contents.items():
        numbered, more = read_table(f"{sheet}.csv", content, _columns(sheet, county), TABLES[sheet][1], _fits)
        found[sheet] = [entry for _, entry in numbered]
        lines |= {id(entry): line for line, entry in numbered}
        wrong += more
        wrong += [cell_error(f"{sheet}.csv", lines[id(later)], "valid_from", "twice", lines[id(earlier)]) for earlier, later in overlapping(found[sheet])]
    if "organisations" in found and not wrong:
        codes = {organisation.code for organisation in found["organisations"]}
        wrong += [cell_error("members.csv", lines[id(m)], "organisation", "unknown_place") for m in found.get("members", ()) if m.organisation not in codes]
    return found, sorted(wrong, key=lambda one: (one.file, one.line, one.column))


def _fits(row):
    """What the cells of a row have to be together."""
    if row.get("village") and not row["village"].startswith(row["township"]):
        return "village", "not_in_township"
    if row["valid_to"] is not None and row["valid_to"] < row["valid_from"]:
        return "valid_to", "ends_too_early"
    return None
