"""Why an event is refused, as a receipt carries it. Pure."""

from contracts import REASONS


def reason(code: str, **facts) -> dict:
    """The sentence in both languages; with the field, where one is to blame."""
    return REASONS[code].text(**facts) | ({"field": facts["field"]} if "field" in facts else {})
