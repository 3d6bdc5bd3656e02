"""List of error sentences for invalid facts of a deadline and for invalid periods of a county. A sentence never repeats the value entered."""

# fmt: off
# Error code: Chinese and English sentence.
ERROR_SENTENCES = {
    # the input line
    "not_json":             ("该行不是有效的JSON。", "This line is not valid JSON."),
    "not_an_object":        ("应为一个JSON对象。", "The line has to be a JSON object."),
    "missing":              ("缺少{field}。", "{field} is missing."),
    "not_a_time":           ("{field}应为带时区的时间（如2026-03-02T10:30:00+08:00）或者日期（如2026-03-02）。",
                             "{field} has to be a time with its zone (such as 2026-03-02T10:30:00+08:00) or a date (such as 2026-03-02)."),
    "no_zone":              ("{field}没有时区；请写明，如+08:00。", "{field} has no time zone; add one, such as +08:00."),
    "needs_an_hour":        ("该期限以小时计算，{field}须写明时刻。", "This period is in hours: {field} has to include the time of day."),
    "out_of_range":         ("{field}的年份应在1990年至2199年之间。", "{field} has to be a year from 1990 to 2199."),
    "not_a_list":           ("{field}应为列表。", "{field} has to be a list."),
    "not_a_boolean":        ("{field}应为true或false。", "{field} has to be true or false."),
    "not_days":             ("{field}应为1至3650之间的整数。", "{field} has to be a whole number from 1 to 3650."),
    # the clock
    "unknown_clock":        ("没有这一期限。", "There is no such clock."),
    "not_opened_any_more":  ("自{after}起不得再开始该期限（{article}）；此前开始的，办理至期限届满。",
                             "This period may not be started on or after {after} ({article}); one that was started earlier runs to its end."),
    "not_opened_yet":       ("该期限自{since}起施行。", "This period is in force from {since}."),
    "not_this_procedure":   ("procedure应为ordinary或者simplified，且仅用于mediation_extension。",
                             "procedure has to be ordinary or simplified, and may be given for mediation_extension only."),
    "length_not_given":     ("该期限的长度已有规定，不得另行给出。", "The length of this period is set by its rule and may not be given."),
    "days_needed":          ("2025-01-01以前的延长没有上限，须写明同意延长的天数。",
                             "Before 2025-01-01 an extension had no limit: give in `extensions` the number of days consented to."),
    # pauses
    "not_a_pause":          ("{field}应为[开始, 结束]。", "{field} has to be [from, to]."),
    "pause_backwards":      ("{field}的结束早于开始。", "{field} ends before it begins."),
    "pause_before_start":   ("{field}早于期限起算。", "{field} begins before the period starts."),
    "not_suspendable":      ("中止调解只停止调解期限的计算，该期限不受影响。", "A suspension of mediation stops the periods of mediation only, not this period."),
    "pause_open":           ("{field}尚未结束：请用as_of写明计算到哪一天。", "{field} has not ended: give as_of, the day up to which to compute."),
    # extensions
    "not_an_extension":     ("{field}应含consented_at和days。", "{field} has to have consented_at and days."),
    "not_parties":          ("{field}应为当事人列表，如[\"applicant\", \"respondent\"]。", "{field} has to be a list of parties such as [\"applicant\", \"respondent\"]."),
    "no_consent_of_parties": ("该期限的延长须经批准，不以当事人同意为准，{field}不得写明consented_by。",
                             "An extension of this period needs an approval, not the consent of the parties: {field} may not have consented_by."),
    "months_only":          ("该期限以日计，{field}不得以月延长。", "This period is in days: {field} may not be in months."),
    "not_extendable":       ("该期限不得延长（{article}）。", "This period may not be extended ({article})."),
    # start, performance and as_of
    "restart_not_possible": ("该期限不得重新起算。", "This period does not begin anew."),
    "restart_before_start": ("restarted_at早于started_at。", "restarted_at is before started_at."),
    "performed_too_early":  ("performed_at早于期限起算。", "performed_at is before the start of the period."),
    "as_of_too_early":      ("as_of早于期限起算。", "as_of is before the start of the period."),
    # a county's rules
    "law_stands":           ("{clock}为法定期限，县级不得更改。", "{clock} is set by law: a county may not change it."),
    "not_a_county_rule":    ("{clock}应写明days、working_days、hours或months之一（1至3650），或者article、kind、remind。",
                             "{clock} has to have one of days, working_days, hours or months (1 to 3650), or article, kind, remind."),
    "not_a_county_kind":    ("{clock}的kind应为LOCAL_RULE或者POLICY。", "The kind of {clock} has to be LOCAL_RULE or POLICY."),
    "not_an_article":       ("{clock}的article不是有效的条文引用。", "The article of {clock} is not a valid citation."),
    "not_a_reminder":       ("{clock}的remind应为列表，如[\"3wd\", \"1wd\"]（工作日）；以小时计的期限如[\"12h\"]。",
                             "remind of {clock} has to be a list such as [\"3wd\", \"1wd\"] (working days), or [\"12h\"] for a period in hours."),
    "not_office_hours":     ("office_hours应含hours，为一至三段先后相接而不重叠的时间，如[\"09:00-12:00\", \"14:30-18:00\"]。",
                             "office_hours has to have hours: one to three spans of time in order that do not overlap, such as [\"09:00-12:00\", \"14:30-18:00\"]."),
    "not_a_grace_period":   ("grace应含working_days（0至10）或者until（如\"10:00\"）。", "grace has to have working_days (0 to 10) or until (such as \"10:00\")."),
    "no_reminder":          ("{clock}不设提醒：{why_zh}。", "No reminder can be set for {clock}: {why_en}."),
    "reminder_too_early":   ("{clock}的提醒须晚于期限起算：提前的时间应短于期限本身。", "A reminder of {clock} has to be after the start of the period: its lead time has to be shorter than the period."),
    "courts_are_bound":     ("{clock}约束法院，县级只能缩短天数（最多30日）。", "{clock} binds the courts: a county may only set fewer days than 30."),
    "not_an_arrangement":   ("放假安排{clock}不正确：off与made_up应为该年（或上年12月25日至31日）的日期，made_up应为周末，且两者不得重复。",
                             "The holiday schedule of {clock} is invalid: off and made_up have to be dates of that year or of 25 to 31 December before, made_up weekend days, and no date in both."),
}
# fmt: on


class InvalidFacts(ValueError):
    """The facts of a deadline, or the periods or calendar of a county, are invalid. `code` is a key of ERROR_SENTENCES; `zh` and `en` are its sentences."""

    def __init__(self, code: str, **values):
        self.code = code
        self.zh, self.en = (sentence.format(**values) for sentence in ERROR_SENTENCES[code])
        super().__init__(f"{self.zh} | {self.en}")

    def as_dict(self) -> dict:
        """Return code and sentences for the output of the calculator."""
        return {"code": self.code, "zh": self.zh, "en": self.en}
