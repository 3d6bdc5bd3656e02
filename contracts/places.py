"""The townships, towns and streets of 甘州区 by their statistical code. Names only: population is published, not written here."""

AREA = "620702"

# fmt: off
TOWNSHIPS = {
    # code         zh                     en
    "620702001": ("东街街道",             "Dongjie Street"),
    "620702002": ("南街街道",             "Nanjie Street"),
    "620702003": ("西街街道",             "Xijie Street"),
    "620702004": ("北街街道",             "Beijie Street"),
    "620702005": ("火车站街道",           "Huochezhan Street"),
    "620702100": ("梁家墩镇",             "Liangjiadun Town"),
    "620702101": ("上秦镇",               "Shangqin Town"),
    "620702102": ("大满镇",               "Daman Town"),
    "620702103": ("沙井镇",               "Shajing Town"),
    "620702104": ("乌江镇",               "Wujiang Town"),
    "620702105": ("甘浚镇",               "Ganjun Town"),
    "620702106": ("新墩镇",               "Xindun Town"),
    "620702107": ("党寨镇",               "Dangzhai Town"),
    "620702108": ("碱滩镇",               "Jiantan Town"),
    "620702109": ("三闸镇",               "Sanzha Town"),
    "620702110": ("小满镇",               "Xiaoman Town"),
    "620702111": ("明永镇",               "Mingyong Town"),
    "620702112": ("长安镇",               "Chang'an Town"),
    "620702202": ("龙渠乡",               "Longqu Township"),
    "620702203": ("安阳乡",               "Anyang Township"),
    "620702204": ("花寨乡",               "Huazhai Township"),
    "620702207": ("靖安乡",               "Jing'an Township"),
    "620702211": ("平山湖蒙古族乡",       "Pingshanhu Mongol Township"),
    "620702402": ("张掖经济技术开发区",   "Zhangye Economic and Technological Development Zone"),
}
# fmt: on
