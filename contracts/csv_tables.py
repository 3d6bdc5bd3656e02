"""Reader of tables that people edit as CSV files: one heading line, then one entry per line.

`read_table` returns the entries and all mistakes of a file, with line and column. Headings and tokens may be written in Chinese or as identifiers. A line that
begins with # is a comment. A cell that begins like a spreadsheet formula is refused.
"""

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from contracts.dates import EARLIEST_YEAR, LATEST_YEAR
from contracts.mistakes import MISTAKES

MAX_BYTES = 5 * 1024 * 1024
MAX_LINES = 20_000
FORMULA_START = re.compile(r"[=+\-@＝＋－＠\t\r]")  # first characters by which a spreadsheet recognises a formula
SIGNED_NUMBER = re.compile(r"[+-]?[0-9]{1,6}")
LIST_SEPARATOR = re.compile(r"[;；|]")

# fmt: off
# Sentences of all mistakes that a table can contain, by token. The name of the cell's column precedes the sentence.
CELL_MISTAKES = MISTAKES | {
    "missing_file":    ("缺少该文件",                           "is missing"),
    "formula":         ("不能是公式",                           "must not be a formula"),
    "missing_column":  ("表头缺少该列",                         "is missing from the heading line"),
    "repeated_column": ("表头重复",                             "occurs twice in the heading line"),
    "unknown_column":  ("表头含有未定义的列",                   "has an unknown heading"),
    "cells":           ("单元格数与表头不符",                   "has more or fewer cells than the heading line"),
    "separator":       ("各列须以英文逗号分隔",                 "has to be separated by commas"),
    "twice":           ("与第{other}行重复或有效期重叠",        "repeats line {other} or overlaps its period of validity"),
    "unknown_agency":  ("不是agencies.csv中的机构",             "is not an agency in agencies.csv"),
    "unknown_township": ("不是townships.csv中的乡镇、街道",     "is not a township in townships.csv"),
    "unknown_place":   ("组织表中没有该组织",                   "is not in the table of organisations"),
    "ends_too_early":  ("早于valid_from",                       "is earlier than valid_from"),
    "not_readable":    ("不是UTF-8或GB18030编码的CSV文件",      "is not a CSV file in UTF-8 or GB18030"),
    "too_long":        ("超过5 MB或20000行",                    "is longer than 5 MB or 20,000 lines"),
}
# fmt: on


@dataclass(frozen=True, slots=True, order=True)
class CellError:
    """One mistake in a file, described in Chinese and English. It never quotes the cell, because the cell may hold a person's name. Lines count from 1."""

    file: str
    line: int
    column: str
    token: str
    zh: str
    en: str

    def __str__(self):
        return f"{self.file} 第{self.line}行 “{self.column}”{self.zh} | {self.file} line {self.line}: “{self.column}” {self.en}"


def cell_error(file: str, line: int, column: str, token: str, other: object = 0, sentences: Mapping[str, tuple[str, str]] | None = None) -> CellError:
    """Return a CellError with the sentences that `sentences` (default: CELL_MISTAKES) holds for `token`. `other` replaces the placeholder {other} in them."""
    zh, en = (sentence.format(other=other) for sentence in (sentences or CELL_MISTAKES)[token])
    return CellError(file, line, column, token, zh, en)


class InvalidCell(Exception):
    """Raised when a cell is invalid in its column. The argument is a key of CELL_MISTAKES."""


def choice_reader(names: Mapping[str, tuple], mistake: str = "not_in_list") -> Callable[[str], str]:
    """Return a function that reads a cell with an allowed token or its Chinese name, and returns the token.

    `names`: names of each token, the Chinese name first. `mistake`: argument of the InvalidCell that the function raises for any other cell.
    """
    token_by_name = {name: token for token, row in names.items() for name in (token, row[0])}

    def read(cell):
        try:
            return token_by_name[cell]
        except KeyError:
            raise InvalidCell(mistake) from None

    return read


def pattern_reader(pattern: str) -> Callable[[str], str]:
    """Return a function that reads a cell whose whole text matches the pattern. `\\d` and `\\w` match ASCII characters only."""
    full_pattern = re.compile(pattern.removesuffix("$") + r"\Z", re.ASCII)

    def read(cell):
        if not full_pattern.match(cell):
            raise InvalidCell("wrong_form")
        return cell

    return read


def length_reader(minimum: int, maximum: int) -> Callable[[str], str]:
    """Return a function that reads a cell with free text of `minimum` to `maximum` characters."""

    def read(cell):
        if not minimum <= len(cell) <= maximum:
            raise InvalidCell("wrong_length")
        return cell

    return read


def number_reader(minimum: int, maximum: int) -> Callable[[str], int]:
    """Return a function that reads a cell with a whole number from `minimum` to `maximum`."""

    def read(cell):
        if not re.fullmatch(r"[0-9]{1,12}", cell, re.ASCII) or not minimum <= int(cell) <= maximum:
            raise InvalidCell("out_of_range")
        return int(cell)

    return read


def read_boolean(cell: str) -> bool:
    """Return True for 是, yes, true and 1, and False for 否, no, false and 0. Raises InvalidCell for any other text."""
    try:
        return {"是": True, "yes": True, "true": True, "1": True, "否": False, "no": False, "false": False, "0": False}[cell.lower()]
    except KeyError:
        raise InvalidCell("not_in_list") from None


def read_date(cell: str) -> date:
    """Return the date in a cell such as 2026-03-02 or 2026/3/2. Raises InvalidCell for any other text."""
    try:
        year, month, day = map(int, re.fullmatch(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})", cell, re.ASCII).groups())
        value = date(year, month, day)
    except (AttributeError, ValueError):
        raise InvalidCell("not_a_date") from None
    if not EARLIEST_YEAR <= value.year <= LATEST_YEAR:
        raise InvalidCell("not_a_date")
    return value


def list_reader(read: Callable[[str], str]) -> Callable[[str], tuple[str, ...]]:
    """Return a function that reads a cell with several values, separated by `;` or `|`. `read` reads one value.

    `、` also separates values, unless `read` accepts the text with the `、` as one value.
    """

    def read_all(cell):
        return tuple(value for part in LIST_SEPARATOR.split(cell) if part.strip() for value in read_part(part.strip()))

    def read_part(part):
        try:
            return [read(part)]
        except InvalidCell:
            values = [value.strip() for value in part.split("、")]
            if len(values) == 1:
                raise
            return [read(value) for value in values]

    return read_all


def read_table(
    file: str, content: bytes, columns: dict, make: Callable, check: Callable = lambda row: None
) -> tuple[list[tuple[int, object]], list[CellError]]:
    """Return (line number, entry) for each valid line, and all mistakes in the file.

    `columns`: name -> (Chinese heading, whether a value is required, function that reads a cell[, value of an empty cell]). `check` gets the values of a line
    as a dictionary and returns a mistake as (column, token), or None. `make` gets the values as keyword arguments and returns the entry.
    """
    if len(content) > MAX_BYTES:
        return [], [cell_error(file, 1, file, "too_long")]
    text = _decode(content)
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
    names = {heading_text: name for name, (zh, *_) in columns.items() for heading_text in (name, zh)}
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
            if FORMULA_START.match(cell) and not SIGNED_NUMBER.fullmatch(cell.strip()):
                raise InvalidCell("formula")
            cell = cell.strip()
            if not cell and required:
                raise InvalidCell("required")
            if cell:
                entry[name] = read_cell(cell)
        except InvalidCell as mistake:
            errors.append(cell_error(file, line, name, mistake.args[0]))
    mistake = None if errors else check(entry)
    return entry, [*errors, *([cell_error(file, line, *mistake)] if mistake else [])]


def _decode(content: bytes) -> str | None:
    """Return the text of a file in UTF-8 or GB18030 (both are common in spreadsheets from China), or None."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if "\x00" in text else text
    return None
