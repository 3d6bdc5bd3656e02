"""Texts about the end of a deadline: the time left, that it is paused, or that it is due although nobody has announced yet that it passed."""

from datetime import datetime, timedelta

from services.metrics.model import Watermark
from services.metrics.web.names import display_name, format_remaining, format_time
from services.metrics.web.texts import text

MAX_NAMED_AGENCIES = 2
MARGIN = timedelta(minutes=5)  # as in mediation: two clerks of one agency may report in another order than things happened


def describe_end(language: str, state: str, due_at: datetime, owed_by: list[str], watermarks: dict[str, Watermark], now: datetime) -> str:
    """Return what a page says about the end of a deadline in this state.

    Only the mediation service decides that a deadline passed. Until it has published that, a deadline that is due is not called overdue: the text says which of
    the responsible agencies (`owed_by`) has not been heard since, because what it did in time may still be on its way.
    """
    if state == "paused":
        return text(language, "paused_would_end", time=format_time(due_at))
    if not is_awaited(state, due_at, now):
        return format_remaining(language, due_at, now)
    unheard = [agency for agency in owed_by if not _is_heard_beyond(watermarks.get(agency), due_at)]
    parts = [_describe_silence(language, agency, watermarks.get(agency)) for agency in unheard[:MAX_NAMED_AGENCIES]]
    return ("，" if language == "zh" else "; ").join(parts) or text(language, "due_being_checked")


def is_awaited(state: str, due_at: datetime, now: datetime) -> bool:
    """Return whether the deadline is due, but mediation has not announced that it passed."""
    return state in ("running", "approached") and due_at <= now


def _is_heard_beyond(watermark, due_at):
    """Return whether the agency has stated that it reported everything up to this time, or has reported something clearly later."""
    if watermark is None:
        return False
    is_stated = watermark.stated_up_to_at is not None and watermark.stated_up_to_at >= due_at
    return is_stated or watermark.up_to_at > due_at + MARGIN


def _describe_silence(language, agency, watermark):
    name = display_name(language, "agency", agency)
    if watermark is None:
        return text(language, "never_heard_from", agency=name)
    return text(language, "not_heard_since", agency=name, time=format_time(watermark.up_to_at))
