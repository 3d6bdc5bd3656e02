"""What happens beside the road: departments are called, somebody is urged, a petition comes in, a report was wrong, an ordinary stay."""

from datetime import timedelta

from demo import county
from demo.steps import REJECTED
from demo.story import Story

# ── 中心吹哨、部门报到 ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def call_in_departments(story: Story) -> None:
    called = list(departments(story))
    story.say(county.CENTRE, "departments.called", {"to": called, "reason": story.at("departments_called")})
    report_in(story, called)


def departments(story: Story) -> tuple[str, ...]:
    return county.departments(story.kind, story.township, story.body)


def report_in(story: Story, called: list[str]) -> None:
    for agency in called:
        if story.goes("reported in"):
            story.hours(0.2, 4)
            story.say(agency, "call.answered", {"answer": story.at("report-in")})


# ── 督办 ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def urge_who_is_late(story: Story) -> None:
    _, clock = story.period
    story.move_to(story.period_ends + timedelta(days=1))
    story.say(county.CENTRE, "supervision.issued", {"to": story.body, "urged_for": "overdue", "clock": clock})
    if not _answers(story):
        story.office(workdays=4)
        story.say(county.COMMITTEE, "supervision.issued", {"to": story.body, "urged_for": "no_answer", "clock": "supervision_answer"})
        _answers(story)


def urge_for_the_committee(story: Story) -> None:
    story.office(hours=(1, 20))
    story.say(county.COMMITTEE, "supervision.issued", {"to": story.body, "urged_for": story.at("committee urges")})
    _answers(story)


def _answers(story):
    answers = story.goes("urging answered")
    if answers:
        story.office(workdays=story.random.randint(0, 2))
        story.say(story.body, "supervision.answered", {"answer": story.at("answer to urging")})
    return answers


# ── 信访 ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def petition(story: Story) -> None:
    number = {"petition_no": f"演示{story.seed}-访-{story.number:05}"}
    story.say(county.PETITIONS, "petition.registered", number | {"repeat": story.random.random() < 0.1})
    story.office(hours=(1, 8))
    if story.goes("petition transferred"):
        story.say(county.PETITIONS, "petition.transferred", number | {"to": departments(story)[-1]})
        if story.goes("petition returned"):
            story.office(workdays=1)
            story.say(county.PETITIONS, "petition.returned", number)
    story.say(county.PETITIONS, "petition.accepted", number)
    story.office(hours=(1, 8))
    if story.goes("petition extended"):
        story.say(county.PETITIONS, "petition.extended", {"days": 30})
    story.say(county.PETITIONS, "petition.decided", number | {"result": story.at("petition")})


# ── what was reported wrongly ────────────────────────────────────────────────────────────────────────────────────────────────────


def misreport(story: Story) -> None:
    """Meant for another dispute, or told twice, and taken back."""
    why = story.at("misreport")
    wrong = story.steps[-1] if story.last.type == "session.held" and why == "twice" else None
    if wrong is not None:
        wrong = story.say(story.body, "session.held", wrong.data)
    else:
        wrong, why = story.say(story.body, "mediation.terminated", {"ground": "party_unwilling"}), "wrong_dispute" if why == "twice" else why
    story.hours(1, 5)
    story.say(story.body, "report.withdrawn", {"event": wrong.id, "reason": why})


def correct_a_session(story: Story) -> None:
    told = story.say(story.body, "session.held", {"mode": "in_person", "minutes": 600})
    story.hours(1, 5)
    right = {"mode": "in_person", "minutes": 60}
    story.say(story.body, "report.corrected", {"event": told.id, "reason": "wrong_facts", "corrects": "session.held", "facts": right})


# ── 暂缓办理 ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def stay(story: Story) -> None:
    """For an ordinary reason: the crowd in which a hold disappears."""
    role, reason = story.at("stay")
    agency = county.LEADS[role]
    story.say(agency, "dispute.stayed", {"reason": reason})
    try_all_the_same(story)
    story.office(workdays=story.random.randint(1, 6))
    story.say(agency, "stay.lifted")


def try_all_the_same(story: Story) -> None:
    """Somebody outside who does not know yet is told that the dispute is stayed, and not why."""
    if story.goes("tried all the same"):
        story.hours(1, 6)
        story.say(county.CENTRE, "departments.called", {"to": [county.BUREAU], "reason": "expertise"}, expected=REJECTED)
