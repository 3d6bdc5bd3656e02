"""The safeguard lane 安全保护专线: somebody is in danger. Nothing of it may be seen outside, least of all on the dashboard; so few lives go this way that
none of them could be guessed from a count. What is said here is said by those inside: police, court, women's federation."""

from datetime import timedelta

from demo import county
from demo.chapters import reporting
from demo.story import Story


def begin_in_danger(story: Story) -> None:
    """Reported with a flag: outside the lane the code does not exist until it is over."""
    danger = story.at("danger")
    story.kind = {"violence_threat": "neighbour"}.get(danger, "family")
    story.reporter = county.LEADS[story.at("danger told by")]
    story.channel = {county.POLICE: "police_call", county.GRID: "grid"}.get(story.reporter, "walk_in")
    reporting.report(story, risk={danger: True})
    if danger == "domestic_violence" and story.goes("warned"):
        story.hours(3, 40)
        story.say(county.POLICE, "dv.warning_issued", {"issued_on": story.today()})
    _protect(story)


def flag_at_screening(story: Story) -> None:
    """Somebody sees it when the dispute is looked at more closely: the step counts, and then everything stands still."""
    story.office(hours=(1, 7))
    risk = {"minor": True} if story.kind in ("family", "inheritance") else {"violence_threat": True}
    story.say(county.WOMEN, "dispute.screened", {"suitable": True, "track": "A", "kind": story.kind, "risk": risk})
    _protect(story)


def come_up(story: Story) -> None:
    """While a dispute is being mediated the police warn somebody, or somebody asks the court for protection."""
    story.hours(2, 40)
    if story.at("danger with a body") == "protection":
        _until_released(story, _order(story))
        return
    story.say(county.POLICE, "dv.warning_issued", {"issued_on": story.today()})
    _protect(story)


def _protect(story):
    _until_released(story, story.goes("protection applied for") and _order(story))


def _until_released(story, ordered):
    """It ends by police or court, and only by them."""
    if ordered:
        story.move_to(story.now + timedelta(days=story.random.randint(30, 150)))
        story.say(county.COURT, "hold.released", {"reason": "order_expired"})
        return
    story.office(workdays=story.random.randint(3, 20))
    story.say(county.POLICE, "hold.released", {"reason": story.at("release")})


def _order(story):
    """72 hours, 24 when it is urgent (反家庭暴力法 28). Whether there is an order."""
    urgent = story.goes("urgent")
    story.hours(1, 20)
    by = county.LEADS[story.at("protection")]
    story.say(by, "protection_order.applied", {"urgent": urgent})
    story.hours(0.5, 3)
    story.say(county.COURT, "protection_order.accepted", {"urgent": urgent, "accepted_at": story.now.isoformat()})
    story.hours(4, 20 if urgent else 60)
    refused = story.goes("protection refused")
    told = {"effective_at": story.now.isoformat()} | ({} if refused else {"months": story.random.randint(1, 6)})
    story.say(county.COURT, "protection_order.refused" if refused else "protection_order.issued", told)
    return not refused


def end_of_danger(story: Story) -> bool:
    """It begins its ordinary life. Whether what is left is for mediation; never by an ordinary committee, and the women's federation comes along."""
    story.office(hours=(2, 8))
    suitable = story.goes("mediated afterwards")
    story.say(county.CENTRE, "dispute.screened", {"suitable": suitable, "track": "A", "kind": story.kind})
    return suitable
