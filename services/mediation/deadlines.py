"""Which clocks run for a dispute: what starts each of them, what it counts from, what meets it, and who owes it. How long they are counts clocks/.

A clock starts when one of its steps leads into a state in which it runs, not when a step is only noted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from services.mediation.clocks import day_start, in_time
from services.mediation.questions import Question, decides_the_next_term, from_the_other_side, next_term, said_to_be_settled


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock of a dispute, by the name under which clocks/law.py has its length, kind and article."""

    name: str
    started_by: tuple[str, ...]
    counted_from: Callable  # (dispute, happened) -> (instant, which one of several) or None when it does not run for this dispute
    runs_in: tuple[str, ...]
    met_by: dict[str, Question | None]  # the step, and what must be true of it
    owed_by: str
    remind: tuple[timedelta, ...]  # how long before its end somebody is reminded, once for each
    extended_by: str | None = None
    restarted_by: tuple[str, ...] = ()
    on_platform: bool | None = None  # ours is not the court's own platform: what is law there is borrowed here


# ── What a clock counts from ──────────────────────────────────────────────────────────────────────────────────────────────────────


def when_it_happened(dispute, happened):
    return happened, ""


def due_day_of_the_next_term(dispute, happened):
    number = next_term(dispute)
    return None if number is None else (day_start(date.fromisoformat(dispute.terms[number - 1]["due_on"])), f"/{number}")


def when_nothing_more_is_owed(dispute, happened):
    return (happened, "") if next_term(dispute) is None else None


# ── The table ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

# fmt: off
_HALF_A_DAY, _A_DAY, _THREE_DAYS, _FIVE_DAYS = ((timedelta(hours=hours),) for hours in (12, 24, 72, 120))
_ASKED, _MEDIATED = ("accepted", "consent_pending"), ("accepted", "consent_pending", "mediating", "clock_paused")
_AGREED = ("agreed", "confirm_applied", "confirm_decided", "performing", "defaulted")

CLOCKS = (
    Clock("screening", ("dispute.registered",), when_it_happened, ("registered",),
          {"dispute.screened": None},
          "centre", remind=_HALF_A_DAY),
    Clock("routing", ("dispute.screened", "referral.declined"), when_it_happened, ("screened", "referral_declined"),
          {"dispute.routed": None, "dispute.archived": None},
          "centre", remind=_HALF_A_DAY),
    # Silence is an answer too: the centre may send it to another.
    Clock("referral_answer", ("dispute.routed",), when_it_happened, ("routed",),
          {"referral.accepted": None, "referral.declined": None},
          "body", remind=_A_DAY, on_platform=False),
    Clock("online_ask_other_party", ("referral.accepted",), when_it_happened, _ASKED,
          {"consent.given": from_the_other_side, "consent.refused": None, "mediation.started": None, "mediation.terminated": None},
          "body", remind=_A_DAY, on_platform=False),
    # No statute limits mediation outside court.
    Clock("mediation_out_of_court_policy", ("referral.accepted",), when_it_happened, _MEDIATED,
          {"agreement.reached": None, "mediation.terminated": None, "consent.refused": None, "mediation.suspended": None},
          "body", remind=_FIVE_DAYS, extended_by="mediation.extended"),
    # One at a time: the term that is due first. The day is the parties' own; a rest day still moves it (民法典 203).
    Clock("performance", ("agreement.reached", "performance.recorded"), due_day_of_the_next_term, _AGREED,
          {"performance.recorded": decides_the_next_term, "dispute.followed_up": said_to_be_settled, "dispute.archived": None},
          "body", remind=_THREE_DAYS),
    # An agreement that was performed on the spot has no terms: then the call-back is what is left.
    Clock("follow_up", ("performance.recorded", "agreement.reached"), when_nothing_more_is_owed, (*_AGREED, "resolved"),
          {"dispute.followed_up": None, "dispute.archived": None},
          "body", remind=_THREE_DAYS),
)
PAUSED_BY, RESUMED_BY = "clock.paused", "clock.resumed"     # every clock of which the law leaves an appraisal out
# fmt: on

BY_NAME = {clock.name: clock for clock in CLOCKS}


def still_running_when_extended(dispute, step) -> bool:
    return all(in_time(step.happened, deadline.due_at) for deadline in what_it_extends(dispute, step.word))


def what_it_extends(dispute, word: str) -> list:
    """The unmet deadlines that a step of this name makes longer."""
    return [deadline for deadline in dispute.deadlines.values() if BY_NAME[deadline.clock].extended_by == word]
