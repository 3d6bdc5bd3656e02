"""Departments are called in 吹哨报到, a dispute goes up a level, an agency is urged 督办."""

from contracts import kinds, samples
from contracts.clocks import CLOCKS
from contracts.fields import ListOf, Schema, agency_code, one_of
from contracts.rows import Step


class DepartmentsCalled(Schema):
    to = ListOf(
        agency_code(),
        low=1,
        high=10,
        required=True,
        zh="请求到场的部门；承办机构仍为牵头",
        en="the departments that are called; the body that has the dispute leads",
        example=[samples.POLICE],
    )
    reason = one_of(kinds.CALL_REASONS, required=True, zh="吹哨事由", en="what the departments are needed for")


class CallAnswered(Schema):
    answer = one_of(kinds.CALL_ANSWERS, required=True, zh="报到情况", en="how the department answers")


class LevelEscalated(Schema):
    level = one_of(tuple(kinds.LEVELS)[1:], required=True, zh="升级后的层级", en="the level on which the dispute is now")
    escalated_for = one_of(kinds.ESCALATION_REASONS, required=True, zh="升级事由", en="why it goes up")


class SupervisionIssued(Schema):
    to = agency_code(required=True, zh="被督办的机构", en="the agency that is urged")
    urged_for = one_of(kinds.SUPERVISION_REASONS, required=True, zh="督办事由", en="why it is urged")
    clock = one_of(CLOCKS, zh="所涉期限；因期限督办的填写", en="the deadline that it is about, if it is about one")


class SupervisionAnswered(Schema):
    answer = one_of(kinds.SUPERVISION_ANSWERS, required=True, zh="督办答复", en="how the agency answers")


STEPS = (
    Step(
        "departments.called",
        DepartmentsCalled,
        roles="M",
        zh="吹哨",
        en="departments were called",
        example={"to": [samples.POLICE, samples.BUREAU], "reason": "joint_visit"},
        assigns=("to",),
    ),
    Step("call.answered", CallAnswered, roles="C J W P X L G B", zh="报到", en="a department reported in", example={"answer": "reported_in"}),
    Step(
        "level.escalated",
        LevelEscalated,
        roles="G",
        by_time=True,
        zh="升级上报",
        en="the dispute went up a level",
        example={"level": "village_level", "escalated_for": "beyond_ability"},
    ),
    Step(
        "supervision.issued",
        SupervisionIssued,
        roles="M L",
        by_time=True,
        zh="督办",
        en="an agency was urged",
        example={"to": samples.BODY, "urged_for": "overdue", "clock": "mediation_out_of_court_policy"},
        assigns=("to",),
    ),
    Step(
        "supervision.answered",
        SupervisionAnswered,
        roles="C M J W P X G B",
        zh="督办答复",
        en="an agency answered what it was urged about",
        example={"answer": "under_way"},
    ),
)
