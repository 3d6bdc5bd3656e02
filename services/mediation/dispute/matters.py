"""Matters that may not be mediated and subjects that a court may not confirm, as lists to be compared with the law. No logic.

Sources: 民事诉讼法解释 143, 145, 355; 行政诉讼法 60; 公安行政案件程序规定 179; 民法典 1079.
"""

# fmt: off
NOT_MEDIATED = {
    # matter                   reason code of the refusal
    "special_procedure":       "may_not_be_mediated",
    "status_confirmation":     "may_not_be_mediated",
    "administrative":          "administrative_not_mediated",
    "police_excluded":         "police_case_not_mediated",
}
NOT_CONFIRMED = ("status", "real_right_title", "ip_title")      # subjects that an agreement may settle but a court may not confirm
NOT_MEDIATED_WHILE_IN_COURT = ("medical",)                      # kinds not mediated once a court or authority has accepted the case (医疗纠纷条例 31, 40)
# fmt: on
