"""What intake and mediation publish in the sealed streams of the safeguard lane. No person, no free text."""

from functools import partial

from contracts import kinds, samples
from contracts.channels import SEALED
from contracts.facts.intake import REGISTERED, DisputeRegistered
from contracts.facts.mediation import DeadlineMet, DeadlineOwed, DeadlineSet
from contracts.fields import Instant, ListOf, Nested, Schema, agency_code, event_ref, one_of
from contracts.parts import ReasonGiven
from contracts.reasons import REASONS
from contracts.rows import EventType
from contracts.safeguard import DANGERS
from contracts.states import STATES
from contracts.step_facts import StepFacts
from contracts.steps import ORDINARY, ROWS
from contracts.steps import SEALED as SEALED_STEPS

SealedIntakeEvent = partial(EventType, stream=SEALED["intake"])
SealedMediationEvent = partial(EventType, stream=SEALED["mediation"])

EVERY_STEP = ORDINARY | SEALED_STEPS


def dangers():
    return ListOf(one_of(DANGERS), low=1, required=True)


class SealedRegistered(DisputeRegistered):
    dangers = dangers()


class SealedStep(Schema):
    event = event_ref(required=True)
    agency = agency_code(required=True)
    step = one_of(EVERY_STEP, required=True)
    happened_at = Instant(required=True)
    facts = StepFacts(EVERY_STEP, required=True)


class RiskFlagged(Schema):
    """The step itself went the ordinary way, without its flags."""

    event = event_ref(required=True)
    agency = agency_code(required=True)
    dangers = dangers()
    happened_at = Instant(required=True)


class SealedApplied(Schema):
    event = event_ref(required=True)
    agency = agency_code(required=True)
    step = one_of(EVERY_STEP, required=True)
    state = one_of(STATES, required=True)
    happened_at = Instant(required=True)


class SealedRefused(Schema):
    event = event_ref(required=True)
    agency = agency_code(required=True)
    step = one_of(EVERY_STEP, required=True)
    state = one_of(STATES, required=True)
    reason = Nested(ReasonGiven, required=True)


class Held(Schema):
    event = event_ref(required=True)
    agency = agency_code(required=True)
    cause = one_of(kinds.HOLD_CAUSES, required=True)
    state = one_of(STATES, required=True)  # in which the dispute stands still
    happened_at = Instant(required=True)


class Released(Held):
    reason = one_of(kinds.RELEASE_REASONS)
    left = ListOf(one_of(("hold", "stay")), required=True)  # what holds it still


_WARNED = {"event": samples.WARNING, "agency": samples.POLICE}
_HELD = {**_WARNED, "cause": "warning", "state": "mediating", "happened_at": "2026-03-02T02:30:00+00:00"}
_ORDER = {"clock": "protection_order_urgent", "kind": "LAW", "due_at": "2026-03-03T02:59:59+00:00"}
_OWED = {"owed_by": [samples.COURT]}

EVENTS = (
    SealedIntakeEvent(
        "dispute.registered",
        SealedRegistered,
        zh="纠纷登记赋码（专线）",
        en="a dispute was given its code in the lane",
        example={**REGISTERED, "dangers": ["domestic_violence"]},
    ),
    SealedIntakeEvent(
        "step.reported",
        SealedStep,
        zh="机构上报步骤（专线）",
        en="an agency reported a step in the lane",
        example={**_WARNED, "step": "dv.warning_issued", "happened_at": "2026-03-02T02:30:00+00:00", "facts": ROWS["dv.warning_issued"].example},
    ),
    SealedIntakeEvent(
        "risk.flagged",
        RiskFlagged,
        zh="标记风险",
        en="a step carried a risk flag",
        example={"event": samples.REPORT, "agency": samples.FEDERATION, "dangers": ["minor"], "happened_at": "2026-03-02T02:30:00+00:00"},
    ),
    SealedMediationEvent("safeguard.held", Held, zh="启动安全保护", en="a hold or a stay was opened", example=_HELD),
    SealedMediationEvent(
        "safeguard.released", Released, zh="解除安全保护", en="a hold or a stay was ended", example={**_HELD, "reason": "danger_passed", "left": []}
    ),
    SealedMediationEvent(
        "step.applied",
        SealedApplied,
        zh="步骤生效（专线）",
        en="a step took effect in the lane",
        example={**_WARNED, "step": "dv.warning_issued", "state": "safeguard_hold", "happened_at": "2026-03-02T02:30:00+00:00"},
    ),
    SealedMediationEvent(
        "step.refused",
        SealedRefused,
        zh="步骤未生效（专线）",
        en="a step was refused in the lane",
        example={
            "event": samples.REPORT,
            "agency": samples.FEDERATION,
            "step": "dispute.screened",
            "state": "safeguard_hold",
            "reason": REASONS["held_for_safety"].text(step="dispute.screened"),
        },
    ),
    SealedMediationEvent(
        "deadline.set",
        DeadlineSet,
        zh="期限起算（专线）",
        en="a clock began to run in the lane",
        example={**_ORDER, "article": "反家庭暴力法 28", "started_at": "2026-03-02T02:30:00+00:00", **_OWED},
    ),
    SealedMediationEvent("deadline.approached", DeadlineOwed, zh="期限将至（专线）", en="a deadline came near in the lane", example={**_ORDER, **_OWED}),
    SealedMediationEvent("deadline.passed", DeadlineOwed, zh="期限届满（专线）", en="a deadline passed unmet in the lane", example={**_ORDER, **_OWED}),
    SealedMediationEvent(
        "deadline.met",
        DeadlineMet,
        zh="期限内完成或逾期完成（专线）",
        en="what a deadline in the lane asked for was done",
        example={**_ORDER, "met_at": "2026-03-03T01:00:00+00:00", "late": False, "was_passed": False},
    ),
)
