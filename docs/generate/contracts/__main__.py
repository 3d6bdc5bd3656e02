"""Writes the contract's documents, or with --check reports those that are stale: `python -m docs.generate.contracts [--check]`.

With --inside it prints the AsyncAPI document of the events between services, which is not committed.
"""

import sys
from functools import cache
from pathlib import Path

from contracts import AGENCY_EVENTS, NOTICES, RECEIPTS, asyncapi, envelope
from contracts.json_schema import event_definitions
from docs.generate.compact_json import compact_json
from docs.generate.contracts import catalogue

ROOT = Path(__file__).resolve().parents[3]
DOCS = Path("docs/contracts")
KIT = Path("fengqiao_agency/contract.json")  # the kit is installed without the rest, so it contains its own copy


@cache
def documents() -> dict[Path, str]:
    """Return the text of every document by its path. These fit every county; intake's HTTP API serves the AsyncAPI document of its own county."""
    return {
        DOCS / "README.md": catalogue.text(),
        DOCS / "asyncapi.json": compact_json(asyncapi.document(neutral=True)),
        KIT: compact_json(kit_contract()),
    }


def kit_contract() -> dict:
    """Return the contract by which the agencies' kit checks events: limits of the envelope, and JSON Schemas of all events as definitions."""
    rows = [*AGENCY_EVENTS.values(), *RECEIPTS.values(), *NOTICES.values()]
    definitions = event_definitions(rows, "#/definitions", neutral=True)
    return {
        "envelope": envelope.limits(),
        "events": {row.type: row.dataschema for row in rows},
        "definitions": {name: _without_descriptions(definition) for name, definition in definitions.items()},
    }


def _without_descriptions(node):
    """Return a JSON Schema without titles, descriptions and examples, which validation does not need."""
    if isinstance(node, list):
        return [_without_descriptions(item) for item in node]
    if not isinstance(node, dict):
        return node
    removed = ("title", "description", "examples", "x-meanings")
    return {
        name: _without_descriptions(value)
        for name, value in node.items()
        if name not in removed or (not isinstance(value, (str, list)) and name != "x-meanings")
    }


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
    outdated = stale()
    for path in outdated:
        print(f"已过期，请运行 make contracts | stale, run make contracts: {path}", file=sys.stderr)
    return 1 if outdated else 0


if __name__ == "__main__":
    sys.exit(main())
