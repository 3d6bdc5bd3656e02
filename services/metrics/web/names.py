"""Tokens in words: what contracts calls each state, kind, place, agency, clock and reason; times and articles as people write them."""

import re
from datetime import datetime, timedelta

from contracts import kinds
from contracts.clocks import CLOCKS, LAWS
from contracts.county import AGENCIES, TOWNSHIPS
from contracts.dates import SHANGHAI
from contracts.events import DOMAIN_EVENTS, NOTICES
from contracts.states import STATES
from contracts.steps import STEPS
from services.metrics.web.texts import LANGUAGES, text

# fmt: off
NAMES = {
    "state":         STATES,
    "kind":          kinds.KINDS,
    "township":      TOWNSHIPS,
    "agency":        kinds.ELSEWHERE | {code: (agency.zh, agency.en) for code, agency in AGENCIES.items()},
    "clock":         CLOCKS,
    "clock_kind":    kinds.CLOCK_KINDS,
    "channel":       kinds.CHANNELS,
    "outcome":       kinds.OUTCOMES,
    "ground":        kinds.CONFIRMATION_REFUSALS | kinds.GROUNDS,
    "result":        kinds.ENFORCEMENT_RESULTS | kinds.PETITION_RESULTS | kinds.RESULTS,
    "mode":          kinds.CLOSING_MODES | kinds.MODES,
    "way":           kinds.REDIRECT_WAYS,
    "form":          kinds.FORMS,
    "route_reason":  kinds.ROUTE_REASONS | kinds.DECLINE_REASONS | kinds.SUSPENSION_REASONS | kinds.CALL_REASONS | kinds.CALL_ANSWERS
                     | kinds.PAPERS | kinds.ESCALATION_REASONS | kinds.SUPERVISION_REASONS | kinds.SUPERVISION_ANSWERS | kinds.PAUSE_REASONS
                     | kinds.FILING_REFUSALS | kinds.REOPEN_REASONS | kinds.MISREPORTS,
    "procedure":     kinds.PROCEDURES,
    "level":         kinds.LEVELS,
    "proposal_reason": kinds.PROPOSAL_REASONS,
    "exclusion_reason": kinds.EXCLUSION_REASONS,
    "notice_by":     kinds.NOTICE_CHANNELS,
    "undeliverable": kinds.UNDELIVERABLE_REASONS,
    "sameness":      kinds.SAMENESS,
    "found_by":      kinds.FOUND_BY,
    "event":         {type: (event.zh, event.en) for type, event in DOMAIN_EVENTS.items()} | STEPS,
    "notice":        {type: (notice.zh, notice.en) for type, notice in NOTICES.items()},
}
# fmt: on
ARTICLE = re.compile(r"(after )?(\S+?)(?: (\d.*))?$")


def word(language: str, table: str, token: str | None) -> str:
    """What this token is called within a sentence; the token itself if contracts has no such name (a newer speaker), 未知 if there is none."""
    if not token:
        return text(language, "unknown")
    names = NAMES[table].get(token)
    return names[LANGUAGES.index(language)] if names else token


def name(language: str, table: str, token: str | None) -> str:
    """The same where it stands alone."""
    said = word(language, table, token)
    return said[:1].upper() + said[1:] if token in NAMES[table] else said


def article(language: str, cited: str) -> str:
    """`民事诉讼法 205; 人民调解法 33` as a person writes it."""
    return ("；" if language == "zh" else "; ").join(_one_article(language, part) for part in cited.split("; "))


def _one_article(language, cited):
    if cited in ("none", ""):
        return text(language, "no_article")
    borrowed, law, number = ARTICLE.match(cited).groups()
    law = law if language == "zh" else LAWS.get(law, law)
    said = text(language, "article_of", law=law, number=number) if number else text(language, "law_of", law=law)
    return text(language, "borrowed", article=said) if borrowed else said


def clock_time(instant: datetime | None) -> str:
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if instant else "–"


def as_of(instant: datetime | None, now: datetime) -> str:
    """hh:mm:ss, with the day if it was not today."""
    if instant is None:
        return ""
    here, today = instant.astimezone(SHANGHAI), now.astimezone(SHANGHAI).date()
    return here.strftime("%H:%M:%S" if here.date() == today else "%Y-%m-%d %H:%M:%S")


def remaining(language: str, due: datetime, now: datetime) -> str:
    """How long until then, or since then: the two largest units."""
    span = abs(due - now)
    if span >= timedelta(days=10):
        said = text(language, "days", count=span.days)
    elif span >= timedelta(days=1):
        said = text(language, "days", count=span.days) + " " + text(language, "hours", count=span.seconds // 3600)
    elif span >= timedelta(hours=1):
        said = text(language, "hours", count=span.seconds // 3600)
    else:
        said = text(language, "minutes", count=span.seconds // 60)
    return text(language, "remaining" if due >= now else "past", time=said)
