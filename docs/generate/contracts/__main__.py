"""Writes the contract's documents, or with --check says which are stale: `python -m docs.generate.contracts [--check]`.

With --inside it prints the AsyncAPI document of everything that our services publish to each other, which is not kept in the repository.
"""

import sys
from functools import cache
from pathlib import Path

from contracts import AGENCY_EVENTS, NOTICES, RECEIPTS, asyncapi, envelope
from contracts.json_schema import schemas_of
from docs.generate.compact_json import compact_json
from docs.generate.contracts import catalogue

ROOT = Path(__file__).resolve().parents[3]
DOCS = Path("docs/contracts")
KIT = Path("fengqiao_agency/contract.json")  # the kit is installed alone, so it carries what its agencies need


@cache
def documents() -> dict[Path, str]:
    """Return every document by its path below the repository. What agencies get fits every county; the door serves the one of its own county."""
    return {
        DOCS / "README.md": catalogue.text(),
        DOCS / "asyncapi.json": compact_json(asyncapi.document(neutral=True)),
        KIT: compact_json(kit_contract()),
    }


def kit_contract() -> dict:
    """Return what the agencies' kit checks events by: the limits of the envelope, and the schema of each event among the definitions."""
    rows = [*AGENCY_EVENTS.values(), *RECEIPTS.values(), *NOTICES.values()]
    definitions = schemas_of(rows, "#/definitions", neutral=True)
    return {
        "envelope": envelope.limits(),
        "events": {row.type: row.dataschema for row in rows},
        "definitions": {name: _without_prose(definition) for name, definition in definitions.items()},
    }


def _without_prose(node):
    """Validation needs no descriptions."""
    if isinstance(node, list):
        return [_without_prose(one) for one in node]
    if not isinstance(node, dict):
        return node
    prose = ("title", "description", "examples", "x-meanings")
    return {name: _without_prose(one) for name, one in node.items() if name not in prose or (not isinstance(one, (str, list)) and name != "x-meanings")}


def stale(root: Path = ROOT) -> list[Path]:
    """Return the documents that are missing or differ."""
    return [path for path, text in documents().items() if not (root / path).is_file() or (root / path).read_text("utf-8") != text]


def write(root: Path = ROOT) -> None:
    for path, text in documents().items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")


def main() -> int:
    if "--inside" in sys.argv[1:]:
        sys.stdout.write(compact_json(asyncapi.document(inside=True)))
        return 0
    if "--check" not in sys.argv[1:]:
        write()
        return 0
    old = stale()
    for path in old:
        print(f"过期，请运行 make contracts | stale, run make contracts: {path}", file=sys.stderr)
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main())
