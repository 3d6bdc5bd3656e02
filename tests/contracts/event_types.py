"""All event types, and functions that vary event data, for tests that run with every event type."""

import copy

from contracts import AGENCY_EVENTS, DOMAIN_EVENTS, NOTICES, RECEIPTS, SEALED_EVENTS

EVENT_TYPES = [*AGENCY_EVENTS.values(), *DOMAIN_EVENTS.values(), *RECEIPTS.values(), *NOTICES.values(), *SEALED_EVENTS.values()]


def event_type_id(event_type):
    """Return the id under which pytest shows an event type."""
    return f"{event_type.stream}-{event_type.type}"


def paths_in(data, path=()):
    """Yield the path (tuple of keys and positions) of every value nested in the data, including dictionaries and lists."""
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
