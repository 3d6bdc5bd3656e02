"""What is said in the safeguard lane: the agencies' words, and what our services say to each other in their sealed voices. No person, no free text."""

from marshmallow import EXCLUDE, RAISE

from contracts import safeguard
from contracts.domain_schemas import (
    _FACTS,
    Deadline,
    DeadlineMet,
    DeadlineOwed,
    DeadlineSet,
    DisputeRegistered,
    Facts,
    ReasonGiven,
)
from contracts.fields import Boolean, Day, Instant, ListOf, Nested, Number, Schema, agency_code, dispute_code, event_ref, one_of, tolerant
from contracts.states import STATES
from contracts.steps import STEPS

# ── what agencies say ─────────────────────────────────────────────────────────────────────────────────────────────────────


class WarningIssued(Schema):
    issued_on = Day()


class OrderApplied(Schema):
    urgent = Boolean(load_default=False)


class OrderAccepted(Schema):
    urgent = Boolean(load_default=False)
    accepted_at = Instant()  # the hours run from here; left out: when the event happened


class OrderDecided(Schema):
    effective_at = Instant()  # the five days for a review run from here; left out: when the event happened
    months = Number(1, 6)  # 反家庭暴力法 30


class HoldReleased(Schema):
    reason = one_of(safeguard.RELEASE_REASONS, required=True)


class DisputeStayed(Schema):
    reason = one_of(safeguard.STAY_REASONS, required=True)


class StayLifted(Schema):
    pass


SAID_BY_AGENCIES = {
    "dv.warning_issued": WarningIssued,
    "protection_order.applied": OrderApplied,
    "protection_order.accepted": OrderAccepted,
    "protection_order.issued": OrderDecided,
    "protection_order.refused": OrderDecided,
    "hold.released": HoldReleased,
    "dispute.stayed": DisputeStayed,
    "stay.lifted": StayLifted,
}

# ── what our services say, sealed ─────────────────────────────────────────────────────────────────────────────────────────

EVERY_STEP = (*STEPS, *safeguard.STEPS)
_SEALED_FACTS = {unknown: _FACTS[unknown] | {step: tolerant(schema(), unknown) for step, schema in SAID_BY_AGENCIES.items()} for unknown in (RAISE, EXCLUDE)}


class SealedFacts(Facts):
    """The facts of a step, of the lane's words too."""

    def schemas(self):
        return _SEALED_FACTS[self.parent.unknown]


class SealedRegistered(DisputeRegistered):
    dangers = ListOf(one_of(safeguard.DANGERS), low=1, required=True)


class SealedStep(Schema):
    event = event_ref(required=True)
    agency = agency_code(required=True)
    step = one_of(EVERY_STEP, required=True)
    happened_at = Instant(required=True)
    facts = SealedFacts(required=True)


class RiskFlagged(Schema):
    """The step itself went the ordinary way, without its flags."""

    event = event_ref(required=True)
    agency = agency_code(required=True)
    dangers = ListOf(one_of(safeguard.DANGERS), low=1, required=True)
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
    cause = one_of(safeguard.CAUSES, required=True)
    state = one_of(STATES, required=True)  # in which the dispute stands still
    happened_at = Instant(required=True)


class Released(Held):
    reason = one_of(safeguard.RELEASE_REASONS)
    left = ListOf(one_of(("hold", "stay")), required=True)  # what holds it still


SAID_BY_SERVICES = (
    # type                    what it carries    speaker                zh                      en
    ("dispute.registered", SealedRegistered, "intake-safeguard", "纠纷登记赋码（专线）", "a dispute was given its code in the lane"),
    ("step.reported", SealedStep, "intake-safeguard", "机构上报步骤（专线）", "an agency reported a step in the lane"),
    ("risk.flagged", RiskFlagged, "intake-safeguard", "标记风险", "a step carried a risk flag"),
    ("safeguard.held", Held, "mediation-safeguard", "启动安全保护", "a hold or a stay was opened"),
    ("safeguard.released", Released, "mediation-safeguard", "解除安全保护", "a hold or a stay was ended"),
    ("step.applied", SealedApplied, "mediation-safeguard", "步骤生效（专线）", "a step took effect in the lane"),
    ("step.refused", SealedRefused, "mediation-safeguard", "步骤未生效（专线）", "a step was refused in the lane"),
    ("deadline.set", DeadlineSet, "mediation-safeguard", "期限起算（专线）", "a clock began to run in the lane"),
    ("deadline.approached", DeadlineOwed, "mediation-safeguard", "期限将至（专线）", "a deadline came near in the lane"),
    ("deadline.passed", DeadlineOwed, "mediation-safeguard", "期限届满（专线）", "a deadline passed unmet in the lane"),
    ("deadline.met", DeadlineMet, "mediation-safeguard", "期限内完成或逾期完成（专线）", "what a deadline in the lane asked for was done"),
)


class NoticeOfAttention(Schema):
    """Neutral on purpose: whoever sees an inbox learns from it that there is something to look at, not what."""

    dispute = dispute_code(required=True)
    look_at = one_of(safeguard.LOOK_AT, required=True)


__all__ = ["EVERY_STEP", "SAID_BY_AGENCIES", "SAID_BY_SERVICES", "Deadline", "NoticeOfAttention", "SealedFacts"]
