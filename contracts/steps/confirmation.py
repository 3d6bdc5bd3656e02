"""Steps of the judicial confirmation (司法确认) of an agreement."""

from contracts import kinds, samples
from contracts.definitions import Step
from contracts.fields import Day, ListOf, Number, Schema, agency_code_field, agency_number_field, choice_field, party_label_field
from contracts.steps.mediation import MEDIATION_ROLES


def docket_no_field(example):
    return agency_number_field(
        stays_at_intake=True,
        zh="法院案号；已经编立时填写，仅由受理服务保存",
        en="the court's docket number, if assigned; stored by intake only",
        example=example,
    )


class ConfirmationApplied(Schema):
    applied_on = Day(required=True, zh="申请日期", en="day of the application")
    docket_no = docket_no_field(samples.CONFIRMATION_DOCKET)
    applicants = ListOf(
        party_label_field(), low=1, zh="申请人；不填视为各方共同申请", en="the applicants; all parties jointly if left out", example=["applicant", "respondent"]
    )
    court = agency_code_field(zh="受理申请的法院；能够确定时填写", en="the court that receives the application, if it can be determined", example=samples.COURT)
    court_ground = choice_field(
        kinds.COURT_GROUNDS, zh="该法院有管辖权的依据（民事诉讼法第二百零五条）", en="ground of the court's jurisdiction (Civil Procedure Law, art. 205)"
    )


class ConfirmationHandled(Schema):
    applied_on = Day(zh="所处理申请的申请日期；可以不填", en="day of the application concerned; may be left out")
    docket_no = docket_no_field(samples.CONFIRMATION_DOCKET)


class ConfirmationExtended(Schema):
    days = Number(1, 365, required=True, zh="经本院院长批准延长的天数", en="number of days of the extension approved by the president of the court")


class ConfirmationGranted(ConfirmationHandled):
    served_on = Day(
        zh="裁定书送达日期，当事人提出异议的期间由此起算；不填以事件发生时间为准",
        en="day on which the ruling was served; the period for objections begins on it; the day of the event if left out",
    )


class ConfirmationRefused(ConfirmationHandled):
    ground = choice_field(kinds.CONFIRMATION_REFUSALS, zh="不予确认的事由；已经载明时填写", en="ground of refusal, if stated")


class ConfirmationObjected(Schema):
    by = party_label_field(
        required=True, zh="提出异议的人；利害关系人填third_party", en="the objecting person; `third_party` for an interested person who is not a party"
    )
    objected_on = Day(required=True, zh="提出异议的日期", en="day of the objection")
    knew_on = Day(
        zh="利害关系人知道或者应当知道其民事权益受到侵害的日期，六个月由此起算；当事人提出异议的不填",
        en="day on which the interested person knew or should have known of the infringement, from which the six months run; left out for a party",
    )


class PapersReceived(Schema):
    reason = choice_field(kinds.RECEIVED_PAPERS, required=True, zh="收到的材料种类，期限因此重新起算", en="kind of documents received, which restarts a period")
    on = Day(required=True, zh="收到日期", en="day of receipt")


STEPS = (
    Step(
        "confirmation.applied",
        ConfirmationApplied,
        roles=MEDIATION_ROLES,
        zh="申请司法确认",
        en="judicial confirmation was applied for",
        example={"applied_on": "2026-04-01", "applicants": ["applicant", "respondent"], "court": samples.COURT, "court_ground": "body_place"},
        assigning_fields=("court",),
    ),
    Step(
        "confirmation.accepted",
        ConfirmationHandled,
        roles="B C",  # B: a mediation body may report the court's decision
        zh="受理司法确认",
        en="the application for confirmation was accepted",
        example={"applied_on": "2026-04-01", "docket_no": samples.CONFIRMATION_DOCKET},
    ),
    Step(
        "confirmation.extended",
        ConfirmationExtended,
        roles="C",
        zh="批准延长确认审查期限",
        en="an extension of the period for deciding on the confirmation was approved",
        example={"days": 10},
    ),
    Step(
        "confirmation.granted",
        ConfirmationGranted,
        roles="B C",
        zh="裁定确认有效",
        en="the court confirmed the agreement",
        example={"applied_on": "2026-04-01", "docket_no": samples.CONFIRMATION_DOCKET, "served_on": "2026-04-20"},
    ),
    Step(
        "confirmation.objected",
        ConfirmationObjected,
        roles="C",
        zh="对确认裁定提出异议",
        en="an objection to the ruling of confirmation was raised",
        example={"by": "respondent", "objected_on": "2026-04-28"},
    ),
    Step(
        "papers.received",
        PapersReceived,
        roles="C",
        zh="收到补正、补充或者移交的材料",
        en="corrected, missing or handed-over documents were received",
        example={"reason": "missing_papers", "on": "2026-04-03"},
    ),
    Step(
        "confirmation.refused",
        ConfirmationRefused,
        roles="B C",
        zh="裁定驳回确认申请",
        en="the court refused confirmation",
        example={"applied_on": "2026-04-01", "docket_no": samples.CONFIRMATION_DOCKET, "ground": "unclear"},
    ),
    Step(
        "confirmation.withdrawn",
        ConfirmationHandled,
        roles="B C",
        zh="撤回确认申请",
        en="the application for confirmation was withdrawn",
        example={"applied_on": "2026-04-01"},
    ),
)
