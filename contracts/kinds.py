"""The closed lists of the events: each token with its Chinese and English. A word that is not here cannot be said."""

# fmt: off
KINDS = {                                      # 人民调解纠纷类型
    "family":                ("婚姻家庭",       "marriage and family"),
    "inheritance":           ("继承",           "inheritance"),
    "neighbour":             ("邻里",           "neighbours"),
    "housing_plot":          ("房屋宅基地",     "housing and plots"),
    "contract":              ("合同",           "contract"),
    "private_loan":          ("民间借贷",       "private loan"),
    "finance":               ("金融借款、保险", "bank loan, insurance"),
    "seed_contract":         ("制种、种子合同", "seed contract"),
    "production":            ("生产经营",       "production and business"),
    "damages":               ("损害赔偿",       "damages"),
    "forest_land":           ("山林土地",       "forest and land"),
    "land_contract":         ("土地承包、流转", "rural land contract"),
    "expropriation":         ("征地拆迁",       "expropriation and demolition"),
    "environment":           ("环境污染",       "environment"),
    "labour":                ("劳动争议",       "labour"),
    "consumer":              ("消费",           "consumer"),
    "medical":               ("医疗",           "medical"),
    "traffic":               ("道路交通事故",   "road traffic accident"),
    "property_management":   ("物业",           "property management"),
    "intellectual_property": ("知识产权",       "intellectual property"),
    "village_affairs":       ("村务管理",       "village affairs"),
    "other":                 ("其他",           "other"),
}
CHANNELS = {                                   # how a dispute came to the agency that reports it
    "walk_in":       ("来访",                   "came in person"),
    "phone":         ("来电",                   "by telephone"),
    "letter":        ("来信",                   "by letter"),
    "online":        ("网上",                   "online"),
    "hotline":       ("12345热线",              "12345 hotline"),
    "police_call":   ("110警情",                "110 police call"),
    "grid":          ("网格上报",               "grid report"),
    "inspection":    ("排查发现",               "found on inspection"),
    "filing_desk":   ("立案窗口",               "court filing desk"),
    "petition":      ("信访",                   "petition"),
    "transfer":      ("部门移送",               "handed over by another agency"),
    "import":        ("表格导入",               "imported from a spreadsheet"),
}
WANTS = {
    "mediation": ("申请调解", "mediation"),
    "filing":    ("申请立案", "filing with the court"),
    "advice":    ("咨询",     "advice"),
}
PARTY_ROLES = {
    "applicant":      ("申请人",   "applicant"),
    "respondent":     ("被申请人", "respondent"),
    "third_party":    ("第三人",   "third party"),
    "representative": ("代理人",   "representative"),
}
RISKS = {
    "domestic_violence": ("家庭暴力",       "domestic violence"),
    "minor":             ("未成年人受侵害", "a minor at risk"),
    "mass":              ("群体性事件",     "mass incident"),
    "violence_threat":   ("暴力威胁",       "threat of violence"),
}
TRACKS = {
    "A": ("起诉前（非诉调解）",       "before filing, outside court"),
    "B": ("立案后（先行、委托调解）", "after filing"),
    "legacy": ("诉前调（至2024年12月31日）", "the court's docket before filing, to 2024-12-31"),
}
ROUTE_REASONS = {
    "by_place":         ("属地管辖",         "the body of the place"),
    "by_kind":          ("按纠纷类型",       "the body for this kind of dispute"),
    "by_roster":        ("名册指定",         "named on the court's roster"),
    "parties_chose":    ("当事人选择",       "chosen by the parties"),
    "after_decline":    ("退回后改派",       "sent on after another body declined"),
    "after_no_answer":  ("逾期未答复改派",   "sent on because no answer came"),
    "joint_handling":   ("联合调处",         "handled jointly"),
}
STANDINGS = {                                  # what a party is, where that matters for who can help; never who
    "individual":         ("自然人",             "a natural person"),
    "bank":               ("银行、贷款机构",     "a bank or lender"),
    "insurer":            ("保险公司",           "an insurer"),
    "employer":           ("用人单位",           "an employer"),
    "company":            ("企业",               "a company"),
    "seed_company":       ("种子企业",           "a seed company"),
    "property_manager":   ("物业服务人",         "a property manager"),
    "hospital":           ("医疗机构",           "a hospital or clinic"),
    "school":             ("学校",               "a school"),
    "platform":           ("网络平台",           "an online platform"),
    "village_collective": ("村集体",             "a village collective"),
    "government":         ("行政机关",           "a government organ"),
}
FLAGS = {                                      # what calls for special care and may be known inside; danger to a person goes by the safeguard lane alone
    "mass":               ("群体性",             "many people"),
    "wage_arrears":       ("欠薪",               "wages in arrears"),
    "repeat_petition":    ("重复信访",           "petitioned repeatedly"),
    "urgent":             ("紧急",               "urgent"),
    "cross_township":     ("跨乡镇",             "across townships"),
}
PROPOSAL_REASONS = {                           # why a body is proposed, or less so
    "lead_agency":        ("该类纠纷的牵头机构", "leads disputes of this kind"),
    "by_kind":            ("专业对口",           "takes disputes of this kind"),
    "by_village":         ("本村（社区）组织",   "the body of the village"),
    "by_township":        ("本乡镇（街道）组织", "the body of the township"),
    "by_standing":        ("与当事人身份对口",   "fits what the parties are"),
    "by_flag":            ("与风险情形对口",     "fits what calls for care"),
    "court_roster":       ("在法院特邀名册",     "on the court's roster"),
    "accepts_often":      ("以往多予接收",       "mostly takes what it is sent"),
    "declines_often":     ("以往多予退回",       "often declines what it is sent"),
    "light_load":         ("在办较少",           "has few disputes at hand"),
    "heavy_load":         ("在办较多",           "has many disputes at hand"),
    "county_choice":      ("本县规定",           "the county's own choice"),
}
EXCLUSION_REASONS = {
    "conflict_disclosed": ("已披露利害关系",     "a conflict of interest was disclosed"),
    "declined_before":    ("已退回本件",         "declined this dispute before"),
    "did_not_answer":     ("逾期未答复本件",     "did not answer for this dispute in time"),
}
CALL_REASONS = {                            # 吹哨: what the departments are needed for
    "expertise":          ("需要专业支持",       "expertise is needed"),
    "joint_visit":        ("需要联合到场",       "they are needed on the spot"),
    "authority":          ("需要行政职权配合",   "a department's powers are needed"),
    "mass":               ("涉及人数较多",       "many people are concerned"),
    "joint_handling":     ("联合调处",           "it is handled jointly"),
}
CALL_ANSWERS = {                            # 报到
    "reported_in":        ("已报到",             "reported in"),
    "sends_somebody":     ("派员参与",           "sends somebody"),
    "gives_opinion":      ("提供书面意见",       "gives a written opinion"),
    "not_ours":           ("不属本部门职责",     "says that it is not its task"),
}
LEVELS = {                                     # 四级七天, and where it ends
    "group_level":           ("网格、村组",           "grid and group"),
    "village_level":         ("村（社区）",           "village or community"),
    "township_office_level": ("司法所",               "judicial office"),
    "township_level":        ("乡镇（街道）综治中心", "township centre"),
    "county_level":          ("区综治中心",           "the county's centre"),
}
ESCALATION_REASONS = {
    "time_passed":        ("本级期限届满",       "the level's time is over"),
    "beyond_ability":     ("超出本级能力",       "beyond what the level can do"),
    "parties_ask":        ("当事人要求",         "the parties ask for it"),
}
SUPERVISION_REASONS = {
    "overdue":            ("期限届满未办",       "a deadline has passed"),
    "no_answer":          ("督办后未答复",       "no answer to an earlier one"),
    "grave":              ("重大复杂",           "grave or complicated"),
    "repeated":           ("反复发生",           "it happens again and again"),
    "complaint":          ("群众反映",           "people complain"),
}
SUPERVISION_ANSWERS = {
    "done":               ("已办结",             "done"),
    "under_way":          ("正在办理",           "under way"),
    "needs_time":         ("需要延期",           "needs more time"),
    "not_ours":           ("不属本单位职责",     "says that it is not its task"),
}
DECLINE_REASONS = {
    "not_our_kind":         ("不属于本组织受理类型", "not a kind of dispute this body takes"),
    "not_our_place":        ("不属于本组织辖区",     "not within this body's area"),
    "conflict_of_interest": ("存在利害关系",         "conflict of interest"),
    "no_mediator":          ("暂无可用调解员",       "no mediator available"),
    "party_unreachable":    ("当事人无法联系",       "a party cannot be reached"),
    "already_before_court": ("法院已受理",           "already before a court"),
    "not_mediable":         ("依法不得调解",         "may not be mediated by law"),
    "duplicate":            ("重复交办",             "referred twice"),
}
CONSENT_WAYS = {
    "in_writing": ("书面",       "in writing"),
    "orally":     ("口头并记录", "orally, recorded"),
    "by_phone":   ("电话",       "by telephone"),
    "online":     ("网上确认",   "confirmed online"),
    "by_conduct": ("到场参加",   "by taking part"),
}
MODES = {
    "in_person":   ("当面",     "in person"),
    "video":       ("视频",     "video"),
    "phone":       ("电话",     "telephone"),
    "circuit":     ("巡回",     "circuit"),
    "court_visit": ("法官到场", "a judge came"),
}
FORMS = {
    "written": ("书面协议", "written"),
    "oral":    ("口头协议", "oral"),
}
ORGANISATION_KINDS = {                         # what stands on the rosters
    "peoples_mediation_committee": ("人民调解委员会",             "people's mediation committee"),
    "industry_mediation_body":     ("行业性、专业性调解组织",     "industry mediation body"),
    "invited_mediation_body":      ("特邀调解组织",               "court-invited mediation body"),
    "fast_track_team":             ("速裁团队",                   "fast-track team"),
    "enforcement_group":           ("法庭执行组",                 "tribunal enforcement group"),
    "circuit_point":               ("巡回审判点",                 "circuit point"),
    "village_judge":               ("一村一法官联系点",           "one village, one judge"),
    "service_station":             ("诉讼服务站",                 "litigation service station"),
    "video_room":                  ("音视频调解室",               "audio-video room"),
}
MEMBER_ROLES = {                               # of people, whom a roster knows by their number only
    "mediator":         ("人民调解员",         "mediator"),
    "invited_mediator": ("特邀调解员",         "court-invited mediator"),
    "judge":            ("联系法官",           "judge of the village"),
}
ROSTER_CHANGES = {
    "added":   ("列入名册", "put on the roster"),
    "changed": ("变更",     "changed"),
    "removed": ("移出名册", "taken off the roster"),
}
TERM_KINDS = {                                 # what an agreement asks of somebody; never who or why
    "payment":       ("付款",       "payment"),
    "delivery":      ("交付",       "delivery of a thing"),
    "work":          ("完成工作",   "work to be done"),
    "vacate":        ("腾退",       "vacating"),
    "cease":         ("停止侵害",   "ceasing to do something"),
    "restore":       ("恢复原状",   "restoring a former state"),
    "apology":       ("赔礼道歉",   "apology"),
    "support":       ("抚养、赡养", "maintenance"),
    "other":         ("其他",       "other"),
}
GROUNDS = {                                    # 人民法院在线调解规则 art. 25, the eight of them in its order
    "agreement_reached":           ("当事人达成调解协议",             "the parties reached an agreement"),
    "self_settled_withdrawn":      ("当事人自行和解并撤回调解申请",   "the parties settled themselves and withdrew"),
    "party_unreachable":           ("无法与当事人取得联系",           "a party cannot be reached"),
    "party_unwilling":             ("当事人一方明确表示不愿意继续调解", "a party clearly no longer wants mediation"),
    "differences_too_large":       ("当事人分歧较大且难以达成调解协议", "the parties are too far apart"),
    "period_expired_no_extension": ("调解期限届满且当事人未同意延长", "the period ran out and was not extended"),
    "party_refuses_to_sign":       ("当事人一方拒绝在调解协议上签章", "a party refuses to sign the agreement"),
    "other_obstacle":              ("其他导致调解无法进行的情形",     "another obstacle to mediation"),
}
SUSPENSION_REASONS = {
    "suspected_sham":     ("涉嫌虚假调解",         "suspected sham mediation"),
    "suspected_crime":    ("涉嫌犯罪",             "suspected crime"),
    "third_party_harmed": ("可能损害他人合法权益", "others may be harmed"),
}
RESULTS = {
    "full":    ("全部履行", "performed in full"),
    "part":    ("部分履行", "performed in part"),
    "default": ("未履行",   "not performed"),
}
OUTCOMES = {                                   # how a dispute ended
    "performed":      ("协议已履行",       "agreement performed"),
    "settled":        ("已化解",           "settled"),
    "defaulted":      ("协议未履行",       "agreement not performed"),
    "not_settled":    ("调解未成",         "not settled"),
    "consent_refused": ("当事人拒绝调解",  "mediation refused by a party"),
    "not_suitable":   ("不适宜调解",       "not suitable for mediation"),
    "filed":          ("已立案",           "filed with the court"),
    "redirected":     ("已转出",           "redirected"),
    "withdrawn":      ("当事人撤回",       "withdrawn"),
    "judged":         ("已判决",           "decided by a judgment"),
    "enforced":       ("已执行",           "enforced"),
    "not_enforced":   ("未能执行",         "could not be enforced"),
    "mistaken":       ("误报撤销",         "registered by mistake"),
    "merged":         ("并入另一纠纷",     "merged into another dispute"),
}
MATTERS = {                                    # what may not be mediated has a word here, so that it can be refused by its rule
    "civil":                       ("民事纠纷",                       "an ordinary civil matter"),
    "special_procedure":           ("特别程序、督促程序、公示催告程序", "special, dunning or public-notice procedure"),
    "status_confirmation":         ("婚姻、身份关系确认",             "whether a marriage or other status exists"),
    "administrative":              ("行政争议",                       "an administrative dispute"),
    "administrative_compensation": ("行政赔偿、补偿、裁量",           "administrative compensation or discretion"),
    "police_minor":                ("可调解的治安案件",               "a minor police case that may be mediated"),
    "police_excluded":             ("不适用调解的治安案件",           "a police case that may not be mediated"),
}
SUBJECTS = {                                   # what an agreement settles
    "obligation":       ("给付义务",           "an obligation to pay, deliver or do"),
    "property":         ("财产分割",           "division of property"),
    "custody":          ("抚养、探望",         "custody and visits"),
    "maintenance":      ("赡养、扶养",         "maintenance"),
    "status":           ("身份关系",           "a personal status: marriage, parentage, adoption"),
    "real_right_title": ("物权确权",           "title to real rights"),
    "ip_title":         ("知识产权确权",       "title to intellectual property"),
}
CLOSING_MODES = {                              # how a court closes a case
    "judgment":  ("判决",               "judgment"),
    "mediated":  ("调解书",             "court mediation statement"),
    "withdrawn": ("撤诉",               "claim withdrawn"),
    "confirmed": ("司法确认",           "judicial confirmation"),
    "other":     ("其他方式",           "closed in another way"),
}
PROCEDURES = {
    "fast_track":   ("速裁",         "fast track"),
    "small_claims": ("小额诉讼程序", "small-claims procedure"),
    "simplified":   ("简易程序",     "simplified procedure"),
    "ordinary":     ("普通程序",     "ordinary procedure"),
}
PAUSE_REASONS = {                              # only the first two may pause a clock (在线调解规则 26); the others are refused with that reason
    "appraisal":    ("鉴定",         "expert appraisal"),
    "assessment":   ("评估",         "valuation"),
    "absence":      ("当事人缺席",   "a party is away"),
    "negotiation":  ("当事人协商",   "the parties negotiate"),
    "other":        ("其他",         "another reason"),
}
CONFLICTS = {                                  # 特邀调解规定 15
    "relative":     ("近亲属",                         "a close relative of a party or representative"),
    "interest":     ("与纠纷有利害关系",               "an interest in the dispute"),
    "other":        ("其他可能影响公正调解的关系",     "another relation that may affect fairness"),
}
COURT_GROUNDS = {                              # which court is asked to confirm (民事诉讼法 205)
    "inviting_court":     ("邀请调解的人民法院",             "the court that invited the mediation"),
    "party_domicile":     ("当事人住所地基层人民法院",       "the basic court of a party's domicile"),
    "object_place":       ("标的物所在地基层人民法院",       "the basic court where the object is"),
    "body_place":         ("调解组织所在地基层人民法院",     "the basic court where the mediating body is"),
}
CONFIRMATION_REFUSALS = {                      # not accepted: 民事诉讼法解释 355; refused: 358
    "outside_jurisdiction":  ("不属于本院主管或者管辖",       "outside the court's scope or jurisdiction"),
    "personal_status":       ("确认身份关系无效、有效或者解除", "about the validity or end of a personal status"),
    "special_procedure":     ("适用其他特别程序等审理",       "for another special procedure"),
    "title":                 ("物权、知识产权确权",           "about title to real rights or intellectual property"),
    "breaks_law":            ("违反法律强制性规定",           "breaks mandatory law"),
    "harms_others":          ("损害国家、社会公共利益、他人合法权益", "harms the state, the public or others"),
    "against_morals":        ("违背公序良俗",                 "against public order and good morals"),
    "not_voluntary":         ("违反自愿原则",                 "not voluntary"),
    "unclear":               ("内容不明确",                   "its content is unclear"),
    "suspected_sham":        ("涉嫌虚假调解且不能提供证据",   "suspected sham, and no evidence was given"),
    "other":                 ("其他不能确认的情形",           "another case in which it cannot be confirmed"),
}
FILING_REFUSALS = {                            # 登记立案规定 10
    "not_civil":             ("不属于人民法院民事受案范围",   "not a civil matter for a court"),
    "not_this_court":        ("不属于本院管辖",               "not within this court's jurisdiction"),
    "arbitration_first":     ("应先经仲裁",                   "arbitration comes first"),
    "repeated_suit":         ("重复起诉",                     "sued before"),
    "not_corrected":         ("补正后仍不符合要求",           "still defective after correction"),
    "conditions_not_met":    ("不符合起诉条件",               "the conditions of a suit are not met"),
}
PAPERS = {                                     # what came in, so that a period begins anew: 民事诉讼法解释 126; 司法确认规定 4
    "correction":          ("补正材料交回",           "the complaint, put right"),
    "from_another_court":  ("上级法院移交的材料",     "handed over by the court above"),
    "missing_papers":      ("补齐申请材料",           "what was missing from an application"),
}
PARTICIPANTS = {                               # in what part somebody appears in the case
    "assessor":       ("人民陪审员",   "people's assessor"),
    "representative": ("诉讼代理人",   "representative"),
    "witness":        ("证人",         "witness"),
    "expert":         ("鉴定人",       "expert"),
    "interpreter":    ("翻译人员",     "interpreter"),
}
ENFORCEMENT_RESULTS = {
    "full":       ("执行完毕",             "enforced in full"),
    "part":       ("部分执行",             "enforced in part"),
    "settled":    ("执行和解",             "settled during enforcement"),
    "none_found": ("终结本次执行程序",     "ended for now: nothing to enforce against"),
}
PETITION_RESULTS = {                           # 信访工作条例 32
    "supported":     ("予以支持",   "supported"),
    "explained":     ("说明解释",   "explained"),
    "not_supported": ("不予支持",   "not supported"),
}
REDIRECT_WAYS = {
    "labour_arbitration":            ("劳动人事争议仲裁",     "labour arbitration"),
    "land_arbitration":              ("农村土地承包仲裁",     "rural land arbitration"),
    "commercial_arbitration":        ("商事仲裁",             "commercial arbitration"),
    "administrative_handling":       ("行政机关处理",         "an administrative body"),
    "administrative_reconsideration": ("行政复议",            "administrative reconsideration"),
    "petition":                      ("信访",                 "petition"),
    "police":                        ("公安机关处理",         "police"),
}
ELSEWHERE = {                                  # who takes it there, where that is no agency of ours
    "labour_arbitration_commission": ("劳动人事争议仲裁委员会",   "labour arbitration commission"),
    "land_arbitration_commission":   ("农村土地承包仲裁委员会",   "rural land arbitration commission"),
    "arbitration_commission":        ("仲裁委员会",               "arbitration commission"),
    "government":                    ("人民政府",                 "the people's government"),
    "health_authority":              ("卫生健康部门",             "health authority"),
    "market_regulation_bureau":      ("市场监管部门",             "market regulation bureau"),
    "hrss_bureau":                   ("人力资源社会保障部门",     "human resources and social security bureau"),
    "natural_resources_bureau":      ("自然资源部门",             "natural resources bureau"),
}
REOPEN_REASONS = {
    "recurred":      ("纠纷复发",         "the dispute came up again"),
    "not_performed": ("协议未履行",       "the agreement was not kept"),
    "new_facts":     ("出现新的事实",     "new facts"),
    "sent_back":     ("转出后退回",       "sent back from where it had gone"),
    "closed_by_mistake": ("误归档",       "closed by mistake"),
}
MISREPORTS = {                                 # what was wrong with an earlier report
    "wrong_dispute": ("报错纠纷",         "it was about another dispute"),
    "wrong_facts":   ("内容有误",         "its facts were wrong"),
    "wrong_time":    ("时间有误",         "its time was wrong"),
    "not_happened":  ("事情没有发生",     "it did not happen"),
    "twice":         ("重复上报",         "it was reported twice"),
}
SAMENESS = {                                   # why two reports are taken for one dispute
    "same_parties":  ("双方当事人相同",   "both parties are the same"),
    "one_party":     ("一方当事人相同",   "one party is the same"),
    "same_names":    ("双方姓名和村（社区）相同", "both names and the village are the same"),
    "same_place":    ("同一乡镇、街道",   "the same township"),
    "same_kind":     ("纠纷类型相同",     "the same kind of dispute"),
    "within_days":   ("上报时间相近",     "reported within days of each other"),
}
FOUND_BY = {                                   # who found that two reports are one dispute
    "rule":   ("按规则认定",     "certain by rule"),
    "centre": ("综治中心决定",   "decided by the mediation centre"),
}
NOTICE_CHANNELS = {
    "inbox":   ("机构收件队列", "the agency's inbox queue"),
    "webhook": ("网络回调",     "webhook"),
    "mail":    ("电子邮件",     "mail"),
    "sms":     ("短信",         "text message"),
    "chat":    ("工作群",       "chat"),
}
UNDELIVERABLE_REASONS = {
    "no_address":      ("未登记接收方式", "no address is known"),
    "refused_by_peer": ("对方拒收",       "refused by the other side"),
    "timed_out":       ("多次超时",       "timed out too often"),
    "unresolvable":    ("网址无效，或主机名无法解析", "the address is not valid, or its host name cannot be resolved"),
    "connection_refused": ("对方拒绝连接", "the connection was refused"),
    "unreachable":     ("无法建立连接",   "no connection could be made"),
    "tls_failed":      ("TLS握手或证书验证失败", "the TLS handshake or the check of the certificate failed"),
    "connection_lost": ("连接中断，未收到有效应答", "the connection broke off without a valid answer"),
    "inbox_full":      ("收件队列已满",   "the inbox is full"),
}
RECOMPUTED_BECAUSE = {                         # why a deadline was reckoned again
    "extended":  ("延长",             "extended"),
    "paused":    ("鉴定开始，停止计算", "an appraisal began: it stands still"),
    "resumed":   ("鉴定结束，继续计算", "the appraisal is over: it goes on"),
    "suspended": ("调解中止，停止计算", "mediation was suspended: it stands still"),
    "went_on":   ("调解恢复，继续计算", "mediation goes on, and so does the clock"),
    "restarted": ("重新起算",         "begun anew"),
    "calendar":  ("放假安排公布",     "the holiday arrangement was published"),
    "not_counted": ("期间不计入",     "days that are not counted"),
}
CLOCK_KINDS = {
    "LAW":        ("法定期限",       "legal clock"),
    "LOCAL_RULE": ("地方规定期限",   "clock of a local rule"),
    "POLICY":     ("政策、约定时限", "policy clock"),
}
HOLD_CAUSES = {                                # what a hold or a stay is opened for
    "risk":             ("风险标记",     "a risk flag"),
    "warning":          ("告诫书",       "a police warning"),
    "protection_order": ("人身安全保护令", "a protection order"),
    "stay":             ("暂缓办理",     "a stay"),
}
RELEASE_REASONS = {
    "danger_passed":    ("危险已消除",       "the danger has passed"),
    "order_expired":    ("保护令期限届满",   "the protection order has expired"),
    "unfounded":        ("经核查不属实",     "found to be without ground"),
    "true_wish":        ("受害人的真实意愿", "the victim's own true wish"),
    "otherwise_safe":   ("已有其他保护措施", "protected in another way"),
}
# Ordinary reasons to let a dispute rest, none of which is told: they are what a hold looks like from outside.
STAY_REASONS = {
    "jurisdiction":     ("管辖待定",         "who is competent is not settled"),
    "recusal":          ("回避申请审查",     "a recusal is being decided"),
    "file_lent":        ("调阅案卷",         "the file is on loan"),
    "preservation":     ("财产保全",         "property is being preserved"),
    "inquiry":          ("调查核实",         "an inquiry"),
    "duplicate_check":  ("核对是否重复",     "checked for a duplicate"),
}
LOOK_REASONS = {                             # why somebody looks at what is in the lane; every look is written down
    "protection":       ("办理人身安全保护令", "handling a protection order"),
    "warning":          ("出具或送达告诫书",   "issuing or serving a warning"),
    "police_duty":      ("处警、走访",         "a call, a visit"),
    "support":          ("帮助受害人",         "helping the victim"),
    "release":          ("研判是否解除",       "deciding on the release"),
    "supervision":      ("监督检查",           "supervision"),
}
LOOK_AT = {"matters": ("接口 /matters", "the door, at /matters")}
# fmt: on
