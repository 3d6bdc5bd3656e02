"""Tables kept as CSV files by people: a heading, then one entry a line. Pure: bytes in; entries and every mistake out, each with its line and column.

A cell is text and never anything else: what begins like a spreadsheet formula is refused. Headings and words may be Chinese or tokens. A line that
begins with # is a comment.
"""

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from contracts.dates import EARLIEST, LATEST
from contracts.mistakes import MISTAKES

MAX_BYTES = 5 * 1024 * 1024
MAX_LINES = 20_000
FORMULA = re.compile(r"[=+\-@＝＋－＠\t\r]")  # how a spreadsheet tells a formula from text
NUMBER = re.compile(r"[+-]?[0-9]{1,6}")
BETWEEN = re.compile(r"[;；|]")

# fmt: off
CELL_MISTAKES = MISTAKES | {
    "missing_file":    ("缺少该文件",                           "is missing"),
    "formula":         ("不能是公式",                           "may not be a formula"),
    "missing_column":  ("表头缺少该列",                         "is missing among the headings"),
    "repeated_column": ("表头重复",                             "stands twice among the headings"),
    "unknown_column":  ("表头有不认识的列",                     "has a heading that is not known"),
    "cells":           ("单元格数与表头不符",                   "has more or fewer cells than headings"),
    "separator":       ("各列须以英文逗号分隔",                 "has its columns separated by something other than commas"),
    "twice":           ("与第{other}行重复或有效期重叠",        "repeats line {other} or overlaps with it in time"),
    "unknown_agency":  ("不是agencies.csv中的机构",             "is not an agency of agencies.csv"),
    "unknown_township": ("不是townships.csv中的乡镇、街道",     "is not a township of townships.csv"),
    "unknown_place":   ("组织表中没有该组织",                   "is not among the organisations"),
    "ends_too_early":  ("早于valid_from",                       "is earlier than valid_from"),
    "not_readable":    ("不是UTF-8或GB18030编码的CSV文件",      "is not a CSV file in UTF-8 or GB18030"),
    "too_long":        ("超过5 MB或20000行",                    "is longer than 5 MB or 20,000 lines"),
}
# fmt: on


@dataclass(frozen=True, slots=True, order=True)
class CellError:
    """One mistake in a file, in both languages. It never repeats what is written there: that may be somebody's name. `line` counts from 1."""

    file: str
    line: int
    column: str
    token: str
    zh: str
    en: str

    def __str__(self):
        return f"{self.file} 第{self.line}行 “{self.column}”{self.zh} | {self.file} line {self.line}: “{self.column}” {self.en}"


def cell_error(file: str, line: int, column: str, token: str, other: object = 0, sentences: Mapping[str, tuple[str, str]] | None = None) -> CellError:
    """`other` fills {other} in the sentence of `token`; `sentences` are CELL_MISTAKES if not given."""
    zh, en = (sentence.format(other=other) for sentence in (sentences or CELL_MISTAKES)[token])
    return CellError(file, line, column, token, zh, en)


class CellMistake(Exception):
    """The cell does not fit its column. The argument is a token of CELL_MISTAKES."""


def one_of(names: Mapping[str, tuple], mistake: str = "not_in_list") -> Callable[[str], str]:
    """Return a reader of cells that hold a token of a closed list or its Chinese name (the first of each row). `mistake`: the token for any other cell."""
    by_word = {word: token for token, row in names.items() for word in (token, row[0])}

    def read(cell):
        try:
            return by_word[cell]
        except KeyError:
            raise CellMistake(mistake) from None

    return read


def formed(pattern: str) -> Callable[[str], str]:
    """Read text that matches the whole pattern, with ASCII digits and letters only."""
    whole = re.compile(pattern.removesuffix("$") + r"\Z", re.ASCII)

    def read(cell):
        if not whole.match(cell):
            raise CellMistake("wrong_form")
        return cell

    return read


def text_of(least: int, most: int) -> Callable[[str], str]:
    """Read free text of a bounded length."""

    def read(cell):
        if not least <= len(cell) <= most:
            raise CellMistake("wrong_length")
        return cell

    return read


def whole_number(least: int, most: int) -> Callable[[str], int]:
    def read(cell):
        if not re.fullmatch(r"[0-9]{1,12}", cell, re.ASCII) or not least <= int(cell) <= most:
            raise CellMistake("out_of_range")
        return int(cell)

    return read


def boolean(cell: str) -> bool:
    try:
        return {"是": True, "yes": True, "true": True, "1": True, "否": False, "no": False, "false": False, "0": False}[cell.lower()]
    except KeyError:
        raise CellMistake("not_in_list") from None


def day_of(cell: str) -> date:
    try:
        year, month, day = map(int, re.fullmatch(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})", cell, re.ASCII).groups())
        found = date(year, month, day)
    except (AttributeError, ValueError):
        raise CellMistake("not_a_date") from None
    if not EARLIEST <= found.year <= LATEST:
        raise CellMistake("not_a_date")
    return found


def several(read: Callable[[str], str]) -> Callable[[str], tuple[str, ...]]:
    """Read several words from one cell, separated by `;` or `|`; also by `、`, except for names that contain one."""

    def read_all(cell):
        return tuple(found for part in BETWEEN.split(cell) if part.strip() for found in read_part(part.strip()))

    def read_part(part):
        try:
            return [read(part)]
        except CellMistake:
            words = [word.strip() for word in part.split("、")]
            if len(words) == 1:
                raise
            return [read(word) for word in words]

    return read_all


def read_table(
    file: str, content: bytes, columns: dict, make: Callable, check: Callable = lambda row: None
) -> tuple[list[tuple[int, object]], list[CellError]]:
    """Return (line, entry) for each valid line, and every mistake.

    `columns`: name -> (heading in Chinese, whether it is required, how a cell is read[, the value of an empty cell]). `make` gets the values of a
    line by name. `check` gets them first and returns (column, token) or None.
    """
    if len(content) > MAX_BYTES:
        return [], [cell_error(file, 1, file, "too_long")]
    text = _decoded(content)
    if text is None:
        return [], [cell_error(file, 1, file, "not_readable")]
    reader = csv.reader(text.splitlines(keepends=True))
    try:
        numbered = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row) and not row[0].lstrip().startswith("#")]
        heading, rows = [cell.strip() for cell in numbered[0][1]] if numbered else [], numbered[1:]
    except csv.Error:
        return [], [cell_error(file, reader.line_num, file, "not_readable")]
    if len(rows) > MAX_LINES:
        return [], [cell_error(file, 1, file, "too_long")]
    if len(heading) == 1 and len(columns) > 1 and re.search(r"[;\t，；]", heading[0]):
        return [], [cell_error(file, 1, file, "separator")]
    names = {word: name for name, (zh, *_) in columns.items() for word in (name, zh)}
    order = [names.get(cell) for cell in heading]
    errors = [cell_error(file, 1, f"{place}", "unknown_column") for place, name in enumerate(order, 1) if name is None]
    errors += [cell_error(file, 1, name, "repeated_column") for name in columns if order.count(name) > 1]
    errors += [cell_error(file, 1, name, "missing_column") for name, (_, required, *_) in columns.items() if required and name not in order]
    if errors:
        return [], errors
    entries = []
    for line, row in rows:
        entry, mistakes = _read_row(file, line, order, row, columns, check)
        errors += mistakes
        if not mistakes:
            entries.append((line, make(**entry)))
    return entries, errors


def _read_row(file, line, order, row, columns, check):
    if len(row) != len(order):
        return {}, [cell_error(file, line, file, "cells")]
    entry, errors = {name: column[3] if len(column) > 3 else None for name, column in columns.items() if not column[1]}, []
    for name, cell in zip(order, row, strict=True):
        _, required, read_cell, *_ = columns[name]
        try:
            if FORMULA.match(cell) and not NUMBER.fullmatch(cell.strip()):
                raise CellMistake("formula")
            cell = cell.strip()
            if not cell and required:
                raise CellMistake("required")
            if cell:
                entry[name] = read_cell(cell)
        except CellMistake as mistake:
            errors.append(cell_error(file, line, name, mistake.args[0]))
    mistake = None if errors else check(entry)
    return entry, [*errors, *([cell_error(file, line, *mistake)] if mistake else [])]


def _decoded(content: bytes) -> str | None:
    """Spreadsheets in China save CSV in GB18030 as often as in UTF-8."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if "\x00" in text else text
    return None
