"""Generator of docs/deadlines.md, the page about periods set by law and by the county.

`python -m docs.generate.deadlines` writes the page; with `--check` it only reports whether the page is outdated.
"""

import json
import sys
from pathlib import Path

from contracts.clocks import CLOCKS as CLOCK_NAMES
from contracts.clocks import LAWS
from contracts.kinds import CLOCK_KINDS
from contracts.law_texts import ARTICLE_TEXTS, RULE_ORIGINS, SOURCES, ArticleText, Source, cited_articles
from contracts.states import STATES
from docs.generate.pages import markdown_table, write_or_check
from services.mediation.deadlines.clocks import STATES_WITHOUT_DEADLINE
from services.mediation.law.calculator import answer
from services.mediation.law.counting import Length, Months
from services.mediation.law.holidays import CHINESE_CALENDAR
from services.mediation.law.periods import READINGS, RULES, Rule

PAGE_PATH = Path(__file__).resolve().parents[1] / "deadlines.md"
CALCULATOR_COMMAND = "python -m services.mediation.commands.calculate"
CALCULATOR_INPUT = {
    "clock": "mediation_entrusted_ordinary",
    "started_at": "2026-01-08",
    "extensions": [{"consented_at": "2026-01-23T17:30:00+08:00", "days": 30}],
    "as_of": "2026-02-20",
}
ZH, EN = 0, 1  # positions of the Chinese and the English text in pairs
# fmt: off
# Texts of the page in Chinese and English, by place on the page.
TEXTS = {
    "title":      ("# 期限", "# Deadlines"),
    "generated":  ("本页供协调员、书记员和开发人员使用；阅读后，可以查明每项期限的长度、起算、依据和计算方法，并使用计算器核算。\n\n由程序所用的表格生成，请勿手工修改：`python -m docs.generate.deadlines`。表格见`services/mediation/law/periods.py`；纠纷的期限与下述计算器使用同一程序。",
                   "For coordinators, clerks and developers: after this page you know the length, start and article of every period, and can compute a deadline with the calculator.\n\nGenerated from the table that the program uses; do not edit. The table: `services/mediation/law/periods.py`. The deadlines of disputes and the calculator below use the same code."),
    "counting":   ("## 怎样计算", "## How periods are counted"),
    "rules": (
        ("- 开始之日（以小时计的，开始之时）不计入。日为日历日，其间的休息日不扣除；只有写明工作日的才按工作日。\n"
        "- 以日、月、年计的期限，末日是休息日（按实际放假安排）的，顺延至其后第一个工作日；调休上班的周末是工作日，调休放假的工作日是休息日。只移末日，不移起算日。\n"
        "- 以月、年计的，到期月的对应日为末日；没有对应日的，该月末日为末日。\n"
        "- 工作日期限自事件之后的第一个工作日算起，不论事件发生在哪一天。\n"
        "- 末日24时前均为在期限内；期满前交邮的不算过期（`performed_at`为交邮的时间）。\n"
        "- 时间先换算为北京时间。上报何时送达不影响期限。\n"
        "- 只有法定期限（LAW）可以称为“超过法定期限”。标“权利”的，期限届满的后果是权利终止，没有机构因此逾期。"),
        ("- The day (for a period in hours: the hour) in which a period begins is not counted. 日 means calendar days, and rest days within the period count. Only periods that the law states in working days are counted in working days.\n"
        "- A period in days, months or years whose last day is a rest day of the official holiday schedule ends on the first working day after it. A weekend day that the schedule makes a working day counts as a working day, a weekday that it makes a holiday as a rest day. Only the end is moved, never the start.\n"
        "- A period in months or years ends on the corresponding day, or on the last day of the month if there is no such day.\n"
        "- A period in working days starts with the first working day after the event, even if the event happened on a rest day.\n"
        "- The last day lasts until 24:00. A document posted before the end is in time (`performed_at` is then the time of posting).\n"
        "- Times are converted to Beijing time first. The arrival time of a report does not change a deadline.\n"
        "- Only a LAW deadline may be called legally overdue. Where the table says “right”, a right of the parties ends with the period, and no agency is overdue.")),
    "clocks":     ("## 期限一览", "## All clocks"),
    "head":       (("期限", "长度", "起算", "性质", "依据", "延长", "鉴定", "解读", "纠纷中"),
                   ("Clock", "Length", "Runs from", "Kind", "Article", "Extended", "Appraisal", "Reading", "In a dispute")),
    "opened":     ("由事件自动起算", "opened by events"),
    "calculator_only": ("仅供计算器使用", "calculator only"),
    "excluded":   ("不计入", "not counted"),
    "right":      ("权利", "right"),
    "statutes":   ("## 期限与法条对照", "## Periods and statutes side by side"),
    "statutes_lead": (
        "左栏为程序所用的期限，右栏为设定该期限的条文原文。注明“摘要”的不是原文。看板上每一项期限的依据都链接到同样的内容（`/law`）。文本在`contracts/law_texts.py`；测试核对两栏的长度与日期一致。",
        "On the left the period that the program uses, on the right the sentence of the article that sets it, with a translation; only the Chinese text is authentic. Texts marked as a summary are not quotations. "
        "On the dashboard the article of every deadline links to the same texts (`/law`). They are in `contracts/law_texts.py`; tests compare lengths and dates of both columns."),
    "statutes_head": (("期限", "长度", "条文", "来源与效力"), ("Clock", "Length", "Article", "Source and validity")),
    "sources":    ("## 法律渊源", "## Sources"),
    "sources_head": (("简称", "全称", "制定机关", "文号与版本", "公布载体", "效力", "核对文本日期"),
                     ("Short name", "Full title", "Issued by", "Number and version", "Published in", "Valid", "Compared with a text of")),
    "no_deadline": ("## 没有期限的状态", "## States without a deadline"),
    "no_deadline_lead": (
        "有机构须办理的每一状态都有期限和通知，下列状态除外（测试按状态表核对）：",
        "Every state in which an agency has to act has a deadline and a notice, except these (tests compare the tables):"),
    "no_deadline_head": (("状态", "理由"), ("State", "Reason")),
    "readings":   ("## 有争议处的解读", "## Interpretations (readings) where the law is disputed"),
    "cannot":     ("县级不得更改对法定期限的解读。", "A county may not change an interpretation of the law."),
    "calculator": ("## 计算器", "## The calculator"),
    "usage": (
        (f"`{CALCULATOR_COMMAND}`从标准输入逐行读取JSON，每行输出一行JSON，顺序不变；不需要数据库、消息服务或任何设置。一行有误不影响其他各行。\n\n"
        "| 输入 | 含义 |\n|---|---|\n"
        "| `clock`、`started_at` | 期限与起算的时间：带时区的时间，或者日期（以小时计的期限须写时间） |\n"
        "| `pauses` | `[[开始, 结束], …]`：鉴定。开始次日至结束当日不计入（解读4）；只作用于上表“鉴定”一栏标明的期限。结束写`null`表示尚未结束，此时须给出`as_of` |\n"
        "| `suspensions` | `[[开始, 结束], …]`：因涉嫌虚假调解等中止调解；写法与`pauses`相同，仅用于调解期限 |\n"
        "| `extensions` | `[{\"consented_at\": 时间, \"days\": 天数, \"consented_by\": [当事人, …]}, …]`：同意或者批准的时间与天数；审限可以写`months`。`consented_by`为同意的当事人（不写视为全体）；届满后的、超过一次的、未经全体当事人同意的延长和超过上限的部分不产生效力 |\n"
        "| `parties` | 须同意延长的当事人，不写为`[\"applicant\", \"respondent\"]` |\n"
        "| `restarted_at` | 补正材料交回等，期限重新起算 |\n"
        "| `performed_at`、`as_of` | 完成的时间；计算到哪一时间。给出其一，结果含`outcome`：`met`在期限内完成、`passed`届满未完成或者逾期完成、`open`尚在期限内、`undecided`是否逾期待放假安排公布后确定 |\n"
        "| `opened_at` | 委派的日期，签收晚于委派时用（2024-12-31前委派的办至期满） |\n"
        "| `on_platform` | 是否在人民法院在线调解平台上：是则为法定期限，否则为参照 |\n"
        "| `procedure` | 仅用于`mediation_extension`：`ordinary`（默认）或`simplified` |\n"
        "| `days` | 仅用于`judicial_suggestion_reply`：建议书写明的天数 |\n\n"
        "输出：`due`届满日，`last_moment`最后一刻，`kind`、`article`，`provisional`是否暂定，`latest_due`放假安排公布前可能的最迟届满日（在此之前不得认定逾期；与届满日相同的不列），`extensions`各次延长的效力（`granted`、`cut`超过上限部分无效、`too_late`届满后、`once_only`只能一次、`not_all_consented`未经全体同意），`reading`所依据的解读，`why`有关的日期。"
        "`not_before`：在该日以前，期限届满的后果不得主张：`labour_mediation`为可以申请仲裁的第一日，`confirmation_decide`与`confirmation_decide_outer`为逾期无争议的第一日（30日外限的次日）。"
        "停止计算的期限没有届满日：此时`paused`为true，`due`与`last_moment`为null，`due_if_resumed`与`last_moment_if_resumed`为停止计算于`as_of`结束时的届满日。"),
        (f"`{CALCULATOR_COMMAND}` reads one JSON object per line on standard input and prints one per line, in order; it needs no database, no broker, no settings. An invalid line does not affect the others.\n\n"
        "| Input | Meaning |\n|---|---|\n"
        "| `clock`, `started_at` | the clock, and when its period began: a time with its zone, or a date (a period in hours needs the time) |\n"
        "| `pauses` | `[[from, to], …]`: appraisals. The days after the starting day up to and including the last are not counted (reading 4), for the clocks marked above. `to` is `null` while the appraisal continues; `as_of` is then required |\n"
        "| `suspensions` | `[[from, to], …]`: suspensions of mediation, for example to examine a suspected sham; written like `pauses`, for periods of mediation only |\n"
        "| `extensions` | `[{\"consented_at\": t, \"days\": n, \"consented_by\": [party, …]}, …]`: when the extension was consented to or approved, and for how many days; for a trial also `months`. `consented_by` lists the parties that consented (default: all). An extension after the end, a second extension, one without the consent of all parties, and days beyond the limit have no effect |\n"
        "| `parties` | the parties whose consent an extension needs; default `[\"applicant\", \"respondent\"]` |\n"
        "| `restarted_at` | a correction was handed in, for example: the period begins anew |\n"
        "| `performed_at`, `as_of` | when the step was performed; up to which time to compute. With either, the answer has an `outcome`: `met` performed in time, `passed` not performed or performed late, `open` still running, `undecided` decided only when the holiday schedule is published |\n"
        "| `opened_at` | the day of the referral, where it was signed for later (referrals made by 2024-12-31 run to their end) |\n"
        "| `on_platform` | whether mediation is on the platform of the people's courts: LAW there, applied by analogy elsewhere |\n"
        "| `procedure` | for `mediation_extension` only: `ordinary` (default) or `simplified` |\n"
        "| `days` | for `judicial_suggestion_reply` only: the number of days that the letter sets |\n\n"
        "Output: `due`, `last_moment`, `kind`, `article`, `provisional`, `latest_due` (the latest last day that is possible before the holiday schedule is published, if it differs; nothing is overdue before), `extensions` (the effect of each: `granted`, `cut` to the limit, `too_late`, `once_only`, `not_all_consented`), `reading` (the readings applied), `why` (the dates that decide the result). "
        "`not_before`: the first day on which the consequence of the end may be claimed: arbitration after `labour_mediation`; for `confirmation_decide` and `confirmation_decide_outer` an undisputed breach, on the day after the outer 30 days. "
        "A paused period has no due date: `paused` is true, `due` and `last_moment` are null, and `due_if_resumed` and `last_moment_if_resumed` state the end that results if the pause ends at `as_of`.")),
    "example":    ("例：", "An example:"),
    "files":      ("## 本县的文件", "## Files of the county"),
    "county": (
        ("本县的期限与提醒写在县级配置目录的`county.toml`（`[periods.…]`），放假安排写在`calendar.toml`；计算器用`--county 目录`，服务用`FENGQIAO_COUNTY`。县里可以设定LOCAL_RULE与POLICY期限，以及提前多久提醒；"
        "法定期限只能设提醒；没有事件使其起算的期限和人身安全保护令的复议期不设提醒。放假安排优先于程序所带的两套日历；两套日历须一致，否则该年为暂定。文件变化后，所有未完成的期限重新计算（`deadline.recomputed`，`because`为`calendar`或`county_period`）；停机期间的变化在启动时处理。\n\n"
        "提醒以工作日计：`3wd`为届满日前第三个工作日上班时，`0wd`为届满当日上班时；以小时计的期限写小时（`24h`），移入办公时间，24小时以内的期限除外。夜间和休息日不提醒；停机时到期的提醒，恢复后在办公时间补发一次。办公时间写在`[office_hours]`，等待机构上报的宽限写在`[grace]`（期限届满后第几个工作日、几时）。\n\n"
        "放假安排未公布的年份：距法定节日7日以内的日子都可能放假，因此期限最迟在这些日子之后届满，届时才公布为届满；12月25日至31日须待下一年安排公布后才确定。每年12月1日起，下一年安排未录入的，日志每日警告一次；指标`fengqiao_calendar_known_until`为已知日历的末日。"),
        ("The county's own periods and reminders are in `county.toml` of its folder (`[periods.…]`), holiday schedules in `calendar.toml`; the calculator reads the folder given by `--county DIR`, the services the folder given by `FENGQIAO_COUNTY`. "
        "A county may set LOCAL_RULE and POLICY periods, and how long before the end reminders are sent; for a LAW period it may set reminders only; a clock that no event of a dispute opens, and the review of a protection order, have no reminders. "
        "These schedules take precedence over the two calendars that are part of the program; deadlines in a year in which the two calendars differ are provisional. When a file changes, all unmet deadlines are computed again (`deadline.recomputed`, `because` is `calendar` or `county_period`); a change made while the service was stopped is noticed at its start.\n\n"
        "Reminders are set in working days: `3wd` is the opening of the offices on the third working day before the last day, `0wd` the opening on the last day; a period in hours has hours (`24h`), which are moved into office hours unless the period is at most a day. "
        "Nobody is reminded at night or on rest days; a reminder that became due while the service was stopped is sent once, in office hours, when it runs again. Office hours are in `[office_hours]`; `[grace]` says on which working day after the end of a deadline, and at what time, the system stops waiting for reports.\n\n"
        "In a year without a published schedule, every day within seven days of a statutory festival may become a rest day, so a deadline can end only after these days; it is announced as passed only then. The days from 25 to 31 December are certain only when the schedule of the next year is published. "
        "From 1 December the log warns once a day if the next year is missing; the metric `fengqiao_calendar_known_until` is the end of the known calendar.")),
}
COUNTY_EXAMPLE = """[periods.routing]
working_days = 2

[periods.mediation_out_of_court_policy]
days = 20
remind = ["5wd", "1wd"]

[periods.confirmation_apply]
remind = ["7wd"]

[office_hours]
hours = ["09:00-12:00", "14:30-18:00"]

[grace]
until = "10:00"
working_days = 1"""
CALENDAR_EXAMPLE = """["2099"]
off = [2099-01-01, 2099-01-20]
made_up = [2099-01-18]"""
# fmt: on


def render() -> str:
    """Return the page as Markdown: the Chinese part, then the English part."""
    return "\n\n".join(part for language in (ZH, EN) for part in _page_parts(language)) + "\n"


def _page_parts(language: int) -> list[str]:
    text = lambda key: TEXTS[key][language]
    input_line = json.dumps(CALCULATOR_INPUT, ensure_ascii=False)
    output = json.dumps(answer(input_line, CHINESE_CALENDAR), ensure_ascii=False, indent=1)
    return [
        text("title"),
        text("generated"),
        text("counting"),
        text("rules"),
        text("clocks"),
        markdown_table(text("head"), [_clock_row(rule, language) for rule in RULES]),
        text("statutes"),
        text("statutes_lead"),
        markdown_table(text("statutes_head"), [_statute_row(rule, language) for rule in RULES]),
        text("sources"),
        markdown_table(text("sources_head"), [_source_row(law, source, language) for law, source in SOURCES.items()]),
        text("no_deadline"),
        text("no_deadline_lead"),
        markdown_table(
            text("no_deadline_head"), [(f"`{state}` {STATES[state][language]}", reason[language]) for state, reason in STATES_WITHOUT_DEADLINE.items()]
        ),
        text("readings"),
        "\n".join(f"{number}. {reading[language]}" for number, reading in READINGS.items()) + f"\n\n{text('cannot')}",
        text("calculator"),
        text("usage"),
        f"{text('example')}\n\n```console\n$ echo '{input_line}' | {CALCULATOR_COMMAND}\n```\n\n```json\n{output}\n```",
        text("files"),
        text("county"),
        f"```toml\n{COUNTY_EXAMPLE}\n```\n\n```toml\n{CALENDAR_EXAMPLE}\n```",
    ]


def _clock_row(rule: Rule, language: int) -> tuple[str, ...]:
    kind = f"{rule.kind} {CLOCK_KINDS[rule.kind][language]}" + (f" ({TEXTS['right'][language]})" if rule.lapses else "")
    return (
        _clock_cell(rule, language),
        _length_cell(rule, language),
        rule.runs_from[language] + _restart_text(rule, language),
        kind,
        _article_text(rule.article, language),
        _extension_cell(rule, language),
        TEXTS["excluded"][language] if rule.appraisal_excluded else "",
        ", ".join(map(str, rule.readings)),
        f"{TEXTS['calculator_only'][language]}{('：', ': ')[language]}{rule.calculator_only[language]}" if rule.calculator_only else TEXTS["opened"][language],
    )


def _statute_row(rule: Rule, language: int) -> tuple[str, ...]:
    origin = RULE_ORIGINS.get(rule.clock) if rule.kind != "LAW" else None
    texts = [ARTICLE_TEXTS[citation] for citation in (origin.modelled_on if origin else cited_articles(rule.article))]
    sentences = [_article_sentences(text, language) for text in texts]
    sources = [f"{_article_text(text.citation, language)}{('：', ': ')[language]}{_validity_text(text.source, language)}" for text in texts]
    if origin:
        owner = ("规则制定者", "Rule of")[language] + ("：", ": ")[language] + origin.owner[language]
        model = (("；参照", "; modelled on"), ("；没有参照的条文", "; modelled on no article"))[not texts][language]
        sources.insert(0, owner + model)
        if origin.note:
            sentences.insert(0, origin.note[language])
    return _clock_cell(rule, language), _length_cell(rule, language), "<br>".join(sentences), "<br>".join(sources)


def _article_sentences(text: ArticleText, language: int) -> str:
    head = f"**{_article_text(text.citation, language)}**" + (("（摘要）", " (summary)")[language] if text.is_summary else "")
    lines = ["".join(zh for zh, _ in text.sentences)]
    if language == EN:
        lines.append(" ".join(en for _, en in text.sentences))
    if text.note:
        lines.append(text.note[language])
    return "<br>".join([head, *lines])


def _source_row(law: str, source: Source, language: int) -> tuple[str, ...]:
    name = law if language == ZH else f"{LAWS[law]} ({law})"
    title = source.title[ZH] if language == ZH else f"{source.title[EN]} {source.title[ZH]}"
    return (
        name,
        title,
        source.issued_by[language],
        source.number[language],
        source.published_in[language],
        _validity_text(source, language),
        str(source.verified_on or "–"),
    )


def _validity_text(source: Source, language: int) -> str:
    if source.valid_until is None:
        return (f"自{source.valid_from}起施行", f"in force since {source.valid_from}")[language]
    return (f"{source.valid_from}至{source.valid_until}", f"{source.valid_from} to {source.valid_until}")[language]


def _clock_cell(rule: Rule, language: int) -> str:
    return f"`{rule.clock}` {CLOCK_NAMES[rule.clock][language]}{_platform_text(rule, language)}"


def _platform_text(rule: Rule, language: int) -> str:
    if rule.on_platform is None:
        return ""
    return (("（法院在线调解平台以外）", "（法院在线调解平台）"), (" (elsewhere)", " (on the courts' platform)"))[language][rule.on_platform]


def _length_cell(rule: Rule, language: int) -> str:
    if rule.lengthens:
        bases = " · ".join(str(base.length.count + rule.length.count) for base in RULES if base.clock in rule.lengthens)
        return (f"原期限加{rule.length.count}日（{bases}）", f"the original period plus {rule.length.count} days ({bases})")[language]
    if not rule.length.count:
        return ("协议约定之日", "the day agreed")[language]
    length = _format_length(rule.length, language)
    if rule.opened_until is not None:
        length += (f"（限{rule.opened_until}前委派的）", f" (referred by {rule.opened_until})")[language]
    return length


def _format_length(length: Length, language: int) -> str:
    if type(length) is Months and length.count % 12 == 0:
        return (f"{length.count // 12}年", f"{length.count // 12} years")[language]
    if language == ZH:
        return f"{length.count}{length.zh}"
    return f"{length.count} {length.en if length.count > 1 else length.en[:-1]}"


def _restart_text(rule: Rule, language: int) -> str:
    return "" if rule.restarted_by is None else (f"；重新起算：{rule.restarted_by[ZH]}", f"; anew: {rule.restarted_by[EN]}")[language]


def _extension_cell(rule: Rule, language: int) -> str:
    limits = rule.extension
    if limits is None:
        return ""
    parts = [limits.by[language]]
    if limits.at_most is not None:
        parts.append((f"最多{_format_length(limits.at_most, ZH)}", f"{_format_length(limits.at_most, EN)} at most")[language])
    if limits.once:
        parts.append(("一次", "once")[language])
    if limits.limits_from is not None:
        parts.append((f"{limits.limits_from}以前无上限", f"no limit before {limits.limits_from}")[language])
    return ("，", ", ")[language].join(parts)


def _article_text(article: str, language: int) -> str:
    if article == "none":
        return ("无文本规定", "not set by a law or rule")[language]
    if language == ZH:
        return article.replace("after ", "参照 ")
    return "; ".join(_english_citation(citation) for citation in article.split("; "))


def _english_citation(citation: str) -> str:
    prefix, citation_without_after = ("after ", citation.removeprefix("after ")) if citation.startswith("after ") else ("", citation)
    law = next(law for law in sorted(LAWS, key=len, reverse=True) if citation_without_after.startswith(law))
    return f"{prefix}{LAWS[law]}{citation_without_after.removeprefix(law)} ({law})"


def main(arguments: list[str]) -> str | None:
    return write_or_check(PAGE_PATH, render, "docs.generate.deadlines", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
