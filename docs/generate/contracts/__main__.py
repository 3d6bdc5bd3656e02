"""Command that writes the documents of the package contracts: `python -m docs.generate.contracts`.

With `--check` it only reports documents that are missing or outdated. With `--inside` it prints the AsyncAPI document that also describes the events between
services; that document is not committed.
"""

import sys
from functools import cache
from pathlib import Path

from contracts import AGENCY_EVENTS, NOTICES, RECEIPTS, asyncapi, envelope
from contracts.json_schema import event_definitions
from docs.generate.compact_json import compact_json
from docs.generate.contracts import catalogue

ROOT = Path(__file__).resolve().parents[3]
DOCS_FOLDER = Path("docs/contracts")
KIT_FILE = Path("fengqiao_agency/contract.json")  # the kit (agency client library) contains a copy, because it is installed without the package contracts


@cache
def documents() -> dict[Path, str]:
    """Return the text of every document by path. The texts are valid in every county; intake's HTTP API serves the AsyncAPI document of its county."""
    return {
        DOCS_FOLDER / "README.md": catalogue.render(),
        DOCS_FOLDER / "asyncapi.json": compact_json(asyncapi.document(neutral=True)),
        KIT_FILE: compact_json(kit_contract()),
    }


def kit_contract() -> dict:
    """Return the rules by which the agency client library (kit) checks events: limits of the envelope, and JSON Schemas of all events."""
    event_types = [*AGENCY_EVENTS.values(), *RECEIPTS.values(), *NOTICES.values()]
    definitions = event_definitions(event_types, "#/definitions", neutral=True)
    return {
        "envelope": envelope.envelope_limits(),
        "events": {event_type.type: event_type.dataschema for event_type in event_types},
        "definitions": {name: _without_descriptions(definition) for name, definition in definitions.items()},
    }


def _without_descriptions(node):
    """Return the JSON Schema without titles, descriptions and examples, because validation does not need them."""
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


def outdated_documents(root: Path = ROOT) -> list[Path]:
    """Return the paths of documents that are missing under `root` or whose text differs."""
    return [path for path, text in documents().items() if not (root / path).is_file() or (root / path).read_text("utf-8") != text]


def write_documents(root: Path = ROOT) -> None:
    for path, text in documents().items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")


def main() -> int:
    if "--inside" in sys.argv[1:]:
        sys.stdout.write(compact_json(asyncapi.document(with_internal_events=True)))
        return 0
    if "--check" not in sys.argv[1:]:
        write_documents()
        return 0
    outdated = outdated_documents()
    for path in outdated:
        print(f"已过期，请运行 make contracts | stale, run make contracts: {path}", file=sys.stderr)
    return 1 if outdated else 0


if __name__ == "__main__":
    sys.exit(main())
