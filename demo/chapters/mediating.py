"""Mediation: sittings, what comes in between, and how it ends."""

from datetime import timedelta

from contracts import COUNTY
from demo import county
from demo.chapters import agreeing, beside, court, lane
from demo.steps import REFUSED, REJECTED
from demo.story import Story

BESIDE = (
    # this way           and this happens
    ("stayed", beside.stay),
    ("danger comes up", lane.come_up),
    ("departments_called", beside.call_in_departments),
    ("petitioned", beside.petition),
    ("told wrongly", beside.correct_a_session),
    ("misreported", beside.misreport),
    ("urged by the committee", beside.urge_for_the_committee),
)


def mediate(story: Story) -> None:
    story.office(hours=(1, 20))
    story.say(story.body, "mediation.started")
    if story.slip == "wrong code":
        nobodys = f"{COUNTY.area}-2026-{900000 + story.number % 99999:06}-0"
        story.say(story.body, "session.held", {"mode": "in_person", "minutes": 60}, subject=nobodys, expected=REFUSED)
    period, _ = story.period
    story.period_ends = story.accepted_at + timedelta(days=period)
    days, extended = _length(story, period)
    end = story.accepted_at + timedelta(days=days)
    _sit(story, days, end, extended)
    for way, happens in BESIDE:
        if story.goes(way):
            happens(story)
    if story.goes("appraised"):
        _appraise(story)
    if extended and story.now < story.period_ends - timedelta(days=4):
        story.move_to(story.period_ends - timedelta(days=story.random.randint(4, 8)))
        story.say(story.body, "mediation.extended", {"days": 15, "consents": story.parties})
    elif days > period and story.goes("urged when overdue"):
        beside.urge_who_is_late(story)
    story.move_to(end)
    if story.slip == "too late to extend" and story.period == county.PERIOD_ELSE:
        story.move_to(story.period_ends + timedelta(days=60))
        story.say(story.body, "mediation.extended", {"days": 15, "consents": story.parties}, expected=REJECTED)
    if story.goes("sued meanwhile"):
        court.file(story)
    elif story.goes("suspected sham"):
        _suspect(story)
    elif story.goes("agreed"):
        agreeing.agree(story)
    elif days > period and not extended:
        fail(story, "period_expired_no_extension")
    else:
        fail(story, story.at("ground"))


def fail(story: Story, ground: str) -> None:
    story.say(story.body, "mediation.terminated", {"ground": ground})


def _length(story, period):
    """(days from acceptance to the end, whether it was extended). In time mostly; the mean is that of county.MEAN_MEDIATION_DAYS."""
    if period >= 30 and story.goes("extended"):
        return story.random.randint(31, 41), True
    if story.goes("past the legal period" if story.period != county.PERIOD_ELSE else "past the period"):
        return story.random.randint(period + 3, period + 18), False
    middle = (county.MEAN_MEDIATION_DAYS - 3) * min(1, period / 30 * 1.2)
    return max(4, min(period - 1, round(story.random.gauss(middle, 6.5)))), False


def _sit(story, days, end, extended):
    sessions = min(story.random.choice((1, 1, 2, 2, 3)), 1 + days // 4)
    for nth in range(sessions):
        last = nth == sessions - 1
        story.move_to(end if last and not extended and end <= story.period_ends
                      else story.accepted_at + timedelta(days=min(days, 28) * (nth + 1) / (sessions + 1)))  # fmt: skip
        data = {"mode": story.at("mode"), "minutes": 5 * story.random.randint(6, 36)}
        if not last:
            data["next_at"] = (story.now + timedelta(days=3)).isoformat()
        story.say(story.body, "session.held", data)


def _appraise(story):
    reason = {"reason": story.at("appraisal")}
    story.say(story.body, "clock.paused", reason)
    story.office(workdays=story.random.randint(4, 9))
    story.say(story.body, "clock.resumed", reason)


def _suspect(story):
    story.say(story.body, "mediation.suspended", {"reason": "suspected_sham"})
    story.office(workdays=3, hours=(1, 5))
    if story.goes("nothing in it"):
        story.say(county.COURT, "mediation.resumed")
    fail(story, "other_obstacle")
