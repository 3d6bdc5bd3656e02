"""Writes the contract's documents, or with --check says which are stale: `python -m docs.generate.contracts [--check]`."""

import json
import sys
from functools import cache
from pathlib import Path

from contracts import envelope
from docs.generate.contracts import asyncapi, catalogue, json_schemas

ROOT = Path(__file__).resolve().parents[3]
DOCS = Path("docs/contracts")
KIT = Path("fengqiao_agency/schemas")  # the kit is installed alone, so it carries what its agencies need
KIT_ENVELOPE = Path("fengqiao_agency/envelope.json")


@cache
def documents() -> dict[Path, str]:
    """Every document by its path below the repository."""
    outside = {row.type: _json(json_schemas.of_event(row)) for row in json_schemas.AGENCY_FACING}
    written = {DOCS / "README.md": catalogue.text(), DOCS / "asyncapi.json": _json(asyncapi.document())}
    written |= {DOCS / "schemas" / f"{type}.json": text for type, text in outside.items()}
    written |= {KIT / f"{type}.json": text for type, text in outside.items()}
    written[KIT_ENVELOPE] = _json(envelope.limits())
    written |= {DOCS / "schemas" / row.stream / f"{row.type}.json": _json(json_schemas.of_event(row)) for row in json_schemas.INSIDE}
    return written


def stale(root: Path = ROOT) -> list[Path]:
    """What is missing, differs, or describes an event that is gone."""
    wanted = documents()
    differs = [path for path, text in wanted.items() if not (root / path).is_file() or (root / path).read_text("utf-8") != text]
    return differs + _left_over(wanted, root)


def write(root: Path = ROOT) -> None:
    wanted = documents()
    for path in _left_over(wanted, root):
        (root / path).unlink()
    for path, text in wanted.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")


def _left_over(wanted, root):
    there = [*(root / DOCS / "schemas").rglob("*.json"), *(root / KIT).glob("*.json")]
    return [path.relative_to(root) for path in there if path.relative_to(root) not in wanted]


def _json(value):
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def main() -> int:
    if "--check" not in sys.argv[1:]:
        write()
        return 0
    old = stale()
    for path in old:
        print(f"过期，请运行 make contracts | stale, run make contracts: {path}", file=sys.stderr)
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main())
