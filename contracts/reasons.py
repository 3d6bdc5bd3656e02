"""Why something was refused: a closed list, each reason a sentence in Chinese and English. No sentence ever carries a value that an agency sent."""

import datetime as dt
import re
from dataclasses import dataclass
from functools import cache

from contracts.county import AGENCIES
from contracts.mistakes import MISTAKES
from contracts.states import STATES
from contracts.steps import NAMES


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
    "too_deep": (
        "事件的对象和列表嵌套超过{limit}层上限。请按接口目录中的格式上报。",
        "The event's objects and lists are nested more than {limit} levels deep. Send it in the form that the catalogue shows."),
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
    "agency_not_active": (
        "{agency}已停用或者撤销，不能上报，也不能交办给它。",
        "{agency} is suspended or removed: it reports nothing, and nothing is assigned to it."),
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
    "may_not_be_confirmed": (
        "协议涉及身份关系、物权或者知识产权确权，或者调解组织已注明不可确认，不能申请司法确认（民事诉讼法解释第355条）。可以依法起诉。",
        ("The agreement is about a personal status, title to real rights or intellectual property, or the body marked it as not confirmable; "
        "it cannot be confirmed (Interpretation of the Civil Procedure Law art. 355). The parties may sue.")),
    "application_not_joint": (
        "司法确认须由全部当事人共同申请（民事诉讼法第205条）。请取得各方同意后共同申请。",
        "Confirmation is applied for by all parties jointly (Civil Procedure Law art. 205). Apply again with everybody."),
    "applied_too_late": (
        "申请司法确认的三十日已于{on}届满（民事诉讼法第205条，人民调解法第33条）。协议仍然有效，可以记录履行情况，或者依法起诉。",
        ("The thirty days for an application ended on {on} (Civil Procedure Law art. 205, People's Mediation Law art. 33). "
        "The agreement stands: record its performance, or the parties may sue.")),
    "not_the_right_court": (
        "应向有管辖权的法院申请：法院邀请调解的，向该法院申请；调解组织自行调解的，向当事人住所地、标的物所在地、调解组织所在地的基层法院申请（民事诉讼法第205条）。",
        ("Apply to the right court: after mediation that a court invited, to that court; after a body's own, to the basic court of a party's domicile, "
        "the object or the body (Civil Procedure Law art. 205).")),
    "already_on_a_docket": (
        "法院已经立案，应以调解书、撤诉或者判决结案，不另行立案或者确认（特邀调解规定第20条，民事诉讼法第126条）。",
        ("A court has filed the case: it ends by mediation statement, withdrawal or judgment and is neither filed again nor confirmed "
        "(Provisions on court-invited mediation art. 20, Civil Procedure Law art. 126).")),
    "not_on_a_docket": (
        "法院没有在办的立案，不能办理“{step}”。请先上报立案（民事诉讼法第126条）。",
        "No court has a filed case of this dispute, so “{step}” is not possible. Report the filing first (Civil Procedure Law art. 126)."),
    "not_before_a_mediation_body": (
        "协议不是在依法设立的调解组织达成的，不能申请司法确认（民事诉讼法第205条）。",
        "The agreement was not reached before a mediation body set up by law, so it cannot be confirmed (Civil Procedure Law art. 205)."),
    "only_a_court_decides": (
        "司法确认由人民法院受理和裁定，不能由{agency}上报“{step}”（民事诉讼法第206条）。",
        "Only a court accepts and decides a confirmation; {agency} cannot report “{step}” (Civil Procedure Law art. 206)."),
    "not_accepted_yet": (
        "法院尚未受理确认申请，不能作出确认裁定（司法确认规定第4条）。请先上报受理。",
        "The application has not been accepted, so it cannot be granted (Provisions on judicial confirmation art. 4). Report the acceptance first."),
    "already_confirmed": (
        "协议已经法院裁定确认，不能办理“{step}”（民事诉讼法第206条）。不履行的，可以申请执行。",
        "The agreement was confirmed by a court; “{step}” is not possible (Civil Procedure Law art. 206). If it is not kept, apply for enforcement."),
    "no_title_to_enforce": (
        "没有可以执行的法律文书：须有确认裁定、判决或者调解书（民事诉讼法第206条、第247条）。协议未履行的，可以起诉或者重新调解。",
        ("There is nothing that can be enforced: it takes a confirmation, a judgment or a court's mediation statement (Civil Procedure Law art. 206, 247). "
        "If the agreement is not kept, the parties may sue or mediate again.")),
    "track_not_open": (
        "按法院收到起诉材料之日，不适用所报轨道：自2025年1月1日起法院先行立案，诉前调解登记至2024年12月31日止（立案与调解意见第3条）。",
        ("By the day on which the court received the claim this track is not open: since 2025-01-01 courts register first, the docket before filing "
        "ended on 2024-12-31 (Opinion on lawful registration and mediation, point 3).")),
    "no_referral_before_filing": (
        "自2025年1月1日起，法院不得在立案前委派调解（立案与调解意见第3条）。请先上报立案，再委托调解。",
        "Since 2025-01-01 a court refers nothing before filing (Opinion on lawful registration and mediation, point 3). Report the filing first, then entrust it."),
    "not_a_mediating_body": (
        "所选机构不办理调解，不能交办。需要其他途径的，请转出（人民调解法第26条）。",
        "The agency chosen does not mediate. Where another way is needed, redirect the dispute (People's Mediation Law art. 26)."),
    "named_in_a_conflict": (
        "该组织或者调解员已被披露存在利害关系，各方当事人披露后未同意（特邀调解规定第15条，在线调解规则第13条）。请另行选定，或者补充各方同意。",
        ("This body or mediator was named in a conflict disclosure and the parties have not agreed after it (Provisions on court-invited mediation art. 15, "
        "Rules on online mediation art. 13). Choose another, or report the parties' agreement.")),
    "mediated_this_case": (
        "本案调解员不得在后续程序中担任人民陪审员、代理人、证人、鉴定人或者翻译人员（特邀调解规定第16条）。",
        "The mediator of this case may not later be its assessor, representative, witness, expert or interpreter (Provisions on court-invited mediation art. 16)."),
    "already_before_a_court": (
        "法院或者卫生主管部门已经受理该医疗纠纷，调解委员会不予受理（医疗纠纷条例第31条、第40条）。",
        "A court or the health authority has taken this medical dispute, so the committee does not (Regulations on medical disputes art. 31, 40)."),
    "administrative_not_mediated": (
        "行政争议不适用调解，行政赔偿、补偿和自由裁量事项除外（行政诉讼法第60条）。",
        "Administrative disputes are not mediated, except compensation and discretionary powers (Administrative Procedure Law art. 60)."),
    "police_case_not_mediated": (
        "该治安案件依法不适用调解（公安行政案件程序规定第179条）。请由公安机关处理。",
        "This police case may not be mediated (Procedure for administrative cases of the police art. 179). The police deal with it."),
    "only_an_appraisal_pauses": (
        "只有鉴定、评估可以暂停计算期限（在线调解规则第26条，医疗纠纷条例第38条）。需要更多时间的，请经各方同意延长。",
        ("Only an appraisal or valuation pauses a clock (Rules on online mediation art. 26, Regulations on medical disputes art. 38). "
        "For more time, extend with everybody's consent.")),
    "extension_too_long": (
        "立案后的调解在本县最多延长{days}日（立案与调解意见第3条：最多三十日）。",
        "Mediation after filing is extended here by at most {days} days (Opinion on lawful registration and mediation, point 3: at most thirty)."),
    "extended_before": (
        "立案后的调解只能延长一次（立案与调解意见第3条）。调解不成的，转入审理。",
        "Mediation after filing is extended only once (Opinion on lawful registration and mediation, point 3). If it fails, the trial goes on."),
    "no_such_period": (
        "没有正在计算的、可以经批准延长的期限，不能办理“{step}”。请核对纠纷进展。",
        "No period runs that leave could lengthen, so “{step}” is not possible. Check how far the dispute is."),
    "leave_too_long": (
        "超过可以批准的最长期限：确认审查十日（司法确认规定第5条），小额、简易程序一个月，普通程序六个月（民事诉讼法第168条、第164条、第152条），信访三十日（信访工作条例第34条）。",
        ("Longer than leave can be given for: ten days to decide on a confirmation (Provisions on judicial confirmation art. 5), one month in small-claims and "
        "simplified procedure, six in ordinary (Civil Procedure Law art. 168, 164, 152), thirty days for a petition (Regulations on petition work art. 34).")),
    "leave_given_before": (
        "该期限已经批准延长一次，不能再次延长（司法确认规定第5条，民事诉讼法第152条、第164条、第168条，信访工作条例第34条）。",
        ("Leave was given once for this period and cannot be given again (Provisions on judicial confirmation art. 5, Civil Procedure Law art. 152, 164, 168, "
        "Regulations on petition work art. 34).")),
    "nothing_to_restart": (
        "没有因收到材料而重新起算的期限：补正、移交的材料见立案审查（民事诉讼法解释第126条），补齐的材料见受理司法确认（司法确认规定第4条）。",
        ("No period runs that these papers could begin anew: a correction or papers handed over belong to the decision on filing (Interpretation of the Civil "
        "Procedure Law art. 126), missing papers to the acceptance of a confirmation (Provisions on judicial confirmation art. 4).")),
    "not_confirmed": (
        "协议没有经法院裁定确认，没有可以提出异议的裁定（民事诉讼法解释第372条）。",
        "No court has confirmed the agreement, so there is no ruling to object to (Interpretation of the Civil Procedure Law art. 372)."),
    "objected_too_late": (
        "当事人对确认裁定提出异议的十五日已于{on}届满（民事诉讼法解释第372条）。",
        "The parties' fifteen days for an objection to the confirmation ended on {on} (Interpretation of the Civil Procedure Law art. 372)."),
    "ground_does_not_fit": (
        "所报终结事由与纠纷进展不符：“达成协议”须先上报协议，已达成协议的只能以此终结（在线调解规则第25条）。",
        ("The ground does not fit: “agreement reached” needs an agreement on record, and where there is one it is the only ground "
        "(Rules on online mediation art. 25).")),
    "mediation_never_began": (
        "调解组织尚未接收，只能因当事人撤回、无法联系、不愿调解或者其他障碍而终结（在线调解规则第25条）。",
        ("No body has taken the dispute yet: it ends only because it was withdrawn, a party cannot be reached or is unwilling, or for another obstacle "
        "(Rules on online mediation art. 25).")),
    "no_such_report": (
        "本单位没有上报过这一事件，或者该事件没有生效，不能更正或者撤销。请核对event。",
        "This agency reported no such event, or it did not take effect; it cannot be corrected or withdrawn. Check `event`."),
    "registration_stands": (
        "首次上报已经赋码，不能更正或者撤销。报错的纠纷请由综治中心在甄别前归档并写明reason。",
        "The first report gave the dispute its code and cannot be corrected or withdrawn. The mediation centre archives a dispute reported by mistake before it is screened, with the `reason`."),
    "not_said_to_be_a_mistake": (
        "尚未甄别的纠纷只有误报的才能归档。请在reason中写明误报的情形；确有纠纷的，请先甄别。",
        "A dispute that nobody has screened is archived only if it was registered by mistake: say in `reason` what was wrong. If there is a dispute, screen it."),
    "not_that_step": (
        "所指事件不是“更正”所称的步骤。请核对event与corrects。",
        "The event named is not the step that the correction is about. Check `event` and `corrects`."),
    "already_taken_back": (
        "该事件此前已经更正或者撤销。",
        "That event was corrected or withdrawn before."),
    "correction_without_facts": (
        "更正已经生效的步骤，须在facts中报全正确的内容。没有发生的，请改为撤销。",
        "To correct a step that took effect, tell all its facts as they should have been. If it did not happen, withdraw it."),
    "later_steps_stand": (
        "该事件之后的步骤已经据此办理，不能再更正或者撤销。请先处理其后的步骤。",
        "Later steps were decided in the light of that event, so it can no longer be taken back. Deal with the later ones first."),
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
_TABLES = {
    "state": STATES,
    "step": NAMES,
    "mistake": MISTAKES,
    "agency": {code: (agency.zh, agency.en) for code, agency in AGENCIES.items()},
}
_SHAPES = {"field": r"[a-z][a-z0-9_]*(?:[.\[\]0-9a-z_]*)", "on": r"\d{4}-\d{2}-\d{2}", "limit": r"\d{1,9}", "number": r"\d{1,4}", "days": r"\d{1,3}"}


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
