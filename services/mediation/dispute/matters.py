"""What may not be mediated, and what may not be confirmed: lists that a clerk can hold against the text. No dispute, no step.

Sources: 民事诉讼法解释 143, 145, 355; 行政诉讼法 60; 公安行政案件程序规定 179; 民法典 1079.
"""

# fmt: off
NOT_MEDIATED = {
    # matter                   the reason against it
    "special_procedure":       "may_not_be_mediated",
    "status_confirmation":     "may_not_be_mediated",
    "administrative":          "administrative_not_mediated",
    "police_excluded":         "police_case_not_mediated",
}
NOT_CONFIRMED = ("status", "real_right_title", "ip_title")      # what an agreement may settle, and a court may not confirm
ONLY_WHILE_NOBODY_ELSE_HAS_IT = ("medical",)                    # kinds that a committee leaves to the court or authority that took them (医疗纠纷条例 31, 40)
# fmt: on
