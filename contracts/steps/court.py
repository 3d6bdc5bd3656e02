"""Steps of a court: filing, entrusted mediation, trial, closing of a case, and enforcement."""

from contracts import kinds, samples
from contracts.causes import CAUSES
from contracts.definitions import Step
from contracts.fields import Day, Number, Schema, agency_code_field, choice_field, mediator_id_field
from contracts.steps.confirmation import docket_no_field


def received_on_field():
    return Day(required=True, zh="收到起诉材料的日期", en="day on which the complaint was received")


def restarted_on_field():
    return Day(
        zh="收到补正材料或者上级法院移交材料的日期，七日期限由此重新起算；没有时不填",
        en="day on which a correction or documents from a higher court were received; the period of seven days restarts on it; left out if there were none",
    )


def decided_on_field():
    return Day(required=True, zh="作出立案决定的日期", en="day of the decision on filing")


class CaseFiled(Schema):
    received_on = received_on_field()
    restarted_on = restarted_on_field()
    decided_on = decided_on_field()
    docket_no = docket_no_field(samples.CASE_DOCKET)
    cause = choice_field(CAUSES, required=True, zh="民事案件案由（二级）序号", en="number of the cause of action, second level")
    procedure = choice_field(kinds.PROCEDURES, required=True, zh="适用的程序", en="applicable procedure")


class CaseFilingRefused(Schema):
    received_on = received_on_field()
    restarted_on = restarted_on_field()
    decided_on = decided_on_field()
    docket_no = docket_no_field(samples.CASE_DOCKET)
    cause = choice_field(CAUSES, zh="民事案件案由（二级）序号；能够确定时填写", en="number of the cause of action, second level, if it can be determined")
    procedure = choice_field(kinds.PROCEDURES, zh="拟适用的程序；能够确定时填写", en="procedure that would have applied, if it can be determined")
    reason = choice_field(kinds.FILING_REFUSALS, zh="不予立案的事由；已经载明时填写", en="reason of the refusal, if stated")


class CaseEntrusted(Schema):
    to = agency_code_field(required=True, zh="受委托调解的机构", en="the agency entrusted with the mediation")
    procedure = choice_field(
        kinds.PROCEDURES,
        required=True,
        zh="案件适用的程序，委托调解期限据此确定",
        en="procedure of the case; it determines the period of the entrusted mediation",
    )


class CaseProcedureSet(Schema):
    procedure = choice_field(kinds.PROCEDURES, required=True, zh="确定的审理程序", en="procedure of the trial")


class TrialExtended(Schema):
    months = Number(1, 12, required=True, zh="经本院院长批准延长的月数", en="number of months of the extension approved by the president of the court")


class CaseClosed(Schema):
    mode = choice_field(kinds.CLOSING_MODES, required=True, zh="结案方式", en="way in which the case was closed")
    docket_no = docket_no_field(samples.CASE_DOCKET)


class ParticipantNamed(Schema):
    part = choice_field(kinds.PARTICIPANT_ROLES, required=True, zh="诉讼参与身份", en="role of the participant in the case")
    mediator = mediator_id_field(zh="该人员的名册编号；列入名册的填写", en="roster number of the person, if on a roster")


class EnforcementApplied(Schema):
    on = Day(required=True, zh="申请执行的日期", en="day of the application")


class EnforcementCompleted(Schema):
    on = Day(required=True, zh="执行结案的日期", en="day on which the enforcement was closed")
    result = choice_field(kinds.ENFORCEMENT_RESULTS, required=True, zh="执行结果", en="result of the enforcement")


STEPS = (
    Step(
        "case.filed",
        CaseFiled,
        roles="C",
        zh="登记立案",
        en="a case was filed",
        example={"received_on": "2026-04-20", "decided_on": "2026-04-22", "docket_no": samples.CASE_DOCKET, "cause": "2", "procedure": "simplified"},
    ),
    Step(
        "case.filing_refused",
        CaseFilingRefused,
        roles="C",
        zh="不予立案",
        en="filing was refused",
        example={"received_on": "2026-04-20", "decided_on": "2026-04-22", "reason": "not_this_court"},
    ),
    Step(
        "case.entrusted",
        CaseEntrusted,
        roles="C",
        zh="委托调解",
        en="the court entrusted the mediation of the case",
        example={"to": samples.MEDIATION_BODY, "procedure": "simplified"},
        assigning_fields=("to",),
    ),
    Step(
        "case.procedure_set", CaseProcedureSet, roles="C", zh="确定审理程序", en="the procedure of the trial was determined", example={"procedure": "ordinary"}
    ),
    Step("trial.extended", TrialExtended, roles="C", zh="批准延长审理期限", en="an extension of the trial period was approved", example={"months": 1}),
    Step("case.closed", CaseClosed, roles="C", zh="法院结案", en="the court closed the case", example={"mode": "mediated", "docket_no": samples.CASE_DOCKET}),
    Step(
        "participant.named",
        ParticipantNamed,
        roles="C",
        zh="列明诉讼参与人",
        en="a participant in the case was named",
        example={"part": "assessor", "mediator": samples.OTHER_MEDIATOR},
    ),
    Step("enforcement.applied", EnforcementApplied, roles="C", zh="申请执行", en="enforcement was applied for", example={"on": "2026-07-20"}),
    Step(
        "enforcement.completed", EnforcementCompleted, roles="C", zh="执行结案", en="enforcement was completed", example={"on": "2026-09-30", "result": "full"}
    ),
)
