"""All event types, and helpers to vary event data, for tests of every event type."""

import copy

from contracts import AGENCY_EVENTS, DOMAIN_EVENTS, NOTICES, RECEIPTS, SEALED_EVENTS

ROWS = [*AGENCY_EVENTS.values(), *DOMAIN_EVENTS.values(), *RECEIPTS.values(), *NOTICES.values(), *SEALED_EVENTS.values()]


def name_of(row):
    """Return the test id of an event type."""
    return f"{row.stream}-{row.type}"


def paths_in(data, path=()):
    """Yield the path of every value nested in the data, including dictionaries and lists."""
    if path:
        yield path
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inner:
        yield from paths_in(value, (*path, key))


def with_value_at(data, path, value):
    """Return a copy of the data with the value at `path` replaced."""
    result = copy.deepcopy(data)
    *parents, last = path
    node = result
    for key in parents:
        node = node[key]
    node[last] = value
    return result
