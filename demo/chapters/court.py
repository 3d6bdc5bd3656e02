"""Before the court: filed or refused, entrusted to a body for its fifteen or seven days, tried, closed, enforced. Track B, and the docket of before 2025."""

from datetime import datetime, timedelta

from contracts.dates import SHANGHAI
from demo import bodies, county
from demo.chapters.reporting import agreement
from demo.steps import REJECTED
from demo.story import Story


def come_to_the_desk(story: Story) -> bool:
    """Whether the case was filed: in seven days, mostly; what is refused goes to mediation, or where it belongs."""
    court, received = story.reporter, story.today()
    story.hours(0.2, 1)
    story.say(court, "dispute.screened", {"suitable": True, "track": "B", "court_received_on": received, "kind": story.kind})
    restarted = None
    if story.goes("complaint put right"):
        story.office(workdays=story.random.randint(1, 3))
        restarted = story.today()
        story.say(court, "papers.received", {"reason": "correction", "on": restarted})
    return sue(story, court, received, restarted)


def sue(story: Story, court: str = county.COURT, received: str | None = None, restarted: str | None = None) -> bool:
    """Whether the case was filed."""
    received = received or story.today()
    if story.goes("filing refused"):
        story.office(workdays=story.random.randint(1, 4))
        reason = "arbitration_first" if story.kind == "labour" else story.at("filing refused")
        story.say(court, "case.filing_refused", _dates(story, received, restarted) | {"reason": reason})
        return False
    file(story, court, received, restarted)
    return True


def file(story: Story, court: str = county.COURT, received: str | None = None, restarted: str | None = None) -> None:
    """Registered first; then perhaps entrusted to a body; then tried."""
    received = received or story.today()
    story.office(workdays=7 if story.goes("decided late") else story.random.randint(0, 3))
    story.is_filed = True
    procedure = story.at("procedure")
    story.say(court, "case.filed", _dates(story, received, restarted) | {"cause": county.CAUSE.get(story.kind, "10"), "procedure": procedure})
    if story.kind != "medical" and story.goes("entrusted") and _entrust(story, court, procedure):
        return
    _try(story, court, procedure)


def _dates(story, received, restarted):
    return {"received_on": received, "decided_on": story.today()} | ({"restarted_on": restarted} if restarted else {})


def _entrust(story, court, procedure):
    """委托调解, to the body or to court-invited mediators, if there are any. Whether it was settled there; else the trial goes on."""
    invited = bodies.invited() if story.random.random() < 0.5 else ()
    to, mediator = story.random.choice(invited) if invited else (story.body, None)
    story.asks(to)
    story.office(workdays=story.random.randint(0, 2))
    story.say(court, "case.entrusted", {"to": to, "procedure": procedure})
    story.office(hours=(1, 20))
    story.say(to, "referral.accepted", {"mediator": mediator} if mediator else {})
    for party in story.parties:
        story.say(to, "consent.given", {"party": party, "how": "online"})
    story.say(to, "mediation.started")
    story.office(hours=(2, 20))
    story.say(to, "session.held", {"mode": story.one_of({"video": 6, "court_visit": 3, "in_person": 4}), "minutes": 5 * story.random.randint(4, 20)})
    story.mediator = mediator
    if story.goes("more time in court"):
        story.say(to, "mediation.extended", {"days": 30, "consents": story.parties})
        story.office(workdays=story.random.randint(6, 14))
    story.office(workdays=story.random.randint(6, 14) if story.goes("late when entrusted") else story.random.randint(0, 2))
    if story.goes("settled when entrusted"):
        story.say(to, "agreement.reached", agreement(story, [], "written"))
        story.office(hours=(1, 20))
        story.say(court, "case.closed", {"mode": story.at("settled in court")})
        return True
    story.say(to, "mediation.terminated", {"ground": story.at("ground")})
    return False


def _try(story, court, procedure):
    story.office(workdays=story.random.randint(1, 5))
    story.say(court, "case.procedure_set", {"procedure": procedure})
    _name_somebody(story, court)
    if story.goes("appraised in court"):
        story.say(court, "clock.paused", {"reason": "appraisal"})
        story.office(workdays=story.random.randint(8, 15))
        story.say(court, "clock.resumed", {"reason": "appraisal"})
    if story.goes("trial extended"):
        story.say(court, "trial.extended", {"months": 1})
    elif procedure != "ordinary" and story.goes("turned ordinary"):
        story.office(workdays=story.random.randint(5, 12))
        story.say(court, "case.procedure_set", {"procedure": "ordinary"})
    story.office(workdays=story.random.randint(8, 30))
    mode = "judgment" if story.has_terms else story.at("closed")  # what they once agreed, and no court confirmed, is not owed any more
    story.say(court, "case.closed", {"mode": mode})
    if mode == "judgment" and story.goes("judgment enforced"):
        enforce(story, court)


def _name_somebody(story, court):
    if story.goes("somebody named"):
        story.say(court, "participant.named", {"part": story.at("named")})
    if story.slip == "mediator in court" and story.mediator and any(step.type == "mediation.started" for step in story.steps):
        story.say(court, "participant.named", {"part": "assessor", "mediator": story.mediator}, expected=REJECTED)


def enforce(story: Story, court: str) -> None:
    story.office(workdays=story.random.randint(3, 12))
    story.say(court, "enforcement.applied", {"on": story.today()})
    story.office(workdays=story.random.randint(8, 30))
    story.say(court, "enforcement.completed", {"on": story.today(), "result": story.at("enforcement")})


# ── 诉前调: imported history only ────────────────────────────────────────────────────────────────────────────────────────────────


def old_docket(story: Story, day: datetime) -> None:
    """A claim on the court's docket before filing, referred before the switch of 2025-01-01; what was referred ran to its end."""
    story.now, story.reporter = day, county.COURT
    received = story.today()
    data = {"report_no": story.report_no(county.COURT), "channel": "import", "place": {"township": story.township}, "kind": story.kind, "wants": "filing"}
    data |= {"cause": county.CAUSE.get(story.kind, "10"), "parties": [story.person(label) for label in story.parties]}
    story.say(county.COURT, "dispute.reported", data, subject=data["report_no"])
    story.say(county.COURT, "dispute.screened", {"suitable": True, "track": "legacy", "court_received_on": received, "kind": story.kind})
    story.asks(county.body_of(story.kind, story.township))
    story.office(hours=(1, 6))
    story.say(county.COURT, "dispute.routed", {"to": story.body, "reason": "by_roster"})
    story.office(hours=(1, 7))
    story.mediator = story.random.choice(bodies.mediators(story.body, None))
    story.say(story.body, "referral.accepted", {"mediator": story.mediator})
    for party in story.parties:
        story.say(story.body, "consent.given", {"party": party, "how": "in_writing"})
    story.say(story.body, "mediation.started")
    story.office(workdays=story.random.randint(5, 14))
    story.say(story.body, "session.held", {"mode": "in_person", "minutes": 90})
    if not story.goes("agreed"):
        story.say(story.body, "mediation.terminated", {"ground": "differences_too_large"})
        story.now = max(story.now, datetime(2025, 1, 6, 9, tzinfo=SHANGHAI))
        file(story)
        return
    due = (story.now + timedelta(days=20)).date().isoformat()
    story.say(story.body, "agreement.reached", agreement(story, [{"kind": "payment", "due_on": due, "amount_cny": "6000.00"}], "written"))
    story.office(workdays=2)
    facts = {"applied_on": story.today(), "applicants": story.parties, "court": county.COURT, "court_ground": "inviting_court"}
    story.say(story.body, "confirmation.applied", facts)
    story.office(hours=(1, 8))
    story.say(county.COURT, "confirmation.accepted")
    story.office(workdays=4)
    story.say(county.COURT, "confirmation.granted")
    story.office(workdays=8)
    story.say(story.body, "performance.recorded", {"term": 1, "result": "full", "on": story.today()})
