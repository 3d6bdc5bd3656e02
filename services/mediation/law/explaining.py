"""Explanation of a computed deadline in Chinese and English sentences, with all dates that a clerk needs to check it with a calendar.

`explain(computed, holidays)` returns {"zh": …, "en": …}. Festivals have the names used in the State Council's announcements. Pure computation.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Protocol

from contracts.dates import SHANGHAI
from services.mediation.law.computing import Computed, ExtensionResult
from services.mediation.law.counting import Hours, Length, Months, WorkingDayCalendar, WorkingDays, add_months
from services.mediation.law.dates import day_of
from services.mediation.law.holidays import is_near_new_year

WEEKDAYS = (("周一", "Mon"), ("周二", "Tue"), ("周三", "Wed"), ("周四", "Thu"), ("周五", "Fri"), ("周六", "Sat"), ("周日", "Sun"))
Sentence = tuple[str, str]  # Chinese, English


class NamedCalendar(WorkingDayCalendar, Protocol):
    """Calendar of working days that also returns the names of festivals in Chinese and English."""

    def is_working_day(self, day: date) -> bool: ...
    def festival_name(self, day: date) -> tuple[str, str] | None: ...


def explain(computed: Computed, holidays: NamedCalendar) -> dict[str, str]:
    """Return the explanation of the deadline: its sentences, joined to one text per language."""
    sentences = [
        *_start_sentences(computed),
        *_pause_sentences(computed),
        *_suspension_sentences(computed),
        *_extension_sentences(computed),
        *_end_sentences(computed, holidays),
        *_provisional_sentences(computed),
        *_outcome_sentences(computed),
    ]
    return {"zh": "".join(zh for zh, _ in sentences), "en": " ".join(en for _, en in sentences)}


# ── Sentences, in the order of the text ──────────────────────────────────────────────────────────────────────────────────────────────────


def _start_sentences(computed: Computed) -> Iterator[Sentence]:
    facts, start = computed.facts, computed.counted_from.astimezone(SHANGHAI)
    zh, en = computed.rule.runs_from
    if facts.restarted_at is not None:
        again_zh, again_en = computed.rule.restarted_by
        yield (
            f"{_format_day(facts.started_at)[0]}起算后，{_format_day(start)[0]}{again_zh}，期限自该日重新起算，当日不计入。",
            f"The period began on {_format_day(facts.started_at)[1]} and begins anew on {_format_day(start)[1]} ({again_en}); that day is not counted.",
        )
    elif type(computed.rule.length) is Hours:
        first = computed.last_moment - timedelta(hours=computed.rule.length.count) + timedelta(seconds=1)
        yield (
            f"{_format_moment(start)[0]}{zh}，该小时不计入，自下一整点{_format_moment(first)[0]}起算{_format_length(computed.rule.length)[0]}。",
            f"{en.capitalize()} at {_format_moment(start)[1]}; that hour is not counted: {_format_length(computed.rule.length)[1]} from the next full hour, {_format_moment(first)[1]}.",
        )
    elif not computed.length.count:
        yield f"{_format_day(start)[0]}为{zh}。", f"{_format_day(start)[1]} is {en}."
    else:
        yield f"{_format_day(start)[0]}{zh}，当日不计入。", f"{_format_day(start)[1]}: {en}; that day is not counted."


def _suspension_sentences(computed: Computed) -> Iterator[Sentence]:
    for began, ended in computed.facts.suspensions:
        if ended is None:
            yield (
                f"调解于{_format_day(began)[0]}中止，次日起不计入，尚未恢复。",
                f"Mediation was suspended on {_format_day(began)[1]}: the days from the next day on are not counted; it has not been resumed.",
            )
        else:
            yield (
                f"调解自{_format_day(began)[0]}至{_format_day(ended)[0]}中止，开始次日至末日不计入。",
                f"Mediation was suspended from {_format_day(began)[1]} to {_format_day(ended)[1]}: the days after the first up to and including the last are not counted.",
            )


def _pause_sentences(computed: Computed) -> Iterator[Sentence]:
    if not computed.facts.pauses:
        return
    if not computed.rule.appraisal_excluded:
        reading = "（解读4）" if 4 in computed.rule.readings else "", " (reading 4)" if 4 in computed.rule.readings else ""
        yield f"鉴定期间计入该期限，不扣除任何日{reading[0]}。", f"The days of an appraisal count towards this period: none is excluded{reading[1]}."
        return
    last = computed.last_moment.astimezone(SHANGHAI).toordinal()
    begun = computed.counted_from.astimezone(SHANGHAI).toordinal()
    not_counted = set()
    suspended = {(day_of(began).toordinal() + 1, ended and day_of(ended).toordinal()) for began, ended in computed.facts.suspensions}
    for first, ended in computed.excluded:
        if (first, ended) in suspended or (first, None) in suspended:
            continue  # a suspension, not an appraisal
        within = range(max(first, begun + 1), min(ended, last) + 1)
        if len(within):
            not_counted |= set(within)
            yield (
                f"鉴定于{_format_day(first - 1)[0]}开始，{_format_day(within[0])[0]}至{_format_day(within[-1])[0]}不计入。",
                f"An appraisal began on {_format_day(first - 1)[1]}: {_format_day(within[0])[1]} to {_format_day(within[-1])[1]} are not counted.",
            )
        elif first > last:
            yield (
                f"{_format_day(first - 1)[0]}开始的鉴定在届满当日或者其后，不扣除任何日。",
                f"The appraisal of {_format_day(first - 1)[1]} began on the last day or later: no day is excluded.",
            )
        else:
            yield (
                f"{_format_day(first - 1)[0]}的鉴定，开始当日计入，不扣除任何日。",
                f"The appraisal of {_format_day(first - 1)[1]}: its starting day counts, and no day is excluded.",
            )
    if not_counted:
        yield (
            f"共扣除{len(not_counted)}日（解读4）。",
            f"{len(not_counted)} {'day is' if len(not_counted) == 1 else 'days are'} not counted in all (reading 4).",
        )


def _extension_sentences(computed: Computed) -> Iterator[Sentence]:
    for result in computed.extensions:
        yield _extension_sentence(result, computed)


def _extension_sentence(result: ExtensionResult, computed: Computed) -> Sentence:
    extension, limits = result.extension, computed.rule.extension
    more_zh, more_en = _format_length(extension.length)
    by_zh, by_en = limits.by
    if extension.consented_at is None:
        return f"{by_zh}延长{more_zh}，期间自原起算日一并计算（解读3）。", f"Extended by {more_en} ({by_en}); counted once from the original start (reading 3)."
    on_zh, on_en = _format_moment(extension.consented_at) if _has_time_of_day(extension.consented_at) else _format_day(extension.consented_at)
    until_zh, until_en = _format_day(result.previous_end)
    if result.effect == "too_late":
        return (
            f"{on_zh}的延长晚于届满日{until_zh}，不产生效力（解读3）。",
            f"The extension of {on_en} was granted after the last day, {until_en}, and has no effect (reading 3).",
        )
    if result.effect == "not_all_consented":
        return (
            f"{on_zh}的延长未经全体当事人同意，不产生效力。",
            f"Not all parties consented to the extension of {on_en}: it has no effect.",
        )
    if result.effect == "once_only":
        return f"只能延长一次，{on_zh}的再次延长不产生效力。", f"The period may be extended only once: the extension of {on_en} has no effect."
    text_zh = f"{on_zh}（届满日{until_zh}前）{by_zh}延长{more_zh}"
    text_en = f"On {on_en}, before the last day {until_en}, extended by {more_en} ({by_en})"
    if result.effect == "cut":
        most_zh, most_en = _format_length(limits.at_most)
        return (
            f"{text_zh}，最多可延长{most_zh}，超出部分不产生效力；自原起算日一并计算（解读3）。",
            f"{text_en}; at most {most_en} are allowed, the rest has no effect; counted once from the original start (reading 3).",
        )
    return f"{text_zh}，自原起算日一并计算（解读3）。", f"{text_en}; counted once from the original start (reading 3)."


def _end_sentences(computed: Computed, holidays: NamedCalendar) -> Iterator[Sentence]:
    last = computed.last_moment.astimezone(SHANGHAI)
    due, nominal, length = last.date(), computed.nominal, computed.length
    if type(length) is Hours:
        yield (
            f"不因夜间或者休息日顺延（解读1）：截止时间为{_format_moment(last, seconds=True)[0]}。",
            f"Nights and rest days do not extend the period (reading 1): the last moment is {_format_moment(last, seconds=True)[1]}.",
        )
        return
    begun = computed.counted_from.astimezone(SHANGHAI).date()
    if type(length) is WorkingDays:
        yield from _exceptional_day_sentences(begun, due, holidays)
    zh, en = _counted_day_phrase(computed, begun)
    if nominal == due:
        yield (
            f"{zh}{_format_day(due)[0]}{_make_up_day_remark(due, holidays)[0]}届满。",
            f"{en} is {_format_day(due)[1]}{_make_up_day_remark(due, holidays)[1]}: the last day.",
        )
    else:
        off_zh, off_en = _reason_of_move(nominal, due, holidays)
        yield (
            f"{zh}{_format_day(nominal)[0]}，{off_zh}，顺延至{_format_day(due)[0]}{_make_up_day_remark(due, holidays)[0]}届满（民事诉讼法85；民法典203）。",
            f"{en} is {_format_day(nominal)[1]}, {off_en}: moved to {_format_day(due)[1]}{_make_up_day_remark(due, holidays)[1]}, the last day (CPL 85; Civil Code 203).",
        )


def _counted_day_phrase(computed: Computed, begun: date) -> Sentence:
    length, added = computed.length, computed.added_days
    if type(length) is not Months:
        count = length.count + added
        unit_zh, unit_en = ("个工作日", "working day") if type(length) is WorkingDays else ("日", "day")
        return (f"第{count}{unit_zh}为", f"The {_format_ordinal(count)} {unit_en}") if count else ("该日为", "That day")
    zh, en = _format_length(length)
    corresponding = add_months(begun, length.count)
    none = corresponding.day != begun.day
    zh, en = (
        f"{zh}后{'无对应日，该月末日' if none else '的对应日'}为",
        f"{'The last day of the month, there being no corresponding day,' if none else 'The corresponding day'} after {en}",
    )
    if added or computed.excluded:
        return f"{zh[:-1]}，连同延长、扣除的日数为", f"{en}, with the days added or not counted,"
    return zh, en


def _exceptional_day_sentences(begun: date, due: date, holidays: NamedCalendar) -> Iterator[Sentence]:
    """Yield sentences that list the weekdays off and the weekend days worked within a period in working days."""
    days = [begun + timedelta(days=n) for n in range(1, (due - begun).days + 1)]
    off = [day for day in days if day.weekday() < 5 and not holidays.is_working_day(day)]
    made_up = [day for day in days if day.weekday() >= 5 and holidays.is_working_day(day)]
    if off:
        yield f"其间放假：{_format_spans(off, holidays, 0)}。", f"Days off within the period: {_format_spans(off, holidays, 1)}."
    if made_up:
        yield (
            f"其间调休上班：{'、'.join(_format_day(day)[0] for day in made_up)}。",
            f"Weekend days worked within the period: {', '.join(_format_day(day)[1] for day in made_up)}.",
        )


def _format_spans(days: list[date], holidays: NamedCalendar, language: int) -> str:
    found = []
    for name, group in groupby(days, key=lambda day: holidays.festival_name(day)):
        span = list(group)
        when = (
            _format_day(span[0])[language] if len(span) == 1 else f"{_format_day(span[0])[language]}{('至', ' to ')[language]}{_format_day(span[-1])[language]}"
        )
        called = (name or ("放假", "day off"))[language]
        found.append(f"{when}（{called}）" if language == 0 else f"{when} ({called})")
    return ("、", ", ")[language].join(found)


def _reason_of_move(nominal: date, due: date, holidays: NamedCalendar) -> Sentence:
    """Return the reason for which the last day is moved: the festivals on that day, a rest day, or a day not counted."""
    named = []
    for number in range((due - nominal).days):
        name = holidays.festival_name(nominal + timedelta(days=number))
        if name is not None and name not in named:
            named.append(name)
    if holidays.is_working_day(nominal):
        return "该日不计入", "a day that is not counted"
    if named:
        return f"适逢{'、'.join(name[0] for name in named)}放假", f"in the holiday of {' and '.join(name[1] for name in named)}"
    return "为休息日", "a rest day"


def _make_up_day_remark(day: date, holidays: NamedCalendar) -> Sentence:
    return ("（调休上班）", " (a make-up working day)") if day.weekday() >= 5 and holidays.is_working_day(day) else ("", "")


def _provisional_sentences(computed: Computed) -> Iterator[Sentence]:
    if computed.paused:
        on_zh, on_en = _format_day(computed.facts.as_of)
        yield (
            f"期限现停止计算，没有届满日；该日是停止计算于{on_zh}结束时的届满日。",
            f"The period is paused and has no due date; this day is the last day if the pause ends on {on_en}.",
        )
    elif computed.provisional:
        year = computed.due.year + is_near_new_year(computed.due)
        latest_zh, latest_en = _format_day(computed.latest_moment)
        yield (
            f"{year}年放假安排尚未公布，该日为暂定，公布后重新计算（解读10）；最迟不晚于{latest_zh}，此前不得认定逾期。",
            f"The holiday schedule of {year} is not published: this day is provisional and will be computed again (reading 10); it cannot be later than {latest_en}, "
            "and nothing is overdue before the end of that day.",
        )


def _outcome_sentences(computed: Computed) -> Iterator[Sentence]:
    facts, legal = computed.facts, computed.rule.kind == "LAW"
    if type(computed.length) is not Hours:
        yield "届满日至24时止（解读8）。", "That day ends at 24:00 (reading 8)."
    if computed.outcome == "met":
        yield f"{_format_day(facts.performed_at)[0]}完成，在期限内。", f"Performed on {_format_day(facts.performed_at)[1]}, in time."
    elif computed.outcome == "passed":
        over = ("超过法定期限", "legally overdue") if legal else ("超过期限（非法定期限）", "overdue, but not by law")
        done = facts.performed_at if facts.performed_at is not None and (facts.as_of is None or facts.performed_at <= facts.as_of) else None
        zh, en = (
            (f"{_format_day(done)[0]}完成", f"Performed on {_format_day(done)[1]}")
            if done
            else (f"截至{_format_day(facts.as_of)[0]}未完成", f"Not performed as of {_format_day(facts.as_of)[1]}")
        )
        yield f"{zh}，{over[0]}。", f"{en}: {over[1]}."
    elif computed.outcome == "undecided":
        yield (
            f"{_format_day(facts.performed_at)[0]}完成；是否在期限内，待放假安排公布后确定。",
            f"Performed on {_format_day(facts.performed_at)[1]}; whether in time is decided when the holiday schedule is published.",
        )
    elif computed.outcome == "open" and computed.paused:
        pass
    elif computed.outcome == "open":
        yield f"截至{_format_day(facts.as_of)[0]}尚在期限内。", f"As of {_format_day(facts.as_of)[1]} the period has not ended."
    if computed.not_before is not None:
        zh, en = computed.rule.consequence
        outer = ("30日外限届满后", "after the end of the outer 30 days") if 2 in computed.rule.readings else ("期限届满后", "after the end of the period")
        yield f"{outer[0]}，即自{_format_day(computed.not_before)[0]}起，{zh}。", f"From {_format_day(computed.not_before)[1]}, {outer[1]}, {en}."


# ── Days and lengths as text ────────────────────────────────────────────────────────────────────────────────────────────────────


def _format_day(day: datetime | date | int) -> Sentence:
    if type(day) is int:
        day = date.fromordinal(day)
    elif isinstance(day, datetime):
        day = day.astimezone(SHANGHAI).date()
    zh, en = WEEKDAYS[day.weekday()]
    return f"{day}（{zh}）", f"{day} ({en})"


def _format_moment(instant: datetime, seconds: bool = False) -> Sentence:
    local = instant.astimezone(SHANGHAI)
    seconds = seconds or local.second != 0
    clock = local.strftime("%H:%M:%S" if seconds else "%H:%M")
    zh, en = _format_day(local)
    return f"{zh}{clock}", f"{en} {clock}"


def _has_time_of_day(instant: datetime) -> bool:
    local = instant.astimezone(SHANGHAI)
    return (local.hour, local.minute, local.second) != (0, 0, 0)


def _format_length(length: Length) -> Sentence:
    count = length.count
    if type(length) is Months and count % 12 == 0:
        return f"{count // 12}年", f"{count // 12} year{'s' * (count != 12)}"
    return f"{count}{length.zh}", f"{count} {length.en[:-1] if count == 1 else length.en}"


def _format_ordinal(count: int) -> str:
    ending = "th" if 10 < count % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
    return f"{count}{ending}"
