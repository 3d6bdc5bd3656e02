"""Reasons of refusal: a list of allowed codes, each with a sentence in Chinese and English. No sentence contains a value that an agency sent."""

import datetime as dt
import re
from dataclasses import dataclass
from functools import cache

from contracts.county import AGENCIES
from contracts.mistakes import MISTAKES
from contracts.states import STATES
from contracts.steps import STEP_NAMES


@dataclass(frozen=True, slots=True)
class Reason:
    code: str
    zh: str
    en: str

    def text(self, **facts) -> dict:
        """Return the reason as event data with `code`, `zh` and `en`. `facts`: tokens, dates and counts for the {placeholders} in the sentences."""
        zh, en = ({name: _render(name, value, language) for name, value in facts.items()} for language in (0, 1))
        return {"code": self.code, "zh": self.zh.format(**zh), "en": self.en.format(**en)}


# fmt: off
# Chinese and English sentence of each reason, with {placeholders}.
_SENTENCES = {
    # Reasons for which the intake service refuses an event. They are sent with the first receipt (receipt.refused).
    "malformed_envelope": (
        "事件封装不符合CloudEvents 1.0：“{field}”{mistake}。请改正后使用新的id重新上报。",
        "The envelope does not conform to CloudEvents 1.0: “{field}” {mistake}. Correct it and send it again with a new id."),
    "malformed_data": (
        "数据不符合该类事件的格式：“{field}”{mistake}。请改正后使用新的id重新上报。",
        "The data does not conform to the schema of this event type: “{field}” {mistake}. Correct it and send it again with a new id."),
    "unsupported_encoding": (
        "事件内容无法读取：内容须为UTF-8编码的JSON，Content-Type须为application/json或application/cloudevents+json，且不得压缩。",
        "The content cannot be read. Send uncompressed JSON in UTF-8 with Content-Type application/json or application/cloudevents+json."),
    "too_large": (
        "事件超过{limit}字节上限。材料由本单位留存，仅上报摘要值、日期和金额。",
        "The event exceeds the limit of {limit} bytes. Keep documents at your agency; report only their digests, dates and amounts."),
    "too_deep": (
        "事件的对象和列表嵌套超过{limit}层上限。请按事件目录规定的格式上报。",
        "Objects and lists of the event are nested deeper than {limit} levels. Use the schema in the event catalogue."),
    "unknown_type": (
        "事件类型不存在。请对照事件目录核对type。",
        "The event type does not exist. Compare `type` with the event catalogue."),
    "unknown_agency": (
        "source中的机构未登记。请联系综治中心登记机构代码。",
        "The agency in `source` is not registered. Ask the mediation centre to register the agency's code."),
    "wrong_source": (
        "事件的source与登录的机构不一致。各机构只能以本机构名义上报。",
        "`source` differs from the agency that is logged in. An agency may report in its own name only."),
    "bad_signature": (
        "签名验证未通过，或须签名而未签名。请用登记的密钥重新签名。",
        "The required signature is missing, or its verification failed. Sign the event with the registered key."),
    "not_yours_to_say": (
        "{agency}无权上报“{step}”。请由主管机构上报。",
        "{agency} is not authorised to report “{step}”. The responsible agency must report it."),
    "agency_not_active": (
        "{agency}已停用或者撤销，不得上报事件，也不得向其交办事项。",
        "{agency} is suspended or removed. It may not report events, and nothing may be assigned to it."),
    "unknown_dispute": (
        "该纠纷编码不存在，或者抄录有误（校验位不符）。请核对subject。",
        "No dispute has this code, or the code was copied incorrectly (check digit mismatch). Check `subject`."),
    "other_content_under_used_id": (
        "同一id此前已用于上报其他内容，以先前内容为准。请使用新的id上报更正。",
        "This id was used earlier for other content, which remains valid. Report a correction with a new id."),
    "parties_both_ways": (
        "当事人信息只能以一种方式上报：parties_sealed（加密）或parties（明文），不得同时使用。",
        "Report the parties in one way only: either `parties_sealed` (encrypted) or `parties` (in clear), not both."),
    "unreadable_parties": (
        "parties_sealed无法解密，或其内容不是JSON列表。请使用当前公布的公钥重新加密，并使用新的id重新上报。",
        "`parties_sealed` cannot be decrypted, or its content is not a JSON list. Encrypt it with the currently published key and send it again with a new id."),
    "not_your_report": (
        "只有综治中心可以更正其他机构的上报，且仅限首次上报的发生地和纠纷类型。请由原上报机构更正。",
        ("Only the mediation centre may correct another agency's report, and only its place and kind. The agency that sent the report must correct it.")),
    "in_the_future": (
        "发生时间晚于当前时间。请核对time和系统时钟。",
        "The time of the event is in the future. Check `time` and the clock of your system."),
    "joins_itself": (
        "不能将纠纷并入其自身。请在into中填写另一纠纷的编码。",
        "A dispute cannot be joined to itself. Give the code of another dispute in `into`."),
    "joins_an_ended_one": (
        "两件纠纷中有一件已办结，不能并案。已办结的纠纷出现新情况的，请先重新启动。",
        "One of the two disputes has ended, so they cannot be joined. If there are new circumstances, reopen the ended dispute first."),
    "joined_already": (
        "两件纠纷中有一件已并入其他纠纷，不能再次并案。请使用并案后的编码。",
        "One of the two disputes is already joined to another dispute, so it cannot be joined again. Use the code of that other dispute."),
    "nothing_to_unjoin": (
        "该纠纷中没有{agency}被并入的上报，无并案可以撤销。",
        "No report of {agency} was joined to this dispute, so there is no join to undo."),
    # Reasons for which the mediation service refuses a step. They are sent with the second receipt (receipt.rejected).
    "illegal_here": (
        "纠纷处于“{state}”状态，不能办理“{step}”。请先核对纠纷进展。",
        "The dispute is in state “{state}”, in which “{step}” is not possible. Check the progress of the dispute."),
    "consent_missing": (
        "尚未记录全部当事人同意调解，不能开始调解（人民调解法第17条）。请先上报各方同意情况。",
        "The consent of every party has not been recorded, so mediation may not start (People's Mediation Law art. 17). Report each party's consent first."),
    "consent_missing_for_extension": (
        "延长调解期限须经全部当事人同意（特邀调解规定第27条，在线调解规则第24条）。请补充各方同意情况后上报。",
        ("Mediation may be extended only with the consent of all parties (Provisions on court-invited mediation art. 27, Rules on online mediation art. 24). "
        "Report the extension with the consent of all parties.")),
    "extended_too_late": (
        "期限已于{on}届满，届满后的同意不能延长期限。",
        "The period ended on {on}. Consent given after its end does not extend it."),
    "not_the_body_asked": (
        "该纠纷未交办给{agency}，不能由其答复。",
        "The dispute was not referred to {agency}, so {agency} cannot answer the referral."),
    "not_the_mediating_body": (
        "该纠纷不由{agency}调解，不能由其上报“{step}”。",
        "{agency} does not mediate this dispute, so it cannot report “{step}”."),
    "not_suitable_for_mediation": (
        "该纠纷已甄别为不适宜调解，不能交办调解组织（民事诉讼法解释第143条）。请告知当事人其他解决途径（人民调解法第26条）。",
        ("The dispute was screened as not suitable for mediation and cannot be referred to a mediation body (Interpretation of the Civil Procedure Law art. 143). "
        "Inform the parties of the other procedures (People's Mediation Law art. 26).")),
    "may_not_be_mediated": (
        "此类事项依法不得调解（民事诉讼法解释第143条）。",
        "The law does not permit mediation of such a matter (Interpretation of the Civil Procedure Law art. 143)."),
    "conflict_of_interest": (
        "已披露利害关系而未经各方当事人同意，不能接收（特邀调解规定第15条，在线调解规则第13条）。请退回，或者补充各方同意情况。",
        ("A conflict of interest was disclosed and not all parties have agreed to it (Provisions on court-invited mediation art. 15, Rules on online mediation art. 13). "
        "Decline the referral, or report that all parties agree.")),
    "no_mediator": (
        "尚未确定调解员，不能开始调解。请先上报选定或者指定的调解员。",
        "No mediator has been determined, so mediation may not start. First report the mediator chosen or appointed."),
    "unknown_mediator": (
        "调解员编号不在名册中，或者该调解员已停止履职。请核对名册。",
        "The mediator's number is not on the roster, or the mediator is no longer active. Check the roster."),
    "unknown_term": (
        "调解协议没有第{number}项义务。请核对term。",
        "The agreement has no term number {number}. Check `term`."),
    "already_decided": (
        "该事项已有结果，不能再次上报“{step}”，以先前记录为准。",
        "A result has already been recorded, so “{step}” cannot be reported again. The earlier record remains valid."),
    "happened_before_registration": (
        "发生时间早于纠纷登记时间。请核对time。",
        "The time of the event is earlier than the registration of the dispute. Check `time`."),
    "happened_before_previous_step": (
        "发生时间早于上一步骤。请核对time。",
        "The time of the event is earlier than the previous step. Check `time`."),
    "dispute_closed": (
        "纠纷已归档，不能再办理“{step}”。",
        "The dispute is closed, so “{step}” is no longer possible."),
    "stayed": (
        "该纠纷因管辖、回避、保全、调卷或者核实等原因暂缓办理，“{step}”未予记录，纠纷状态不变。恢复办理时由有关机关另行告知，届时请使用新的id重新上报。具体原因不予答复。",
        ("The dispute is stayed for a reason such as competence, recusal, preservation of property, a case file on loan or an inquiry. “{step}” was not recorded "
        "and the state is unchanged. The competent body informs you when the stay ends; then report again with a new id. The reason is not disclosed.")),
    # Reasons of refusal in the safeguard lane. They are sent only to agencies with access to the safeguard lane.
    "held_for_safety": (
        "纠纷处于安全保护状态，安全保护期间仅公安机关和人民法院可以办理，“{step}”未生效。确有需要的，请与公安机关、人民法院直接联系；紧急情况请拨打110。",
        ("The dispute is under a safeguard hold, during which only steps of the police and the court take effect; “{step}” had no effect. "
        "If necessary, contact the police or the court directly; in an emergency call 110.")),
    "nothing_to_release": (
        "该纠纷没有需要解除的事项，“{step}”未生效。",
        "The dispute has nothing that “{step}” could end, so the step had no effect."),
    # Reasons that concern referrals, the calling of departments, supervision and escalation.
    "not_on_the_roster_then": (
        "该组织当日不在名册中，或者不由所列机构代为上报，不能交办。请核对organisation和to。",
        "The organisation is not on the roster on that day, or another agency reports for it, so it cannot be given the referral. Check `organisation` and `to`."),
    "not_called": (
        "本纠纷未吹哨{agency}，或者{agency}已经报到，无须办理“{step}”。",
        "{agency} was not called to this dispute or has already answered the call, so “{step}” is not required."),
    "not_urged": (
        "本纠纷没有待{agency}答复的督办。",
        "This dispute has no supervision notice that {agency} still has to answer."),
    "not_in_the_levels": (
        "本纠纷不适用四级七天，或者已升至该级，不能升级。",
        "The dispute cannot be escalated: the rule of four levels in seven days does not apply to it, or it has already reached that level."),
    # Reasons that concern changes of rosters.
    "unknown_organisation": (
        "名册中没有该组织，或者该组织在该日已被移出。请核对organisation，或者先将该组织列入名册。",
        "The organisation is not on the roster on that day. Check `organisation`, or add the organisation to the roster first."),
    "already_on_the_roster": (
        "名册中自{on}起已有记载，不能重复列入，也不能变更该日之前的记载。请核对on，或者上报变更、移出。",
        "An entry exists on the roster since {on}; it cannot be added again or changed as of an earlier day. Check `on`, or report a change or a removal."),
    "not_on_the_roster": (
        "该人员在该日不在该组织名册中，不能变更或者移出。请核对mediator和on。",
        "The person is not on the organisation's roster on that day and cannot be changed or removed. Check `mediator` and `on`."),
    "roster_entry_incomplete": (
        "列入名册须载明类别：组织须有kind、agency和township，人员须有role。请补充后重新上报。",
        "An addition to the roster must state its type: `kind`, `agency` and `township` for an organisation, `role` for a person. Complete it and report it again."),
    "not_your_roster": (
        "{agency}只能变更由其管理的名册：司法行政机关管理人民调解组织，法院管理特邀调解名册和法庭设置。",
        ("{agency} may change only the rosters that it manages: the judicial administration those of people's mediation organisations, the court those of "
        "invited mediators and of its tribunals.")),
    # Reasons that concern judicial confirmation, court cases, periods, terminations and corrections.
    "may_not_be_confirmed": (
        "协议涉及身份关系、物权或者知识产权确权，或者调解组织已注明不可确认，不能申请司法确认（民事诉讼法解释第355条）。可以依法起诉。",
        ("The agreement concerns a personal status or title to real rights or intellectual property, or the mediation body marked it as not confirmable, so "
        "confirmation cannot be applied for (Interpretation of the Civil Procedure Law art. 355). The parties may file a suit.")),
    "application_not_joint": (
        "司法确认须由全部当事人共同申请（民事诉讼法第205条）。请取得各方同意后共同申请。",
        "All parties must apply for judicial confirmation jointly (Civil Procedure Law art. 205). Obtain the consent of all parties and apply jointly."),
    "applied_too_late": (
        "申请司法确认的三十日已于{on}届满（民事诉讼法第205条，人民调解法第33条）。协议仍然有效，可以记录履行情况，当事人也可以依法起诉。",
        ("The thirty days for an application ended on {on} (Civil Procedure Law art. 205, People's Mediation Law art. 33). "
        "The agreement remains valid: its performance may be recorded, or the parties may file a suit.")),
    "not_the_right_court": (
        "应向有管辖权的法院申请：法院邀请调解的，向该法院申请；调解组织自行调解的，向当事人住所地、标的物所在地、调解组织所在地的基层法院申请（民事诉讼法第205条）。",
        ("Apply to a court with jurisdiction: after mediation invited by a court, that court; after a body's own mediation, the basic people's court at a party's "
        "domicile, at the disputed object or at the mediation body (Civil Procedure Law art. 205).")),
    "already_on_a_docket": (
        "法院已经立案，应以调解书、撤诉或者判决结案，不另行立案或者确认（特邀调解规定第20条，民事诉讼法第126条）。",
        ("A court has already filed the case. It must be closed by mediation statement, withdrawal or judgment and is neither filed again nor confirmed "
        "(Provisions on court-invited mediation art. 20, Civil Procedure Law art. 126).")),
    "not_on_a_docket": (
        "法院没有在办的立案，不能办理“{step}”。请先上报立案（民事诉讼法第126条）。",
        "No court has a pending case for this dispute, so “{step}” is not possible. First report the filing (Civil Procedure Law art. 126)."),
    "not_before_a_mediation_body": (
        "协议不是在依法设立的调解组织达成的，不能申请司法确认（民事诉讼法第205条）。",
        "The agreement was not reached at a mediation body established by law, so confirmation cannot be applied for (Civil Procedure Law art. 205)."),
    "only_a_court_decides": (
        "司法确认由人民法院受理和裁定，不能由{agency}上报“{step}”（民事诉讼法第206条）。",
        "Only a people's court accepts and decides an application for confirmation; {agency} cannot report “{step}” (Civil Procedure Law art. 206)."),
    "not_accepted_yet": (
        "法院尚未受理确认申请，不能作出确认裁定（司法确认规定第4条）。请先上报受理。",
        "The court has not accepted the application, so it cannot confirm the agreement (Provisions on judicial confirmation art. 4). First report the acceptance."),
    "already_confirmed": (
        "协议已经法院裁定确认，不能办理“{step}”（民事诉讼法第206条）。不履行的，可以申请执行。",
        "A court has confirmed the agreement, so “{step}” is not possible (Civil Procedure Law art. 206). If it is not performed, enforcement may be applied for."),
    "no_title_to_enforce": (
        "没有可以执行的法律文书：须有确认裁定、判决或者调解书（民事诉讼法第206条、第247条）。协议未履行的，可以起诉或者重新调解。",
        ("There is no enforceable document: a ruling of confirmation, a judgment or a court's mediation statement is required (Civil Procedure Law art. 206, "
        "247). If the agreement is not performed, the parties may file a suit or mediate again.")),
    "track_not_open": (
        "按法院收到起诉材料之日，不适用所报轨道：自2025年1月1日起法院先行立案，诉前调解登记至2024年12月31日止（立案与调解意见第3条）。",
        ("The reported track does not apply on the day on which the court received the claim: since 2025-01-01 courts register cases first; registration for "
        "mediation before filing ended on 2024-12-31 (Opinion on lawful registration and mediation, point 3).")),
    "no_referral_before_filing": (
        "自2025年1月1日起，法院不得在立案前委派调解（立案与调解意见第3条）。请先上报立案，再委托调解。",
        ("Since 2025-01-01 a court may not refer a dispute to mediation before filing (Opinion on lawful registration and mediation, point 3). "
        "Report the filing first, then entrust the mediation.")),
    "not_a_mediating_body": (
        "所选机构不办理调解，不能交办。需要其他途径的，请转出（人民调解法第26条）。",
        "The selected agency does not mediate, so the dispute cannot be referred to it. If another procedure is needed, redirect it (People's Mediation Law art. 26)."),
    "named_in_a_conflict": (
        "该组织或者调解员已被披露存在利害关系，各方当事人披露后未同意（特邀调解规定第15条，在线调解规则第13条）。请另行选定，或者补充各方同意情况。",
        ("A conflict of interest of this body or mediator was disclosed, and not all parties agreed after the disclosure (Provisions on court-invited mediation "
        "art. 15, Rules on online mediation art. 13). Choose another one, or report that all parties agree.")),
    "mediated_this_case": (
        "本案调解员不得在后续程序中担任人民陪审员、代理人、证人、鉴定人或者翻译人员（特邀调解规定第16条）。",
        ("The mediator of this case may not act in later proceedings as assessor, representative, witness, expert or interpreter "
        "(Provisions on court-invited mediation art. 16).")),
    "already_before_a_court": (
        "法院或者卫生主管部门已经受理该医疗纠纷，调解委员会不予受理（医疗纠纷条例第31条、第40条）。",
        "A court or the health authority has accepted this medical dispute, so the mediation committee may not (Regulations on medical disputes art. 31, 40)."),
    "administrative_not_mediated": (
        "行政争议不适用调解，行政赔偿、补偿和自由裁量事项除外（行政诉讼法第60条）。",
        "Administrative disputes may not be mediated, except on compensation and discretionary powers (Administrative Procedure Law art. 60)."),
    "police_case_not_mediated": (
        "该治安案件依法不适用调解（公安行政案件程序规定第179条）。请由公安机关处理。",
        "This public-security case may not be mediated (Procedure for administrative cases of the police art. 179). The police handle it."),
    "only_an_appraisal_pauses": (
        "只有鉴定、评估可以暂停计算期限（在线调解规则第26条，医疗纠纷条例第38条）。需要更多时间的，请经各方同意延长。",
        ("Only an appraisal or valuation may pause a period (Rules on online mediation art. 26, Regulations on medical disputes art. 38). "
        "If more time is needed, extend the period with the consent of all parties.")),
    "extension_too_long": (
        "立案后的调解在本县最多延长{days}日（立案与调解意见第3条：最多三十日）。",
        "In this county, mediation after filing may be extended by at most {days} days (Opinion on lawful registration and mediation, point 3: at most thirty)."),
    "extended_before": (
        "立案后的调解只能延长一次（立案与调解意见第3条）。调解不成的，转入审理。",
        "Mediation after filing may be extended only once (Opinion on lawful registration and mediation, point 3). If mediation fails, the case goes to trial."),
    "no_such_period": (
        "没有正在计算的、可以经批准延长的期限，不能办理“{step}”。请核对纠纷进展。",
        "No running period can be extended by approval, so “{step}” is not possible. Check the progress of the dispute."),
    "leave_too_long": (
        "超过可以批准的最长期限：确认审查十日（司法确认规定第5条），小额、简易程序一个月，普通程序六个月（民事诉讼法第168条、第164条、第152条），信访三十日（信访工作条例第34条）。",
        ("Longer than the longest extension that may be approved: ten days for a confirmation (Provisions on judicial confirmation art. 5), one month in small-claims "
        "and simplified procedure, six in ordinary (Civil Procedure Law art. 168, 164, 152), thirty days for a petition (Regulations on petition work art. 34).")),
    "leave_given_before": (
        "该期限已经批准延长一次，不能再次延长（司法确认规定第5条，民事诉讼法第152条、第164条、第168条，信访工作条例第34条）。",
        ("An extension of this period was already approved and cannot be approved again (Provisions on judicial confirmation art. 5, Civil Procedure Law art. 152, "
        "164, 168, Regulations on petition work art. 34).")),
    "nothing_to_restart": (
        "没有因收到该类材料而重新起算的期限：收到补正、移交的材料，立案审查期限重新起算（民事诉讼法解释第126条）；收到补齐的材料，受理司法确认期限重新起算（司法确认规定第4条）。",
        ("No running period restarts with these documents: a correction or documents handed over restart the period for the filing decision (Interpretation of the "
        "Civil Procedure Law art. 126), missing documents that for accepting a confirmation (Provisions on judicial confirmation art. 4).")),
    "not_confirmed": (
        "协议未经法院裁定确认，没有可以提出异议的裁定（民事诉讼法解释第372条）。",
        "No court has confirmed the agreement, so there is no ruling to object to (Interpretation of the Civil Procedure Law art. 372)."),
    "objected_too_late": (
        "当事人对确认裁定提出异议的十五日已于{on}届满（民事诉讼法解释第372条）。",
        "The fifteen days in which a party may object to the confirmation ended on {on} (Interpretation of the Civil Procedure Law art. 372)."),
    "ground_does_not_fit": (
        "所报终结事由与纠纷进展不符：“达成协议”须先上报协议，已达成协议的只能以此终结（在线调解规则第25条）。",
        ("The reported ground does not match the progress of the dispute: “agreement reached” requires a recorded agreement, and with a recorded agreement "
        "no other ground is possible (Rules on online mediation art. 25).")),
    "mediation_never_began": (
        "调解组织尚未接收，只能因当事人撤回、无法联系、不愿调解或者其他障碍而终结（在线调解规则第25条）。",
        ("No mediation body has accepted the dispute. It may be terminated only because the parties withdrew it, a party cannot be reached, a party is unwilling, "
        "or for another obstacle (Rules on online mediation art. 25).")),
    "no_such_report": (
        "本机构未上报过该事件，或者该事件未生效，不能更正或者撤销。请核对event。",
        "This agency did not report such an event, or the event did not take effect, so it cannot be corrected or withdrawn. Check `event`."),
    "registration_stands": (
        "首次上报已经据以赋码，不能撤销。内容有误的，请上报更正；误报的纠纷，由综治中心在甄别前归档，并填写reason。",
        ("The first report, from which the dispute received its code, cannot be withdrawn. Report a correction if its facts are wrong; a dispute reported by "
        "mistake is archived by the mediation centre before screening, with a `reason`.")),
    "before_what_it_answers": (
        "所报时间早于该步骤所针对的事项发生之日。请核对time；时间有误的，请以正确时间重新上报。",
        "The step is dated before the day of what it answers. Check `time`, and report the step again with the right time."),
    "not_said_to_be_a_mistake": (
        "尚未甄别的纠纷，仅限误报的可以归档，并须在reason中填写误报情形；确有纠纷的，请先甄别。",
        "A dispute that has not been screened may be archived only if it was registered by mistake: give the `reason`. If the dispute exists, screen it first."),
    "not_that_step": (
        "所指事件的类型与corrects所列类型不符。请核对event和corrects。",
        "The event referred to is not of the type given in `corrects`. Check `event` and `corrects`."),
    "already_taken_back": (
        "该事件此前已经更正或者撤销。",
        "The event has already been corrected or withdrawn."),
    "correction_without_facts": (
        "更正已经生效的步骤，须在facts中填写全部正确内容。事项未发生的，请上报撤销。",
        "To correct a step that took effect, report all its correct facts in `facts`. If the step did not happen, withdraw the report."),
    "later_steps_stand": (
        "后续步骤已经依据该事件办理，不能再更正或者撤销。请先更正或者撤销后续步骤。",
        "Later steps were decided on the basis of this event, so it can no longer be corrected or withdrawn. Correct or withdraw the later steps first."),
    # Reasons that concern parked events: while the event is parked, and after an operator discarded it.
    "parked_by_operator": (
        "事件处理时发生故障，已暂存待查，运维人员正在核查。无须重新上报。",
        "Processing of the event failed; it is parked and an operator is examining it. Do not send it again."),
    "discarded_by_operator": (
        "事件经运维人员核查后作废，未产生效力。所报事项仍然属实的，请使用新的id重新上报。",
        "An operator examined the event and discarded it; it had no effect. If the reported fact is still true, report it again with a new id."),
}
# fmt: on

REASONS = {code: Reason(code, zh, en) for code, (zh, en) in _SENTENCES.items()}

# Permitted values of the placeholders. A token in _NAMES_BY_TOKEN is replaced by its name in the language of the sentence; other values must match a pattern.
_NAMES_BY_TOKEN = {
    "state": STATES,
    "step": STEP_NAMES,
    "mistake": MISTAKES,
    "agency": {code: (agency.zh, agency.en) for code, agency in AGENCIES.items()},
}
_PLACEHOLDER_PATTERNS = {
    "field": r"[a-z][a-z0-9_]*(?:[.\[\]0-9a-z_]*)",
    "on": r"\d{4}-\d{2}-\d{2}",
    "limit": r"\d{1,9}",
    "number": r"\d{1,4}",
    "days": r"\d{1,3}",
}


def _render(name: str, value, language: int) -> str:
    if name in _NAMES_BY_TOKEN:
        return _NAMES_BY_TOKEN[name][value][language]
    text = value.isoformat() if isinstance(value, dt.date) else str(value)
    if name not in _PLACEHOLDER_PATTERNS or not re.fullmatch(_PLACEHOLDER_PATTERNS[name], text):
        raise ValueError(f"invalid value for the placeholder {name} of a reason")
    return text


@cache
def _sentence_pattern(code: str, language: int) -> re.Pattern:
    """Return the pattern that matches a reason's sentence with any permitted values in its placeholders. `language`: 0 for Chinese, 1 for English."""

    def placeholder_pattern(match: re.Match) -> str:
        name = match[1]
        return "(?:" + (_PLACEHOLDER_PATTERNS.get(name) or "|".join(re.escape(row[language]) for row in _NAMES_BY_TOKEN[name].values())) + ")"

    sentence = (REASONS[code].zh, REASONS[code].en)[language]
    return re.compile(re.sub(r"\\\{(\w+)\\\}", placeholder_pattern, re.escape(sentence)))


def is_sentence_of(code: str, zh: str, en: str) -> bool:
    """Return whether `zh` and `en` are the Chinese and English sentence of the reason `code`, with permitted values in the placeholders."""
    return code in REASONS and _sentence_pattern(code, 0).fullmatch(zh) is not None and _sentence_pattern(code, 1).fullmatch(en) is not None
