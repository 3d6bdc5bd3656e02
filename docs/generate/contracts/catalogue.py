"""Generator of docs/contracts/README.md: tables of all events and of all lists of allowed tokens, in Chinese and English."""

from contracts import AGENCY_EVENTS, DOMAIN_EVENTS, FACTS, NOTICES, REASONS, RECEIPTS, ROLES, SEALED_EVENTS, STATES, kinds
from contracts.causes import CAUSES
from contracts.clocks import CLOCKS
from contracts.facts.steps import StepFact
from contracts.fields import ListOf, Nested
from contracts.mistakes import MISTAKES
from docs.generate.pages import markdown_table

HEAD = """# 事件目录 Event catalogue

For developers of agency systems: after this page you know the fields of every event, every refusal reason and every list of allowed tokens. 本页供接入开发人员使用，载明：各事件的字段、不予受理的原因和各代码表。

由 `make contracts` 根据 `contracts/` 生成，请勿手工修改。Written by `make contracts` from `contracts/`; do not edit.

- 机器可读 machine-readable: [asyncapi.json](asyncapi.json)，每个字段均有中英文说明 with a description of every field；本县的版本 your county's version: `GET /contract`
- 封装 envelope: CloudEvents 1.0. `source` = `/agencies/<机构代码 code>`; `subject` = 纠纷编码 the dispute's code (尚无编码时为本机构编号 your own `report_no` before there is one)
- `*` 必填 required; `[]` 列表 a list
"""
# Lists of allowed tokens: field that uses the list, Chinese title, English title, names of the tokens.
TOKEN_LISTS = (
    ("kind", "纠纷类型", "kinds of dispute", kinds.KINDS),
    ("cause", "案由（二级）", "causes of action, second level", CAUSES),
    ("channel", "来源渠道", "channels of a report", kinds.CHANNELS),
    ("wants", "诉求", "what the applicant requests", kinds.WANTS),
    ("parties.role", "当事人身份", "roles of parties", kinds.PARTY_ROLES),
    ("risk", "风险标记", "risks", kinds.RISKS),
    ("track", "办理轨道", "tracks", kinds.TRACKS),
    ("dispute.routed: reason", "交办理由", "reasons for routing", kinds.ROUTE_REASONS),
    ("referral.declined: reason", "退回理由", "reasons for declining", kinds.DECLINE_REASONS),
    ("how", "同意或拒绝的方式", "how a party consented or refused", kinds.CONSENT_WAYS),
    ("mode", "调解方式", "forms of a session", kinds.SESSION_MODES),
    ("form", "协议形式", "form of an agreement", kinds.AGREEMENT_FORMS),
    ("terms.kind", "协议义务", "kinds of obligation in an agreement", kinds.TERM_KINDS),
    ("ground", "终结事由", "grounds of termination", kinds.TERMINATION_GROUNDS),
    ("mediation.suspended: reason", "中止事由", "reasons for suspending mediation", kinds.SUSPENSION_REASONS),
    ("result", "履行结果", "results of performance", kinds.PERFORMANCE_RESULTS),
    ("dispute.screened: matter", "事项性质", "nature of the matter", kinds.MATTERS),
    ("agreement.reached: about", "协议内容", "subjects of an agreement", kinds.AGREEMENT_SUBJECTS),
    ("conflict.disclosed: relation", "利害关系", "conflicts of interest", kinds.CONFLICT_RELATIONS),
    ("clock.paused: reason", "暂停事由", "reasons for pausing a clock", kinds.PAUSE_REASONS),
    ("court_ground", "确认法院的依据", "grounds of the confirming court's jurisdiction", kinds.COURT_GROUNDS),
    ("confirmation.refused: ground", "不予确认的事由", "grounds for refusing confirmation", kinds.CONFIRMATION_REFUSALS),
    ("procedure", "审理程序", "procedures", kinds.PROCEDURES),
    ("case.filing_refused: reason", "不予立案的事由", "reasons for refusing to file", kinds.FILING_REFUSALS),
    ("papers.received: reason", "收到的材料", "documents whose arrival restarts a period", kinds.RECEIVED_PAPERS),
    ("case.closed: mode", "结案方式", "how a court closes a case", kinds.CLOSING_MODES),
    ("participant.named: part", "诉讼参与身份", "roles of participants in a case", kinds.PARTICIPANT_ROLES),
    ("enforcement.completed: result", "执行结果", "results of enforcement", kinds.ENFORCEMENT_RESULTS),
    ("petition.decided: result", "信访结果", "results of a petition", kinds.PETITION_RESULTS),
    ("way", "转出途径", "other procedures", kinds.REDIRECT_WAYS),
    ("dispute.redirected: to", "转往单位", "recipients other than the agencies", kinds.OTHER_AUTHORITIES),
    ("dispute.reopened: reason", "重启事由", "reasons for reopening", kinds.REOPEN_REASONS),
    (
        "report.corrected, report.withdrawn, dispute.archived: reason",
        "更正、撤销、误报归档事由",
        "reasons for correcting, withdrawing or archiving a mistaken report",
        kinds.MISREPORT_REASONS,
    ),
    ("standings", "当事人身份类别", "types of parties", kinds.STANDINGS),
    ("flags", "风险情形", "circumstances that need special care", kinds.FLAGS),
    ("routing.proposed: reasons", "建议理由", "reasons for proposing a body", kinds.PROPOSAL_REASONS),
    ("routing.proposed: excluded", "排除理由", "reasons for excluding a body", kinds.EXCLUSION_REASONS),
    ("departments.called: reason", "吹哨事由", "reasons for calling departments", kinds.CALL_REASONS),
    ("call.answered: answer", "报到情况", "answers of a called department", kinds.CALL_ANSWERS),
    ("level", "层级", "levels", kinds.LEVELS),
    ("escalated_for", "升级事由", "reasons for escalation", kinds.ESCALATION_REASONS),
    ("urged_for", "督办事由", "reasons for supervision", kinds.SUPERVISION_REASONS),
    ("supervision.answered: answer", "督办答复", "answers to a supervision", kinds.SUPERVISION_ANSWERS),
    ("roster: kind", "名册组织类别", "kinds of organisations on the rosters", kinds.ORGANISATION_KINDS),
    ("roster: role", "名册人员身份", "roles of persons on the rosters", kinds.MEMBER_ROLES),
    ("roster.changed: change", "名册变更", "changes of a roster", kinds.ROSTER_CHANGES),
    ("state", "状态", "states", STATES),
    ("reasons", "疑似重复的依据", "signs that two reports are the same dispute", kinds.DUPLICATE_REASONS),
    ("found_by", "并案方式", "how a join was decided", kinds.FOUND_BY),
    ("outcome", "办结方式", "outcomes", kinds.OUTCOMES),
    ("clock", "期限", "clocks", CLOCKS),
    ("clock: kind", "期限性质", "kinds of clock", kinds.CLOCK_KINDS),
    ("hold.released: reason", "解除安全保护的理由", "reasons for releasing a hold", kinds.RELEASE_REASONS),
    ("dispute.stayed: reason", "暂缓办理的原因", "reasons for a stay", kinds.STAY_REASONS),
    ("cause of a hold", "启动原因", "causes of a hold", kinds.HOLD_CAUSES),
    ("look: reason", "查看理由", "reasons for viewing the safeguard lane", kinds.ACCESS_REASONS),
    ("look_at", "查看方式", "how to view", kinds.LOOK_AT),
    ("mistake", "字段错误", "mistakes in a field", MISTAKES),
)


SEALED_NOTE = """只有受理、调解、通知三项服务接收，其他服务和机构均不可见。Only intake, mediation and notify receive these events: [safeguard.md](../safeguard.md).

"""


COUNTY_NOTE = """机构与乡镇的代码由各县确定：`GET /contract`给出本县的`AgencyCode`与`TownshipCode`。The codes of agencies and townships are those of your county: `GET /contract` lists them as `AgencyCode` and `TownshipCode`.

"""


def render() -> str:
    """Return the page as Markdown."""
    parts = [
        HEAD,
        _section("机构上报的事件 Events that agencies report", _event_table(AGENCY_EVENTS)),
        _section("回执 Receipts", _event_table(RECEIPTS)),
        _section("通知 Notices", _event_table(NOTICES)),
        _section("服务之间的事件 Events between services", _confirmed_steps_note() + _event_table(DOMAIN_EVENTS)),
        _section("安全保护专线的事件 Events of the safeguard lane", SEALED_NOTE + _event_table(SEALED_EVENTS)),
        _section("机构类别 Roles of agencies", COUNTY_NOTE + _role_table()),
        _section("不予受理或者不生效的原因 Refusal reasons", _reason_table()),
        _section("代码表 Lists of allowed tokens", "\n\n".join(_token_list(*entry) for entry in TOKEN_LISTS)),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _section(title, content):
    return f"## {title}\n\n{content}"


def _confirmed_steps_note():
    return f"""调解服务对每一生效步骤发布一个同名事件，载明上报内容、结果及其对期限的影响。其共有字段在下表中以†代替。`deadlines`的每一项按`change`含相应字段。The mediation service publishes one event for each step that takes effect, of the same type. It contains what the agency reported, the outcome, and what the step did to the deadlines. In the table, † stands for the fields that these events have in common; an entry of `deadlines` has the fields of its `change`:

{_field_list(StepFact())}

"""


def _event_table(event_types):
    return markdown_table(
        ("type", "中文", "English", "发送方 sender", "data"),
        [
            (
                f"`{event_type.type}`",
                event_type.zh,
                event_type.en,
                " ".join(sorted(event_type.allowed_roles) or [event_type.stream]),
                _data_cell(event_type) or "–",
            )
            for event_type in event_types.values()
        ],
    )


def _data_cell(event_type):
    if FACTS.get(event_type.type) is not event_type:
        return _field_list(event_type.schema())
    common_fields = StepFact().fields
    own_fields = {
        name: field
        for name, field in event_type.schema().fields.items()
        if name not in common_fields or field.required != common_fields[name].required  # an automatic step has neither agency nor reported event
    }
    return ", ".join(["†", *map(_field, own_fields, own_fields.values())])


def _field_list(schema):
    return ", ".join(map(_field, schema.fields, schema.fields.values()))


def _field(name, field):
    return f"`{name}`{'*' if field.required else ''}{_nested_field_list(field)}"


def _nested_field_list(field):
    if isinstance(field, ListOf):
        return f"[]{_nested_field_list(field.inner)}"
    return f"{{{_field_list(field.schema)}}}" if isinstance(field, Nested) else ""


def _role_table():
    return markdown_table(("类别 role", "中文", "English"), [(f"`{role}`", *names) for role, names in ROLES.items()])


def _reason_table():
    return markdown_table(("code", "中文", "English"), [(f"`{reason.code}`", reason.zh, reason.en) for reason in REASONS.values()])


def _token_list(field, zh, en, entries):
    return f"### {zh} {en} (`{field}`)\n\n" + markdown_table(("token", "中文", "English"), [(f"`{entry}`", *names) for entry, names in entries.items()])
