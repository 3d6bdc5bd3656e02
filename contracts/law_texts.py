"""Texts of the articles of law that set periods, with their sources, by the citation that rules and events carry.

Texts are quoted verbatim. If the wording of an article could not be established, `is_summary` is True and `sentences` holds a summary.
"""

import re
from dataclasses import dataclass
from datetime import date

from contracts.clocks import LAWS

BilingualText = tuple[str, str]  # (Chinese text, English text)


@dataclass(frozen=True, slots=True)
class Source:
    """A law, judicial interpretation, regulation or local practice, in the version from which articles are quoted."""

    slug: str  # name of the source in the anchors of web pages
    title: BilingualText
    issued_by: BilingualText
    number: BilingualText  # document number and date of the quoted version
    published_in: BilingualText
    valid_from: date
    verified_on: date | None  # date of the official text with which the quotations were last compared; None: the source is only summarised
    valid_until: date | None = None  # last day of validity; None: the source is in force


@dataclass(frozen=True, slots=True)
class ArticleText:
    """Sentences of one article that set a period or say how it is counted, each with a translation."""

    law: str  # short name of the source, a key of SOURCES
    number: str
    sentences: tuple[BilingualText, ...]
    is_summary: bool = False
    note: BilingualText | None = None  # remark, for example the number of the article in earlier versions

    @property
    def citation(self) -> str:
        return f"{self.law} {self.number}".strip()

    @property
    def source(self) -> Source:
        return SOURCES[self.law]

    @property
    def anchor(self) -> str:
        """Identifier (anchor) of the article's section on a web page: ASCII letters, digits and hyphens."""
        return "-".join((self.source.slug, *(re.findall(r"\d+", self.number) or ("text",))))


@dataclass(frozen=True, slots=True)
class RuleOrigin:
    """Origin of a period that no law sets (kind POLICY or LOCAL_RULE): who set it, and citations of the articles on which it is modelled."""

    owner: BilingualText
    modelled_on: tuple[str, ...] = ()
    note: BilingualText | None = None


# fmt: off
_NPC = ("全国人民代表大会常务委员会", "Standing Committee of the National People's Congress")
_COURT = ("最高人民法院", "Supreme People's Court")
_POLICE = ("公安部", "Ministry of Public Security")
_IN_NPC_GAZETTE = ("《中华人民共和国全国人民代表大会常务委员会公报》", "Gazette of the Standing Committee of the National People's Congress")
_IN_COURT_GAZETTE = ("《最高人民法院公报》《人民法院报》", "Gazette of the Supreme People's Court; People's Court Daily")
_IN_MINISTRY_GAZETTE = ("《中华人民共和国国务院公报》或者部门公报", "Gazette of the State Council or of the ministry")
_IN_COUNCIL_GAZETTE = ("《中华人民共和国国务院公报》", "Gazette of the State Council")
_COMPARED_2025, _COMPARED_2026 = date(2025, 4, 19), date(2026, 7, 17)

SOURCES = {
    "民事诉讼法": Source(
        "civil-procedure-law", ("《中华人民共和国民事诉讼法》", "Civil Procedure Law of the People's Republic of China"),
        ("全国人民代表大会；全国人民代表大会常务委员会修正", "National People's Congress; amended by its Standing Committee"),
        ("2023年9月1日第五次修正，主席令第十一号", "fifth amendment of 2023-09-01, Order of the President No. 11"),
        _IN_NPC_GAZETTE, date(2024, 1, 1), _COMPARED_2026),
    "民事诉讼法解释": Source(
        "civil-procedure-interpretation",
        ("《最高人民法院关于适用〈中华人民共和国民事诉讼法〉的解释》", "Interpretation of the Supreme People's Court on the Application of the Civil Procedure Law"), _COURT,
        ("法释〔2015〕5号，2022年4月1日以法释〔2022〕11号修正", "Fa Shi [2015] No. 5, as amended on 2022-04-01 by Fa Shi [2022] No. 11"),
        _IN_COURT_GAZETTE, date(2022, 4, 10), _COMPARED_2025),
    "人民调解法": Source(
        "peoples-mediation-law", ("《中华人民共和国人民调解法》", "People's Mediation Law of the People's Republic of China"), _NPC,
        ("2010年8月28日通过，主席令第三十四号", "adopted 2010-08-28, Order of the President No. 34"),
        _IN_NPC_GAZETTE, date(2011, 1, 1), _COMPARED_2026),
    "特邀调解规定": Source(
        "invited-mediation-provisions",
        ("《最高人民法院关于人民法院特邀调解的规定》", "Provisions of the Supreme People's Court on Court-invited Mediation"), _COURT,
        ("法释〔2016〕14号，2016年6月28日公布", "Fa Shi [2016] No. 14, issued 2016-06-28"),
        _IN_COURT_GAZETTE, date(2016, 7, 1), _COMPARED_2025),
    "在线调解规则": Source(
        "online-mediation-rules", ("《人民法院在线调解规则》", "Online Mediation Rules of the People's Courts"), _COURT,
        ("法释〔2021〕23号，2021年12月30日公布", "Fa Shi [2021] No. 23, issued 2021-12-30"),
        _IN_COURT_GAZETTE, date(2022, 1, 1), _COMPARED_2025),
    "司法确认规定": Source(
        "confirmation-provisions",
        ("《最高人民法院关于人民调解协议司法确认程序的若干规定》", "Provisions of the Supreme People's Court on the Procedure for Judicial Confirmation of People's Mediation Agreements"), _COURT,
        ("法释〔2011〕5号，2011年3月23日公布", "Fa Shi [2011] No. 5, issued 2011-03-23"),
        _IN_COURT_GAZETTE, date(2011, 3, 30), _COMPARED_2025),
    "登记立案规定": Source(
        "case-registration-provisions",
        ("《最高人民法院关于人民法院登记立案若干问题的规定》", "Provisions of the Supreme People's Court on Several Issues concerning the Registration of Cases"), _COURT,
        ("法释〔2015〕8号，2015年4月15日公布", "Fa Shi [2015] No. 8, issued 2015-04-15"),
        _IN_COURT_GAZETTE, date(2015, 5, 1), _COMPARED_2025),
    "立案与调解意见": Source(
        "filing-and-mediation-opinion",
        ("《最高人民法院关于严格依法规范民事案件立案与调解工作的意见》", "Opinion of the Supreme People's Court on the Lawful Registration and Mediation of Civil Cases"), _COURT,
        ("2024年12月27日印发，文号未查明", "issued 2024-12-27; its document number is not established"),
        ("未见公报登载，据转载文本摘要", "not found in a gazette; summarised from reprints"), date(2025, 1, 1), None),
    "反家庭暴力法": Source(
        "anti-domestic-violence-law", ("《中华人民共和国反家庭暴力法》", "Anti-Domestic Violence Law of the People's Republic of China"), _NPC,
        ("2015年12月27日通过，主席令第三十七号", "adopted 2015-12-27, Order of the President No. 37"),
        _IN_NPC_GAZETTE, date(2016, 3, 1), _COMPARED_2026),
    "信访工作条例": Source(
        "petition-regulations", ("《信访工作条例》", "Regulations on Petition Work"),
        ("中共中央、国务院", "Central Committee of the Communist Party of China and State Council"),
        ("2022年2月25日发布", "issued 2022-02-25"),
        _IN_COUNCIL_GAZETTE, date(2022, 5, 1), _COMPARED_2025),
    "劳动争议调解仲裁法": Source(
        "labour-dispute-law",
        ("《中华人民共和国劳动争议调解仲裁法》", "Law of the People's Republic of China on Mediation and Arbitration of Labour Disputes"), _NPC,
        ("2007年12月29日通过，主席令第八十号", "adopted 2007-12-29, Order of the President No. 80"),
        _IN_NPC_GAZETTE, date(2008, 5, 1), _COMPARED_2026),
    "农村土地承包经营纠纷调解仲裁法": Source(
        "rural-land-dispute-law",
        ("《中华人民共和国农村土地承包经营纠纷调解仲裁法》", "Law of the People's Republic of China on Mediation and Arbitration of Rural Land Contract Disputes"), _NPC,
        ("2009年6月27日通过，主席令第十四号", "adopted 2009-06-27, Order of the President No. 14"),
        _IN_NPC_GAZETTE, date(2010, 1, 1), _COMPARED_2026),
    "医疗纠纷条例": Source(
        "medical-dispute-regulations", ("《医疗纠纷预防和处理条例》", "Regulations on the Prevention and Handling of Medical Disputes"),
        ("国务院", "State Council"),
        ("国务院令第701号，2018年7月31日公布", "Order of the State Council No. 701, issued 2018-07-31"),
        _IN_COUNCIL_GAZETTE, date(2018, 10, 1), _COMPARED_2025),
    "消费者权益保护法": Source(
        "consumer-protection-law",
        ("《中华人民共和国消费者权益保护法》", "Law of the People's Republic of China on the Protection of Consumer Rights and Interests"), _NPC,
        ("2013年10月25日第二次修正，主席令第七号", "second amendment of 2013-10-25, Order of the President No. 7"),
        _IN_NPC_GAZETTE, date(2014, 3, 15), _COMPARED_2026),
    "道路交通事故处理程序规定": Source(
        "road-accident-procedure", ("《道路交通事故处理程序规定》", "Provisions on the Procedure for Handling Road Traffic Accidents"), _POLICE,
        ("公安部令第146号，2017年7月22日公布", "Order of the Ministry of Public Security No. 146, issued 2017-07-22"),
        _IN_MINISTRY_GAZETTE, date(2018, 5, 1), _COMPARED_2025),
    "公安行政案件程序规定": Source(
        "police-administrative-procedure",
        ("《公安机关办理行政案件程序规定》", "Provisions on the Procedure for Handling Administrative Cases by Public Security Organs"), _POLICE,
        ("公安部令第125号，2018年11月25日以公安部令第149号修正", "Order of the Ministry of Public Security No. 125, as amended on 2018-11-25 by Order No. 149"),
        _IN_MINISTRY_GAZETTE, date(2019, 1, 1), _COMPARED_2025),
    "司法建议规定": Source(
        "judicial-suggestion-provisions",
        ("《最高人民法院关于综合治理类司法建议工作若干问题的规定》", "Provisions of the Supreme People's Court on Judicial Suggestions for Comprehensive Governance"), _COURT,
        ("法释〔2023〕11号，2023年11月15日公布", "Fa Shi [2023] No. 11, issued 2023-11-15"),
        _IN_COURT_GAZETTE, date(2023, 11, 16), _COMPARED_2025),
    "四级七天": Source(
        "four-levels-seven-days", ("“四级七天”工作法", "Four levels, seven days: a working method"),
        ("张掖市高台县等地的做法", "practice of Gaotai and other counties of Zhangye"),
        ("无文号", "no document number"),
        ("高台县人民政府网站，2022年4月24日", "website of the government of Gaotai county, 2022-04-24"), date(2022, 4, 24), None),
}

_ARTICLES = (
    # ── Civil Procedure Law and its interpretation ──
    ArticleText("民事诉讼法", "126", (
        ("符合起诉条件的，应当在七日内立案，并通知当事人；不符合起诉条件的，应当在七日内作出裁定书，不予受理；原告对裁定不服的，可以提起上诉。",
         "Where the conditions for an action are met, the court shall file the case within seven days and notify the parties; where they are not met, it shall within seven days make a written ruling "
         "not to accept the case; a plaintiff who disagrees with the ruling may appeal."),)),
    ArticleText("民事诉讼法", "152", (
        ("人民法院适用普通程序审理的案件，应当在立案之日起六个月内审结。有特殊情况需要延长的，经本院院长批准，可以延长六个月；还需要延长的，报请上级人民法院批准。",
         "A case that a people's court tries in the ordinary procedure shall be concluded within six months from the day on which it was filed. Where special circumstances require an extension, it may be "
         "extended by six months with the approval of the president of the court; a further extension shall be submitted to the people's court at the higher level for approval."),)),
    ArticleText("民事诉讼法", "164", (
        ("人民法院适用简易程序审理案件，应当在立案之日起三个月内审结。有特殊情况需要延长的，经本院院长批准，可以延长一个月。",
         "A case that a people's court tries in the simplified procedure shall be concluded within three months from the day on which it was filed. Where special circumstances require an extension, it may be "
         "extended by one month with the approval of the president of the court."),)),
    ArticleText("民事诉讼法", "168", (
        ("人民法院适用小额诉讼的程序审理案件，应当在立案之日起两个月内审结。有特殊情况需要延长的，经本院院长批准，可以延长一个月。",
         "A case that a people's court tries in the small-claims procedure shall be concluded within two months from the day on which it was filed. Where special circumstances require an extension, it may be "
         "extended by one month with the approval of the president of the court."),)),
    ArticleText("民事诉讼法", "187", (
        ("人民法院适用特别程序审理的案件，应当在立案之日起三十日内或者公告期满后三十日内审结。有特殊情况需要延长的，由本院院长批准。但审理选民资格的案件除外。",
         "A case that a people's court tries in a special procedure shall be concluded within thirty days from the day on which it was filed, or within thirty days after the end of the period of public notice. "
         "Where special circumstances require an extension, the president of the court shall approve it. Cases concerning the qualification of voters are excepted."),)),
    ArticleText("民事诉讼法", "205", (
        ("经依法设立的调解组织调解达成调解协议，申请司法确认的，由双方当事人自调解协议生效之日起三十日内，共同向下列人民法院提出：",
         "Where a mediation agreement has been reached before a lawfully established mediation organisation and judicial confirmation is sought, both parties shall jointly apply, within thirty days from the day on which "
         "the agreement took effect, to the following people's court:"),),
        note=("2022年1月1日至2023年12月31日为第201条，文字相同。", "From 2022-01-01 to 2023-12-31 this was article 201, with the same wording.")),
    ArticleText("民事诉讼法", "250", (
        ("申请执行的期间为二年。申请执行时效的中止、中断，适用法律有关诉讼时效中止、中断的规定。",
         "The period for applying for enforcement is two years. The suspension and interruption of this limitation period are governed by the provisions of law on the suspension and interruption of the limitation of actions."),
        ("前款规定的期间，从法律文书规定履行期间的最后一日起计算；法律文书规定分期履行的，从最后一期履行期限届满之日起计算；法律文书未规定履行期间的，从法律文书生效之日起计算。",
         "The period in the preceding paragraph is counted from the last day of the period for performance set in the legal document; where performance is in instalments, from the day on which the period for the last "
         "instalment ends; where no period for performance is set, from the day on which the legal document takes effect.")),
        note=("2022年1月1日至2023年12月31日为第246条，文字相同。", "From 2022-01-01 to 2023-12-31 this was article 246, with the same wording.")),
    ArticleText("民事诉讼法解释", "126", (
        ("民事诉讼法第一百二十六条规定的立案期限，因起诉状内容欠缺通知原告补正的，从补正后交人民法院的次日起算。由上级人民法院转交下级人民法院立案的案件，从受诉人民法院收到起诉状的次日起算。",
         "Where the plaintiff was notified to correct an incomplete complaint, the period for filing under article 126 of the Civil Procedure Law is counted from the day after the corrected complaint was handed to the "
         "people's court. For a case that a higher people's court passes to a lower one for filing, it is counted from the day after the court seised received the complaint."),)),
    ArticleText("民事诉讼法解释", "127", (
        ("本解释第三百七十二条等规定的六个月为不变期间，不适用诉讼时效中止、中断、延长的规定。",
         "The six months under article 372 of this interpretation and other articles are a fixed period, to which the provisions on the suspension, interruption and extension of the limitation of actions do not apply."),),
        is_summary=True),
    ArticleText("民事诉讼法解释", "372", (
        ("对人民法院作出的确认调解协议、准许实现担保物权的裁定，当事人有异议的，应当自收到裁定之日起十五日内提出；利害关系人有异议的，自知道或者应当知道其民事权益受到侵害之日起六个月内提出。",
         "A party that objects to a ruling of a people's court which confirms a mediation agreement or permits the realisation of a security interest shall do so within fifteen days from the day on which it received the ruling; "
         "an interested person shall do so within six months from the day on which it knew or should have known that its civil rights and interests were infringed."),)),
    # ── registration of cases, court-invited and online mediation, confirmation ──
    ArticleText("登记立案规定", "8", (
        ("对当事人提出的起诉、自诉，人民法院当场不能判定是否符合法律规定的，应当作出以下处理：",
         "Where a people's court cannot determine on the spot whether an action or a private prosecution brought by a party conforms to the law, it shall proceed as follows:"),
        ("（一）对民事、行政起诉，应当在收到起诉状之日起七日内决定是否立案；",
         "(1) for a civil or administrative action, it shall decide whether to file the case within seven days from the day on which it received the complaint;"))),
    ArticleText("特邀调解规定", "27", (
        ("人民法院委派调解的案件，调解期限为30日。但是双方当事人同意延长调解期限的，不受此限。",
         "For a case that a people's court delegates for mediation, the period for mediation is 30 days. This limit does not apply where both parties agree to extend the period."),
        ("人民法院委托调解的案件，适用普通程序的调解期限为15日，适用简易程序的调解期限为7日。但是双方当事人同意延长调解期限的，不受此限。延长的调解期限不计入审理期限。",
         "For a case that a people's court entrusts for mediation, the period for mediation is 15 days in the ordinary procedure and 7 days in the simplified procedure. This limit does not apply where both parties agree "
         "to extend the period. The time by which the period for mediation is extended does not count towards the period for trial."),
        ("委派调解和委托调解的期限自特邀调解组织或者特邀调解员签字接收法院移交材料之日起计算。",
         "The period for delegated and for entrusted mediation is counted from the day on which the invited mediation organisation or the invited mediator signs for the papers passed on by the court."))),
    ArticleText("在线调解规则", "10", (
        ("当事人同意由人民法院指定调解组织或者调解员，或者无法在同意在线调解后两个工作日内共同选择调解组织或者调解员的，由人民法院指定调解组织或者调解员。",
         "Where the parties agree that the people's court appoints the mediation organisation or mediator, or cannot jointly choose one within two working days after agreeing to online mediation, the people's court appoints it."),
        ("人民法院应当在收到当事人在线调解申请后三个工作日内指定调解组织或者调解员。",
         "The people's court shall appoint a mediation organisation or mediator within three working days after it received the parties' application for online mediation."))),
    ArticleText("在线调解规则", "12", (
        ("调解组织或者调解员应当在收到人民法院委派委托调解信息或者当事人在线调解申请后三个工作日内，确认接受人民法院委派委托或者当事人调解申请。",
         "The mediation organisation or mediator shall, within three working days after receiving the people's court's information on the delegation or entrustment or the parties' application for online mediation, "
         "confirm that it accepts the delegation or entrustment or the application."),
        ("调解组织或者调解员不予接受或者超过规定期限未予确认的，人民法院、当事人可以重新指定或者选定。",
         "Where the mediation organisation or mediator does not accept, or has not confirmed within the period, the people's court may appoint, or the parties may choose, another."))),
    ArticleText("在线调解规则", "15", (
        ("调解员可以在接受人民法院委派调解之日起三个工作日内协助人民法院通知对方当事人，询问是否同意调解。",
         "The mediator may, within three working days from the day on which it accepted the delegation, assist the people's court in notifying the other party and asking whether it agrees to mediation."),)),
    ArticleText("在线调解规则", "24", (
        ("立案前在线调解期限为三十日。各方当事人同意延长的，不受此限。立案后在线调解，适用普通程序的调解期限为十五日，适用简易程序的调解期限为七日，各方当事人同意延长的，不受此限。立案后延长的调解期限不计入审理期限。",
         "The period for online mediation before filing is thirty days. This limit does not apply where all parties agree to extend it. The period for online mediation after filing is fifteen days in the ordinary procedure and "
         "seven days in the simplified procedure; this limit does not apply where all parties agree to extend it. The time by which mediation after filing is extended does not count towards the period for trial."),
        ("委派委托调解或者当事人申请调解的调解期限，自调解组织或者调解员在人民法院调解平台确认接受委派委托或者确认接受当事人申请之日起算。",
         "The period for delegated or entrusted mediation, or for mediation on the parties' application, is counted from the day on which the mediation organisation or mediator confirms on the mediation platform of the "
         "people's courts that it accepts the delegation, entrustment or application."))),
    ArticleText("在线调解规则", "26", (
        ("立案前调解需要鉴定评估的，人民法院工作人员、调解组织或者调解员可以告知当事人诉前委托鉴定程序，指导通过电子诉讼平台或者现场办理等方式提交诉前委托鉴定评估申请，鉴定评估期限不计入调解期限。",
         "Where mediation before filing requires an appraisal, the staff of the people's court, the mediation organisation or the mediator may inform the parties of the procedure for commissioning an appraisal before litigation "
         "and guide them in applying for it on the electronic litigation platform or in person; the time of the appraisal does not count towards the period for mediation."),)),
    ArticleText("立案与调解意见", "3", (
        ("登记立案后的调解，期限自调解员或者调解组织签收法院移送的材料之日起算，普通程序为15日，简易程序为7日；双方当事人同意的，可以延长30日，延长的期限不计入审理期限。",
         "Mediation after registration: the period runs from the day on which the mediator or mediation organisation signs for the court's papers, 15 days in the ordinary and 7 days in the simplified procedure; with the consent "
         "of both parties it may be extended by 30 days, which do not count towards the period for trial."),), is_summary=True),
    ArticleText("司法确认规定", "4", (
        ("人民法院收到当事人司法确认申请，应当在三日内决定是否受理。人民法院决定受理的，应当编立“调确字”案号，并及时向当事人送达受理通知书。双方当事人同时到法院申请司法确认的，人民法院可以当即受理并作出是否确认的决定。",
         "A people's court that receives the parties' application for judicial confirmation shall decide within three days whether to accept it. If it decides to accept, it shall assign a case number of the series "
         "“diao que” and serve the notice of acceptance on the parties in time. Where both parties apply at the court together, the court may accept the application and decide on the confirmation at once."),)),
    ArticleText("司法确认规定", "5", (
        ("人民法院应当自受理司法确认申请之日起十五日内作出是否确认的决定。因特殊情况需要延长的，经本院院长批准，可以延长十日。",
         "The people's court shall decide on the confirmation within fifteen days from the day on which it accepted the application. Where special circumstances require an extension, it may be extended by ten days with the "
         "approval of the president of the court."),)),
    ArticleText("人民调解法", "31", (
        ("经人民调解委员会调解达成的调解协议，具有法律约束力，当事人应当按照约定履行。",
         "A mediation agreement reached before a people's mediation committee is legally binding, and the parties shall perform it as agreed."),
        ("人民调解委员会应当对调解协议的履行情况进行监督，督促当事人履行约定的义务。",
         "The people's mediation committee shall supervise the performance of the mediation agreement and urge the parties to perform the obligations agreed on."))),
    ArticleText("人民调解法", "33", (
        ("经人民调解委员会调解达成调解协议后，双方当事人认为有必要的，可以自调解协议生效之日起三十日内共同向人民法院申请司法确认，人民法院应当及时对调解协议进行审查，依法确认调解协议的效力。",
         "After a mediation agreement has been reached before a people's mediation committee, both parties may, if they consider it necessary, jointly apply to a people's court for judicial confirmation within thirty days from the "
         "day on which the agreement took effect; the people's court shall examine the agreement in time and confirm its effect according to law."),)),
    # ── protection orders ──
    ArticleText("反家庭暴力法", "28", (
        ("人民法院受理申请后，应当在七十二小时内作出人身安全保护令或者驳回申请；情况紧急的，应当在二十四小时内作出。",
         "After accepting an application, the people's court shall within seventy-two hours issue a personal safety protection order or reject the application; in urgent circumstances it shall do so within twenty-four hours."),)),
    ArticleText("反家庭暴力法", "31", (
        ("申请人对驳回申请不服或者被申请人对人身安全保护令不服的，可以自裁定生效之日起五日内向作出裁定的人民法院申请复议一次。人民法院依法作出人身安全保护令的，复议期间不停止人身安全保护令的执行。",
         "An applicant who disagrees with the rejection, or a respondent who disagrees with the protection order, may apply once for a review to the people's court that made the ruling, within five days from the day on which the "
         "ruling took effect. Where the people's court has lawfully issued a protection order, its execution is not suspended during the review."),)),
    # ── petitions ──
    ArticleText("信访工作条例", "22", (
        ("各级党委和政府信访部门收到信访事项，应当予以登记，并区分情况，在15日内分别按照下列方式处理：",
         "The petition departments of Party committees and governments at all levels shall register the petitions that they receive and, according to the circumstances, deal with them within 15 days in the following ways:"),)),
    ArticleText("信访工作条例", "23", (
        ("不属于本机关、单位或者本系统职权范围的，有关机关、单位应当自收到之日起5个工作日内提出异议，并详细说明理由，经转送、交办的信访部门或者上级机关、单位核实同意后，交还相关材料。",
         "Where the matter is outside the powers of the organ, unit or system, the organ or unit concerned shall object within 5 working days from the day of receipt and state its reasons in detail, and shall return the papers "
         "after the petition department or superior organ or unit that transferred or assigned the matter has verified and agreed."),)),
    ArticleText("信访工作条例", "34", (
        ("对本条例第三十一条第六项规定的信访事项应当自受理之日起60日内办结；情况复杂的，经本机关、单位负责人批准，可以适当延长办理期限，但延长期限不得超过30日，并告知信访人延期理由。",
         "A petition under item 6 of article 31 of these Regulations shall be concluded within 60 days from the day of acceptance; in complicated circumstances the period may be suitably extended with the approval of the head of the "
         "organ or unit, but by no more than 30 days, and the petitioner shall be told the reasons."),)),
    # ── labour, land, medical, consumer, traffic, police ──
    ArticleText("劳动争议调解仲裁法", "14", (
        ("自劳动争议调解组织收到调解申请之日起十五日内未达成调解协议的，当事人可以依法申请仲裁。",
         "Where no mediation agreement is reached within fifteen days from the day on which the labour dispute mediation organisation received the application for mediation, a party may apply for arbitration according to law."),)),
    ArticleText("劳动争议调解仲裁法", "29", (
        ("劳动争议仲裁委员会收到仲裁申请之日起五日内，认为符合受理条件的，应当受理，并通知申请人；认为不符合受理条件的，应当书面通知申请人不予受理，并说明理由。",
         "Within five days from the day on which it received the application for arbitration, a labour dispute arbitration commission that considers the conditions for acceptance met shall accept it and notify the applicant; if it "
         "considers them not met, it shall notify the applicant in writing of the non-acceptance and state the reasons."),)),
    ArticleText("劳动争议调解仲裁法", "43", (
        ("仲裁庭裁决劳动争议案件，应当自劳动争议仲裁委员会受理仲裁申请之日起四十五日内结束。案情复杂需要延期的，经劳动争议仲裁委员会主任批准，可以延期并书面通知当事人，但是延长期限不得超过十五日。",
         "The award in a labour dispute shall be concluded within forty-five days from the day on which the labour dispute arbitration commission accepted the application. Where a complicated case requires an extension, it may be "
         "extended with the approval of the commission's director and with written notice to the parties, but by no more than fifteen days."),)),
    ArticleText("农村土地承包经营纠纷调解仲裁法", "23", (
        ("农村土地承包仲裁委员会决定受理的，应当自收到仲裁申请之日起五个工作日内，将受理通知书、仲裁规则和仲裁员名册送达申请人；",
         "Where a rural land contract arbitration commission decides to accept an application, it shall within five working days from the day on which it received it serve the notice of acceptance, the arbitration rules and the "
         "roster of arbitrators on the applicant;"),)),
    ArticleText("农村土地承包经营纠纷调解仲裁法", "47", (
        ("仲裁农村土地承包经营纠纷，应当自受理仲裁申请之日起六十日内结束；案情复杂需要延长的，经农村土地承包仲裁委员会主任批准可以延长，并书面通知当事人，但延长期限不得超过三十日。",
         "The arbitration of a rural land contract dispute shall be concluded within sixty days from the day on which the application was accepted; where a complicated case requires it, the period may be extended with the approval of the "
         "director of the arbitration commission and with written notice to the parties, but by no more than thirty days."),)),
    ArticleText("医疗纠纷条例", "38", (
        ("医疗纠纷人民调解委员会应当自受理之日起30个工作日内完成调解。需要鉴定的，鉴定时间不计入调解期限。因特殊情况需要延长调解期限的，医疗纠纷人民调解委员会和医患双方可以约定延长调解期限。超过调解期限未达成调解协议的，视为调解不成。",
         "The people's mediation committee for medical disputes shall complete mediation within 30 working days from the day of acceptance. Where an appraisal is needed, its time does not count towards the period for mediation. Where "
         "special circumstances require an extension, the committee and both sides may agree on it. Where no agreement is reached within the period, mediation is deemed to have failed."),)),
    ArticleText("医疗纠纷条例", "40", (
        ("卫生主管部门应当自收到申请之日起5个工作日内作出是否受理的决定。",
         "The health authority shall decide whether to accept the application within 5 working days from the day on which it received it."),)),
    ArticleText("消费者权益保护法", "46", (
        ("消费者向有关行政部门投诉的，该部门应当自收到投诉之日起七个工作日内，予以处理并告知消费者。",
         "Where a consumer complains to the administrative department concerned, the department shall deal with the complaint and inform the consumer within seven working days from the day on which it received the complaint."),)),
    ArticleText("道路交通事故处理程序规定", "86", (
        ("当事人申请公安机关交通管理部门调解的，应当在收到道路交通事故认定书、道路交通事故证明或者上一级公安机关交通管理部门维持原道路交通事故认定的复核结论之日起十日内一致书面申请。",
         "Parties that apply for mediation by the traffic control department of a public security organ shall apply unanimously and in writing within ten days from the day on which they received the accident certificate, the accident "
         "statement, or the review conclusion of the department at the next higher level that upholds the certificate."),)),
    ArticleText("道路交通事故处理程序规定", "90", (
        ("公安机关交通管理部门应当自调解开始之日起十日内制作道路交通事故损害赔偿调解书或者道路交通事故损害赔偿调解终结书。",
         "The traffic control department shall, within ten days from the day on which mediation started, draw up the mediation statement on damages or the statement that mediation on damages has ended."),)),
    ArticleText("道路交通事故处理程序规定", "112(5)", (
        ("（五）本规定所称的“一日”、“二日”、“三日”、“五日”、“十日”，是指工作日，不包括节假日。",
         "(5) “One day”, “two days”, “three days”, “five days” and “ten days” in these Provisions mean working days and do not include holidays."),)),
    ArticleText("公安行政案件程序规定", "183", (
        ("调解一般为一次。对一次调解不成，公安机关认为有必要或者当事人申请的，可以再次调解，并应当在第一次调解后的七个工作日内完成。",
         "Mediation is as a rule conducted once. Where it fails, it may be conducted again if the public security organ considers it necessary or a party applies for it, and shall then be completed within seven working days after the "
         "first mediation."),),
        note=("所引为2018年修正的文本。该规定其后又经修正，引用时应当核对现行文本。",
              "Quoted from the text as amended in 2018. The Provisions have been amended since; compare the text in force before citing it.")),
    # ── judicial suggestions, local practice ──
    ArticleText("司法建议规定", "8", (
        ("答复期限根据具体情况确定，一般不超过两个月；法律、司法解释另有规定的，依照其规定。",
         "The period for the reply is determined according to the circumstances and as a rule does not exceed two months; where laws or judicial interpretations provide otherwise, they apply."),)),
    ArticleText("四级七天", "", (
        ("纠纷由网格（村民小组）在1个工作日内、村在2个工作日内、司法所在2个工作日内、乡镇在2个工作日内化解，未化解的逐级上报，共计7个工作日。",
         "A dispute is settled by the grid (villagers' group) within 1 working day, the village within 2 working days, the judicial office within 2 working days and the township within 2 working days, and is otherwise escalated "
         "to the next level: 7 working days in all."),), is_summary=True),
)
ARTICLE_TEXTS = {article.citation: article for article in _ARTICLES}

_COUNTY_OWNER = ("本县自定", "this county's own rule")
_PLATFORM_NOTE = (
    "该条只约束人民法院在线调解平台上的调解；平台以外由本县参照适用。",
    "The article binds mediation on the platform of the people's courts only; elsewhere this county applies it by analogy.",
)
RULE_ORIGINS = {
    # Clocks whose period is of kind POLICY or LOCAL_RULE. The county's file county.toml may set other lengths of these periods.
    "screening":                     RuleOrigin(_COUNTY_OWNER),
    "routing":                       RuleOrigin(_COUNTY_OWNER),
    "referral_answer":               RuleOrigin(_COUNTY_OWNER, ("在线调解规则 12",), _PLATFORM_NOTE),
    "online_parties_choose":         RuleOrigin(_COUNTY_OWNER, ("在线调解规则 10",), _PLATFORM_NOTE),
    "online_appoint":                RuleOrigin(_COUNTY_OWNER, ("在线调解规则 10",), _PLATFORM_NOTE),
    "online_ask_other_party":        RuleOrigin(_COUNTY_OWNER, ("在线调解规则 15",), _PLATFORM_NOTE),
    "mediation_out_of_court_policy": RuleOrigin(_COUNTY_OWNER, ("特邀调解规定 27",), (
        "法律没有规定法院以外调解的期限；本县参照委派调解的30日。",
        "No law limits mediation outside court; this county follows the 30 days of delegated mediation.")),
    "mediation_extension":           RuleOrigin(("最高人民法院的意见，约束各级人民法院", "opinion of the Supreme People's Court, binding on courts"), ("立案与调解意见 3",)),
    "objection_review":              RuleOrigin(_COUNTY_OWNER, ("民事诉讼法 187",), (
        "法律没有规定审查确认裁定异议的期限；本县参照特别程序的30日。",
        "No law limits the review of an objection to a confirmation; this county follows the 30 days of the special procedures.")),
    "performance":                   RuleOrigin(("当事人约定的履行日，由调解组织督促", "the day that the parties agreed on; the mediating body urges performance"), ("人民调解法 31",)),
    "follow_up":                     RuleOrigin(_COUNTY_OWNER),
    "archiving":                     RuleOrigin(_COUNTY_OWNER),
    "group_level":                   RuleOrigin(_COUNTY_OWNER, ("四级七天",)),
    "village_level":                 RuleOrigin(_COUNTY_OWNER, ("四级七天",)),
    "township_office_level":         RuleOrigin(_COUNTY_OWNER, ("四级七天",)),
    "township_level":                RuleOrigin(_COUNTY_OWNER, ("四级七天",)),
    "call_answer":                   RuleOrigin(_COUNTY_OWNER),
    "supervision_answer":            RuleOrigin(_COUNTY_OWNER),
}
# fmt: on

_CITATION = re.compile(rf"(?:after )?({'|'.join(sorted(LAWS, key=len, reverse=True))})(?: (.+))?")


def cited_articles(citation: str) -> tuple[str, ...]:
    """Return the articles of a citation, one string each: `after 在线调解规则 24, 26; 人民调解法 33` gives `在线调解规则 24`, `在线调解规则 26`, `人民调解法 33`.

    The citation `none` gives no articles. Raises ValueError for a citation that is not in the form of contracts.clocks.ARTICLE_PATTERN.
    """
    if citation == "none":
        return ()
    articles = []
    for part in citation.split("; "):
        match = _CITATION.fullmatch(part)
        if match is None:
            raise ValueError("not a citation")
        law, numbers = match.groups()
        articles += [f"{law} {number.strip()}" for number in numbers.split(",")] if numbers else [law]
    return tuple(articles)


def origin_anchor(clock: str) -> str:
    """Return the identifier (anchor) of the web page section that states who set the period of this clock."""
    return f"rule-{clock.replace('_', '-')}"
