"""Steps of supervision: calling departments (吹哨报到), escalating a dispute to the next level, supervision notices to agencies (督办)."""

from contracts import kinds, samples
from contracts.clocks import CLOCKS
from contracts.definitions import Step
from contracts.fields import ListOf, Schema, agency_code_field, choice_field


class DepartmentsCalled(Schema):
    to = ListOf(
        agency_code_field(),
        low=1,
        high=10,
        required=True,
        zh="请求到场的部门；承办机构仍为牵头",
        en="the departments that are called; the body that handles the dispute remains in the lead",
        example=[samples.POLICE],
    )
    reason = choice_field(kinds.CALL_REASONS, required=True, zh="吹哨事由", en="reason for calling the departments")


class CallAnswered(Schema):
    answer = choice_field(kinds.CALL_ANSWERS, required=True, zh="报到情况", en="answer of the department")


class LevelEscalated(Schema):
    level = choice_field(tuple(kinds.LEVELS)[1:], required=True, zh="升级后的层级", en="level of the dispute after the escalation")
    escalated_for = choice_field(kinds.ESCALATION_REASONS, required=True, zh="升级事由", en="reason of the escalation")


class SupervisionIssued(Schema):
    to = agency_code_field(required=True, zh="被督办的机构", en="the agency under supervision")
    urged_for = choice_field(kinds.SUPERVISION_REASONS, required=True, zh="督办事由", en="reason of the supervision")
    clock = choice_field(CLOCKS, zh="所涉期限；因期限督办的填写", en="the deadline concerned; given if the supervision concerns a deadline")


class SupervisionAnswered(Schema):
    answer = choice_field(kinds.SUPERVISION_ANSWERS, required=True, zh="督办答复", en="answer of the agency")


STEPS = (
    Step(
        "departments.called",
        DepartmentsCalled,
        roles="M",
        zh="吹哨",
        en="departments were called",
        example={"to": [samples.POLICE, samples.JUDICIAL_BUREAU], "reason": "joint_visit"},
        assigning_fields=("to",),
    ),
    Step("call.answered", CallAnswered, roles="C J W P X L G B", zh="报到", en="a department answered the call", example={"answer": "reported_in"}),
    Step(
        "level.escalated",
        LevelEscalated,
        roles="G",
        is_also_automatic=True,
        zh="升级上报",
        en="the dispute was escalated to the next level",
        example={"level": "village_level", "escalated_for": "beyond_ability"},
    ),
    Step(
        "supervision.issued",
        SupervisionIssued,
        roles="M L",
        is_also_automatic=True,
        zh="督办",
        en="a supervision notice was issued",
        example={"to": samples.MEDIATION_BODY, "urged_for": "overdue", "clock": "mediation_out_of_court_policy"},
        assigning_fields=("to",),
    ),
    Step(
        "supervision.answered",
        SupervisionAnswered,
        roles="C M J W P X G B",
        zh="督办答复",
        en="an agency answered a supervision notice",
        example={"answer": "under_way"},
    ),
)
