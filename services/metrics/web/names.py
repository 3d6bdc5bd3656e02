"""Display names of tokens (states, kinds, places, agencies, clocks, reasons), taken from package contracts; formatting of times, periods and articles."""

import re
from datetime import datetime, timedelta

from contracts import kinds
from contracts.causes import CAUSES
from contracts.clocks import CLOCKS, LAWS
from contracts.county import AGENCIES, COUNTY, TOWNSHIPS
from contracts.dates import SHANGHAI
from contracts.events import DOMAIN_EVENTS, NOTICES
from contracts.states import STATES
from contracts.steps import ORDINARY_STEP_NAMES
from services.metrics.web.texts import LANGUAGES, text

# fmt: off
NAMES = {
    "state":         STATES,
    "kind":          kinds.KINDS,
    "township":      TOWNSHIPS,
    "agency":        kinds.OTHER_AUTHORITIES | {code: (agency.zh, agency.en) for code, agency in AGENCIES.items()},
    "clock":         CLOCKS,
    "clock_kind":    kinds.CLOCK_KINDS,
    "channel":       kinds.CHANNELS,
    "outcome":       kinds.OUTCOMES,
    "ground":        kinds.CONFIRMATION_REFUSALS | kinds.TERMINATION_GROUNDS,
    "result":        kinds.ENFORCEMENT_RESULTS | kinds.PETITION_RESULTS | kinds.PERFORMANCE_RESULTS,
    "mode":          kinds.CLOSING_MODES | kinds.SESSION_MODES,
    "way":           kinds.REDIRECT_WAYS,
    "form":          kinds.AGREEMENT_FORMS,
    "route_reason":  kinds.ROUTE_REASONS | kinds.DECLINE_REASONS | kinds.SUSPENSION_REASONS | kinds.CALL_REASONS | kinds.CALL_ANSWERS
                     | kinds.RECEIVED_PAPERS | kinds.ESCALATION_REASONS | kinds.SUPERVISION_REASONS | kinds.SUPERVISION_ANSWERS | kinds.PAUSE_REASONS
                     | kinds.FILING_REFUSALS | kinds.REOPEN_REASONS | kinds.MISREPORT_REASONS,
    "procedure":     kinds.PROCEDURES,
    "cause":         CAUSES,
    "village":       {code: (village.zh, village.en) for code, village in COUNTY.villages.items()},
    "term":          kinds.TERM_KINDS,
    "reopened_for":  kinds.REOPEN_REASONS,
    "recomputed_for": kinds.RECOMPUTED_DISPUTE_REASONS | kinds.RECOMPUTATION_REASONS,
    "level":         kinds.LEVELS,
    "proposal_reason": kinds.PROPOSAL_REASONS,
    "exclusion_reason": kinds.EXCLUSION_REASONS,
    "notice_by":     kinds.NOTICE_CHANNELS,
    "undeliverable": kinds.UNDELIVERABLE_REASONS,
    "sameness":      kinds.DUPLICATE_REASONS,
    "found_by":      kinds.FOUND_BY,
    "event":         {type: (event.zh, event.en) for type, event in DOMAIN_EVENTS.items()} | ORDINARY_STEP_NAMES
                     | {f"deadline.{change}": names for change, names in kinds.DEADLINE_CHANGES.items()},  # types of entries in the timeline
    "notice":        {type: (notice.zh, notice.en) for type, notice in NOTICES.items()},
}
# fmt: on
ARTICLE_PATTERN = re.compile(r"(after )?(\S+?)(?: (\d.*))?$")


def inline_name(language: str, table: str, token: str | None) -> str:
    """Return the display name of a token for use within a sentence.

    A token without a display name (sent by a newer version of a producer) is returned unchanged. For an empty token the name is 未知, "unknown".
    """
    if not token:
        return text(language, "unknown")
    names = NAMES[table].get(token)
    return names[LANGUAGES.index(language)] if names else token


def display_name(language: str, table: str, token: str | None) -> str:
    """Return the display name of a token for use outside a sentence: the inline name with an initial capital."""
    inline = inline_name(language, table, token)
    return inline[:1].upper() + inline[1:] if token in NAMES[table] else inline


def format_articles(language: str, cited: str) -> str:
    """Return cited articles as shown on pages: `民事诉讼法 205; 人民调解法 33` becomes 《民事诉讼法》第205条；《人民调解法》第33条."""
    return ("；" if language == "zh" else "; ").join(_format_article(language, part) for part in cited.split("; "))


def _format_article(language, cited):
    if cited in ("none", ""):
        return text(language, "no_article")
    is_by_analogy, law, number = ARTICLE_PATTERN.match(cited).groups()
    law = law if language == "zh" else LAWS.get(law, law)
    formatted = text(language, "article_of", law=law, number=number) if number else text(language, "law_of", law=law)
    return text(language, "by_analogy", article=formatted) if is_by_analogy else formatted


def format_time(instant: datetime | None) -> str:
    """Return the instant in Asia/Shanghai as YYYY-MM-DD hh:mm; for None, a dash."""
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if instant else "–"


def format_as_of(instant: datetime | None, now: datetime) -> str:
    """Return the instant in Asia/Shanghai as hh:mm:ss, preceded by its date unless that is today. For None, an empty string."""
    if instant is None:
        return ""
    local, today = instant.astimezone(SHANGHAI), now.astimezone(SHANGHAI).date()
    return local.strftime("%H:%M:%S" if local.date() == today else "%Y-%m-%d %H:%M:%S")


def format_remaining(language: str, due: datetime, now: datetime) -> str:
    """Return a text with the time left until `due`, or the time since `due` if it has passed, in days, hours or minutes."""
    return text(language, "remaining" if due >= now else "past", time=format_duration(language, abs(due - now)))


def format_duration(language: str, span: timedelta) -> str:
    """Return the length of a period in days, hours or minutes."""
    span = max(span, timedelta(0))
    if span >= timedelta(days=10):
        return text(language, "days", count=span.days)
    if span >= timedelta(days=1):
        return text(language, "days", count=span.days) + " " + text(language, "hours", count=span.seconds // 3600)
    if span >= timedelta(hours=1):
        return text(language, "hours", count=span.seconds // 3600)
    return text(language, "minutes", count=span.seconds // 60)
