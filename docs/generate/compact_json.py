"""JSON for people: an object or list that fits on a line stands on one."""

import json

WIDTH = 160


def compact_json(value: object, width: int = WIDTH) -> str:
    """Return the JSON text, with a line break at its end. Lines are longer than `width` only for one value that is."""
    return _written(value, 0, width) + "\n"


def _written(value, indent, width):
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or not value or indent + len(line) <= width:
        return line
    inner = " " * (indent + 1)
    if isinstance(value, list):
        parts, ends = [_written(one, indent + 1, width) for one in value], "[]"
        if all(not isinstance(one, (dict, list)) for one in value):
            return "[\n" + "\n".join(_filled(parts, inner, width)) + f"\n{' ' * indent}]"
    else:
        parts, ends = [f"{json.dumps(name, ensure_ascii=False)}: {_written(one, indent + 1, width)}" for name, one in value.items()], "{}"
    return ends[0] + "\n" + ",\n".join(inner + part for part in parts) + "\n" + " " * indent + ends[1]


def _filled(parts, inner, width):
    """As many short values on a line as fit."""
    lines, line = [], inner
    for number, part in enumerate(parts):
        part += "," if number < len(parts) - 1 else ""
        if line.strip() and len(line) + len(part) + 1 > width:
            lines.append(line.rstrip())
            line = inner
        line += part + " "
    return [*lines, line.rstrip()]
