"""Reader of contract.json: the part of the event contract that the client library needs. The file is generated from package `contracts`."""

import json
from functools import cache
from importlib import resources


@cache
def load_contract() -> dict:
    """Return the contract: `envelope` (limits), `events` (event type → CloudEvents attribute `dataschema`), `definitions` (JSON Schemas by name)."""
    return json.loads(resources.files(__package__).joinpath("contract.json").read_text(encoding="utf-8"))
