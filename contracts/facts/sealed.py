"""Events that the intake and mediation services publish in the sealed streams of the safeguard lane. They contain neither personal data nor free text."""

from functools import partial

from contracts import kinds, samples
from contracts.channels import SEALED_STREAMS
from contracts.definitions import EventType
from contracts.facts.deadlines import DeadlineMet, DeadlineSet, DeadlineWithOwner
from contracts.facts.intake import REGISTERED_EXAMPLE, DisputeRegistered
from contracts.fields import Instant, ListOf, Nested, Schema, agency_code_field, choice_field, event_ref_field
from contracts.nested_schemas import ReasonGiven
from contracts.reasons import REASONS
from contracts.safeguard import DANGER_FLAGS
from contracts.states import STATES
from contracts.step_facts import StepFacts
from contracts.steps import ORDINARY_STEPS, SEALED_STEPS, STEPS_BY_TYPE

SealedIntakeEvent = partial(EventType, stream=SEALED_STREAMS["intake"])
SealedMediationEvent = partial(EventType, stream=SEALED_STREAMS["mediation"])

ORDINARY_AND_SEALED_STEPS = ORDINARY_STEPS | SEALED_STEPS


def danger_flags_field():
    return ListOf(choice_field(DANGER_FLAGS), low=1, required=True)


class SealedRegistered(DisputeRegistered):
    dangers = danger_flags_field()


class SealedStep(Schema):
    event = event_ref_field(required=True)
    agency = agency_code_field(required=True)
    step = choice_field(ORDINARY_AND_SEALED_STEPS, required=True)
    happened_at = Instant(required=True)
    facts = StepFacts(ORDINARY_AND_SEALED_STEPS, required=True)


class RiskFlagged(Schema):
    """Data of risk.flagged: a reported step contained a risk flag. The step is published in the ordinary stream, without the flag."""

    event = event_ref_field(required=True)
    agency = agency_code_field(required=True)
    dangers = danger_flags_field()
    happened_at = Instant(required=True)


class SealedApplied(Schema):
    event = event_ref_field(required=True)
    agency = agency_code_field(required=True)
    step = choice_field(ORDINARY_AND_SEALED_STEPS, required=True)
    state = choice_field(STATES, required=True)
    happened_at = Instant(required=True)


class SealedRefused(Schema):
    event = event_ref_field(required=True)
    agency = agency_code_field(required=True)
    step = choice_field(ORDINARY_AND_SEALED_STEPS, required=True)
    state = choice_field(STATES, required=True)
    reason = Nested(ReasonGiven, required=True)


class HoldOpened(Schema):
    event = event_ref_field(required=True)
    agency = agency_code_field(required=True)
    cause = choice_field(kinds.HOLD_CAUSES, required=True)
    state = choice_field(STATES, required=True)  # state of the dispute during the safeguard hold or stay
    happened_at = Instant(required=True)


class HoldEnded(HoldOpened):
    reason = choice_field(kinds.RELEASE_REASONS)
    left = ListOf(choice_field(("hold", "stay")), required=True)  # what still applies to the dispute: another hold, another stay, both, or nothing


_WARNING_EXAMPLE = {"event": samples.WARNING_REF, "agency": samples.POLICE}
_HOLD_EXAMPLE = {**_WARNING_EXAMPLE, "cause": "warning", "state": "mediating", "happened_at": "2026-03-02T02:30:00+00:00"}
_ORDER_DEADLINE = {"clock": "protection_order_urgent", "kind": "LAW", "due_at": "2026-03-03T02:59:59+00:00"}
_OWED_BY = {"owed_by": [samples.COURT]}

EVENTS = (
    SealedIntakeEvent(
        "dispute.registered",
        SealedRegistered,
        zh="纠纷登记赋码（专线）",
        en="a dispute was registered in the safeguard lane and got its code",
        example={**REGISTERED_EXAMPLE, "dangers": ["domestic_violence"]},
    ),
    SealedIntakeEvent(
        "step.reported",
        SealedStep,
        zh="机构上报步骤（专线）",
        en="an agency reported a step in the safeguard lane",
        example={
            **_WARNING_EXAMPLE,
            "step": "dv.warning_issued",
            "happened_at": "2026-03-02T02:30:00+00:00",
            "facts": STEPS_BY_TYPE["dv.warning_issued"].example,
        },
    ),
    SealedIntakeEvent(
        "risk.flagged",
        RiskFlagged,
        zh="标记风险",
        en="a step carried a risk flag",
        example={"event": samples.REPORT_REF, "agency": samples.WOMENS_FEDERATION, "dangers": ["minor"], "happened_at": "2026-03-02T02:30:00+00:00"},
    ),
    SealedMediationEvent("safeguard.held", HoldOpened, zh="启动安全保护或者暂缓办理", en="a hold or a stay was opened", example=_HOLD_EXAMPLE),
    SealedMediationEvent(
        "safeguard.released",
        HoldEnded,
        zh="解除安全保护或者恢复办理",
        en="a hold or a stay ended",
        example={**_HOLD_EXAMPLE, "reason": "danger_passed", "left": []},
    ),
    SealedMediationEvent(
        "step.applied",
        SealedApplied,
        zh="步骤生效（专线）",
        en="a step took effect in the safeguard lane",
        example={**_WARNING_EXAMPLE, "step": "dv.warning_issued", "state": "safeguard_hold", "happened_at": "2026-03-02T02:30:00+00:00"},
    ),
    SealedMediationEvent(
        "step.refused",
        SealedRefused,
        zh="步骤未生效（专线）",
        en="a step was refused in the safeguard lane",
        example={
            "event": samples.REPORT_REF,
            "agency": samples.WOMENS_FEDERATION,
            "step": "dispute.screened",
            "state": "safeguard_hold",
            "reason": REASONS["held_for_safety"].text(step="dispute.screened"),
        },
    ),
    SealedMediationEvent(
        "deadline.set",
        DeadlineSet,
        zh="期限起算（专线）",
        en="a deadline began to run in the safeguard lane",
        example={**_ORDER_DEADLINE, "article": "反家庭暴力法 28", "started_at": "2026-03-02T02:30:00+00:00", **_OWED_BY},
    ),
    SealedMediationEvent(
        "deadline.approached",
        DeadlineWithOwner,
        zh="期限将至（专线）",
        en="a deadline is approaching in the safeguard lane",
        example={**_ORDER_DEADLINE, **_OWED_BY},
    ),
    SealedMediationEvent(
        "deadline.passed",
        DeadlineWithOwner,
        zh="期限届满（专线）",
        en="a deadline in the safeguard lane passed without being met",
        example={**_ORDER_DEADLINE, **_OWED_BY},
    ),
    SealedMediationEvent(
        "deadline.met",
        DeadlineMet,
        zh="期限内完成或逾期完成（专线）",
        en="a deadline in the safeguard lane was met, in time or late",
        example={**_ORDER_DEADLINE, "met_at": "2026-03-03T01:00:00+00:00", "late": False, "was_passed": False},
    ),
)
