"""Writes docs/deadlines.md from the law's table, or with --check says that it is stale: `python -m docs.generate.deadlines [--check]`."""

import json
import sys
from pathlib import Path

from contracts.clocks import CLOCKS as NAMES
from contracts.clocks import LAWS
from contracts.kinds import CLOCK_KINDS
from docs.generate.pages import table, write_or_check
from services.mediation.law.calculator import answer
from services.mediation.law.counting import Days, Months
from services.mediation.law.holidays import CHINA
from services.mediation.law.periods import READINGS, RULES, Rule

PATH = Path(__file__).resolve().parents[1] / "deadlines.md"
COMMAND = "python -m services.mediation.commands.calculate"
EXAMPLE = {
    "clock": "mediation_entrusted_ordinary",
    "started_at": "2026-01-08",
    "extensions": [{"consented_at": "2026-01-23T17:30:00+08:00", "days": 30}],
    "as_of": "2026-02-20",
}
ZH, EN = 0, 1
# fmt: off
WORDS = {
    "title":      ("# 期限", "# Deadlines"),
    "generated":  ("由程序中的表格生成，请勿手改：`python -m docs.generate.deadlines`。表格见`services/mediation/law/periods.py`；纠纷的期限与下述计算器用同一段程序。",
                   "Generated from the table that the program runs on; do not edit. The table: `services/mediation/law/periods.py`. The deadlines of disputes and the calculator below run on the same code."),
    "counting":   ("## 怎样计算", "## How it is counted"),
    "rules": (
        ("- 开始之日（以小时计的，开始之时）不计入。日为日历日，其间的休息日不扣除；只有写明工作日的才按工作日。\n"
        "- 以日、月、年计的期限，末日是休息日（按实际放假安排）的，顺延至其后第一个工作日；调休上班的周末是工作日，调休放假的工作日是休息日。只移末日，不移起算日。\n"
        "- 以月、年计的，到期月的对应日为末日；没有对应日的，该月末日为末日。\n"
        "- 工作日期限自事件之后的第一个工作日算起，不论事件发生在哪一天。\n"
        "- 末日24时前均为在期限内；期满前交邮的不算过期（performed_at写交邮的时间）。\n"
        "- 时间先换算为北京时间。报告何时送达不影响期限，只影响何时知道。\n"
        "- 只有法定期限（LAW）可以称为“超过法定期限”。标“权利”的，期限届满的后果是权利终止，没有机构因此逾期。"),
        ("- The day (for hours: the hour) in which a period begins is not counted. 日 is a calendar day and rest days inside are not deducted; working days only where the text says so.\n"
        "- A period in days, months or years whose last day is a rest day, as actually arranged, ends on the first working day after it. A weekend day worked in exchange is a working day, a weekday given off for it is a rest day. Only the end is ever moved, never the start.\n"
        "- Months and years end on the corresponding day, else on the last day of that month.\n"
        "- A period in working days starts with the first working day after the event, whatever day that fell on.\n"
        "- The last day lasts until 24:00. Posted before the end is in time (performed_at is then the time of posting).\n"
        "- Times are taken to Beijing time first. When a report arrives never moves a clock; it only says what could be known.\n"
        "- Only a LAW clock may be called legally overdue. Where the table says “right”, a right ends with the period and nobody is overdue.")),
    "clocks":     ("## 期限一览", "## All clocks"),
    "head":       (("期限", "长度", "起算", "性质", "依据", "延长", "鉴定", "解读", "纠纷中"),
                   ("Clock", "Length", "Runs from", "Kind", "Article", "Extended", "Appraisal", "Reading", "In a dispute")),
    "opened":     ("自动起算", "opened by its events"),
    "calculator_only": ("只用计算器", "by hand, with the calculator"),
    "excluded":   ("不计入", "left out"),
    "right":      ("权利", "right"),
    "readings":   ("## 有争议处的解读", "## Readings where the law is disputed"),
    "cannot":     ("县级不得更改法定期限的解读。", "A county may not change a reading of the law."),
    "calculator": ("## 计算器", "## The calculator"),
    "usage": (
        (f"`{COMMAND}`从标准输入逐行读取JSON，每行输出一行JSON，顺序不变；不需要数据库、消息服务或任何设置。一行有错只影响该行。\n\n"
        "| 输入 | 含义 |\n|---|---|\n"
        "| `clock`、`started_at` | 期限与起算的时间：带时区的时间，或者日期（以小时计的期限须写时间） |\n"
        "| `pauses` | `[[开始, 结束], …]`：鉴定。开始次日至结束当日不计入（解读4）；只作用于上表“鉴定”一栏标明的期限。结束写`null`表示尚未结束，此时须给出`as_of` |\n"
        "| `extensions` | `[{\"consented_at\": 时间, \"days\": 天数}, …]`：全体同意或者批准的时间与天数；审限可以写`months`。届满后的、超过一次的、超过上限的部分不产生效力 |\n"
        "| `restarted_at` | 补正材料交回等，期限重新起算 |\n"
        "| `performed_at`、`as_of` | 完成的时间；计算到哪一时间。给出其一，结果含`outcome`：`met`在期限内完成、`passed`届满未完成或者逾期完成、`open`尚在期限内 |\n"
        "| `opened_at` | 委派的日期，签收晚于委派时用（2024-12-31前委派的办至期满） |\n"
        "| `on_platform` | 是否在人民法院在线调解平台上：是则为法定期限，否则为参照 |\n"
        "| `procedure` | 仅用于`mediation_extension`：`ordinary`（默认）或`simplified` |\n"
        "| `days` | 仅用于`judicial_suggestion_reply`：建议书写明的天数 |\n\n"
        "输出：`due`届满日，`last_moment`最后一刻，`kind`、`article`，`provisional`是否暂定，`reading`所依据的解读，`why`有关的日期。"
        "`not_before`：在该日以前，期限届满的后果不得主张：`labour_mediation`为可以申请仲裁的第一日，`confirmation_decide`与`confirmation_decide_outer`为逾期无争议的第一日（30日外限的次日）。"),
        (f"`{COMMAND}` reads one JSON object per line on standard input and prints one per line, in order; it needs no database, no broker, no settings. A wrong line spoils only itself.\n\n"
        "| Input | Meaning |\n|---|---|\n"
        "| `clock`, `started_at` | the clock, and when it began: a time with its zone, or a date (a clock in hours needs the time) |\n"
        "| `pauses` | `[[from, to], …]`: appraisals. The days after the starting day up to and including the last are left out (reading 4), of the clocks marked so above. `to` may be `null` while it goes on; then give `as_of` |\n"
        "| `extensions` | `[{\"consented_at\": t, \"days\": n}, …]`: when everybody had consented or leave was given, and for how many days; for a trial `months` as well. What came after the end, a second time, or beyond the limit has no effect |\n"
        "| `restarted_at` | a correction handed in and the like: it begins anew |\n"
        "| `performed_at`, `as_of` | when it was done; up to when to reckon. With either there is an `outcome`: `met` in time, `passed` not done or done late, `open` still running |\n"
        "| `opened_at` | the day of a referral signed for later (referrals made by 2024-12-31 run to their end) |\n"
        "| `on_platform` | whether on the courts' own platform: LAW there, borrowed elsewhere |\n"
        "| `procedure` | of `mediation_extension` only: `ordinary` (unless told) or `simplified` |\n"
        "| `days` | of `judicial_suggestion_reply` only: as the letter says |\n\n"
        "Output: `due`, `last_moment`, `kind`, `article`, `provisional`, `reading` (those it rests on), `why` (the days that mattered). "
        "`not_before`: the first day on which what follows from the end may be claimed: arbitration after `labour_mediation`; for `confirmation_decide` and `confirmation_decide_outer` a breach beyond dispute, the day after the outer 30 days.")),
    "example":    ("例：", "An example:"),
    "files":      ("## 本县的文件", "## Files of the county"),
    "county": (
        ("本县的期限与提醒写在县级配置目录的`county.toml`（`[periods.…]`），放假安排写在`calendar.toml`；计算器用`--county 目录`，服务用`FENGQIAO_COUNTY`。县里可以设定LOCAL_RULE与POLICY期限，以及提前多久提醒；"
        "法定期限只能设提醒；没有事件使其起算的期限和人身安全保护令的复议期不设提醒。放假安排优先于程序所带的两套日历；两套日历须一致，否则该年为暂定。服务运行中文件变化，暂定的期限随即重新计算（`deadline.recomputed`）。"),
        ("The county's own periods and reminders stand in `county.toml` of its folder (`[periods.…]`), holiday arrangements in `calendar.toml`; the calculator takes the folder with `--county DIR`, the services with `FENGQIAO_COUNTY`. "
        "A county may set LOCAL_RULE and POLICY clocks and how long before the end somebody is reminded; a LAW clock takes reminders only; a clock that no event of a dispute opens, and the review of a protection order, take none. "
        "The arrangements beat the two calendars that the program carries; where those two disagree a year is provisional. When a file changes while the service runs, provisional deadlines are computed again (`deadline.recomputed`).")),
}
COUNTY_EXAMPLE = """[periods.routing]
working_days = 2

[periods.mediation_out_of_court_policy]
days = 20
remind = ["5d", "1d"]

[periods.confirmation_apply]
remind = ["7d"]"""
CALENDAR_EXAMPLE = """["2099"]
off = [2099-01-01, 2099-01-20]
made_up = [2099-01-18]"""
# fmt: on


def text() -> str:
    return "\n\n".join(part for language in (ZH, EN) for part in _parts(language)) + "\n"


def _parts(language: int) -> list[str]:
    word = lambda name: WORDS[name][language]
    line = json.dumps(EXAMPLE, ensure_ascii=False)
    answered = json.dumps(answer(line, CHINA), ensure_ascii=False, indent=1)
    return [
        word("title"),
        word("generated"),
        word("counting"),
        word("rules"),
        word("clocks"),
        table(word("head"), [_row(rule, language) for rule in RULES]),
        word("readings"),
        "\n".join(f"{number}. {reading[language]}" for number, reading in READINGS.items()) + f"\n\n{word('cannot')}",
        word("calculator"),
        word("usage"),
        f"{word('example')}\n\n```console\n$ echo '{line}' | {COMMAND}\n```\n\n```json\n{answered}\n```",
        word("files"),
        word("county"),
        f"```toml\n{COUNTY_EXAMPLE}\n```\n\n```toml\n{CALENDAR_EXAMPLE}\n```",
    ]


def _row(rule: Rule, language: int) -> tuple[str, ...]:
    kind = f"{rule.kind} {CLOCK_KINDS[rule.kind][language]}" + (f" ({WORDS['right'][language]})" if rule.lapses else "")
    return (
        f"`{rule.clock}` {NAMES[rule.clock][language]}{_where(rule, language)}",
        _length(rule, language),
        rule.runs_from[language] + _restart(rule, language),
        kind,
        _article(rule.article, language),
        _longer(rule, language),
        WORDS["excluded"][language] if rule.appraisal_excluded else "",
        ", ".join(map(str, rule.readings)),
        f"{WORDS['calculator_only'][language]}{('：', ': ')[language]}{rule.calculator_only[language]}" if rule.calculator_only else WORDS["opened"][language],
    )


def _where(rule: Rule, language: int) -> str:
    if rule.on_platform is None:
        return ""
    return (("（法院平台以外）", "（法院在线调解平台）"), (" (elsewhere)", " (on the courts' platform)"))[language][rule.on_platform]


def _length(rule: Rule, language: int) -> str:
    if rule.lengthens:
        bases = " · ".join(str(base.length.count + rule.length.count) for base in RULES if base.clock in rule.lengthens)
        return (f"原期限加{rule.length.count}日（{bases}）", f"the base plus {rule.length.count} days ({bases})")[language]
    if not rule.length.count:
        return ("协议所定之日", "the day agreed")[language]
    length = _long(rule.length, language)
    if rule.opened_until is not None:
        length += (f"（限{rule.opened_until}前委派的）", f" (referred by {rule.opened_until})")[language]
    return length


def _long(length: Days | Months, language: int) -> str:
    if type(length) is Months and length.count % 12 == 0:
        return (f"{length.count // 12}年", f"{length.count // 12} years")[language]
    if language == ZH:
        return f"{length.count}{length.zh}"
    return f"{length.count} {length.en if length.count > 1 else length.en[:-1]}"


def _restart(rule: Rule, language: int) -> str:
    return "" if rule.restarted_by is None else (f"；重新起算：{rule.restarted_by[ZH]}", f"; anew: {rule.restarted_by[EN]}")[language]


def _longer(rule: Rule, language: int) -> str:
    limits = rule.extension
    if limits is None:
        return ""
    parts = [limits.by[language]]
    if limits.at_most is not None:
        parts.append((f"最多{_long(limits.at_most, ZH)}", f"{_long(limits.at_most, EN)} at most")[language])
    if limits.once:
        parts.append(("一次", "once")[language])
    if limits.limits_from is not None:
        parts.append((f"{limits.limits_from}以前无上限", f"no limit before {limits.limits_from}")[language])
    return ("，", ", ")[language].join(parts)


def _article(article: str, language: int) -> str:
    if article == "none":
        return ("无文本规定", "no text sets it")[language]
    if language == ZH:
        return article.replace("after ", "参照 ")
    return "; ".join(_in_english(one) for one in article.split("; "))


def _in_english(citation: str) -> str:
    after, bare = ("after ", citation.removeprefix("after ")) if citation.startswith("after ") else ("", citation)
    law = next(law for law in sorted(LAWS, key=len, reverse=True) if bare.startswith(law))
    return f"{after}{LAWS[law]}{bare.removeprefix(law)} ({law})"


def main(arguments: list[str]) -> str | None:
    return write_or_check(PATH, text, "docs.generate.deadlines", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
