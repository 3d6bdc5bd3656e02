"""Names of the states of a dispute, and an explanation of each state: its meaning, who must act, and how it ends.

The transitions between states are defined in services/mediation/lifecycle/transitions.py. The explanations describe them for readers; a test compares both.
"""

from dataclasses import dataclass

# fmt: off
# Chinese and English name of each state.
STATES = {
    "detected":          ("线索",         "detected"),
    "registered":        ("已登记",       "registered"),
    "screened":          ("已甄别",       "screened"),
    "routed":            ("已分流",       "routed"),
    "referral_declined": ("已退回",       "referral declined"),
    "accepted":          ("已接收",       "accepted"),
    "consent_pending":   ("征询意愿",     "consent pending"),
    "mediating":         ("调解中",       "mediating"),
    "clock_paused":      ("鉴定评估",     "clock paused"),
    "agreed":            ("达成协议",     "agreed"),
    "confirm_applied":   ("申请司法确认", "confirmation applied for"),
    "confirm_decided":   ("已裁定",       "confirmation decided"),
    "terminated":        ("调解终结",     "terminated"),
    "suspended":         ("中止",         "suspended"),
    "performing":        ("履行中",       "performing"),
    "defaulted":         ("未履行",       "defaulted"),
    "filed":             ("已立案",       "filed"),
    "court_track":       ("审理中",       "in court"),
    "enforcement":       ("执行中",       "enforcement"),
    "safeguard_hold":    ("安全保护",     "safeguard hold"),
    "redirected":        ("已转出",       "redirected"),
    "resolved":          ("已化解",       "resolved"),
    "closed":            ("已归档",       "closed"),
}
# fmt: on


@dataclass(frozen=True, slots=True)
class StateExplanation:
    """Explanation of one state, as pairs of a Chinese and an English text. `ends` names, in quotation marks, every state that may follow."""

    meaning: tuple[str, str]
    actor: tuple[str, str]
    ends: tuple[str, str]


# fmt: off
# Explanation of each state. A mediating body is the mediation body that handles the dispute.
STATE_EXPLANATIONS = {
    "detected": StateExplanation(
        meaning=("已收到首次上报，尚未赋予纠纷编码。",
                 "The first report has arrived; the dispute has no code yet."),
        actor=("无须任何机构办理，由系统登记。",
               "No agency has to act; the system registers the dispute."),
        ends=("登记并赋予编码后转为“已登记”。",
              "Registration under a code makes it “registered”.")),
    "registered": StateExplanation(
        meaning=("纠纷已登记并赋予唯一编码，尚未甄别。",
                 "The dispute is registered under its one code and has not been screened."),
        actor=("综治中心应当甄别该纠纷是否适宜调解、有无风险。",
               "The mediation centre has to screen it: whether it is suitable for mediation, and which risks it bears."),
        ends=("甄别后转为“已甄别”；当场达成协议的转为“达成协议”，协议当场履行完毕的转为“已化解”；转交其他途径的转为“已转出”；不再调解的转为“调解终结”；系误报的转为“已归档”。",
              "Screening makes it “screened”; an agreement on the spot makes it “agreed”, or “resolved” if it was also performed on the spot; a referral to another procedure makes it “redirected”; "
              "if nobody will mediate, it becomes “terminated”; a dispute that was registered by mistake becomes “closed”.")),
    "screened": StateExplanation(
        meaning=("已完成甄别，等待分流。",
                 "The dispute has been screened and waits to be referred."),
        actor=("综治中心（已收到起诉状的为法院）应当将纠纷交由调解组织办理，或者转交其他途径；法院应当决定是否立案。",
               "The mediation centre, or the court that has received a complaint, has to act: the centre refers the dispute to a mediating body or to another procedure, "
               "the court decides whether to file the case."),
        ends=("交办后转为“已分流”；转交其他途径的转为“已转出”；不再调解的转为“调解终结”；系误报的转为“已归档”。",
              "A referral makes it “routed”; a referral to another procedure makes it “redirected”; if nobody will mediate, it becomes “terminated”; a dispute that was registered by mistake becomes “closed”.")),
    "routed": StateExplanation(
        meaning=("纠纷已交办，等待受理的调解组织答复。",
                 "The dispute has been referred, and the mediating body has not answered yet."),
        actor=("受理的调解组织应当接收交办，或者说明理由后退回。",
               "The mediating body has to accept the referral, or to decline it with reasons."),
        ends=("接收后转为“已接收”，退回后转为“已退回”；转交其他途径的转为“已转出”；不再调解的转为“调解终结”，已由法院立案的转为“审理中”；法院结案后转为“已化解”，尚有义务未履行的转为“履行中”。"
              "改交其他调解组织的，仍为“已分流”。",
              "Acceptance makes it “accepted”, a refusal “referral declined”; a referral to another procedure makes it “redirected”; if nobody will mediate, it becomes “terminated”, or “in court” if a court has filed it; "
              "when the court closes the case, it becomes “resolved”, or “performing” if something is still owed. A referral to another body leaves it “routed”.")),
    "referral_declined": StateExplanation(
        meaning=("调解组织已退回交办，须另行交办。",
                 "The mediating body has declined the referral, and another has to be found."),
        actor=("交办的单位（综治中心，委托调解的为法院）应当另行交办。",
               "The agency that made the referral (the centre, or the court that entrusted the case) has to refer it elsewhere."),
        ends=("另行交办后转为“已分流”；转交其他途径的转为“已转出”；不再调解的转为“调解终结”，已由法院立案的转为“审理中”；法院结案后转为“已化解”，尚有义务未履行的转为“履行中”。",
              "Another referral makes it “routed”; a referral to another procedure makes it “redirected”; if nobody will mediate, it becomes “terminated”, or “in court” if a court has filed it; "
              "when the court closes the case, it becomes “resolved”, or “performing” if something is still owed.")),
    "accepted": StateExplanation(
        meaning=("调解组织已接收交办，调解期限开始计算。",
                 "The mediating body has accepted the referral, and the period for mediation runs."),
        actor=("受理的调解组织应当征询当事人意愿，并由当事人选定或者指定调解员。",
               "The mediating body has to ask the parties for their consent and to see that a mediator is chosen or appointed."),
        ends=("取得同意或者确定调解员后转为“征询意愿”；退回的转为“已退回”；当事人拒绝或者调解终结的转为“调解终结”，已由法院立案的转为“审理中”；法院结案后转为“已化解”，尚有义务未履行的转为“履行中”。",
              "A consent or the choice of a mediator makes it “consent pending”; a body that gives it back makes it “referral declined”; a refusal by a party or the end of mediation makes it “terminated”, "
              "or “in court” if a court has filed it; when the court closes the case, it becomes “resolved”, or “performing” if something is still owed.")),
    "consent_pending": StateExplanation(
        meaning=("正在征询各方当事人是否同意调解。",
                 "The parties are being asked whether they consent to mediation."),
        actor=("受理的调解组织应当取得全体当事人同意后开始调解。",
               "The mediating body has to obtain the consent of every party and then to start mediation."),
        ends=("全体当事人同意并开始调解后转为“调解中”；退回的转为“已退回”；当事人拒绝或者调解终结的转为“调解终结”，已由法院立案的转为“审理中”；法院结案后转为“已化解”，尚有义务未履行的转为“履行中”。",
              "Once every party has consented and mediation has started, it is “mediating”; a body that gives it back makes it “referral declined”; a refusal by a party or the end of mediation makes it “terminated”, "
              "or “in court” if a court has filed it; when the court closes the case, it becomes “resolved”, or “performing” if something is still owed.")),
    "mediating": StateExplanation(
        meaning=("调解正在进行。",
                 "Mediation is in progress."),
        actor=("受理的调解组织应当在调解期限内主持调解，并报告协议或者终结。",
               "The mediating body has to conduct mediation within the period and to report an agreement or the end."),
        ends=("达成协议后转为“达成协议”；需要鉴定的转为“鉴定评估”；涉嫌虚假调解或者犯罪的转为“中止”；当事人拒绝或者调解终结的转为“调解终结”，已由法院立案的转为“审理中”；法院结案后转为“已化解”，尚有义务未履行的转为“履行中”。",
              "An agreement makes it “agreed”; an appraisal makes it “clock paused”; a suspected sham or crime makes it “suspended”; a refusal by a party or the end of mediation makes it “terminated”, "
              "or “in court” if a court has filed it; when the court closes the case, it becomes “resolved”, or “performing” if something is still owed.")),
    "clock_paused": StateExplanation(
        meaning=("正在鉴定、评估；法律规定不计入的期限停止计算。",
                 "An appraisal is being made; the periods from which the law excludes it do not run."),
        actor=("受理的调解组织应当在鉴定、评估结束后报告恢复。",
               "The mediating body has to report when the appraisal has ended."),
        ends=("鉴定、评估结束后回到“调解中”或者“审理中”；涉嫌虚假调解或者犯罪的转为“中止”；当事人拒绝或者调解终结的转为“调解终结”，已由法院立案的转为“审理中”；法院结案后转为“已化解”，尚有义务未履行的转为“履行中”。",
              "When the appraisal has ended, it is “mediating” or “in court” again; a suspected sham or crime makes it “suspended”; a refusal by a party or the end of mediation makes it “terminated”, "
              "or “in court” if a court has filed it; when the court closes the case, it becomes “resolved”, or “performing” if something is still owed.")),
    "agreed": StateExplanation(
        meaning=("各方已达成调解协议，协议尚未履行完毕。",
                 "The parties have reached an agreement, which has not been performed in full."),
        actor=("受理的调解组织应当督促履行并报告；双方共同申请司法确认的，报告申请。",
               "The mediating body has to see that the agreement is performed and to report it, and to report a joint application for confirmation."),
        ends=("共同申请司法确认的转为“申请司法确认”；履行完毕的转为“已化解”，部分履行、法院结案而尚有义务未履行或者申请确认的期限届满的转为“履行中”，到期未履行的转为“未履行”。",
              "A joint application makes it “confirmation applied for”; full performance makes it “resolved”; part performance, a closed case with something still owed, or the end of the period for applying makes it “performing”; "
              "a term that was not performed makes it “defaulted”.")),
    "confirm_applied": StateExplanation(
        meaning=("双方已共同向法院申请司法确认。",
                 "Both parties have applied to the court for confirmation of their agreement."),
        actor=("法院应当决定是否受理，并在受理后作出裁定。",
               "The court has to decide whether it accepts the application, and then to rule on it."),
        ends=("确认有效、驳回申请或者当事人撤回申请后转为“已裁定”。",
              "A ruling that confirms the agreement, a refusal, or the withdrawal of the application makes it “confirmation decided”.")),
    "confirm_decided": StateExplanation(
        meaning=("法院已就司法确认作出裁定，或者申请已撤回。",
                 "The court has ruled on the application for confirmation, or the application was withdrawn."),
        actor=("受理的调解组织应当督促履行并报告；驳回的，告知当事人重新调解或者起诉。",
               "The mediating body has to see that the agreement is performed and to report it; after a refusal it tells the parties that they may mediate again or sue."),
        ends=("履行完毕的转为“已化解”，部分履行的转为“履行中”，到期未履行的转为“未履行”；申请强制执行的转为“执行中”；再次申请确认或者提出异议的转为“申请司法确认”；驳回后重新调解的转为“调解中”，不再调解的转为“调解终结”。",
              "Full performance makes it “resolved”, part performance “performing”, a term that was not performed “defaulted”; an application for enforcement makes it “enforcement”; a new application or an objection makes it "
              "“confirmation applied for”; after a refusal it becomes “mediating” if the parties mediate again, else “terminated”.")),
    "terminated": StateExplanation(
        meaning=("调解已终结，未达成协议。",
                 "Mediation has ended without an agreement."),
        actor=("受理的调解组织应当告知当事人其他救济途径，并归档。",
               "The mediating body has to tell the parties which other ways are open to them, and to archive the dispute."),
        ends=("转交其他途径的转为“已转出”；归档后转为“已归档”。",
              "A referral to another procedure makes it “redirected”; archiving makes it “closed”.")),
    "suspended": StateExplanation(
        meaning=("因涉嫌虚假调解或者犯罪，调解中止，期限停止计算。",
                 "Mediation is suspended because a sham or a crime is suspected; its periods do not run."),
        actor=("受理的调解组织应当报告情况；法院（涉嫌犯罪的为公安机关）应当查明。",
               "The mediating body has to report the facts; the court, or the police where a crime is suspected, has to examine them."),
        ends=("查明无虚假后回到“调解中”；当事人拒绝或者调解终结的转为“调解终结”，已由法院立案的转为“审理中”；法院结案后转为“已化解”，尚有义务未履行的转为“履行中”；查实的归档，转为“已归档”。",
              "If the suspicion is not confirmed, it is “mediating” again; a refusal by a party or the end of mediation makes it “terminated”, or “in court” if a court has filed it; "
              "when the court closes the case, it becomes “resolved”, or “performing” if something is still owed; archiving makes it “closed”.")),
    "performing": StateExplanation(
        meaning=("协议或者裁判确定的义务正在履行。",
                 "What the agreement or the court's decision requires is being performed."),
        actor=("受理的调解组织应当督促履行，并报告每一期的履行情况。",
               "The mediating body has to see that it is performed and to report on each term."),
        ends=("履行完毕的转为“已化解”，到期未履行的转为“未履行”；申请或者再次审查司法确认的转为“申请司法确认”；申请强制执行的转为“执行中”；归档后转为“已归档”。",
              "Full performance makes it “resolved”, a term that was not performed “defaulted”; an application for confirmation or an objection to one makes it “confirmation applied for”; "
              "an application for enforcement makes it “enforcement”; archiving makes it “closed”.")),
    "defaulted": StateExplanation(
        meaning=("至少有一期义务到期未履行。",
                 "At least one term was not performed when it was due."),
        actor=("受理的调解组织应当督促履行，并告知当事人可以申请确认、申请执行或者起诉。",
               "The mediating body has to urge performance and to tell the parties that they may apply for confirmation or enforcement, or sue."),
        ends=("全部履行完毕的转为“已化解”，法院结案而尚有义务未履行的转为“履行中”；申请或者再次审查司法确认的转为“申请司法确认”；申请强制执行的转为“执行中”；重新启动的转为“已登记”；归档后转为“已归档”。",
              "Full performance makes it “resolved”; a case that the court closes with something still owed makes it “performing”; an application for confirmation or an objection to one makes it “confirmation applied for”; "
              "an application for enforcement makes it “enforcement”; a dispute that is reopened becomes “registered”; archiving makes it “closed”.")),
    "filed": StateExplanation(
        meaning=("法院已登记立案。",
                 "The court has filed the case."),
        actor=("法院应当确定审理程序，或者经当事人同意委托调解。",
               "The court has to set the procedure, or to entrust the case to mediation with the parties' consent."),
        ends=("委托调解的转为“已分流”；确定审理程序后转为“审理中”；结案后转为“已化解”，尚有义务未履行的转为“履行中”。",
              "Entrusted mediation makes it “routed”; a procedure makes it “in court”; when the court closes the case, it becomes “resolved”, or “performing” if something is still owed.")),
    "court_track": StateExplanation(
        meaning=("案件由法院审理。",
                 "The case is being tried."),
        actor=("法院应当在审理期限内结案，或者经当事人同意委托调解。",
               "The court has to close the case within the period for trial, or to entrust it to mediation with the parties' consent."),
        ends=("委托调解的转为“已分流”；需要鉴定的转为“鉴定评估”；结案后转为“已化解”，尚有义务未履行的转为“履行中”。变更审理程序的，仍为“审理中”。",
              "Entrusted mediation makes it “routed”; an appraisal makes it “clock paused”; when the court closes the case, it becomes “resolved”, or “performing” if something is still owed. "
              "A change of procedure leaves it “in court”.")),
    "enforcement": StateExplanation(
        meaning=("当事人已申请强制执行。",
                 "A party has applied for enforcement."),
        actor=("法院应当执行，并报告执行结果。",
               "The court has to enforce, and to report the result."),
        ends=("归档后转为“已归档”。",
              "Archiving makes it “closed”.")),
    "safeguard_hold": StateExplanation(
        meaning=("涉及家庭暴力、未成年人受侵害或者暴力威胁，纠纷纳入安全保护专线，其他机构上报的步骤不生效。",
                 "Domestic violence, a minor at risk or a threat of violence: the dispute is in the safeguard lane, and steps of other agencies do not take effect."),
        actor=("公安机关、法院可以办理；妇联可以协助。",
               "The police and the court may act; the women's federation may assist."),
        ends=("公安机关或者法院说明理由、解除安全保护后，回到原来的状态。",
              "When the police or the court release the hold and give a reason, the dispute returns to the state that it was in.")),
    "redirected": StateExplanation(
        meaning=("纠纷已转交仲裁、行政、信访等其他途径办理。",
                 "The dispute has been referred to arbitration, administration, petition or another procedure."),
        actor=("综治中心应当跟踪结果，并归档。",
               "The mediation centre has to follow the result and to archive the dispute."),
        ends=("重新启动的转为“已登记”；归档后转为“已归档”。",
              "A dispute that is reopened becomes “registered”; archiving makes it “closed”.")),
    "resolved": StateExplanation(
        meaning=("纠纷已化解，约定的义务已履行完毕。",
                 "The dispute is resolved, and nothing that was agreed is still owed."),
        actor=("受理的调解组织应当回访，并归档。",
               "The mediating body has to follow up and to archive the dispute."),
        ends=("归档后转为“已归档”；申请强制执行的转为“执行中”；重新启动的转为“已登记”。",
              "Archiving makes it “closed”; an application for enforcement makes it “enforcement”; a dispute that is reopened becomes “registered”.")),
    "closed": StateExplanation(
        meaning=("纠纷已归档，办理完毕。",
                 "The dispute is archived; its handling is complete."),
        actor=("无须任何机构办理。",
               "No agency has to act."),
        ends=("办理流程到此结束，其后没有步骤；重新启动的转为“已登记”。",
              "The procedure ends here and nothing follows; a dispute that is reopened becomes “registered”.")),
}
# How any state can end, in Chinese and English.
ENDINGS_OF_ANY_STATE = (
    "任何状态下，当事人均可起诉，法院登记立案后转为“已立案”。与另一纠纷系同一纠纷的，并入该纠纷后转为“已归档”。上报有误的，更正或者撤回后恢复该上报之前的状态。",
    "In any state a party may go to court: when the court has filed the case, the dispute becomes “filed”. A dispute that is the same as another is joined to it and becomes “closed”. "
    "A report that was wrong may be corrected or withdrawn: the dispute is then in the state before that report.",
)
# fmt: on
