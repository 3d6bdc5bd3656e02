"""The contract file of this package, generated from the hub's contract. It is the same for every county."""

import json
from functools import cache
from importlib import resources


@cache
def contract() -> dict:
    """Return the contract: `envelope` (limits), `events` (event type -> dataschema) and `definitions` (JSON Schemas, one of them for each event type)."""
    return json.loads(resources.files(__package__).joinpath("contract.json").read_text(encoding="utf-8"))
