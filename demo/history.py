"""A past quarter of a made-up county: who says what, when. Pure; the same seed gives the same lives. Every person is invented and marked so (虚构).

`ways.py` says which ways disputes go and how many of them, `county.py` where, what about, how much and by whom, `chapters/` what happens on each way.
"""

from datetime import date, datetime, time, timedelta
from random import Random

from contracts.dates import SHANGHAI
from demo.chapters import court, ending, lane, mediating, referring, reporting, rosters
from demo.steps import Life, Step
from demo.story import Story
from demo.workdays import is_workday

QUARTER = timedelta(days=92)
OLD_DOCKETS = 5
OLD_DOCKET_FROM = datetime(2024, 11, 18, 9, tzinfo=SHANGHAI)


def whole_quarter(seed: int, disputes: int, until: date) -> list[Life]:
    """All that is told: the quarter's disputes, a few of the old docket that are imported, and what changed on the rosters."""
    imported = [_of_the_old_docket(seed, disputes + count, count) for count in range(1, OLD_DOCKETS + 1)]
    return [*quarter(seed, disputes, until), *imported, *(Life(0, "", "", "", steps) for steps in roster_changes(seed, until))]


def quarter(seed: int, disputes: int, until: date) -> list[Life]:
    """The disputes reported in the 92 days before `until`, oldest first."""
    random = Random(f"枫桥 {seed} quarter")
    moments = sorted(_reported_at(random, _end(until) - QUARTER) for _ in range(disputes))
    return [life(seed, number, moment) for number, moment in enumerate(moments, 1)]


def roster_changes(seed: int, until: date) -> list[tuple[Step, ...]]:
    return rosters.changes(seed, _end(until) - QUARTER)


def life(seed: int, number: int, reported: datetime) -> Life:
    """One dispute, told from its own dice: it does not change when others are added."""
    story = Story(seed, number, reported)
    if story.goes("in danger"):
        lane.begin_in_danger(story)
        if lane.end_of_danger(story):
            _send_on(story)
        _end_of(story)
        return story.life()
    reporting.report(story)
    if story.slip is None and story.goes("registered by mistake"):
        ending.put_away(story)
        return story.life()
    if not reporting.settle_where_found(story):
        _go_on(story)
    _end_of(story)
    return story.life()


def _go_on(story):
    if story.channel == "filing_desk" and story.kind != "medical" and court.come_to_the_desk(story):
        return
    if story.goes("danger seen later"):
        lane.flag_at_screening(story)
        _send_on(story)
    elif referring.screen(story):
        _send_on(story)


def _send_on(story):
    referring.refer(story)
    if referring.gather_consents(story):
        mediating.mediate(story)


def _end_of(story):
    if ending.is_sued(story):
        story.office(workdays=story.random.randint(2, 12))
        court.sue(story)
    ending.archive(story)
    if story.goes("comes up again"):
        ending.come_up_again(story)


def _of_the_old_docket(seed, number, count):
    story = Story(seed, number, OLD_DOCKET_FROM)
    story.kind = "private_loan" if count % 2 else "contract"
    court.old_docket(story, OLD_DOCKET_FROM + timedelta(days=5 * count))
    ending.archive(story)
    return story.life()


def _end(until):
    return datetime.combine(until, time(), SHANGHAI)


def _reported_at(random, start):
    """Fewer on rest days."""
    while True:
        day = start + timedelta(days=random.randrange(QUARTER.days))
        if is_workday(day.date()) or random.random() < 0.3:
            return day + timedelta(hours=8, minutes=random.randrange(600))
