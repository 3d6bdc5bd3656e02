"""Tables that people keep as CSV: a heading, one thing a line. Pure: bytes in, things and every mistake out, each with its line and field.

A cell is a text and never anything else: what begins like a formula is refused, not run. Headings and words may be Chinese or tokens.
"""

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from contracts import MISTAKES
from contracts.fields import EARLIEST, LATEST

LARGEST = 5 * 1024 * 1024  # bytes
LONGEST = 20_000  # lines
FORMULA = re.compile(r"[=+\-@＝＋－＠\t\r]")  # how a spreadsheet tells a formula from a text
A_NUMBER = re.compile(r"[+-]?[0-9]{1,6}")
BETWEEN = re.compile(r"[;；|]")

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


def one_of(names: dict) -> Callable[[str], str]:
    by_word = {word: token for token, row in names.items() for word in (token, row[0])}

    def read(cell):
        try:
            return by_word[cell]
        except KeyError:
            raise NotSo("not_in_list") from None

    return read


def formed(pattern: str) -> Callable[[str], str]:
    whole = re.compile(pattern.removesuffix("$") + r"\Z", re.ASCII)

    def read(cell):
        if not whole.match(cell):
            raise NotSo("wrong_form")
        return cell

    return read


def day_of(cell):
    try:
        year, month, day = map(int, re.fullmatch(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})", cell, re.ASCII).groups())
        found = date(year, month, day)
    except (AttributeError, ValueError):
        raise NotSo("not_a_date") from None
    if not EARLIEST <= found.year <= LATEST:
        raise NotSo("not_a_date")
    return found


def several(read: Callable[[str], str]) -> Callable[[str], tuple[str, ...]]:
    """Several words in one cell, between `;` or `|`. Also between `、`, but for the names that have one in them."""

    def read_all(cell):
        return tuple(found for part in BETWEEN.split(cell) if part.strip() for found in read_part(part.strip()))

    def read_part(part):
        try:
            return [read(part)]
        except NotSo:
            words = [word.strip() for word in part.split("、")]
            if len(words) == 1:
                raise
            return [read(word) for word in words]

    return read_all


def read_sheet(sheet: str, content: bytes, columns: dict, make: Callable, check: Callable = lambda row: None) -> tuple[list[tuple[int, object]], list[Wrong]]:
    """Each line's number with what `make` makes of it, and every mistake.

    `columns`: name -> (heading in Chinese, whether it is needed, how a cell is read[, what an empty one means]). `check` looks at a whole row: (field, token) or None.
    """
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
    wrong += [Wrong(sheet, 1, name, "missing_column") for name, (_, needed, *_) in columns.items() if needed and name not in order]
    if wrong:
        return [], wrong
    entries = []
    for line, row in rows:
        entry, mistakes = _read_row(sheet, line, order, row, columns, check)
        wrong += mistakes
        if not mistakes:
            entries.append((line, make(**entry)))
    return entries, wrong


def _read_row(sheet, line, order, row, columns, check):
    if len(row) != len(order):
        return {}, [Wrong(sheet, line, sheet, "cells")]
    entry, wrong = {name: column[3] if len(column) > 3 else None for name, column in columns.items() if not column[1]}, []
    for name, cell in zip(order, row, strict=True):
        _, needed, read_cell, *_ = columns[name]
        try:
            if FORMULA.match(cell) and not A_NUMBER.fullmatch(cell.strip()):
                raise NotSo("formula")
            cell = cell.strip()
            if not cell and needed:
                raise NotSo("required")
            if cell:
                entry[name] = read_cell(cell)
        except NotSo as mistake:
            wrong.append(Wrong(sheet, line, name, mistake.args[0]))
    mistake = None if wrong else check(entry)
    return entry, [*wrong, *([Wrong(sheet, line, *mistake)] if mistake else [])]


def _text(content: bytes) -> str | None:
    """Spreadsheets in China save CSV in GB18030 as often as in UTF-8."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if "\x00" in text else text
    return None
