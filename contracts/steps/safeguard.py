"""Steps of the safeguard lane (安全保护专线: events that only police, courts and the women's federation see). They are published in the sealed streams only.

See docs/safeguard.md.
"""

from functools import partial

from contracts import kinds
from contracts.definitions import Step
from contracts.fields import Boolean, Day, Instant, Number, Schema, choice_field

# Steps of the lane cannot be corrected: a correction is published in the ordinary streams, which must not name them. What a step began, another step of the lane
# ends.
SafeguardStep = partial(Step, is_sealed=True, is_correctable=False)


class WarningIssued(Schema):
    issued_on = Day(zh="告诫书出具日期；不填以事件发生时间为准", en="day of the warning; the time of the event if left out")


class OrderApplied(Schema):
    urgent = Boolean(load_default=False, zh="是否属于紧急情形；不填视为否", en="whether it is urgent; false if left out")


class OrderAccepted(Schema):
    urgent = Boolean(load_default=False, zh="是否属于紧急情形；不填视为否", en="whether it is urgent; false if left out")
    accepted_at = Instant(
        zh="受理时间，作出裁定的期限由此起算；不填以事件发生时间为准",
        en="time of acceptance; the period for the decision begins at it; the time of the event if left out",
    )


class OrderDecided(Schema):
    effective_at = Instant(
        zh="裁定生效或者送达的时间，申请复议的五日由此起算；不填以事件发生时间为准",
        en="time at which the ruling took effect or was served; the five days for requesting a review begin at it; the time of the event if left out",
    )
    months = Number(1, 6, zh="保护令有效期（月）；驳回的不填", en="validity of the order in months; left out if it was refused")  # 反家庭暴力法 30


class HoldReleased(Schema):
    reason = choice_field(kinds.RELEASE_REASONS, required=True, zh="解除安全保护的理由", en="reason of the release")


class DisputeStayed(Schema):
    reason = choice_field(kinds.STAY_REASONS, required=True, zh="暂缓办理的原因", en="reason of the stay")


class StayLifted(Schema):
    pass


ORDER_ROLES = "W P C"  # women's federation, police, court: they may report steps about protection orders

STEPS = (
    SafeguardStep(
        "dv.warning_issued",
        WarningIssued,
        roles="P",
        zh="出具家庭暴力告诫书",
        en="the police issued a domestic-violence warning",
        hold_cause="warning",
        example={"issued_on": "2026-03-02"},
    ),
    SafeguardStep(
        "protection_order.applied",
        OrderApplied,
        roles=ORDER_ROLES,
        zh="申请人身安全保护令",
        en="a protection order was applied for",
        hold_cause="protection_order",
        example={"urgent": True},
    ),
    SafeguardStep(
        "protection_order.accepted",
        OrderAccepted,
        roles=ORDER_ROLES,
        zh="受理人身安全保护令申请",
        en="the application for a protection order was accepted",
        hold_cause="protection_order",
        example={"urgent": True, "accepted_at": "2026-03-02T02:30:00+00:00"},
    ),
    SafeguardStep(
        "protection_order.issued",
        OrderDecided,
        roles=ORDER_ROLES,
        zh="作出人身安全保护令",
        en="a protection order was issued",
        hold_cause="protection_order",
        example={"effective_at": "2026-03-03T01:00:00+00:00", "months": 6},
    ),
    SafeguardStep(
        "protection_order.refused",
        OrderDecided,
        roles=ORDER_ROLES,
        zh="驳回人身安全保护令申请",
        en="a protection order was refused",
        hold_cause="protection_order",
        example={"effective_at": "2026-03-03T01:00:00+00:00"},
    ),
    SafeguardStep("hold.released", HoldReleased, roles="P C", zh="解除安全保护", en="the safeguard hold was released", example={"reason": "danger_passed"}),
    SafeguardStep(
        "dispute.stayed", DisputeStayed, roles="C P J M", hold_cause="stay", zh="暂缓办理", en="the dispute was stayed", example={"reason": "jurisdiction"}
    ),
    SafeguardStep("stay.lifted", StayLifted, roles="C P J M", zh="恢复办理", en="the stay was lifted", example={}),
)
