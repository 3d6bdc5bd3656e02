"""A dispute is referred to a body, which accepts or declines it, or is sent elsewhere."""

from contracts import kinds, samples
from contracts.county import AGENCIES
from contracts.fields import Boolean, ListOf, Schema, agency_code, mediator_id, one_of, organisation_code
from contracts.rows import Step

TAKES_REFERRALS = "B J W M"  # the roles whose agencies may be sent a dispute, and then report how its mediation goes


class DisputeRouted(Schema):
    to = agency_code(required=True, zh="承办机构", en="the agency to which the dispute is referred")
    organisation = organisation_code(
        zh="具体承办的名册组织；承办机构代多个组织上报时填写", en="the organisation on the roster, where the agency reports for several"
    )
    joint_with = ListOf(
        agency_code(), high=10, load_default=list, zh="联合调处的其他机构；没有时不填", en="other agencies that handle it jointly; left out if there are none"
    )
    reason = one_of(kinds.ROUTE_REASONS, required=True, zh="交办理由", en="why it is referred there")


class ReferralAccepted(Schema):
    mediator = mediator_id(zh="承办调解员的名册编号；已经确定时填写", en="roster number of the mediator, if already chosen")
    conflict_of_interest = Boolean(
        load_default=False,
        zh="承办组织或者调解员是否存在利害关系；不填视为否",
        en="whether the body or its mediator has a conflict of interest; false if left out",
    )
    agreed_after_disclosure = Boolean(
        load_default=False, zh="披露后各方当事人是否仍同意；不填视为否", en="whether all parties agreed, knowing of the conflict; false if left out"
    )


class ReferralDeclined(Schema):
    reason = one_of(kinds.DECLINE_REASONS, required=True, zh="退回理由", en="why the referral is declined")


class DisputeRedirected(Schema):
    to = one_of(
        (*AGENCIES, *kinds.ELSEWHERE),
        required=True,
        zh="转往的机构或者单位",
        en="the agency or other authority to which it goes",
        example="labour_arbitration_commission",
    )
    way = one_of(kinds.REDIRECT_WAYS, required=True, zh="转出途径", en="the way in which it is dealt with there")


STEPS = (
    Step(
        "dispute.routed",
        DisputeRouted,
        roles="M C",
        zh="分流交办",
        en="the dispute was sent to a body",
        example={"to": samples.BODY, "joint_with": [samples.FEDERATION], "reason": "by_place"},
        assigns=("to", "joint_with"),
    ),
    Step(
        "referral.accepted",
        ReferralAccepted,
        roles=TAKES_REFERRALS,
        zh="接收交办",
        en="the body took the referral",
        example={"mediator": samples.MEDIATOR, "conflict_of_interest": False, "agreed_after_disclosure": False},
    ),
    Step(
        "referral.declined",
        ReferralDeclined,
        roles=TAKES_REFERRALS,
        zh="退回交办",
        en="the body declined the referral",
        example={"reason": "not_our_kind"},
    ),
    Step(
        "dispute.redirected",
        DisputeRedirected,
        roles="M",
        zh="转出",
        en="the dispute was sent to another way",
        example={"to": "labour_arbitration_commission", "way": "labour_arbitration"},
        assigns=("to",),
    ),
)
