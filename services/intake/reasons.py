"""Builds the reason of a refusal, as it appears in a receipt. Pure."""

from contracts import REASONS


def reason(code: str, **facts) -> dict:
    """Return the reason code with its texts in Chinese and English, and with the name of the invalid field if `facts` contains `field`."""
    return REASONS[code].text(**facts) | ({"field": facts["field"]} if "field" in facts else {})
