"""Rosters as people keep them: two sheets saved as CSV. Pure: bytes in, entries and every mistake out, each with its line and field.

A cell is a text and never anything else: what begins like a formula is refused, not run. Headings and words may be Chinese or tokens.
"""

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from contracts import AGENCIES, KINDS, MISTAKES, TOWNSHIPS
from contracts.fields import EARLIEST, LATEST, MEDIATOR, ORGANISATION, VILLAGE
from contracts.kinds import MEMBER_ROLES, ORGANISATION_KINDS
from services.mediation.rosters.roster import Entry, Member, Organisation, overlapping

LARGEST = 5 * 1024 * 1024  # bytes
LONGEST = 20_000  # lines
FORMULA = re.compile(r"[=+\-@＝＋－＠\t\r]")  # how a spreadsheet tells a formula from a text
BETWEEN = re.compile(r"[;；、|]")

# fmt: off
WRONG = MISTAKES | {
    "formula":         ("不能是公式",                           "may not be a formula"),
    "missing_column":  ("表头缺少该列",                         "is missing among the headings"),
    "unknown_column":  ("表头有不认识的列",                     "has a heading that is not known"),
    "cells":           ("单元格数与表头不符",                   "has more or fewer cells than headings"),
    "twice":           ("与第{other}行重复或有效期重叠",        "repeats line {other} or overlaps with it in time"),
    "unknown_place":   ("组织表中没有该组织",                   "is not among the organisations"),
    "ends_too_early":  ("早于valid_from",                       "is earlier than valid_from"),
    "not_readable":    ("不是UTF-8或GB18030编码的CSV文件",      "is not a CSV file in UTF-8 or GB18030"),
    "too_long":        ("超过5 MB或20000行",                    "is longer than 5 MB or 20,000 lines"),
}
# fmt: on


@dataclass(frozen=True, slots=True)
class Wrong:
    """One mistake, without what was written there: it may be somebody's name."""

    sheet: str
    line: int
    field: str
    token: str
    other: int = 0

    def __str__(self):
        zh, en = (text.format(other=self.other) for text in WRONG[self.token])
        return f"{self.sheet} 第{self.line}行 “{self.field}”{zh} | {self.sheet} line {self.line}: “{self.field}” {en}"


class NotSo(Exception):
    """This cell does not say what its column is for; the argument is a token of WRONG."""


def _one_of(names) -> Callable[[str], str]:
    by_word = {word: token for token, row in names.items() for word in (token, row[0])}

    def read(cell):
        try:
            return by_word[cell]
        except KeyError:
            raise NotSo("not_in_list") from None

    return read


def _formed(pattern) -> Callable[[str], str]:
    whole = re.compile(pattern.removesuffix("$") + r"\Z", re.ASCII)

    def read(cell):
        if not whole.match(cell):
            raise NotSo("wrong_form")
        return cell

    return read


def _day(cell):
    try:
        year, month, day = map(int, re.fullmatch(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})", cell, re.ASCII).groups())
        found = date(year, month, day)
    except (AttributeError, ValueError):
        raise NotSo("not_a_date") from None
    if not EARLIEST <= found.year <= LATEST:
        raise NotSo("not_a_date")
    return found


def _kinds(cell):
    read = _one_of(KINDS)
    return tuple(read(word.strip()) for word in BETWEEN.split(cell) if word.strip())


def _title(cell):
    """What an organisation is called: no number long enough for a telephone."""
    if not 2 <= len(cell) <= 120 or re.search(r"\d{7}", cell):
        raise NotSo("wrong_form")
    return cell


_agency = _one_of({code: (agency.zh,) for code, agency in AGENCIES.items()})
_township = _one_of(TOWNSHIPS)


def _truth(cell):
    return {"是": True, "yes": True, "true": True, "1": True, "否": False, "no": False, "false": False, "0": False}[cell.lower()]


def _synthetic(cell):
    try:
        return _truth(cell)
    except KeyError:
        raise NotSo("not_in_list") from None


# fmt: off
ORGANISATIONS = {
    # column         Chinese        needed   how it is read
    "code":         ("组织代码",    True,    _formed(ORGANISATION)),
    "kind":         ("类别",        True,    _one_of(ORGANISATION_KINDS)),
    "agency":       ("归口机构",    True,    _agency),
    "township":     ("乡镇街道",    True,    _township),
    "village":      ("村社区代码",  False,   _formed(VILLAGE)),
    "takes":        ("受理类型",    False,   _kinds),
    "valid_from":   ("生效日期",    True,    _day),
    "valid_to":     ("失效日期",    False,   _day),
    "zh":           ("中文名称",    True,    _title),
    "en":           ("英文名称",    True,    _title),
    "synthetic":    ("虚构",        False,   _synthetic),
}
MEMBERS = {
    "id":           ("人员编号",    True,    _formed(MEDIATOR)),
    "organisation": ("组织代码",    True,    _formed(ORGANISATION)),
    "role":         ("身份",        True,    _one_of(MEMBER_ROLES)),
    "takes":        ("受理类型",    False,   _kinds),
    "valid_from":   ("生效日期",    True,    _day),
    "valid_to":     ("失效日期",    False,   _day),
    "synthetic":    ("虚构",        False,   _synthetic),
}
# fmt: on
EMPTY = {"takes": (), "synthetic": False}
SHEETS = {"organisations": (ORGANISATIONS, Organisation), "members": (MEMBERS, Member)}


def read(sheets: dict[str, bytes]) -> tuple[dict[str, list[Entry]], list[Wrong]]:
    """Both sheets, by their names in SHEETS, and everything that is wrong in them. With any mistake nothing of it should be taken."""
    found, wrong, lines = {}, [], {}
    for sheet, content in sheets.items():
        found[sheet], more = _read_sheet(sheet, content, lines)
        wrong += more
        wrong += [Wrong(sheet, lines[id(later)], "valid_from", "twice", lines[id(earlier)]) for earlier, later in overlapping(found[sheet])]
    if "organisations" in found and not wrong:
        codes = {organisation.code for organisation in found["organisations"]}
        wrong += [Wrong("members", lines[id(m)], "organisation", "unknown_place") for m in found.get("members", ()) if m.organisation not in codes]
    return found, sorted(wrong, key=lambda one: (one.sheet, one.line, one.field))


def _read_sheet(sheet, content, lines):
    columns, make = SHEETS[sheet]
    if len(content) > LARGEST:
        return [], [Wrong(sheet, 1, sheet, "too_long")]
    text = _text(content)
    if text is None:
        return [], [Wrong(sheet, 1, sheet, "not_readable")]
    reader = csv.reader(text.splitlines(keepends=True))
    try:
        heading = [cell.strip() for cell in next(reader, [])]
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error:
        return [], [Wrong(sheet, reader.line_num, sheet, "not_readable")]
    if len(rows) > LONGEST:
        return [], [Wrong(sheet, 1, sheet, "too_long")]
    names = {word: name for name, (zh, *_) in columns.items() for word in (name, zh)}
    order = [names.get(cell) for cell in heading]
    wrong = [Wrong(sheet, 1, f"{place}", "unknown_column") for place, name in enumerate(order, 1) if name is None]
    wrong += [Wrong(sheet, 1, name, "missing_column") for name, (_, needed, _) in columns.items() if needed and name not in order]
    if wrong:
        return [], wrong
    entries = []
    for line, row in rows:
        entry, mistakes = _read_row(sheet, line, order, row, columns)
        wrong += mistakes
        if not mistakes:
            entries.append(make(**entry))
            lines[id(entries[-1])] = line
    return entries, wrong


def _read_row(sheet, line, order, row, columns):
    if len(row) != len(order):
        return {}, [Wrong(sheet, line, sheet, "cells")]
    entry, wrong = {}, []
    for name, cell in zip(order, row, strict=True):
        _, needed, read_cell = columns[name]
        try:
            if FORMULA.match(cell):
                raise NotSo("formula")
            cell = cell.strip()
            if not cell and needed:
                raise NotSo("required")
            entry[name] = read_cell(cell) if cell else EMPTY.get(name)
        except NotSo as mistake:
            wrong.append(Wrong(sheet, line, name, mistake.args[0]))
    if not wrong and not (entry.get("village") or entry.get("township", "")).startswith(entry.get("township", "")):
        wrong.append(Wrong(sheet, line, "village", "not_in_township"))
    if not wrong and entry.get("valid_to") is not None and entry["valid_to"] < entry["valid_from"]:
        wrong.append(Wrong(sheet, line, "valid_to", "ends_too_early"))
    return {"valid_to": None, **entry}, wrong


def _text(content: bytes) -> str | None:
    """Spreadsheets in China save CSV in GB18030 as often as in UTF-8."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if "\x00" in text else text
    return None
