"""Which clocks run for a dispute: what starts each of them, what it counts from, what meets it, and who owes it. How long they are counts clocks/.

A clock starts when one of its steps leads into a state in which it runs, not when a step is only noted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from services.mediation.clocks import Days, Length, WorkingDays, day_start, in_time
from services.mediation.questions import Question, decides_the_next_term, from_the_other_side, next_term, said_to_be_settled


@dataclass(frozen=True, slots=True)
class Clock:
    """A rule that sets a deadline. It starts when one of its steps leads into a state in which it runs, not when a step is only noted."""

    name: str
    started_by: tuple[str, ...]
    counted_from: Callable  # (dispute, happened) -> (instant, which one of several) or None when it does not run for this dispute
    length: Length
    runs_in: tuple[str, ...]
    met_by: dict[str, Question | None]  # the step, and what must be true of it
    owed_by: str
    kind: str  # only LAW may be called legally overdue
    article: str  # "after …": a rule for somebody else, borrowed; "none": the county's own
    ahead: timedelta  # how long before its end somebody is reminded
    extended_by: str | None = None


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
_ASKED, _MEDIATED = ("accepted", "consent_pending"), ("accepted", "consent_pending", "mediating")
_AGREED = ("agreed", "performing")

CLOCKS = (
    Clock("screening", ("dispute.registered",), when_it_happened, WorkingDays(1), ("registered",),
          {"dispute.screened": None},
          "centre", "POLICY", "none", ahead=timedelta(hours=12)),
    Clock("routing", ("dispute.screened", "referral.declined"), when_it_happened, WorkingDays(1), ("screened", "referral_declined"),
          {"dispute.routed": None, "dispute.archived": None},
          "centre", "POLICY", "none", ahead=timedelta(hours=12)),
    # LAW on the court's own platform; here it is borrowed. Silence is an answer too: the centre may send it to another.
    Clock("referral_answer", ("dispute.routed",), when_it_happened, WorkingDays(3), ("routed",),
          {"referral.accepted": None, "referral.declined": None},
          "body", "POLICY", "after 在线调解规则 12", ahead=timedelta(days=1)),
    Clock("online_ask_other_party", ("referral.accepted",), when_it_happened, WorkingDays(3), _ASKED,
          {"consent.given": from_the_other_side, "consent.refused": None, "mediation.started": None, "mediation.terminated": None},
          "body", "POLICY", "after 在线调解规则 15", ahead=timedelta(days=1)),
    # No statute limits mediation outside court. An extension lengthens the period itself: one count from its start, one move at its end.
    Clock("mediation_out_of_court_policy", ("referral.accepted",), when_it_happened, Days(30), _MEDIATED,
          {"agreement.reached": None, "mediation.terminated": None, "consent.refused": None, "mediation.suspended": None},
          "body", "POLICY", "after 特邀调解规定 27; after 在线调解规则 24", ahead=timedelta(days=5), extended_by="mediation.extended"),
    # One at a time: the term that is due first. The day is the parties' own; a rest day still moves it (民法典 203).
    Clock("performance", ("agreement.reached", "performance.recorded"), due_day_of_the_next_term, Days(0), _AGREED,
          {"performance.recorded": decides_the_next_term, "dispute.followed_up": said_to_be_settled, "dispute.archived": None},
          "body", "POLICY", "人民调解法 31", ahead=timedelta(days=3)),
    # An agreement that was performed on the spot has no terms: then the call-back is what is left.
    Clock("follow_up", ("performance.recorded", "agreement.reached"), when_nothing_more_is_owed, Days(30), ("agreed", "performing", "resolved"),
          {"dispute.followed_up": None, "dispute.archived": None},
          "body", "POLICY", "none", ahead=timedelta(days=3)),
)
# fmt: on

BY_NAME = {clock.name: clock for clock in CLOCKS}


def still_running_when_extended(dispute, step) -> bool:
    return all(in_time(step.happened, deadline.due_at) for deadline in what_it_extends(dispute, step.word))


def what_it_extends(dispute, word: str) -> list:
    """The unmet deadlines that a step of this name makes longer."""
    return [deadline for deadline in dispute.deadlines.values() if BY_NAME[deadline.clock].extended_by == word]
