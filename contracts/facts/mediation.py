"""What mediation publishes beside the facts that steps happened (steps.py)."""

from functools import partial

from contracts import kinds, samples
from contracts.clocks import ARTICLE, CLOCKS
from contracts.facts.intake import DUPLICATE, ROSTER_CHANGE, DuplicateProposed, RosterReported
from contracts.fields import Boolean, Instant, ListOf, Nested, Schema, agency_code, event_ref, formed, mediator_id, one_of, organisation_code
from contracts.parts import Candidate, Excluded, ReasonGiven
from contracts.reasons import REASONS
from contracts.rows import EventType
from contracts.states import STATES
from contracts.steps import ORDINARY

MediationEvent = partial(EventType, stream="mediation")


class DuplicateNoted(DuplicateProposed):
    owed_by = ListOf(agency_code(), required=True)  # who decides it


class StepApplied(Schema):
    event = event_ref(required=True)
    step = one_of(ORDINARY, required=True)
    state = one_of(STATES, required=True)


class StepRefused(StepApplied):
    reason = Nested(ReasonGiven, required=True)


class Deadline(Schema):
    clock = one_of(CLOCKS, required=True)
    kind = one_of(kinds.CLOCK_KINDS, required=True)
    due_at = Instant(required=True)


class DeadlineSet(Deadline):
    article = formed(ARTICLE, required=True)
    started_at = Instant(required=True)
    owed_by = ListOf(agency_code(), required=True)
    provisional = Boolean()  # the day may still move: the arrangement of its year is not published, or an appraisal goes on


class DeadlineRecomputed(DeadlineSet):
    was_due_at = Instant(required=True)
    because = one_of(kinds.RECOMPUTED_BECAUSE, required=True)


class DeadlineOwed(Deadline):
    owed_by = ListOf(agency_code(), required=True)


class DeadlinePassed(DeadlineOwed):
    lapsed = Boolean()  # a right ended with it: nobody is overdue


class DeadlineMet(Deadline):
    met_at = Instant(required=True)
    late = Boolean(required=True)
    was_passed = Boolean(required=True)


class RoutingProposed(Schema):
    """Bodies to which the centre may refer the dispute, ranked by the county's rules; none if no rule fits. The centre decides; nothing is referred by itself."""

    candidates = ListOf(Nested(Candidate), high=10, required=True)
    excluded = ListOf(Nested(Excluded), high=50, required=True)
    rules = formed(r"^[0-9a-f]{12}$", required=True)  # the version of the rules: the beginning of their SHA-256
    clock = one_of(CLOCKS, required=True)
    kind = one_of(kinds.CLOCK_KINDS, required=True)
    article = formed(ARTICLE, required=True)
    started_at = Instant(required=True)
    due_at = Instant(required=True)
    owed_by = ListOf(agency_code(), required=True)


class MediatorsProposed(Schema):
    """Mediators of the body who take such a dispute, by roster number, for the parties to choose from or for whoever appoints.

    First those whom the parties asked for, then those with fewest disputes; nobody is graded. Who disclosed a conflict or was refused is left out.
    """

    mediators = ListOf(mediator_id(), low=1, high=10, required=True)
    owed_by = ListOf(agency_code(), required=True)


class RosterRefused(Schema):
    event = event_ref(required=True)
    organisation = organisation_code(required=True)
    change = one_of(kinds.ROSTER_CHANGES, required=True)
    reason = Nested(ReasonGiven, required=True)


class DisputeClosed(Schema):
    state = one_of(STATES, required=True)
    outcome = one_of(kinds.OUTCOMES, required=True)
    mode = one_of(kinds.CLOSING_MODES)  # how the court closed its case, where there was one
    ground = one_of(kinds.GROUNDS)  # why mediation ended, where it did


class ConfirmationLapsed(Schema):
    """Nobody's step: the period for an application ended. The agreement stands, as a contract."""

    before = one_of(STATES, required=True)
    state = one_of(STATES, required=True)
    next_actors = ListOf(agency_code(), required=True)
    happened_at = Instant(required=True)


_OWED = {"owed_by": [samples.BODY]}

EVENTS = (
    MediationEvent("roster.changed", RosterReported, zh="名册变更生效", en="a roster changed", example=ROSTER_CHANGE),
    MediationEvent(
        "roster.refused",
        RosterRefused,
        zh="名册变更未生效",
        en="a change of a roster was refused",
        example={
            "event": samples.ROSTER_CHANGE,
            "organisation": samples.ORGANISATION,
            "change": "added",
            "reason": REASONS["already_on_the_roster"].text(on="2026-03-01"),
        },
    ),
    MediationEvent(
        "routing.proposed",
        RoutingProposed,
        zh="分流建议",
        en="it was proposed whom to send the dispute to",
        example={
            "candidates": [samples.CANDIDATE],
            "excluded": [samples.EXCLUDED],
            "rules": "0a1b2c3d4e5f",
            **samples.ROUTING_CLOCK,
            "owed_by": [samples.CENTRE],
        },
    ),
    MediationEvent(
        "mediators.proposed",
        MediatorsProposed,
        zh="可选调解员",
        en="it was proposed who of the body may mediate",
        example={"mediators": [samples.MEDIATOR, samples.OTHER_MEDIATOR], **_OWED},
    ),
    MediationEvent(
        "step.applied",
        StepApplied,
        zh="步骤生效",
        en="a reported step took effect",
        example={"event": samples.ACCEPTANCE, "step": "referral.accepted", "state": "accepted"},
    ),
    MediationEvent(
        "step.refused",
        StepRefused,
        zh="步骤未生效",
        en="a reported step was refused as illegal here",
        example={
            "event": samples.ACCEPTANCE,
            "step": "referral.accepted",
            "state": "closed",
            "reason": REASONS["illegal_here"].text(state="closed", step="referral.accepted"),
        },
    ),
    MediationEvent("deadline.set", DeadlineSet, zh="期限起算", en="a clock began to run", example={**samples.CLOCK_SET, **_OWED, "provisional": False}),
    MediationEvent(
        "deadline.recomputed",
        DeadlineRecomputed,
        zh="期限重新计算",
        en="a deadline was reckoned again",
        example={**samples.CLOCK_SET, **_OWED, "provisional": False, "was_due_at": "2026-03-05T15:59:59+00:00", "because": "calendar"},
    ),
    MediationEvent("deadline.approached", DeadlineOwed, zh="期限将至", en="a deadline came near", example={**samples.CLOCK, **_OWED}),
    MediationEvent("deadline.passed", DeadlinePassed, zh="期限届满", en="a deadline passed unmet", example={**samples.CLOCK, **_OWED}),
    MediationEvent("deadline.stopped", Deadline, zh="期限停止计算", en="a clock stopped: what it asked for is no longer asked", example=samples.CLOCK),
    MediationEvent(
        "deadline.met",
        DeadlineMet,
        zh="期限内完成或逾期完成",
        en="what a deadline asked for was done, in time or late",
        example={**samples.CLOCK, "met_at": "2026-03-04T03:00:00+00:00", "late": False, "was_passed": False},
    ),
    MediationEvent(
        "confirmation.lapsed",
        ConfirmationLapsed,
        zh="逾期未申请司法确认",
        en="the period for judicial confirmation ended",
        example={"before": "agreed", "state": "performing", "next_actors": [samples.BODY], "happened_at": "2026-04-24T15:59:59+00:00"},
    ),
    MediationEvent(
        "duplicate.noted",
        DuplicateNoted,
        zh="疑似重复待核",
        en="a possible duplicate was put before the centre",
        example={**DUPLICATE, "owed_by": [samples.CENTRE]},
    ),
    MediationEvent("dispute.closed", DisputeClosed, zh="纠纷办结", en="the life of a dispute ended", example={"state": "closed", "outcome": "performed"}),
)
