"""Every event there is, for tests that go through all of them."""

import copy

from contracts import AGENCY_EVENTS, DOMAIN_EVENTS, NOTICES, RECEIPTS, SEALED_EVENTS

ROWS = [*AGENCY_EVENTS.values(), *DOMAIN_EVENTS.values(), *RECEIPTS.values(), *NOTICES.values(), *SEALED_EVENTS.values()]


def name_of(row):
    return f"{row.stream}-{row.type}"


def places_in(data, path=()):
    """The path of every value inside, the containers too."""
    if path:
        yield path
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inner:
        yield from places_in(value, (*path, key))


def changed(data, path, value):
    """A copy with one value replaced."""
    result = copy.deepcopy(data)
    *way, last = path
    node = result
    for key in way:
        node = node[key]
    node[last] = value
    return result
