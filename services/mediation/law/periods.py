"""Periods set by law or by the county: length, start, article, and whether a period can be extended, paused or restarted.

When a law changes, the old rule gets a last day (`opened_until`) and a new rule is added. A deadline follows the rule in force on the day of its start.
`readings` are numbers in READINGS, the interpretations used where the law is disputed. The texts of the articles are in contracts/law_texts.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from services.mediation.law.counting import Days, Hours, Length, Months, WorkingDays


@dataclass(frozen=True, slots=True)
class ExtensionRule:
    """Limits of the extensions of a period: whose consent or approval is needed, the longest extension, and whether it may be extended only once.

    `at_most` and `once` apply to extensions granted on `limits_from` or later; None: to all extensions.
    """

    by: tuple[str, str]
    at_most: Days | Months | None = None  # longest extension; None: no limit
    once: bool = False
    limits_from: date | None = None
    by_parties: bool = False  # True: the parties consent; False: an authority approves


@dataclass(frozen=True, slots=True)
class Rule:
    """Rule of one period. `kind` is LAW, LOCAL_RULE or POLICY. Only a period of kind LAW can be legally overdue, and a county may not change it."""

    clock: str
    length: Length
    runs_from: tuple[str, str]  # event that starts the period, in Chinese and English
    article: str  # source; "after …": the article is applied by analogy; "none": the county sets the period without a source
    kind: str
    readings: tuple[int, ...] = ()
    extension: ExtensionRule | None = None
    appraisal_excluded: bool = False  # True: days of an appraisal are not counted
    lapses: bool = False  # True: at the end a right lapses or arises, and no agency is overdue
    restarted_by: tuple[str, str] | None = None  # event that restarts the period, in Chinese and English; None: no restart
    consequence: tuple[str, str] | None = None  # consequence from the day after the end of the period, in Chinese and English
    consequence_after: str | None = None  # clock with equal start whose end decides the day of the consequence; None: this clock
    opened_from: date | None = None  # first day of the start for which the rule is in force; None: no limit
    opened_until: date | None = None  # last such day; None: no limit
    on_platform: bool | None = None  # True: the rule for the platform of the people's courts; False: the rule for other places; None: for both
    lengthens: tuple[str, ...] = ()  # clocks that this clock extends, if it is an extension
    calculator_only: tuple[str, str] | None = None  # reason why only the calculator uses the clock; None: events of disputes start it
    no_reminder: tuple[str, str] | None = None  # reason why no reminder is sent; None: reminders are sent

    @property
    def is_overridable(self) -> bool:
        """Return whether a county may change the rule."""
        return self.kind != "LAW"


REGISTRATION_FIRST_FROM = date(2025, 1, 1)  # from this day, courts register a claim before they refer it to mediation

# fmt: off
# Interpretations of disputed law, by number, in Chinese and English.
READINGS = {
    1: ("以小时计的期间不因休息日顺延，自受理后的下一整点起算（民诉解释125）。",
        "A period in hours is not extended by rest days; it runs from the next full hour after acceptance (CPLI 125)."),
    2: ("审查确认的15日（可延长10日）为独立期限；30日外限届满后，逾期方无争议。",
        "The 15 days (+10) to decide on a confirmation are a separate period; a breach is undisputed only after the outer 30 days."),
    3: ("延长是延长期间本身：自原起算日一次计算，末日一次顺延。届满后的同意不产生效力。",
        "An extension lengthens the period itself: it is counted once from the original start, and its last day is moved once. Consent given after the end has no effect."),
    4: ("鉴定期间自其开始次日至末日不计入；适用于立案前调解、医疗纠纷调解和审理期限，不适用于立案后的调解期限。",
        "The days after the starting day of an appraisal up to and including its last day are not counted in mediation before filing, medical mediation and the period for trial; they are counted in mediation after filing."),
    5: ("自2025年1月1日起法院不再新发委派调解；此前委派的，办理至期限届满。",
        "From 2025-01-01 courts delegate no mediation; earlier referrals run to the end of their period."),
    6: ("法律文本未规定计算方法的期限（信访、劳动调解、司法建议）同样遇休息日顺延。",
        "Periods whose text has no counting rule (petitions, labour mediation, judicial suggestions) are also moved if the last day is a rest day."),
    7: ("劳动争议的五日为工作日；十五日、四十五日为日历日。",
        "The five days of labour disputes are working days; fifteen and forty-five are calendar days."),
    8: ("末日至24时截止，不以下班时间为准。",
        "A last day ends at 24:00, not at close of business."),
    9: ("司法确认申请自第二方同意时为共同申请；3日受理适用于人民调解和名册内调解员，补齐材料后重新起算。",
        "An application for confirmation is joint from the second party's consent. The 3 days for acceptance apply to people's mediation and to mediators on the roster, and begin anew when missing papers are handed in."),
    10: ("放假安排尚未公布的年份，日期为暂定，公布后重新计算。",
         "In a year without a published holiday schedule dates are provisional; they are computed again when the schedule is published."),
    11: ("劳动争议调解的十五日自收到调解申请起算：承办组织写明收到日期的，以该日为准；否则，首次上报时即申请调解的，为上报之日，其他为交办之日。接收或者改派不重新起算。",
         "The fifteen days of labour mediation run from the receipt of the application: the day that the mediating body states; else the day of the first report if it asks for mediation, "
         "or the day of the referral. Neither the acceptance nor another referral starts them anew."),
}

_BOTH_PARTIES = ("双方当事人同意", "consent of both parties")
_ALL_PARTIES = ("全体当事人同意", "consent of all parties")
_COURT_PRESIDENT = ("本院院长批准", "approval of the court's president")
_ARBITRATION_NOT_CONNECTED = ("仲裁委员会不向本系统上报", "arbitration commissions do not report to this system")
_AUTHORITY_NOT_CONNECTED = ("该行政机关不向本系统上报", "that authority does not report to this system")
_POLICE_NOT_CONNECTED = ("公安机关自行主持的调解不向本系统上报", "mediation conducted by the police is not reported to this system")
_EXTENSION_OF_ENTRUSTED_MEDIATION = ExtensionRule(_BOTH_PARTIES, at_most=Days(30), once=True, limits_from=REGISTRATION_FIRST_FROM, by_parties=True)
_EXTENSION_BY_ALL_PARTIES = ExtensionRule(_ALL_PARTIES, by_parties=True)

RULES = (
    # ── set by the county ──
    Rule("screening", WorkingDays(1), ("登记或者重新启动", "registration or reopening"), "none", "POLICY"),
    Rule("routing", WorkingDays(1), ("甄别、退回或者不予立案", "screening, a referral declined, or a refusal to file"), "none", "POLICY"),
    Rule("performance", Days(0), ("协议约定的履行日", "the day agreed for performance"), "人民调解法 31", "POLICY"),
    Rule("follow_up", Days(30), ("履行完毕", "complete performance"), "none", "POLICY"),
    Rule("archiving", Days(30), ("化解、终结或者转出", "resolution, termination or redirection"), "none", "POLICY"),
    Rule("group_level", WorkingDays(1), ("发现纠纷", "dispute found"), "四级七天", "POLICY"),
    Rule("village_level", WorkingDays(2), ("上报至村", "escalation to the village"), "四级七天", "POLICY"),
    Rule("township_office_level", WorkingDays(2), ("上报至司法所", "escalation to the judicial office"), "四级七天", "POLICY"),
    Rule("township_level", WorkingDays(2), ("上报至乡镇", "escalation to the township"), "四级七天", "POLICY"),
    Rule("call_answer", WorkingDays(1), ("召集部门", "the call of departments"), "none", "POLICY"),
    Rule("supervision_answer", WorkingDays(3), ("督办", "the supervision notice"), "none", "POLICY"),

    # ── filing ──
    Rule("filing_decision", Days(7), ("收到起诉状", "complaint received"), "民事诉讼法 126; 登记立案规定 8; 民事诉讼法解释 126", "LAW",
         restarted_by=("补正材料交回，或者收到上级法院移交的材料", "correction handed in, or receipt from the superior court")),

    # ── online ──
    Rule("referral_answer", WorkingDays(3), ("收到交办", "referral received"), "after 在线调解规则 12", "POLICY", on_platform=False),
    Rule("referral_answer", WorkingDays(3), ("收到交办", "referral received"), "在线调解规则 12", "LAW", on_platform=True),
    Rule("online_parties_choose", WorkingDays(2), ("双方同意调解", "both parties consented"), "在线调解规则 10", "LAW", on_platform=True, lapses=True),
    Rule("online_parties_choose", WorkingDays(2), ("双方同意调解", "both parties consented"), "after 在线调解规则 10", "POLICY", lapses=True, on_platform=False),
    Rule("online_appoint", WorkingDays(3), ("收到指定请求", "request received"), "在线调解规则 10", "LAW", on_platform=True),
    Rule("online_appoint", WorkingDays(3), ("收到指定请求", "request received"), "after 在线调解规则 10", "POLICY", on_platform=False),
    Rule("online_ask_other_party", WorkingDays(3), ("接受委派", "delegation accepted"), "在线调解规则 15", "LAW", on_platform=True),
    Rule("online_ask_other_party", WorkingDays(3), ("接受委派", "delegation accepted"), "after 在线调解规则 15", "POLICY", on_platform=False),

    # ── mediation ──
    Rule("mediation_out_of_court_policy", Days(30), ("调解组织接收", "acceptance by the body"), "none", "POLICY", readings=(3, 4),
         extension=_EXTENSION_BY_ALL_PARTIES, appraisal_excluded=True),
    Rule("mediation_entrusted_ordinary", Days(15), ("签收法院移交的材料，在线为平台确认", "signature for the court's papers; online: confirmation on the platform"),
         "特邀调解规定 27; 在线调解规则 24; 立案与调解意见 3", "LAW", readings=(3, 4), extension=_EXTENSION_OF_ENTRUSTED_MEDIATION),
    Rule("mediation_entrusted_simplified", Days(7), ("签收法院移交的材料，在线为平台确认", "signature for the court's papers; online: confirmation on the platform"),
         "特邀调解规定 27; 在线调解规则 24; 立案与调解意见 3", "LAW", readings=(3, 4), extension=_EXTENSION_OF_ENTRUSTED_MEDIATION),
    Rule("mediation_extension", Days(30), ("原调解期限的起算日", "start of the base period"), "立案与调解意见 3", "POLICY", readings=(3, 4), extension=_EXTENSION_OF_ENTRUSTED_MEDIATION,
         lengthens=("mediation_entrusted_ordinary", "mediation_entrusted_simplified"),
         calculator_only=("纠纷中由原期限连同延长一并计算", "in a dispute the base period is computed together with the extension")),
    Rule("mediation_delegated_legacy", Days(30), ("签收或者平台确认", "signature or confirmation"), "特邀调解规定 27; 在线调解规则 24, 26", "LAW", readings=(3, 4, 5),
         extension=_EXTENSION_BY_ALL_PARTIES, appraisal_excluded=True, opened_until=date(2024, 12, 31)),

    # ── confirmation ──
    Rule("confirmation_apply", Days(30), ("调解协议生效", "agreement effective"), "民事诉讼法 205; 人民调解法 33", "LAW", readings=(9,), lapses=True),
    Rule("confirmation_accept", Days(3), ("收到申请", "application received"), "司法确认规定 4", "LAW", readings=(9,),
         restarted_by=("补齐材料", "missing papers handed in")),
    Rule("confirmation_decide", Days(15), ("受理", "acceptance"), "司法确认规定 5", "LAW", readings=(2,), extension=ExtensionRule(_COURT_PRESIDENT, at_most=Days(10), once=True),
         consequence=("逾期无争议", "the breach is undisputed"), consequence_after="confirmation_decide_outer"),
    Rule("confirmation_decide_outer", Days(30), ("立案", "docketing"), "民事诉讼法 187", "LAW", readings=(2,),
         consequence=("逾期无争议", "the breach is undisputed")),
    Rule("confirmation_objection", Days(15), ("收到裁定", "ruling received"), "民事诉讼法解释 372", "LAW", lapses=True),
    # A fixed period: nothing pauses, interrupts or extends it.
    Rule("confirmation_objection_third_party", Months(6), ("利害关系人知道或者应当知道其民事权益受到侵害", "the day on which the interested person knew or should have known of the infringement"),
         "民事诉讼法解释 372; 民事诉讼法解释 127", "LAW", lapses=True,
         no_reminder=("异议提出时才知道起算之日", "the day on which it begins is known only when the objection is made")),
    Rule("objection_review", Days(30), ("提出异议", "the objection"), "after 民事诉讼法 187", "POLICY"),

    # ── protection orders ──
    Rule("protection_order", Hours(72), ("受理", "acceptance"), "反家庭暴力法 28", "LAW", readings=(1,)),
    Rule("protection_order_urgent", Hours(24), ("受理", "acceptance"), "反家庭暴力法 28", "LAW", readings=(1,)),
    Rule("protection_order_review", Days(5), ("裁定生效", "ruling effective"), "反家庭暴力法 31", "LAW", lapses=True,
         no_reminder=("属当事人的权利，安全保护专线内不提醒任何机构", "it is a right of the parties, of which no agency in the safeguard lane is reminded")),

    # ── petitions ──
    Rule("petition_accept", Days(15), ("收到信访", "petition received"), "信访工作条例 22", "LAW", readings=(6,)),
    Rule("petition_decide", Days(60), ("受理", "acceptance"), "信访工作条例 34", "LAW", readings=(6,),
         extension=ExtensionRule(("本机关、单位负责人批准", "approval of the organ's head"), at_most=Days(30), once=True)),
    Rule("petition_transfer_objection", WorkingDays(5), ("收到转送", "transfer received"), "信访工作条例 23", "LAW", lapses=True),

    # ── labour, land, medical, consumer, traffic, police ──
    Rule("labour_mediation", Days(15), ("收到调解申请", "application received"), "劳动争议调解仲裁法 14", "LAW", readings=(6, 7, 11),
         consequence=("可以申请仲裁", "arbitration may be applied for"), lapses=True),
    Rule("labour_accept", WorkingDays(5), ("收到仲裁申请", "application received"), "劳动争议调解仲裁法 29", "LAW", readings=(7,), calculator_only=_ARBITRATION_NOT_CONNECTED),
    Rule("labour_award", Days(45), ("受理", "acceptance"), "劳动争议调解仲裁法 43", "LAW", readings=(7,),
         extension=ExtensionRule(("仲裁委员会主任批准", "approval of the commission's director"), at_most=Days(15), once=True), calculator_only=_ARBITRATION_NOT_CONNECTED),
    Rule("land_accept", WorkingDays(5), ("收到仲裁申请", "application received"), "农村土地承包经营纠纷调解仲裁法 23", "LAW", calculator_only=_ARBITRATION_NOT_CONNECTED),
    Rule("land_award", Days(60), ("受理", "acceptance"), "农村土地承包经营纠纷调解仲裁法 47", "LAW",
         extension=ExtensionRule(("仲裁委员会主任批准", "approval of the commission's director"), at_most=Days(30), once=True), calculator_only=_ARBITRATION_NOT_CONNECTED),
    Rule("medical_mediation", WorkingDays(30), ("受理", "acceptance"), "医疗纠纷条例 38", "LAW", readings=(3, 4),
         extension=ExtensionRule(("医患双方与调解委员会约定", "agreement of both sides and the committee"), by_parties=True), appraisal_excluded=True),
    Rule("medical_admin_accept", WorkingDays(5), ("收到申请", "application received"), "医疗纠纷条例 40", "LAW", calculator_only=_AUTHORITY_NOT_CONNECTED),
    Rule("consumer_complaint", WorkingDays(7), ("收到投诉", "complaint received"), "消费者权益保护法 46", "LAW", calculator_only=_AUTHORITY_NOT_CONNECTED),
    Rule("traffic_apply", WorkingDays(10), ("收到事故认定书", "certificate received"), "道路交通事故处理程序规定 86; 道路交通事故处理程序规定 112(5)", "LAW", lapses=True, calculator_only=_POLICE_NOT_CONNECTED),
    Rule("traffic_mediation", WorkingDays(10), ("调解开始", "mediation started"), "道路交通事故处理程序规定 90; 道路交通事故处理程序规定 112(5)", "LAW", calculator_only=_POLICE_NOT_CONNECTED),
    Rule("police_second_mediation", WorkingDays(7), ("第一次调解", "first mediation"), "公安行政案件程序规定 183", "LAW", calculator_only=_POLICE_NOT_CONNECTED),

    # ── letters, trial, enforcement ──
    Rule("judicial_suggestion_reply", Months(2), ("收到司法建议书", "letter received"), "司法建议规定 8", "LAW", readings=(6,), calculator_only=("司法建议不针对单件纠纷", "a judicial suggestion does not concern a single dispute")),
    Rule("trial_small_claims", Months(2), ("立案", "filing"), "民事诉讼法 168", "LAW", readings=(4,),
         extension=ExtensionRule(_COURT_PRESIDENT, at_most=Months(1), once=True), appraisal_excluded=True),
    Rule("trial_simplified", Months(3), ("立案", "filing"), "民事诉讼法 164", "LAW", readings=(4,),
         extension=ExtensionRule(_COURT_PRESIDENT, at_most=Months(1), once=True), appraisal_excluded=True),
    Rule("trial_ordinary", Months(6), ("立案", "filing"), "民事诉讼法 152", "LAW", readings=(4,),
         extension=ExtensionRule(_COURT_PRESIDENT, at_most=Months(6), once=True), appraisal_excluded=True),
    Rule("enforcement_apply", Months(24), ("履行期限的最后一日", "last day for performance"), "民事诉讼法 250", "LAW", lapses=True),
)
# Clocks that stop while mediation is suspended to examine a suspicion (特邀调解规定 18). The article says nothing on the period; by this project's rule, the
# remaining time continues after the suspension.
SUSPENDABLE_CLOCKS = (
    "mediation_out_of_court_policy", "labour_mediation", "medical_mediation", "mediation_delegated_legacy", "mediation_entrusted_ordinary",
    "mediation_entrusted_simplified", "mediation_extension",
)
# Clocks whose length a letter of the court may set. If the letter sets no length, the length in RULES applies.
CLOCKS_WITH_GIVEN_LENGTH = ("judicial_suggestion_reply",)
# fmt: on

Rules = Mapping[str, tuple[Rule, ...]]


def group_by_clock(rows: tuple[Rule, ...]) -> dict[str, tuple[Rule, ...]]:
    """Return a mapping from the name of a clock to its rules, in the order of `rows`."""
    found: dict[str, tuple[Rule, ...]] = {}
    for row in rows:
        found[row.clock] = (*found.get(row.clock, ()), row)
    return found


DEFAULT_RULES: Rules = group_by_clock(RULES)
