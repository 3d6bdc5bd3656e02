"""The readable catalogue: every event and every closed list as tables, Chinese beside English."""

from contracts import AGENCY_EVENTS, DOMAIN_EVENTS, NOTICES, REASONS, RECEIPTS, ROLES, SEALED_EVENTS, STATES, kinds
from contracts.causes import CAUSES
from contracts.clocks import CLOCKS
from contracts.fields import ListOf, Nested
from contracts.mistakes import MISTAKES
from docs.generate.pages import table

HEAD = """# 事件目录 Event catalogue

由 `make contracts` 根据 `contracts/` 生成，请勿手工修改。Written by `make contracts` from `contracts/`; do not edit.

- 机器可读 machine-readable: [asyncapi.json](asyncapi.json)，每个字段都有中英文说明 with a description of every field；本县的 that of your county: `GET /contract`
- 封装 envelope: CloudEvents 1.0. `source` = `/agencies/<机构代码 code>`; `subject` = 纠纷编码 the dispute's code (尚无编码时为本机构编号 your own `report_no` before there is one)
- `*` 必填 required; `[]` 列表 a list
"""
LISTS = (
    ("kind", "纠纷类型", "kinds of dispute", kinds.KINDS),
    ("cause", "案由（二级）", "causes of action, second level", CAUSES),
    ("channel", "来源渠道", "how it came in", kinds.CHANNELS),
    ("wants", "诉求", "what is wanted", kinds.WANTS),
    ("parties.role", "当事人身份", "roles of parties", kinds.PARTY_ROLES),
    ("risk", "风险标记", "risks", kinds.RISKS),
    ("track", "轨道", "tracks", kinds.TRACKS),
    ("dispute.routed: reason", "交办理由", "why it was sent there", kinds.ROUTE_REASONS),
    ("referral.declined: reason", "退回理由", "why it was declined", kinds.DECLINE_REASONS),
    ("how", "同意或拒绝的方式", "how a party answered", kinds.CONSENT_WAYS),
    ("mode", "调解方式", "how a session is held", kinds.MODES),
    ("form", "协议形式", "form of an agreement", kinds.FORMS),
    ("terms.kind", "协议义务", "what an agreement asks for", kinds.TERM_KINDS),
    ("ground", "终结事由", "grounds of termination", kinds.GROUNDS),
    ("mediation.suspended: reason", "中止事由", "why mediation is suspended", kinds.SUSPENSION_REASONS),
    ("result", "履行结果", "results of performance", kinds.RESULTS),
    ("dispute.screened: matter", "事项性质", "what sort of matter it is", kinds.MATTERS),
    ("agreement.reached: about", "协议内容", "what an agreement settles", kinds.SUBJECTS),
    ("conflict.disclosed: relation", "利害关系", "conflicts of interest", kinds.CONFLICTS),
    ("clock.paused: reason", "暂停事由", "why a clock is paused", kinds.PAUSE_REASONS),
    ("court_ground", "确认法院的依据", "why that court confirms", kinds.COURT_GROUNDS),
    ("confirmation.refused: ground", "不予确认的事由", "why confirmation is refused", kinds.CONFIRMATION_REFUSALS),
    ("procedure", "审理程序", "procedures", kinds.PROCEDURES),
    ("case.filing_refused: reason", "不予立案的事由", "why filing is refused", kinds.FILING_REFUSALS),
    ("papers.received: reason", "收到的材料", "papers that make a period begin anew", kinds.PAPERS),
    ("case.closed: mode", "结案方式", "how a court closes a case", kinds.CLOSING_MODES),
    ("participant.named: part", "诉讼参与身份", "parts in a case", kinds.PARTICIPANTS),
    ("enforcement.completed: result", "执行结果", "results of enforcement", kinds.ENFORCEMENT_RESULTS),
    ("petition.decided: result", "信访结果", "results of a petition", kinds.PETITION_RESULTS),
    ("way", "转出途径", "other ways", kinds.REDIRECT_WAYS),
    ("dispute.redirected: to", "转往单位", "where it goes, beside the agencies", kinds.ELSEWHERE),
    ("dispute.reopened: reason", "重启事由", "why it is opened again", kinds.REOPEN_REASONS),
    ("report.corrected, report.withdrawn, dispute.archived: reason", "更正、撤销、误报归档事由", "what was wrong with a report", kinds.MISREPORTS),
    ("standings", "当事人身份类别", "what a party is", kinds.STANDINGS),
    ("flags", "风险情形", "what calls for special care", kinds.FLAGS),
    ("routing.proposed: reasons", "建议理由", "why a body is proposed", kinds.PROPOSAL_REASONS),
    ("routing.proposed: excluded", "排除理由", "why a body is left out", kinds.EXCLUSION_REASONS),
    ("departments.called: reason", "吹哨事由", "why departments are called", kinds.CALL_REASONS),
    ("call.answered: answer", "报到情况", "how a department answers", kinds.CALL_ANSWERS),
    ("level", "层级", "levels", kinds.LEVELS),
    ("escalated_for", "升级事由", "why it goes up a level", kinds.ESCALATION_REASONS),
    ("urged_for", "督办事由", "why an agency is urged", kinds.SUPERVISION_REASONS),
    ("supervision.answered: answer", "督办答复", "how it answers", kinds.SUPERVISION_ANSWERS),
    ("roster: kind", "名册组织类别", "what stands on the rosters", kinds.ORGANISATION_KINDS),
    ("roster: role", "名册人员身份", "people on the rosters", kinds.MEMBER_ROLES),
    ("roster.changed: change", "名册变更", "changes of a roster", kinds.ROSTER_CHANGES),
    ("state", "状态", "states", STATES),
    ("reasons", "疑似重复的依据", "why two reports are taken for one dispute", kinds.SAMENESS),
    ("found_by", "并案方式", "who found two reports to be one dispute", kinds.FOUND_BY),
    ("outcome", "办结方式", "how it ended", kinds.OUTCOMES),
    ("clock", "期限", "clocks", CLOCKS),
    ("clock: kind", "期限性质", "kinds of clock", kinds.CLOCK_KINDS),
    ("hold.released: reason", "解除安全保护的理由", "why a hold is released", kinds.RELEASE_REASONS),
    ("dispute.stayed: reason", "暂缓办理的原因", "why a dispute is stayed", kinds.STAY_REASONS),
    ("cause of a hold", "启动原因", "what a hold is opened for", kinds.HOLD_CAUSES),
    ("look: reason", "查看理由", "why somebody looks", kinds.LOOK_REASONS),
    ("look_at", "查看方式", "where to look", kinds.LOOK_AT),
    ("mistake", "字段错误", "what can be wrong with a field", MISTAKES),
)


SEALED_NOTE = """只有受理、调解、通知三项服务接收，其他服务和机构均不可见。Heard by intake, mediation and notify; nobody else sees it: [safeguard.md](../safeguard.md).

"""


COUNTY_NOTE = """机构与乡镇的代码由各县确定：`GET /contract`给出本县的`AgencyCode`与`TownshipCode`。The codes of agencies and townships are those of your county: `GET /contract` lists them as `AgencyCode` and `TownshipCode`.

"""


def text() -> str:
    parts = [
        HEAD,
        _section("机构上报 What agencies say", _events(AGENCY_EVENTS)),
        _section("答复：回执 What comes back: receipts", _events(RECEIPTS)),
        _section("答复：通知 What comes back: notices", _events(NOTICES)),
        _section("内部领域事件 What services say inside", _events(DOMAIN_EVENTS)),
        _section("安全保护专线内 In the safeguard lane", SEALED_NOTE + _events(SEALED_EVENTS)),
        _section("机构类别 Roles of agencies", COUNTY_NOTE + _roles()),
        _section("不予接受的原因 Reasons of refusal", _reasons()),
        _section("用语 Words", "\n\n".join(_words(*row) for row in LISTS)),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _section(title, body):
    return f"## {title}\n\n{body}"


def _events(rows):
    return table(
        ("type", "中文", "English", "谁 who", "data"),
        [(f"`{row.type}`", row.zh, row.en, " ".join(sorted(row.allowed_roles) or [row.stream]), _fields(row.schema()) or "–") for row in rows.values()],
    )


def _fields(schema):
    return ", ".join(f"`{name}`{'*' if field.required else ''}{_inside(field)}" for name, field in schema.fields.items())


def _inside(field):
    if isinstance(field, ListOf):
        return f"[]{_inside(field.inner)}"
    return f"{{{_fields(field.schema)}}}" if isinstance(field, Nested) else ""


def _roles():
    return table(("who", "中文", "English"), [(f"`{role}`", *names) for role, names in ROLES.items()])


def _reasons():
    return table(("code", "中文", "English"), [(f"`{r.code}`", r.zh, r.en) for r in REASONS.values()])


def _words(token, zh, en, words):
    return f"### {zh} {en} (`{token}`)\n\n" + table(("token", "中文", "English"), [(f"`{word}`", *names) for word, names in words.items()])
