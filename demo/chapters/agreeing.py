"""The agreement: told, confirmed by a court perhaps (司法确认), kept mostly; else enforced, or agreed anew."""

from datetime import date, datetime, time, timedelta

from contracts.dates import SHANGHAI
from demo import county
from demo.chapters import court
from demo.chapters.reporting import agreement
from demo.steps import REJECTED
from demo.story import Story


def agree(story: Story) -> None:
    terms = [] if story.goes("kept on the spot") else _terms(story)
    story.has_terms = bool(terms)
    form = "written" if terms or story.goes("in writing") else "oral"
    _tell(story, agreement(story, terms, form))
    if story.slip == "archived too early" and terms:
        story.hours(1, 20)
        story.say(story.body, "dispute.archived", {"archive_no": story.archive_no()}, expected=REJECTED)
    if story.slip == "nothing to enforce" and terms:
        story.hours(1, 20)
        story.say(county.COURT, "enforcement.applied", {"on": story.today()}, expected=REJECTED)
    confirmed = bool(terms) and story.slip is None and story.goes("confirmed") and _confirm(story)
    if confirmed is None:
        return  # it was refused, and has gone another way
    if confirmed and story.goes("enforced"):
        _default(story, 1, terms[0]["due_on"])
        court.enforce(story, story.court)
        return
    kept = True
    for number, term in enumerate(terms, 1):
        kept &= _perform(story, number, term["due_on"])
    if not terms or story.goes("followed up"):
        _follow_up(story, kept)


def _follow_up(story, kept):
    story.office(workdays=story.random.randint(2, 14), hours=(0, 6))
    by = story.body if story.random.random() < 0.6 else county.CENTRE
    story.say(by, "dispute.followed_up", {"settled": kept, "satisfied": kept and story.goes("satisfied")})


def _tell(story, facts):
    if facts["terms"] and story.goes("date told wrongly"):
        day_before = date.fromisoformat(facts["effective_on"]) - timedelta(days=1)
        told = story.say(story.body, "agreement.reached", facts | {"effective_on": day_before.isoformat()})
        story.hours(1, 6)
        story.say(story.body, "report.corrected", {"event": told.id, "reason": "wrong_facts", "corrects": "agreement.reached", "facts": facts})
        return
    story.say(story.body, "agreement.reached", facts)
    if facts["terms"] and story.goes("ground told"):
        story.say(story.body, "mediation.terminated", {"ground": "agreement_reached"})


def _terms(story):
    terms, due = [], story.now
    count = story.random.choice((1, 1, 1, 2, 2, 3)) if story.sum else 1
    for _ in range(count):
        due = due + timedelta(days=story.random.randint(5, 25))
        term = {"kind": _term_kind(story), "due_on": due.astimezone(SHANGHAI).date().isoformat()}
        if story.sum:
            term["amount_cny"] = f"{max(1, story.sum * 9 // 10 // count)}.00"
        terms.append(term)
    return terms


def _term_kind(story):
    if story.sum:
        return "support" if story.kind == "family" else "payment"
    return story.at("term")


def _perform(story, number, due_on):
    if story.goes("kept"):
        _found_out(story, due_on, story.random.randint(-4, 0))
        _record(story, number, "full")
        return True
    if story.goes("kept in part"):  # the rest comes later
        _found_out(story, due_on, 2)
        _record(story, number, "part")
        story.office(workdays=story.random.randint(5, 15))
        _record(story, number, "full")
        return True
    _default(story, number, due_on)
    return False


def _default(story, number, due_on):
    _found_out(story, due_on, 2)
    _record(story, number, "default")


def _found_out(story, due_on, days):
    story.move_to(datetime.combine(date.fromisoformat(due_on), time(9), SHANGHAI) + timedelta(days=days))


def _record(story, number, result):
    story.say(story.body, "performance.recorded", {"term": number, "result": result, "on": story.today()})


# ── 司法确认 ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _confirm(story):
    """Jointly, within the thirty days. True: the court granted it; False: it stands as a contract; None: it was refused, and goes another way."""
    ends = _apply(story)
    if ends == "confirmation.withdrawn" and story.goes("applied for again"):
        ends = _apply(story)
    if ends != "confirmation.refused":
        return ends == "confirmation.granted"
    story.office(workdays=story.random.randint(1, 4))
    if story.goes("agreed anew"):  # 民事诉讼法 206
        story.say(story.body, "mediation.started")
        story.office(workdays=1)
        story.say(story.body, "agreement.reached", agreement(story, [], "written"))
        _follow_up(story, True)
        return None
    story.say(story.body, "mediation.terminated", {"ground": "differences_too_large"})
    return None


def _apply(story):
    story.office(workdays=story.random.randint(0, 4))
    facts = {"applied_on": story.today(), "applicants": story.parties, "court": story.court, "court_ground": "body_place"}
    story.say(story.body, "confirmation.applied", facts)
    if story.goes("papers missing"):
        story.office(workdays=1)
        story.say(story.court, "papers.received", {"reason": "missing_papers", "on": story.today()})
    story.office(workdays=story.random.choice((0, 0, 1, 1)))
    story.say(story.court, "confirmation.accepted")
    story.office(workdays=story.random.randint(1, 7))
    if story.goes("more time to decide"):
        story.say(story.court, "confirmation.extended", {"days": 10})
        story.office(workdays=story.random.randint(3, 7))
    ends = story.at("confirmation")
    _rule(story, ends)
    if ends == "confirmation.granted" and story.goes("objected to"):
        story.office(workdays=story.random.randint(1, 6))
        story.say(story.court, "confirmation.objected", {"by": "respondent", "objected_on": story.today()})
        story.office(workdays=story.random.randint(2, 6))
        ends = story.at("objection")
        _rule(story, ends)
    return ends


def _rule(story, ends):
    told = {"ground": story.at("confirmation refused")} if ends == "confirmation.refused" else {"served_on": story.today()} if ends.endswith("granted") else {}
    story.say(story.body if ends == "confirmation.withdrawn" else story.court, ends, told)
