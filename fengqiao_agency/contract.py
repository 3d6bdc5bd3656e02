"""The contract that this package carries: one file, made from the hub's own, which fits every county."""

import json
from functools import cache
from importlib import resources


@cache
def contract() -> dict:
    """Return `envelope` (its limits), `events` (type -> dataschema) and `definitions` (JSON Schemas, among them one for each event type)."""
    return json.loads(resources.files(__package__).joinpath("contract.json").read_text(encoding="utf-8"))
