"""Causes of action of a dispute: the second level of the official list of causes of civil cases (民事案件案由), by number.

The numbers are those of the list in force, which are consecutive. Numbers 32 to 54 are left out, because they are special court proceedings (confirmation,
protection orders, insolvency …), not causes of a dispute.
"""

# fmt: off
CAUSES = {
    "1":  ("人格权纠纷",                 "personality rights"),
    "2":  ("婚姻家庭纠纷",               "marriage and family"),
    "3":  ("继承纠纷",                   "inheritance"),
    "4":  ("不动产登记纠纷",             "registration of real property"),
    "5":  ("物权保护纠纷",               "protection of real rights"),
    "6":  ("所有权纠纷",                 "ownership"),
    "7":  ("用益物权纠纷",               "usufruct"),
    "8":  ("担保物权纠纷",               "security interests"),
    "9":  ("占有保护纠纷",               "protection of possession"),
    "10": ("合同纠纷",                   "contract"),
    "11": ("不当得利纠纷",               "unjust enrichment"),
    "12": ("无因管理纠纷",               "management without mandate"),
    "13": ("知识产权合同纠纷",           "intellectual property contracts"),
    "14": ("知识产权权属、侵权纠纷",     "ownership and infringement of intellectual property"),
    "15": ("不正当竞争纠纷",             "unfair competition"),
    "16": ("垄断纠纷",                   "monopoly"),
    "17": ("劳动争议",                   "labour"),
    "18": ("人事争议",                   "personnel"),
    "19": ("海事海商纠纷",               "maritime"),
    "20": ("与企业有关的纠纷",           "enterprises"),
    "21": ("与公司有关的纠纷",           "companies"),
    "22": ("合伙企业纠纷",               "partnerships"),
    "23": ("与破产有关的纠纷",           "bankruptcy"),
    "24": ("证券纠纷",                   "securities"),
    "25": ("期货交易纠纷",               "futures"),
    "26": ("信托纠纷",                   "trusts"),
    "27": ("保险纠纷",                   "insurance"),
    "28": ("票据纠纷",                   "negotiable instruments"),
    "29": ("信用证纠纷",                 "letters of credit"),
    "30": ("独立保函纠纷",               "independent guarantees"),
    "31": ("侵权责任纠纷",               "tort"),
}
# fmt: on
