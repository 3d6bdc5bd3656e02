"""Compact formatting of JSON: an object or list that fits on one line is written on one line."""

import json

LINE_WIDTH = 160


def compact_json(value: object, width: int = LINE_WIDTH) -> str:
    """Return the value as JSON text that ends with a line break. A line is longer than `width` only if one value does not fit."""
    return _format(value, 0, width) + "\n"


def _format(value, indent, width):
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or not value or indent + len(line) <= width:
        return line
    inner = " " * (indent + 1)
    if isinstance(value, list):
        parts, brackets = [_format(item, indent + 1, width) for item in value], "[]"
        if all(not isinstance(item, (dict, list)) for item in value):
            return "[\n" + "\n".join(_fill_lines(parts, inner, width)) + f"\n{' ' * indent}]"
    else:
        parts, brackets = [f"{json.dumps(name, ensure_ascii=False)}: {_format(item, indent + 1, width)}" for name, item in value.items()], "{}"
    return brackets[0] + "\n" + ",\n".join(inner + part for part in parts) + "\n" + " " * indent + brackets[1]


def _fill_lines(parts, inner, width):
    """Return lines that each hold as many of the values as fit."""
    lines, line = [], inner
    for number, part in enumerate(parts):
        part += "," if number < len(parts) - 1 else ""
        if line.strip() and len(line) + len(part) + 1 > width:
            lines.append(line.rstrip())
            line = inner
        line += part + " "
    return [*lines, line.rstrip()]
