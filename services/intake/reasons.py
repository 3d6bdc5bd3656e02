"""Builds the reason of a refusal for a receipt. Pure."""

from contracts import REASONS


def reason(code: str, **facts) -> dict:
    """Return the reason `code` with its sentences in Chinese and English, and with the invalid field if `facts` names one."""
    return REASONS[code].text(**facts) | ({"field": facts["field"]} if "field" in facts else {})
