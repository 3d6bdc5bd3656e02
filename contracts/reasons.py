"""Why something was refused: a closed list, each reason a sentence in Chinese and English. No sentence ever carries a value that an agency sent."""

import datetime as dt
import re
from dataclasses import dataclass
from functools import cache

from contracts import safeguard
from contracts.agencies import AGENCIES
from contracts.mistakes import MISTAKES
from contracts.states import STATES
from contracts.steps import ABOUT_THE_ROSTER, STEPS


@dataclass(frozen=True, slots=True)
class Reason:
    code: str
    zh: str
    en: str

    def text(self, **facts) -> dict:
        """The reason as events carry it: `code`, `zh`, `en`. `facts` are tokens, dates and counts for the sentence's {placeholders}."""
        zh, en = ({name: _render(name, value, language) for name, value in facts.items()} for language in (0, 1))
        return {"code": self.code, "zh": self.zh.format(**zh), "en": self.en.format(**en)}


# fmt: off
_ROWS = {
    # at the door: the first receipt
    "malformed_envelope": (
        "事件封装不符合CloudEvents 1.0：“{field}”{mistake}。请改正后用新的id重发。",
        "The envelope is not CloudEvents 1.0: “{field}” {mistake}. Correct it and send it again under a new id."),
    "malformed_data": (
        "数据不符合该类事件的格式：“{field}”{mistake}。请改正后用新的id重发。",
        "The data does not fit this type of event: “{field}” {mistake}. Correct it and send it again under a new id."),
    "unsupported_encoding": (
        "无法读取：内容须为UTF-8编码的JSON，Content-Type须为application/json或application/cloudevents+json，且不得压缩。",
        "It cannot be read: send JSON in UTF-8 as application/json or application/cloudevents+json, not compressed."),
    "too_large": (
        "事件超过{limit}字节上限。材料请留在本单位，只上报摘要值、日期和金额。",
        "The event is larger than {limit} bytes. Keep documents where they are; report hashes, dates and sums."),
    "unknown_type": (
        "没有这种事件类型。请对照接口目录核对type。",
        "There is no event of this type. Compare `type` with the catalogue."),
    "unknown_agency": (
        "source中的机构未登记。请联系综治中心登记机构代码。",
        "The agency in `source` is not registered. Ask the mediation centre to register it."),
    "wrong_source": (
        "事件的source与登录的机构不一致。每个机构只能以自己的名义上报。",
        "`source` is not the agency that is logged in. An agency speaks only for itself."),
    "bad_signature": (
        "签名验证未通过，或须签名而未签名。请用登记的密钥重新签名。",
        "The signature is missing or does not verify. Sign it with the registered key."),
    "not_yours_to_say": (
        "{agency}无权上报“{step}”。请由负责的机构上报。",
        "{agency} may not report “{step}”. The responsible agency has to report it."),
    "unknown_dispute": (
        "没有这一纠纷编码，或编码抄录有误（校验位不符）。请核对subject。",
        "There is no dispute with this code, or the code was copied wrongly (check digit). Check `subject`."),
    "other_content_under_used_id": (
        "同一id此前已上报过不同的内容，先前的内容有效。请用新的id上报更正。",
        "This id was used before with other content, and the earlier content stands. Report the correction under a new id."),
    "parties_both_ways": (
        "当事人信息只能以一种方式上报：parties_sealed（加密）或parties（明文），不得同时使用。",
        "Parties travel one way only: `parties_sealed` (sealed) or `parties` (in clear), never both."),
    "unreadable_parties": (
        "parties_sealed无法解密，或其内容不是JSON列表。请用当前公布的公钥重新加密后，用新的id重发。",
        "`parties_sealed` cannot be opened, or holds no JSON list. Seal it again to the key that is published now and send it under a new id."),
    "safeguard_needed": (
        "报告涉及家庭暴力、未成年人受侵害或暴力威胁。本系统尚未开通安全保护专线，未保存任何内容。请立即当面移交公安、法院和妇联（反家庭暴力法第13、14条，未成年人保护法第11条）；紧急情况拨打110。",
        ("The report concerns domestic violence, a minor at risk or a threat of violence. There is no safeguard lane here yet and nothing was stored. "
        "Hand it over in person to the police, the court and the women's federation at once (Anti-Domestic Violence Law art. 13, 14; "
        "Law on the Protection of Minors art. 11); in an emergency call 110.")),
    "in_the_future": (
        "发生时间晚于当前时间。请核对time和系统时钟。",
        "It is said to have happened in the future. Check `time` and the clock of your system."),
    "joins_itself": (
        "不能将纠纷并入其自身。请在into中填写另一纠纷的编码。",
        "A dispute cannot be joined to itself. Name another one in `into`."),
    "joins_an_ended_one": (
        "两件纠纷中有一件已办结，不能并案。已办结的纠纷如有新情况，请先重新启动。",
        "One of the two disputes has ended, so they cannot be joined. If something new came up, reopen it first."),
    "joined_already": (
        "两件纠纷中有一件已并入其他纠纷，不能再次并案。请使用并案后的编码。",
        "One of the two disputes was joined to another already. Use the code that holds now."),
    "nothing_to_unjoin": (
        "该纠纷没有由{agency}并入的上报，无可撤销。",
        "No report of {agency} was joined to this dispute, so there is nothing to undo."),
    # in the life of the dispute: the second receipt
    "illegal_here": (
        "纠纷处于“{state}”状态，不能办理“{step}”。请先核对纠纷进展。",
        "The dispute is “{state}”; “{step}” is not possible there. Check how far the dispute is."),
    "consent_missing": (
        "尚未记录全部当事人同意调解，不能开始调解（人民调解法第17条）。请先上报各方同意情况。",
        "Not every party's consent is on record, so mediation may not start (People's Mediation Law art. 17). Report each party's consent first."),
    "consent_missing_for_extension": (
        "延长调解期限须经全部当事人同意（特邀调解规定第27条，在线调解规则第24条）。请补充各方同意情况后上报。",
        ("Mediation is extended only with the consent of all parties (Provisions on court-invited mediation art. 27, Rules on online mediation art. 24). "
        "Report it with everybody's consent.")),
    "extended_too_late": (
        "期限已于{on}届满，届满后的同意不能延长期限。",
        "The period ended on {on}; consent given after its end does not extend it."),
    "not_the_body_asked": (
        "该纠纷未交办给{agency}，不能由其答复。",
        "The dispute was not referred to {agency}, so it cannot answer."),
    "not_the_mediating_body": (
        "该纠纷不由{agency}调解，不能由其上报“{step}”。",
        "{agency} does not mediate this dispute, so it cannot report “{step}”."),
    "not_suitable_for_mediation": (
        "该纠纷已甄别为不适宜调解，不能交办调解组织（民事诉讼法解释第143条）。请告知当事人其他解决途径（人民调解法第26条）。",
        ("The dispute was screened as not suitable for mediation and cannot be sent to a body (Interpretation of the Civil Procedure Law art. 143). "
        "Tell the parties about the other ways (People's Mediation Law art. 26).")),
    "may_not_be_mediated": (
        "此类事项依法不得调解（民事诉讼法解释第143条）。",
        "A matter of this kind may not be mediated (Interpretation of the Civil Procedure Law art. 143)."),
    "conflict_of_interest": (
        "已披露利害关系而未经各方当事人同意，不能接收（特邀调解规定第15条，在线调解规则第13条）。请退回或补充各方同意。",
        ("A conflict of interest was disclosed and the parties have not agreed (Provisions on court-invited mediation art. 15, Rules on online mediation art. 13). "
        "Decline, or report the parties' agreement.")),
    "no_mediator": (
        "尚未确定调解员，不能开始调解。请先上报选定或者指定的调解员。",
        "There is no mediator yet, so mediation may not start. Report the mediator agreed on or appointed first."),
    "unknown_mediator": (
        "调解员编号不在名册中，或已停止履职。请核对名册。",
        "The mediator is not on the roster, or no longer active. Check the roster."),
    "unknown_term": (
        "调解协议没有第{number}项义务。请核对term。",
        "The agreement has no term number {number}. Check `term`."),
    "already_decided": (
        "此事已有结果，不能再次上报“{step}”。先前的记录有效。",
        "This was decided before; “{step}” cannot be reported again. The earlier record stands."),
    "happened_before_registration": (
        "发生时间早于纠纷登记时间。请核对time。",
        "It is said to have happened before the dispute was registered. Check `time`."),
    "happened_before_previous_step": (
        "发生时间早于上一步骤。请核对time。",
        "It is said to have happened before the step that precedes it. Check `time`."),
    "dispute_closed": (
        "纠纷已归档，不能再办理“{step}”。",
        "The dispute is closed; “{step}” is no longer possible."),
    "stayed": (
        "该纠纷因管辖、回避、保全、调卷或者核实等原因暂缓办理，“{step}”未予记录，进展不变。恢复办理由有关机关另行告知，届时请用新的id重新上报。具体原因恕不答复。",
        ("The dispute is stayed, as happens over competence, a recusal, a preservation of property, a file on loan or an inquiry; “{step}” was not recorded and "
        "nothing changes. You are told when it goes on; report it again then, under a new id. The reason is not given.")),
    # in the safeguard lane, to those who are inside it
    "held_for_safety": (
        "纠纷处于安全保护状态，期间只有公安和法院可以办理，“{step}”未生效。需要时请与公安、法院直接联系；紧急情况拨打110。",
        ("The dispute is under a safeguard hold, in which only the police and the court move it; “{step}” had no effect. "
        "Turn to the police or the court directly; in an emergency call 110.")),
    "nothing_to_release": (
        "该纠纷没有需要解除的事项，“{step}”未生效。",
        "There is nothing to be ended by “{step}”; it had no effect."),
    # about routing, calling and urging
    "not_on_the_roster_then": (
        "该组织当日不在名册中，或不归所列机构管理，不能交办。请核对organisation和to。",
        "That organisation is not on the roster on that day, or another agency speaks for it. Check `organisation` and `to`."),
    "disclosed_a_conflict": (
        "该组织就本件披露过利害关系而未经各方当事人同意，不能交办（特邀调解规定第15条，在线调解规则第13条）。请另选组织。",
        ("That body disclosed a conflict of interest in this dispute and the parties have not agreed (Provisions on court-invited mediation art. 15, Rules on "
        "online mediation art. 13). Choose another.")),
    "not_called": (
        "本件没有吹哨{agency}，或{agency}已报到，无须“{step}”。",
        "{agency} was not called to this dispute, or has reported in already; “{step}” is not needed."),
    "not_urged": (
        "本件没有待{agency}答复的督办。",
        "There is nothing about this dispute that {agency} was urged about and has not answered."),
    "not_in_the_levels": (
        "本件不适用四级七天，或已到该级，不能升级。",
        "The four-level rule does not run for this dispute, or it has come to that level already."),
    # about the rosters
    "unknown_organisation": (
        "名册中没有该组织，或在该日已被移出。请核对organisation，或先将组织列入名册。",
        "There is no such organisation on the roster on that day. Check `organisation`, or put it on the roster first."),
    "already_on_the_roster": (
        "名册中自{on}起已有记载，不能重复列入或早于该日变更。请核对on，或上报变更、移出。",
        "It is on the roster since {on} and cannot be put there again or changed before that day. Check `on`, or report it as changed or removed."),
    "not_on_the_roster": (
        "在该日不在该组织名册中，无从变更或移出。请核对mediator和on。",
        "It is not on that organisation's roster on that day, so nothing can be changed or removed. Check `mediator` and `on`."),
    "roster_entry_incomplete": (
        "列入名册须载明类别：组织须有kind、agency和township，人员须有role。请补充后重报。",
        "What is put on the roster needs its kind: an organisation `kind`, `agency` and `township`, a person `role`. Complete it and report it again."),
    "not_your_roster": (
        "{agency}只能变更由其管理的名册：司法行政机关管理人民调解组织，法院管理特邀调解名册和法庭设置。",
        "{agency} may change its own rosters only: the judicial administration those of mediation bodies, the court its invited mediators and its own places."),
    # by a person, after it was set aside
    "parked_by_operator": (
        "事件暂存待查：处理时出现故障，运维人员正在核查。无须重发。",
        "The event was set aside: something failed while it was handled and an operator is looking at it. Do not send it again."),
    "discarded_by_operator": (
        "事件经运维人员核查后作废，未产生效力。如仍有效，请用新的id重新上报。",
        "An operator examined the event and discarded it; it had no effect. If it still holds, report it again under a new id."),
}
# fmt: on

REASONS = {code: Reason(code, zh, en) for code, (zh, en) in _ROWS.items()}

# What may stand in a placeholder. Tokens are given and rendered in the language of the sentence; nothing else gets into one.
_TABLES = {"state": STATES, "step": STEPS | safeguard.STEPS | ABOUT_THE_ROSTER, "mistake": MISTAKES, "agency": {code: (agency.zh, agency.en) for code, agency in AGENCIES.items()}}
_SHAPES = {"field": r"[a-z][a-z0-9_]*(?:[.\[\]0-9a-z_]*)", "on": r"\d{4}-\d{2}-\d{2}", "limit": r"\d{1,9}", "number": r"\d{1,4}"}


def _render(name: str, value, language: int) -> str:
    if name in _TABLES:
        return _TABLES[name][value][language]
    text = value.isoformat() if isinstance(value, dt.date) else str(value)
    if name not in _SHAPES or not re.fullmatch(_SHAPES[name], text):
        raise ValueError(f"{name} cannot stand in a reason's sentence")
    return text


@cache
def _shape(code: str, language: int) -> re.Pattern:
    def one(match: re.Match) -> str:
        name = match[1]
        return "(?:" + (_SHAPES.get(name) or "|".join(re.escape(row[language]) for row in _TABLES[name].values())) + ")"

    sentence = (REASONS[code].zh, REASONS[code].en)[language]
    return re.compile(re.sub(r"\\\{(\w+)\\\}", one, re.escape(sentence)))


def is_sentence_of(code: str, zh: str, en: str) -> bool:
    """Whether both texts are the sentence of that reason, with nothing but tokens, dates and counts filled in."""
    return code in REASONS and _shape(code, 0).fullmatch(zh) is not None and _shape(code, 1).fullmatch(en) is not None
