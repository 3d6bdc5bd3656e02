"""Events that mediation publishes, except the facts that confirm steps (steps.py)."""

from functools import partial

from contracts import kinds, samples
from contracts.clocks import ARTICLE, CLOCKS
from contracts.facts.intake import DUPLICATE_EXAMPLE, ROSTER_CHANGE_EXAMPLE, DuplicateProposed, RosterReported
from contracts.fields import Boolean, Instant, ListOf, Nested, Schema, agency_code, event_ref, mediator_id, one_of, organisation_code, text_matching
from contracts.nested_schemas import Candidate, Excluded, ReasonGiven
from contracts.reasons import REASONS
from contracts.rows import EventType
from contracts.states import STATES
from contracts.steps import ORDINARY

MediationEvent = partial(EventType, stream="mediation")


class DuplicateNoted(DuplicateProposed):
    owed_by = ListOf(agency_code(), required=True)  # agencies that have to decide


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
    article = text_matching(ARTICLE, required=True)
    started_at = Instant(required=True)
    owed_by = ListOf(agency_code(), required=True)
    provisional = Boolean()  # the day may still change: the holiday arrangement of its year is not published, or an appraisal is pending


class DeadlineRecomputed(DeadlineSet):
    was_due_at = Instant(required=True)
    because = one_of(kinds.RECOMPUTATION_REASONS, required=True)


class DeadlineOwed(Deadline):
    owed_by = ListOf(agency_code(), required=True)


class DeadlinePassed(DeadlineOwed):
    lapsed = Boolean()  # the deadline ends a right of the parties, so that no agency is overdue


class DeadlineMet(Deadline):
    met_at = Instant(required=True)
    late = Boolean(required=True)
    was_passed = Boolean(required=True)


class RoutingProposed(Schema):
    """Bodies to which the mediation centre may refer the dispute, ranked by the county's rules. Empty if no rule applies. The centre decides on the referral."""

    candidates = ListOf(Nested(Candidate), high=10, required=True)
    excluded = ListOf(Nested(Excluded), high=50, required=True)
    rules = text_matching(r"^[0-9a-f]{12}$", required=True)  # version of the routing rules: the first 12 digits of their SHA-256
    clock = one_of(CLOCKS, required=True)
    kind = one_of(kinds.CLOCK_KINDS, required=True)
    article = text_matching(ARTICLE, required=True)
    started_at = Instant(required=True)
    due_at = Instant(required=True)
    owed_by = ListOf(agency_code(), required=True)


class MediatorsProposed(Schema):
    """Roster numbers of the body's mediators for this kind of dispute, to be chosen by the parties or appointed.

    Those requested by the parties come first, then those with the fewest open disputes; mediators are not graded. Mediators who disclosed a conflict of
    interest or were refused by a party are left out.
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
    mode = one_of(kinds.CLOSING_MODES)  # how the court closed its case, if there was a case
    ground = one_of(kinds.TERMINATION_GROUNDS)  # why mediation ended, if there was mediation


class ConfirmationLapsed(Schema):
    """The period for applying for judicial confirmation ended. No agency reports this. The agreement remains valid as a contract."""

    before = one_of(STATES, required=True)
    state = one_of(STATES, required=True)
    next_actors = ListOf(agency_code(), required=True)
    happened_at = Instant(required=True)


_OWED_BY = {"owed_by": [samples.MEDIATION_BODY]}

EVENTS = (
    MediationEvent("roster.changed", RosterReported, zh="名册变更生效", en="a change of a roster took effect", example=ROSTER_CHANGE_EXAMPLE),
    MediationEvent(
        "roster.refused",
        RosterRefused,
        zh="名册变更未生效",
        en="a change of a roster was refused",
        example={
            "event": samples.ROSTER_CHANGE_REF,
            "organisation": samples.ORGANISATION,
            "change": "added",
            "reason": REASONS["already_on_the_roster"].text(on="2026-03-01"),
        },
    ),
    MediationEvent(
        "routing.proposed",
        RoutingProposed,
        zh="分流建议",
        en="bodies for the referral were proposed",
        example={
            "candidates": [samples.CANDIDATE],
            "excluded": [samples.EXCLUDED],
            "rules": "0a1b2c3d4e5f",
            **samples.ROUTING_DEADLINE,
            "owed_by": [samples.MEDIATION_CENTRE],
        },
    ),
    MediationEvent(
        "mediators.proposed",
        MediatorsProposed,
        zh="可选调解员",
        en="mediators of the body were proposed",
        example={"mediators": [samples.MEDIATOR, samples.OTHER_MEDIATOR], **_OWED_BY},
    ),
    MediationEvent(
        "step.applied",
        StepApplied,
        zh="步骤生效",
        en="a reported step took effect",
        example={"event": samples.ACCEPTANCE_REF, "step": "referral.accepted", "state": "accepted"},
    ),
    MediationEvent(
        "step.refused",
        StepRefused,
        zh="步骤未生效",
        en="a reported step was refused",
        example={
            "event": samples.ACCEPTANCE_REF,
            "step": "referral.accepted",
            "state": "closed",
            "reason": REASONS["illegal_here"].text(state="closed", step="referral.accepted"),
        },
    ),
    MediationEvent(
        "deadline.set", DeadlineSet, zh="期限起算", en="a deadline began to run", example={**samples.DEADLINE_SET, **_OWED_BY, "provisional": False}
    ),
    MediationEvent(
        "deadline.recomputed",
        DeadlineRecomputed,
        zh="期限重新计算",
        en="a deadline was computed again",
        example={**samples.DEADLINE_SET, **_OWED_BY, "provisional": False, "was_due_at": "2026-03-05T15:59:59+00:00", "because": "calendar"},
    ),
    MediationEvent("deadline.approached", DeadlineOwed, zh="期限将至", en="a deadline is approaching", example={**samples.DEADLINE, **_OWED_BY}),
    MediationEvent("deadline.passed", DeadlinePassed, zh="期限届满", en="a deadline passed without being met", example={**samples.DEADLINE, **_OWED_BY}),
    MediationEvent("deadline.stopped", Deadline, zh="期限停止计算", en="a deadline no longer applies", example=samples.DEADLINE),
    MediationEvent(
        "deadline.met",
        DeadlineMet,
        zh="期限内完成或逾期完成",
        en="a deadline was met, in time or late",
        example={**samples.DEADLINE, "met_at": "2026-03-04T03:00:00+00:00", "late": False, "was_passed": False},
    ),
    MediationEvent(
        "confirmation.lapsed",
        ConfirmationLapsed,
        zh="逾期未申请司法确认",
        en="the period for judicial confirmation ended",
        example={"before": "agreed", "state": "performing", "next_actors": [samples.MEDIATION_BODY], "happened_at": "2026-04-24T15:59:59+00:00"},
    ),
    MediationEvent(
        "duplicate.noted",
        DuplicateNoted,
        zh="疑似重复待核",
        en="a possible duplicate awaits the centre's decision",
        example={**DUPLICATE_EXAMPLE, "owed_by": [samples.MEDIATION_CENTRE]},
    ),
    MediationEvent("dispute.closed", DisputeClosed, zh="纠纷办结", en="a dispute was closed", example={"state": "closed", "outcome": "performed"}),
)
