"""A court files a case, entrusts it, hears it and closes it; its decision is enforced."""

from contracts import kinds, samples
from contracts.causes import CAUSES
from contracts.fields import Day, Number, Schema, agency_code, mediator_id, one_of
from contracts.rows import Step
from contracts.steps.confirmation import docket_no


def received_on():
    return Day(required=True, zh="收到起诉材料的日期", en="day on which the complaint was received")


def restarted_on():
    return Day(
        zh="收到补正材料或者上级法院移交材料的日期，七日期限由此重新起算；没有时不填",
        en="day on which a correction, or what another court handed over, came in: the seven days began anew; left out if there was none",
    )


def decided_on():
    return Day(required=True, zh="作出立案决定的日期", en="day of the decision")


class CaseFiled(Schema):
    received_on = received_on()
    restarted_on = restarted_on()
    decided_on = decided_on()
    docket_no = docket_no(samples.CASE_DOCKET)
    cause = one_of(CAUSES, required=True, zh="民事案件案由（二级）序号", en="number of the cause of action, second level")
    procedure = one_of(kinds.PROCEDURES, required=True, zh="适用的程序", en="the procedure that applies")


class CaseFilingRefused(Schema):
    received_on = received_on()
    restarted_on = restarted_on()
    decided_on = decided_on()
    docket_no = docket_no(samples.CASE_DOCKET)
    cause = one_of(CAUSES, zh="民事案件案由（二级）序号；能够确定时填写", en="number of the cause of action, second level, where it is clear")
    procedure = one_of(kinds.PROCEDURES, zh="拟适用的程序；能够确定时填写", en="the procedure that would apply, where it is clear")
    reason = one_of(kinds.FILING_REFUSALS, zh="不予立案的事由；已经载明时填写", en="why filing is refused, if stated")


class CaseEntrusted(Schema):
    to = agency_code(required=True, zh="受委托调解的机构", en="the agency that is entrusted with the mediation")
    procedure = one_of(
        kinds.PROCEDURES,
        required=True,
        zh="案件适用的程序，委托调解期限据此确定",
        en="the procedure of the case: it decides how long the entrusted mediation may take",
    )


class CaseProcedureSet(Schema):
    procedure = one_of(kinds.PROCEDURES, required=True, zh="确定的审理程序", en="the procedure in which the case goes to trial")


class TrialExtended(Schema):
    months = Number(1, 12, required=True, zh="经本院院长批准延长的月数", en="by how many months the court's president extends the trial")


class CaseClosed(Schema):
    mode = one_of(kinds.CLOSING_MODES, required=True, zh="结案方式", en="how the case was closed")
    docket_no = docket_no(samples.CASE_DOCKET)


class ParticipantNamed(Schema):
    part = one_of(kinds.PARTICIPANTS, required=True, zh="诉讼参与身份", en="in what part somebody takes part in the case")
    mediator = mediator_id(zh="该人在名册上的编号；在名册上的填写", en="the person's roster number, if on a roster")


class EnforcementApplied(Schema):
    on = Day(required=True, zh="申请执行的日期", en="day of the application")


class EnforcementCompleted(Schema):
    on = Day(required=True, zh="执行结案的日期", en="day on which enforcement ended")
    result = one_of(kinds.ENFORCEMENT_RESULTS, required=True, zh="执行结果", en="what enforcement achieved")


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
        en="the filed case was entrusted to a body",
        example={"to": samples.BODY, "procedure": "simplified"},
        assigns=("to",),
    ),
    Step("case.procedure_set", CaseProcedureSet, roles="C", zh="确定审理程序", en="the case went to trial in a procedure", example={"procedure": "ordinary"}),
    Step("trial.extended", TrialExtended, roles="C", zh="批准延长审理期限", en="the president gave leave for a longer trial", example={"months": 1}),
    Step("case.closed", CaseClosed, roles="C", zh="法院结案", en="the court closed the case", example={"mode": "mediated", "docket_no": samples.CASE_DOCKET}),
    Step(
        "participant.named",
        ParticipantNamed,
        roles="C",
        zh="列明诉讼参与人",
        en="somebody was named to take part in the case",
        example={"part": "assessor", "mediator": samples.OTHER_MEDIATOR},
    ),
    Step("enforcement.applied", EnforcementApplied, roles="C", zh="申请执行", en="enforcement was applied for", example={"on": "2026-07-20"}),
    Step(
        "enforcement.completed", EnforcementCompleted, roles="C", zh="执行结案", en="enforcement was completed", example={"on": "2026-09-30", "result": "full"}
    ),
)
