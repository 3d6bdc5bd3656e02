"""Steps of a referral: routing of the dispute to a mediation body, acceptance or decline by the body, and redirection to another procedure."""

from contracts import kinds, samples
from contracts.county import AGENCIES
from contracts.definitions import Step
from contracts.fields import Boolean, Day, ListOf, Schema, agency_code_field, choice_field, mediator_id_field, organisation_code_field

REFERRAL_ROLES = "B J W M"  # roles of the agencies to which a dispute may be referred and which then report the steps of mediation


class DisputeRouted(Schema):
    to = agency_code_field(required=True, zh="承办机构", en="the agency to which the dispute is referred")
    organisation = organisation_code_field(
        zh="具体承办的名册组织；承办机构代多个组织上报时填写",
        en="the organisation on the roster that handles it; given if the agency reports for several organisations",
    )
    joint_with = ListOf(
        agency_code_field(),
        high=10,
        load_default=list,
        zh="联合调处的其他机构；没有时不填",
        en="other agencies that handle the dispute jointly; left out if there are none",
    )
    reason = choice_field(kinds.ROUTE_REASONS, required=True, zh="交办理由", en="reason of the referral")


class ReferralAccepted(Schema):
    mediator = mediator_id_field(zh="承办调解员的名册编号；已经确定时填写", en="roster number of the mediator, if already determined")
    application_received_on = Day(
        zh="收到调解申请的日期；劳动争议与上报、交办之日不同时填写，十五日由此起算",
        en="day on which the application for mediation was received; given for a labour dispute if it differs from the report or referral, because the fifteen days run from it",
    )
    conflict_of_interest = Boolean(
        load_default=False,
        zh="承办组织或者调解员是否存在利害关系；不填视为否",
        en="whether the body or its mediator has a conflict of interest; false if left out",
    )
    agreed_after_disclosure = Boolean(
        load_default=False, zh="披露后各方当事人是否仍同意；不填视为否", en="whether all parties still agree after the disclosure; false if left out"
    )


class ReferralDeclined(Schema):
    reason = choice_field(kinds.DECLINE_REASONS, required=True, zh="退回理由", en="reason for declining the referral")


class DisputeRedirected(Schema):
    to = choice_field(
        (*AGENCIES, *kinds.OTHER_AUTHORITIES),
        required=True,
        zh="转往的机构或者单位",
        en="the agency or other authority to which the dispute is redirected",
        example="labour_arbitration_commission",
    )
    way = choice_field(kinds.REDIRECT_WAYS, required=True, zh="转出途径", en="procedure to which the dispute is redirected")


STEPS = (
    Step(
        "dispute.routed",
        DisputeRouted,
        roles="M C",
        zh="分流交办",
        en="the dispute was referred to a mediation body",
        example={"to": samples.MEDIATION_BODY, "joint_with": [samples.WOMENS_FEDERATION], "reason": "by_place"},
        assigning_fields=("to", "joint_with"),
    ),
    Step(
        "referral.accepted",
        ReferralAccepted,
        roles=REFERRAL_ROLES,
        zh="接收交办",
        en="the body accepted the referral",
        example={"mediator": samples.MEDIATOR, "conflict_of_interest": False, "agreed_after_disclosure": False},
    ),
    Step(
        "referral.declined",
        ReferralDeclined,
        roles=REFERRAL_ROLES,
        zh="退回交办",
        en="the body declined the referral",
        example={"reason": "not_our_kind"},
    ),
    Step(
        "dispute.redirected",
        DisputeRedirected,
        roles="M",
        zh="转出",
        en="the dispute was redirected to another procedure",
        example={"to": "labour_arbitration_commission", "way": "labour_arbitration"},
        assigning_fields=("to",),
    ),
)
