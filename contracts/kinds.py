"""Lists of allowed tokens (enumerations) of event fields, with the Chinese and English name of each token. Events with other tokens are refused.

The comment beside each constant says what its tokens are. The names of the constants appear in the published JSON Schemas.
"""

# fmt: off
KINDS = {                                      # kinds of dispute (人民调解纠纷类型)
    "family":                ("婚姻家庭",       "marriage and family"),
    "inheritance":           ("继承",           "inheritance"),
    "neighbour":             ("邻里",           "neighbours"),
    "housing_plot":          ("房屋宅基地",     "housing and housing plots"),
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
CHANNELS = {                                   # ways in which a dispute reached the agency that reports it
    "walk_in":       ("来访",                   "visit in person"),
    "phone":         ("来电",                   "by telephone"),
    "letter":        ("来信",                   "by letter"),
    "online":        ("网上",                   "online"),
    "hotline":       ("12345热线",              "12345 hotline"),
    "police_call":   ("110警情",                "110 police call"),
    "grid":          ("网格上报",               "grid report"),
    "inspection":    ("排查发现",               "found in an inspection"),
    "filing_desk":   ("立案窗口",               "court filing desk"),
    "petition":      ("信访",                   "petition"),
    "transfer":      ("部门移送",               "transferred by another agency"),
    "import":        ("表格导入",               "imported from a spreadsheet"),
}
WANTS = {                                      # requests of the applicant
    "mediation": ("申请调解", "mediation"),
    "filing":    ("申请立案", "filing with the court"),
    "advice":    ("咨询",     "advice"),
}
PARTY_ROLES = {                                # roles of parties
    "applicant":      ("申请人",   "applicant"),
    "respondent":     ("被申请人", "respondent"),
    "third_party":    ("第三人",   "third party"),
    "representative": ("代理人",   "representative"),
}
RISKS = {                                      # risk flags of a report or a screening
    "domestic_violence": ("家庭暴力",       "domestic violence"),
    "minor":             ("未成年人受侵害", "a minor at risk"),
    "mass":              ("群体性事件",     "mass incident"),
    "violence_threat":   ("暴力威胁",       "threat of violence"),
}
TRACKS = {                                     # procedural tracks of mediation: before or after a case is filed with the court
    "A": ("起诉前（非诉调解）",       "before filing, outside court"),
    "B": ("立案后（先行、委托调解）", "after filing: mediation first or entrusted by the court"),
    "legacy": ("诉前调（至2024年12月31日）", "mediation on the court's pre-filing docket, until 2024-12-31"),
}
ROUTE_REASONS = {                              # reasons for referring a dispute to a mediation body
    "by_place":         ("属地管辖",         "responsible for the place"),
    "by_kind":          ("按纠纷类型",       "responsible for this kind of dispute"),
    "by_roster":        ("名册指定",         "on the court's roster"),
    "parties_chose":    ("当事人选择",       "chosen by the parties"),
    "after_decline":    ("退回后改派",       "referred again after another body declined"),
    "after_no_answer":  ("逾期未答复改派",   "referred again because another body did not answer in time"),
    "joint_handling":   ("联合调处",         "joint handling"),
}
STANDINGS = {                                  # types of party (a person, or a type of organisation) that help to determine the suitable mediation body
    "individual":         ("自然人",             "natural person"),
    "bank":               ("银行、贷款机构",     "bank or lender"),
    "insurer":            ("保险公司",           "insurer"),
    "employer":           ("用人单位",           "employer"),
    "company":            ("企业",               "company"),
    "seed_company":       ("种子企业",           "seed company"),
    "property_manager":   ("物业服务人",         "property manager"),
    "hospital":           ("医疗机构",           "hospital or clinic"),
    "school":             ("学校",               "school"),
    "platform":           ("网络平台",           "online platform"),
    "village_collective": ("村集体",             "village collective"),
    "government":         ("行政机关",           "administrative body"),
}
FLAGS = {                                      # circumstances that need special attention and are not secret; RISKS has the dangers to persons
    "mass":               ("群体性",             "many people involved"),
    "wage_arrears":       ("欠薪",               "wage arrears"),
    "repeat_petition":    ("重复信访",           "repeated petition"),
    "urgent":             ("紧急",               "urgent"),
    "cross_township":     ("跨乡镇",             "several townships involved"),
}
PROPOSAL_REASONS = {                           # reasons that raise or lower the rank of a mediation body in a proposal for the referral
    "lead_agency":        ("该类纠纷的牵头机构", "lead agency for disputes of this kind"),
    "by_kind":            ("专业对口",           "specialises in disputes of this kind"),
    "by_village":         ("本村（社区）组织",   "body of the village or community"),
    "by_township":        ("本乡镇（街道）组织", "body of the township or street"),
    "by_standing":        ("与当事人身份对口",   "suitable for this type of party"),
    "by_flag":            ("与风险情形对口",     "suitable for a flagged circumstance"),
    "court_roster":       ("在法院特邀名册",     "on the court's roster of invited mediation bodies"),
    "accepts_often":      ("以往多数接收",       "accepted most earlier referrals"),
    "declines_often":     ("以往较多退回",       "declined many earlier referrals"),
    "light_load":         ("在办较少",           "few open disputes"),
    "heavy_load":         ("在办较多",           "many open disputes"),
    "county_choice":      ("本县规定",           "rule of this county"),
}
EXCLUSION_REASONS = {                          # reasons for excluding a mediation body from a proposal for the referral
    "conflict_disclosed": ("已披露利害关系",     "conflict of interest disclosed"),
    "declined_before":    ("已退回本纠纷交办",   "declined this dispute earlier"),
    "did_not_answer":     ("逾期未答复本纠纷交办","did not answer the referral of this dispute in time"),
}
CALL_REASONS = {                               # reasons for calling government departments to a dispute (吹哨)
    "expertise":          ("需要专业支持",       "expertise needed"),
    "joint_visit":        ("需要联合到场",       "joint presence on site needed"),
    "authority":          ("需要行政职权配合",   "a department's administrative powers needed"),
    "mass":               ("涉及人数较多",       "many people involved"),
    "joint_handling":     ("联合调处",           "joint handling"),
}
CALL_ANSWERS = {                               # answers of departments that were called to a dispute (报到)
    "reported_in":        ("已报到",             "reported in"),
    "sends_somebody":     ("派员参与",           "sends a representative"),
    "gives_opinion":      ("提供书面意见",       "gives a written opinion"),
    "not_ours":           ("不属本部门职责",     "not a task of this department"),
}
LEVELS = {                                     # levels of escalation: the four of 四级七天 (four levels in seven days), then the county
    "group_level":           ("网格、村组",           "grid or village group"),
    "village_level":         ("村（社区）",           "village or community"),
    "township_office_level": ("司法所",               "judicial office"),
    "township_level":        ("乡镇（街道）综治中心", "township mediation centre"),
    "county_level":          ("县（区）综治中心",     "county mediation centre"),
}
ESCALATION_REASONS = {                         # reasons for escalating a dispute to the next level
    "time_passed":        ("本级期限届满",       "period of the level ended"),
    "beyond_ability":     ("超出本级能力",       "beyond the capacity of the level"),
    "parties_ask":        ("当事人要求",         "requested by the parties"),
}
SUPERVISION_REASONS = {                        # reasons for a supervision notice (督办)
    "overdue":            ("期限届满未办",       "deadline passed"),
    "no_answer":          ("督办后未答复",       "no answer to an earlier supervision notice"),
    "grave":              ("重大复杂",           "serious or complex dispute"),
    "repeated":           ("反复发生",           "recurring dispute"),
    "complaint":          ("群众反映",           "complaints from the public"),
}
SUPERVISION_ANSWERS = {                        # answers to a supervision notice
    "done":               ("已办结",             "completed"),
    "under_way":          ("正在办理",           "in progress"),
    "needs_time":         ("需要延期",           "needs more time"),
    "not_ours":           ("不属本单位职责",     "not a task of this agency"),
}
DECLINE_REASONS = {                            # reasons for declining a referral
    "not_our_kind":         ("不属于本组织受理类型", "kind of dispute not handled by this body"),
    "not_our_place":        ("不属于本组织辖区",     "outside this body's area"),
    "conflict_of_interest": ("存在利害关系",         "conflict of interest"),
    "no_mediator":          ("暂无可用调解员",       "no mediator available"),
    "party_unreachable":    ("当事人无法联系",       "a party cannot be reached"),
    "already_before_court": ("法院已受理",           "already before a court"),
    "not_mediable":         ("依法不得调解",         "mediation not permitted by law"),
    "duplicate":            ("重复交办",             "duplicate referral"),
}
CONSENT_WAYS = {                               # ways in which a party consents to mediation or refuses it
    "in_writing": ("书面",       "in writing"),
    "orally":     ("口头并记录", "orally, on record"),
    "by_phone":   ("电话",       "by telephone"),
    "online":     ("网上确认",   "confirmed online"),
    "by_conduct": ("到场参加",   "by taking part"),
}
SESSION_MODES = {                              # ways of holding a mediation session
    "in_person":   ("当面",     "in person"),
    "video":       ("视频",     "video"),
    "phone":       ("电话",     "telephone"),
    "circuit":     ("巡回",     "circuit mediation"),
    "court_visit": ("法官到场", "judge present on site"),
}
AGREEMENT_FORMS = {                            # forms of an agreement
    "written": ("书面协议", "written"),
    "oral":    ("口头协议", "oral"),
}
ORGANISATION_KINDS = {                         # kinds of organisations on the rosters
    "peoples_mediation_committee": ("人民调解委员会",             "people's mediation committee"),
    "industry_mediation_body":     ("行业性、专业性调解组织",     "industry mediation body"),
    "invited_mediation_body":      ("特邀调解组织",               "court-invited mediation body"),
    "fast_track_team":             ("速裁团队",                   "fast-track team"),
    "enforcement_group":           ("法庭执行组",                 "tribunal enforcement group"),
    "circuit_point":               ("巡回审判点",                 "circuit trial point"),
    "village_judge":               ("一村一法官联系点",           "contact point of the village judge"),
    "service_station":             ("诉讼服务站",                 "litigation service station"),
    "video_room":                  ("音视频调解室",               "audio and video mediation room"),
}
MEMBER_ROLES = {                               # roles of persons on the rosters, who are identified by number only
    "mediator":         ("人民调解员",         "mediator"),
    "invited_mediator": ("特邀调解员",         "court-invited mediator"),
    "judge":            ("联系法官",           "village judge"),
}
ROSTER_CHANGES = {                             # kinds of changes of a roster
    "added":   ("列入名册", "added to the roster"),
    "changed": ("变更",     "changed"),
    "removed": ("移出名册", "removed from the roster"),
}
TERM_KINDS = {                                 # kinds of obligations in an agreement
    "payment":       ("付款",       "payment"),
    "delivery":      ("交付",       "delivery of a thing"),
    "work":          ("完成工作",   "performance of work"),
    "vacate":        ("腾退",       "vacating premises or land"),
    "cease":         ("停止侵害",   "ceasing an infringement"),
    "restore":       ("恢复原状",   "restoring the original state"),
    "apology":       ("赔礼道歉",   "apology"),
    "support":       ("抚养、赡养", "maintenance"),
    "other":         ("其他",       "other"),
}
TERMINATION_GROUNDS = {                        # grounds for terminating mediation: those of 在线调解规则 25, in the order of the article
    "agreement_reached":           ("当事人达成调解协议",             "the parties reached an agreement"),
    "self_settled_withdrawn":      ("当事人自行和解并撤回调解申请",   "the parties settled without mediation and withdrew the application"),
    "party_unreachable":           ("无法与当事人取得联系",           "a party cannot be reached"),
    "party_unwilling":             ("当事人一方明确表示不愿意继续调解", "a party states clearly that it does not want to continue mediation"),
    "differences_too_large":       ("当事人分歧较大且难以达成调解协议", "the parties' positions differ too much for an agreement"),
    "period_expired_no_extension": ("调解期限届满且当事人未同意延长", "the period ended and the parties did not agree to extend it"),
    "party_refuses_to_sign":       ("当事人一方拒绝在调解协议上签章", "a party refuses to sign the agreement"),
    "other_obstacle":              ("其他导致调解无法进行的情形",     "another circumstance that makes mediation impossible"),
}
SUSPENSION_REASONS = {                         # reasons for suspending mediation
    "suspected_sham":     ("涉嫌虚假调解",         "suspected sham mediation"),
    "suspected_crime":    ("涉嫌犯罪",             "suspected crime"),
    "third_party_harmed": ("可能损害他人合法权益", "possible harm to the lawful rights of others"),
}
PERFORMANCE_RESULTS = {                        # results of performing a term of an agreement
    "full":    ("全部履行", "performed in full"),
    "part":    ("部分履行", "performed in part"),
    "default": ("未履行",   "not performed"),
}
OUTCOMES = {                                   # outcomes of a dispute
    "performed":      ("协议已履行",       "agreement performed"),
    "settled":        ("已化解",           "settled"),
    "defaulted":      ("协议未履行",       "agreement not performed"),
    "not_settled":    ("调解未成",         "mediation failed"),
    "consent_refused": ("当事人拒绝调解",  "mediation refused by a party"),
    "not_suitable":   ("不适宜调解",       "not suitable for mediation"),
    "filed":          ("已立案",           "filed with the court"),
    "redirected":     ("已转出",           "redirected to another procedure"),
    "withdrawn":      ("当事人撤回",       "withdrawn"),
    "judged":         ("已判决",           "decided by judgment"),
    "enforced":       ("已执行",           "enforced"),
    "not_enforced":   ("未能执行",         "could not be enforced"),
    "mistaken":       ("误报撤销",         "registered by mistake"),
    "merged":         ("并入另一纠纷",     "joined to another dispute"),
}
MATTERS = {                                    # legal nature of the matter in dispute; includes matters that may not be mediated, which are refused
    "civil":                       ("民事纠纷",                       "civil matter"),
    "special_procedure":           ("特别程序、督促程序、公示催告程序", "special procedure, payment-order procedure or public-notice procedure"),
    "status_confirmation":         ("婚姻、身份关系确认",             "confirmation of a marriage or other personal status"),
    "administrative":              ("行政争议",                       "administrative dispute"),
    "administrative_compensation": ("行政赔偿、补偿、裁量",           "administrative compensation or discretionary power"),
    "police_minor":                ("可调解的治安案件",               "public-security case that may be mediated"),
    "police_excluded":             ("不适用调解的治安案件",           "public-security case that may not be mediated"),
}
AGREEMENT_SUBJECTS = {                         # subject matters of an agreement
    "obligation":       ("给付义务",           "obligation to pay, deliver or act"),
    "property":         ("财产分割",           "division of property"),
    "custody":          ("抚养、探望",         "custody and visits"),
    "maintenance":      ("赡养、扶养",         "maintenance"),
    "status":           ("身份关系",           "personal status: marriage, parentage, adoption"),
    "real_right_title": ("物权确权",           "title to real rights"),
    "ip_title":         ("知识产权确权",       "title to intellectual property"),
}
CLOSING_MODES = {                              # ways in which a court closes a case
    "judgment":  ("判决",               "judgment"),
    "mediated":  ("调解书",             "court mediation statement"),
    "withdrawn": ("撤诉",               "claim withdrawn"),
    "confirmed": ("司法确认",           "judicial confirmation"),
    "other":     ("其他方式",           "another way"),
}
PROCEDURES = {                                 # trial procedures
    "fast_track":   ("速裁",         "fast track"),
    "small_claims": ("小额诉讼程序", "small-claims procedure"),
    "simplified":   ("简易程序",     "simplified procedure"),
    "ordinary":     ("普通程序",     "ordinary procedure"),
}
PAUSE_REASONS = {                              # reasons for pausing a period; only the first two are permitted (在线调解规则 26), events with the others are refused
    "appraisal":    ("鉴定",         "expert appraisal"),
    "assessment":   ("评估",         "valuation"),
    "absence":      ("当事人缺席",   "absence of a party"),
    "negotiation":  ("当事人协商",   "negotiation between the parties"),
    "other":        ("其他",         "another reason"),
}
CONFLICT_RELATIONS = {                         # relations that form a conflict of interest (特邀调解规定 15)
    "relative":     ("近亲属",                         "close relative of a party or representative"),
    "interest":     ("与纠纷有利害关系",               "interest in the dispute"),
    "other":        ("其他可能影响公正调解的关系",     "another relation that may affect fair mediation"),
}
COURT_GROUNDS = {                              # grounds of jurisdiction of the court that confirms an agreement (民事诉讼法 205)
    "inviting_court":     ("邀请调解的人民法院",             "court that invited the mediation"),
    "party_domicile":     ("当事人住所地基层人民法院",       "basic people's court at a party's domicile"),
    "object_place":       ("标的物所在地基层人民法院",       "basic people's court at the place of the disputed object"),
    "body_place":         ("调解组织所在地基层人民法院",     "basic people's court at the place of the mediation body"),
}
CONFIRMATION_REFUSALS = {                      # grounds for not accepting (民事诉讼法解释 355) or refusing (358) judicial confirmation
    "outside_jurisdiction":  ("不属于本院主管或者管辖",       "outside the court's scope or jurisdiction"),
    "personal_status":       ("确认身份关系无效、有效或者解除", "confirmation that a personal status is invalid, valid or ended"),
    "special_procedure":     ("适用其他特别程序等审理",       "another special procedure applies"),
    "title":                 ("物权、知识产权确权",           "title to real rights or intellectual property"),
    "breaks_law":            ("违反法律强制性规定",           "violation of mandatory law"),
    "harms_others":          ("损害国家、社会公共利益、他人合法权益", "harm to the state, the public interest or others"),
    "against_morals":        ("违背公序良俗",                 "violation of public order and good morals"),
    "not_voluntary":         ("违反自愿原则",                 "not voluntary"),
    "unclear":               ("内容不明确",                   "unclear content"),
    "suspected_sham":        ("涉嫌虚假调解且不能提供证据",   "suspected sham mediation without evidence to the contrary"),
    "other":                 ("其他不能确认的情形",           "another ground"),
}
FILING_REFUSALS = {                            # reasons for refusing to file a case (登记立案规定 10)
    "not_civil":             ("不属于人民法院民事受案范围",   "not a civil matter that courts accept"),
    "not_this_court":        ("不属于本院管辖",               "not within this court's jurisdiction"),
    "arbitration_first":     ("应先经仲裁",                   "arbitration required first"),
    "repeated_suit":         ("重复起诉",                     "repeated suit"),
    "not_corrected":         ("补正后仍不符合要求",           "requirements not met after correction"),
    "conditions_not_met":    ("不符合起诉条件",               "conditions for a suit not met"),
}
RECEIVED_PAPERS = {                            # documents whose receipt restarts a period (民事诉讼法解释 126; 司法确认规定 4)
    "correction":          ("补正材料交回",           "corrected complaint"),
    "from_another_court":  ("上级法院移交的材料",     "documents handed over by a higher court"),
    "missing_papers":      ("补齐申请材料",           "missing documents of an application"),
}
PARTICIPANT_ROLES = {                          # roles of participants in a court case
    "assessor":       ("人民陪审员",   "people's assessor"),
    "representative": ("诉讼代理人",   "representative in court"),
    "witness":        ("证人",         "witness"),
    "expert":         ("鉴定人",       "expert"),
    "interpreter":    ("翻译人员",     "interpreter"),
}
ENFORCEMENT_RESULTS = {                        # results of enforcement
    "full":       ("执行完毕",             "enforced in full"),
    "part":       ("部分执行",             "enforced in part"),
    "settled":    ("执行和解",             "settled during enforcement"),
    "none_found": ("终结本次执行程序",     "this enforcement proceeding ended: no assets found"),
}
PETITION_RESULTS = {                           # decisions on a petition (信访工作条例 32)
    "supported":     ("予以支持",   "supported"),
    "explained":     ("说明解释",   "explained"),
    "not_supported": ("不予支持",   "not supported"),
}
REDIRECT_WAYS = {                              # procedures to which a dispute is redirected
    "labour_arbitration":            ("劳动人事争议仲裁",     "labour arbitration"),
    "land_arbitration":              ("农村土地承包仲裁",     "rural land arbitration"),
    "commercial_arbitration":        ("商事仲裁",             "commercial arbitration"),
    "administrative_handling":       ("行政机关处理",         "handling by an administrative body"),
    "administrative_reconsideration": ("行政复议",            "administrative reconsideration"),
    "petition":                      ("信访",                 "petition"),
    "police":                        ("公安机关处理",         "handling by the police"),
}
OTHER_AUTHORITIES = {                          # authorities other than agencies, to which disputes can be redirected and petitions transferred
    "labour_arbitration_commission": ("劳动人事争议仲裁委员会",   "labour arbitration commission"),
    "land_arbitration_commission":   ("农村土地承包仲裁委员会",   "rural land arbitration commission"),
    "arbitration_commission":        ("仲裁委员会",               "arbitration commission"),
    "government":                    ("人民政府",                 "people's government"),
    "health_authority":              ("卫生健康部门",             "health authority"),
    "market_regulation_bureau":      ("市场监管部门",             "market regulation bureau"),
    "hrss_bureau":                   ("人力资源社会保障部门",     "human resources and social security bureau"),
    "natural_resources_bureau":      ("自然资源部门",             "natural resources bureau"),
}
REOPEN_REASONS = {                             # reasons for reopening a dispute
    "recurred":      ("纠纷复发",         "the dispute recurred"),
    "not_performed": ("协议未履行",       "the agreement was not performed"),
    "new_facts":     ("出现新的事实",     "new facts"),
    "sent_back":     ("转出后退回",       "returned by the authority to which it was redirected"),
    "closed_by_mistake": ("误归档",       "closed by mistake"),
}
MISREPORT_REASONS = {                          # kinds of mistake in an earlier report, which is corrected or withdrawn
    "wrong_dispute": ("报错纠纷",         "reported for the wrong dispute"),
    "wrong_facts":   ("内容有误",         "wrong facts"),
    "wrong_time":    ("时间有误",         "wrong time"),
    "not_happened":  ("事情没有发生",     "the reported fact did not happen"),
    "twice":         ("重复上报",         "reported twice"),
}
DUPLICATE_REASONS = {                          # evidence that two reports concern the same dispute
    "same_parties":  ("双方当事人相同",   "same parties on both sides"),
    "one_party":     ("一方当事人相同",   "one party in common"),
    "same_names":    ("双方姓名和村（社区）相同", "same names of both parties and same village"),
    "same_place":    ("同一乡镇、街道",   "same township or street"),
    "same_kind":     ("纠纷类型相同",     "same kind of dispute"),
    "within_days":   ("上报时间相近",     "reported within a few days"),
}
FOUND_BY = {                                   # who decided that two reports are joined in one dispute
    "rule":   ("按规则认定",     "determined by rule"),
    "centre": ("综治中心决定",   "decided by the mediation centre"),
}
NOTICE_CHANNELS = {                            # channels by which notices are delivered
    "inbox":   ("机构收件队列", "the agency's inbox queue"),
    "webhook": ("网络回调",     "webhook"),
    "mail":    ("电子邮件",     "mail"),
    "sms":     ("短信",         "text message"),
    "chat":    ("工作群",       "group chat"),
}
NOTICE_WITHDRAWAL_REASONS = {                  # reasons for which an earlier notice no longer holds
    "met_in_time": ("期限内已经完成，上报迟到", "the deadline was met in time; the report arrived late"),
    "moved":       ("期限已经后延",   "the deadline was moved to a later time"),
    "corrected":   ("所依据的上报已经更正", "the report on which it was based was corrected"),
    "withdrawn":   ("所依据的上报已经撤销", "the report on which it was based was withdrawn"),
    "unjoined":    ("并案已经撤销",   "the join was undone"),
    "recomputed":  ("迟到的上报改变了纠纷的经过", "a late report changed the course of the dispute"),
    "supervision_cancelled": ("督办已经取消", "the supervision was cancelled"),
}
UNDELIVERABLE_REASONS = {                      # reasons for which a notice could not be delivered
    "no_address":      ("未登记接收方式", "no address registered"),
    "refused_by_peer": ("对方拒收",       "refused by the recipient"),
    "timed_out":       ("多次超时",       "timed out repeatedly"),
    "unresolvable":    ("网址无效，或主机名无法解析", "invalid address, or host name not resolvable"),
    "connection_refused": ("对方拒绝连接", "connection refused"),
    "unreachable":     ("无法建立连接",   "no connection possible"),
    "tls_failed":      ("TLS握手或证书验证失败", "TLS handshake or certificate verification failed"),
    "connection_lost": ("连接中断，未收到有效应答", "connection lost without a valid answer"),
    "inbox_full":      ("收件队列已满",   "inbox queue full"),
}
DEADLINE_CHANGES = {                           # what a step did to a deadline
    "set":        ("期限起算",         "a deadline began to run"),
    "recomputed": ("期限重新计算",     "a deadline was computed again"),
    "met":        ("期限内完成或逾期完成", "a deadline was met, in time or late"),
    "stopped":    ("期限停止计算",     "a deadline no longer applies"),
}
RECOMPUTATION_REASONS = {                      # reasons for which a deadline is computed again
    "extended":  ("延长",             "extended"),
    "paused":    ("鉴定开始，停止计算", "appraisal began; the clock is paused"),
    "resumed":   ("鉴定结束，继续计算", "appraisal ended; the clock runs again"),
    "suspended": ("调解中止，停止计算", "mediation suspended; the clock is paused"),
    "went_on":   ("调解恢复，继续计算", "mediation resumed; the clock runs again"),
    "restarted": ("重新起算",         "restarted"),
    "calendar":  ("放假安排公布",     "official holiday schedule published"),
    "county_period": ("本县期限调整",  "the county changed the period"),
    "late_report": ("迟到的上报",     "a step was reported late"),
    "correction": ("上报更正或者撤销", "a report was corrected or withdrawn"),
    "not_counted": ("期间不计入",     "days excluded from counting"),
}
CORRECTABLE_FIELDS = {                         # facts of a dispute that a correction can change; the parties are named as a whole
    "township":   ("乡镇（街道）",   "township or street"),
    "village":    ("村（社区）",     "village or community"),
    "grid":       ("网格",           "grid"),
    "kind":       ("纠纷类型",       "kind of dispute"),
    "cause":      ("案由",           "cause of action"),
    "amount_cny": ("涉及金额",       "amount in dispute"),
    "channel":    ("来源渠道",       "channel of the report"),
    "wants":      ("诉求",           "request of the applicant"),
    "standings":  ("当事人身份类别", "types of the parties"),
    "flags":      ("需特别关注的情形", "circumstances that need special attention"),
    "parties":    ("当事人",         "parties"),
}
RECOMPUTED_DISPUTE_REASONS = {                 # why the whole history of a dispute was applied again
    "correction":  ("上报更正",       "a report was corrected"),
    "withdrawal":  ("上报撤销",       "a report was withdrawn or a join was undone"),
    "late_report": ("迟到的上报",     "a step was reported after an automatic step of a later time"),
    "time_passed": ("期限届满",       "a deadline was found to have passed before steps that were applied already"),
}
CLOCK_KINDS = {                                # legal nature of a period
    "LAW":        ("法定期限",       "legal clock"),
    "LOCAL_RULE": ("地方规定期限",   "local-rule clock"),
    "POLICY":     ("政策、约定时限", "policy clock"),
}
HOLD_CAUSES = {                                # causes of a safeguard hold or a stay
    "risk":             ("风险标记",     "risk flag"),
    "warning":          ("告诫书",       "police warning"),
    "protection_order": ("人身安全保护令", "protection order"),
    "stay":             ("暂缓办理",     "stay"),
}
RELEASE_REASONS = {                            # reasons for releasing a safeguard hold
    "danger_passed":    ("危险已消除",       "the danger has passed"),
    "order_expired":    ("保护令期限届满",   "the protection order has expired"),
    "unfounded":        ("经核查不属实",     "found to be unfounded"),
    "true_wish":        ("受害人的真实意愿", "the victim's own true wish"),
    "otherwise_safe":   ("已有其他保护措施", "other protective measures in place"),
}
# Reasons for staying a dispute. They are never disclosed: agencies without access to the safeguard lane must not be able to tell a hold from a stay.
STAY_REASONS = {
    "jurisdiction":     ("管辖待定",         "competence undetermined"),
    "recusal":          ("回避申请审查",     "recusal under review"),
    "file_lent":        ("调阅案卷",         "case file on loan"),
    "preservation":     ("财产保全",         "preservation of property"),
    "inquiry":          ("调查核实",         "inquiry"),
    "duplicate_check":  ("核对是否重复",     "check for a duplicate"),
}
ACCESS_REASONS = {                             # reasons for viewing content of the safeguard lane; every access is logged
    "protection":       ("办理人身安全保护令", "handling a protection order"),
    "warning":          ("出具或送达告诫书",   "issuing or serving a warning"),
    "police_duty":      ("处警、走访",         "police call or visit"),
    "support":          ("帮助受害人",         "support of the victim"),
    "release":          ("研判是否解除",       "decision on the release"),
    "supervision":      ("监督检查",           "supervision"),
}
LOOK_AT = {"matters": ("接口 /matters", "intake's HTTP API, path /matters")}  # places where an agency can view a matter of the safeguard lane
# fmt: on
