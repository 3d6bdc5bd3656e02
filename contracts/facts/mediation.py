"""Events that the mediation service publishes, except events that confirm steps (steps.py) and events of the safeguard lane (sealed.py).

A separate event about a deadline exists only for what happens without a step: it approaches, it passes, or it is computed again.
"""

from functools import partial

from contracts import kinds, samples
from contracts.clocks import ARTICLE_PATTERN, CLOCKS
from contracts.definitions import EventType
from contracts.facts.deadlines import DeadlinePassed, DeadlineRecomputed, DeadlineWithOwner
from contracts.facts.intake import DUPLICATE_EXAMPLE, ROSTER_CHANGE_EXAMPLE, DisputeMerged, DisputeUnmerged, DuplicateProposed, RosterReported
from contracts.facts.steps import DecidedStep
from contracts.fields import (
    Boolean,
    Instant,
    ListOf,
    Nested,
    Schema,
    agency_code_field,
    choice_field,
    event_ref_field,
    grid_code_field,
    mediator_id_field,
    organisation_code_field,
    pattern_field,
    township_code_field,
    village_code_field,
)
from contracts.nested_schemas import Candidate, Excluded, ReasonGiven
from contracts.reasons import REASONS
from contracts.states import STATES
from contracts.steps import ORDINARY_STEPS
from contracts.steps.reporting import amount_cny_field, cause_field, kind_field

AUTOMATIC_STEPS = ("confirmation.lapsed", *(type for type, step in ORDINARY_STEPS.items() if step.is_also_automatic))
MediationEvent = partial(EventType, stream="mediation")


class DuplicateNoted(DuplicateProposed):
    owed_by = ListOf(agency_code_field(), required=True)  # agencies that have to decide whether the disputes are identical


class MergeNoted(DisputeMerged):
    """Data of merge.noted, an event about the dispute that continues: a report, or the reports of another dispute, were joined to it."""

    handled_by = ListOf(agency_code_field(), required=True)  # the mediation body of the dispute, if it has one, and the agencies that have to act next


class UnmergeNoted(DisputeUnmerged):
    """Data of unmerge.noted, an event about the dispute to which the reports had been joined: a join was undone."""

    handled_by = ListOf(agency_code_field(), required=True)


class StepRefused(Schema):
    event = event_ref_field(required=True)
    step = choice_field(ORDINARY_STEPS, required=True)
    state = choice_field(STATES, required=True)
    reason = Nested(ReasonGiven, required=True)


class RoutingProposed(Schema):
    """Mediation bodies to which the mediation centre may refer the dispute, ranked by the county's rules; none if no rule applies. The centre decides."""

    candidates = ListOf(Nested(Candidate), high=10, required=True)
    excluded = ListOf(Nested(Excluded), high=50, required=True)
    rules = pattern_field(r"^[0-9a-f]{12}$", required=True)  # version of the routing rules: the first 12 digits of their SHA-256
    clock = choice_field(CLOCKS, required=True)
    kind = choice_field(kinds.CLOCK_KINDS, required=True)
    article = pattern_field(ARTICLE_PATTERN, required=True)
    started_at = Instant(required=True)
    due_at = Instant(required=True)
    provisional = Boolean()  # True: `due_at` may still change
    owed_by = ListOf(agency_code_field(), required=True)


class MediatorsProposed(Schema):
    """Roster numbers of the mediation body's mediators for this kind of dispute, from whom the parties choose or the body appoints one.

    The mediators whom the parties requested come first, then those with the fewest open disputes. Mediators are not rated. Mediators who disclosed a conflict
    of interest or were refused by a party are left out.
    """

    mediators = ListOf(mediator_id_field(), low=1, high=10, required=True)
    owed_by = ListOf(agency_code_field(), required=True)


class RosterRefused(Schema):
    event = event_ref_field(required=True)
    organisation = organisation_code_field(required=True)
    change = choice_field(kinds.ROSTER_CHANGES, required=True)
    reason = Nested(ReasonGiven, required=True)


class DisputeClosed(Schema):
    state = choice_field(STATES, required=True)
    outcome = choice_field(kinds.OUTCOMES, required=True)
    mode = choice_field(kinds.CLOSING_MODES)  # how the court closed its case, if there was a case
    ground = choice_field(kinds.TERMINATION_GROUNDS)  # why mediation ended, if there was mediation


class EntryIntoState(Schema):
    state = choice_field(STATES, required=True)
    at = Instant(required=True)


class RetractedStep(Schema):
    step = choice_field(AUTOMATIC_STEPS, required=True)
    happened_at = Instant(required=True)


class DisputeRecomputed(DecidedStep):
    """Data of dispute.recomputed: the whole history of the dispute was applied again, because an earlier fact changed. The event states the result.

    It follows the event of the step that caused it, and replaces everything that listeners have derived from earlier events about states and facts.
    """

    event = event_ref_field()  # the agency's event that caused it; absent if the passing of a deadline did
    agency = agency_code_field()
    because = choice_field(kinds.RECOMPUTED_DISPUTE_REASONS, required=True)
    entered_at = Instant(required=True)  # when the dispute entered its present state
    entries = ListOf(Nested(EntryIntoState), required=True)  # every entry of the dispute into a state, in order; daily figures are counted from it
    retracted = ListOf(Nested(RetractedStep))  # automatic steps that no longer hold
    changed = ListOf(choice_field(kinds.CORRECTABLE_FIELDS), low=1)  # facts of the dispute that have another value than before; left out if there are none
    township = township_code_field(required=True)
    village = village_code_field()
    grid = grid_code_field()
    kind = kind_field()
    cause = cause_field()
    amount_cny = amount_cny_field()
    channel = choice_field(kinds.CHANNELS)
    body = agency_code_field()  # the mediation body; absent if there is none
    outcome = choice_field(kinds.OUTCOMES)  # absent while the dispute is open


class ConfirmationLapsed(DecidedStep):
    """Data of confirmation.lapsed: the period for applying for judicial confirmation ended. The agreement remains valid as a contract."""


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
        en="mediation bodies for the referral were proposed",
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
        en="mediators of the mediation body were proposed",
        example={"mediators": [samples.MEDIATOR, samples.OTHER_MEDIATOR], **_OWED_BY},
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
        "deadline.recomputed",
        DeadlineRecomputed,
        zh="期限重新计算",
        en="a deadline was computed again",
        example={**samples.DEADLINE_SET, **_OWED_BY, "was_due_at": "2026-03-05T15:59:59+00:00", "because": "calendar"},
    ),
    MediationEvent("deadline.approached", DeadlineWithOwner, zh="期限将至", en="a deadline is approaching", example={**samples.DEADLINE, **_OWED_BY}),
    MediationEvent("deadline.passed", DeadlinePassed, zh="期限届满", en="a deadline passed without being met", example={**samples.DEADLINE, **_OWED_BY}),
    MediationEvent(
        "confirmation.lapsed",
        ConfirmationLapsed,
        zh="逾期未申请司法确认",
        en="the period for judicial confirmation ended",
        example={
            "before": "agreed",
            "state": "performing",
            "next_actors": [samples.MEDIATION_BODY],
            "happened_at": "2026-04-24T15:59:59+00:00",
            "decided_at": "2026-04-24T16:00:01+00:00",
        },
    ),
    MediationEvent(
        "dispute.recomputed",
        DisputeRecomputed,
        zh="纠纷历史重新计算",
        en="the history of a dispute was applied again",
        example={
            "event": samples.ACCEPTANCE_REF,
            "agency": samples.MEDIATION_BODY,
            "because": "correction",
            "before": "accepted",
            "state": "accepted",
            "next_actors": [samples.MEDIATION_BODY],
            "happened_at": "2026-03-04T03:00:00+00:00",
            "decided_at": "2026-03-04T03:00:02+00:00",
            "entered_at": "2026-03-04T03:00:00+00:00",
            "entries": [{"state": "registered", "at": "2026-03-02T02:30:00+00:00"}, {"state": "accepted", "at": "2026-03-04T03:00:00+00:00"}],
            "retracted": [{"step": "supervision.issued", "happened_at": "2026-04-03T15:59:59+00:00"}],
            "township": samples.TOWNSHIP,
            "kind": "family",
            "channel": "walk_in",
            "body": samples.MEDIATION_BODY,
            "deadlines": [{"change": "stopped", **samples.DEADLINE}],
        },
    ),
    MediationEvent(
        "duplicate.noted",
        DuplicateNoted,
        zh="疑似重复待核",
        en="a possible duplicate awaits the centre's decision",
        example={**DUPLICATE_EXAMPLE, "owed_by": [samples.MEDIATION_CENTRE]},
    ),
    MediationEvent(
        "merge.noted",
        MergeNoted,
        zh="本纠纷并入其他上报",
        en="reports were joined to this dispute",
        example={
            "event": samples.JOIN_REF,
            "agency": samples.MEDIATION_CENTRE,
            "into": samples.DISPUTE,
            "was": samples.OTHER_DISPUTE,
            "found_by": "centre",
            "handled_by": [samples.MEDIATION_BODY],
        },
    ),
    MediationEvent(
        "unmerge.noted",
        UnmergeNoted,
        zh="并入本纠纷的上报恢复单独编码",
        en="reports that were joined to this dispute have a code of their own again",
        example={
            "event": samples.JOIN_REF,
            "agency": samples.MEDIATION_CENTRE,
            "into": samples.OTHER_DISPUTE,
            "was": samples.DISPUTE,
            "reported_by": samples.WOMENS_FEDERATION,
            "handled_by": [samples.MEDIATION_BODY],
        },
    ),
    MediationEvent("dispute.closed", DisputeClosed, zh="纠纷办结", en="a dispute was closed", example={"state": "closed", "outcome": "performed"}),
)
