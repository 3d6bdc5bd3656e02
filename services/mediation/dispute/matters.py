"""Matters that may not be mediated, and subjects of an agreement that a court may not confirm. Lists only, so that they can be compared with the law.

Sources: 民事诉讼法解释 143, 145, 355; 行政诉讼法 60; 公安行政案件程序规定 179; 民法典 1079.
"""

# fmt: off
# Matters that may not be mediated, with the reason code of the refusal.
MATTERS_NOT_MEDIATED = {
    # matter                   reason code of the refusal
    "special_procedure":       "may_not_be_mediated",
    "status_confirmation":     "may_not_be_mediated",
    "administrative":          "administrative_not_mediated",
    "police_excluded":         "police_case_not_mediated",
}
SUBJECTS_NOT_CONFIRMED = ("status", "real_right_title", "ip_title")      # subjects of an agreement that a court may not confirm
KINDS_NOT_MEDIATED_WHILE_IN_COURT = ("medical",)                      # kinds of disputes not mediated while a court has the case (医疗纠纷条例 31, 40)
# fmt: on
