"""Screened, sent to a body, taken or given back; then each party is asked, and who mediates is settled."""

from demo import bodies, county
from demo.chapters import beside
from demo.steps import REFUSED, REJECTED
from demo.story import Story


def screen(story: Story) -> bool:
    """Whether it is for mediation."""
    story.office(workdays=2 if story.goes("screened late") else 0, hours=(1, 7))
    suitable = not story.goes("not suitable")
    by = county.WOMEN if story.kind == "family" and story.goes("screened by the women") else county.CENTRE
    story.say(by, "dispute.screened", {"suitable": suitable, "track": "A", "kind": story.kind})
    if not suitable and story.goes("redirected"):
        redirect(story)
    if story.slip == "not theirs":
        story.say(county.POLICE, "mediation.started", expected=REFUSED)
    return suitable


def redirect(story: Story) -> None:
    story.office(hours=(1, 6))
    to, way = county.ELSEWHERE.get(story.kind, county.ELSEWHERE_ELSE)
    story.say(county.CENTRE, "dispute.redirected", {"to": to, "way": way})


def refer(story: Story) -> None:
    """To whom the rules propose, or to whom it was always sent; to the next one if the first declines or keeps silent."""
    asked = [(one.to, one.organisation, one.joint_with) for one in story.candidates]
    usual = (county.body_of(story.kind, story.township), None, [])
    asked = [*asked, usual] if story.goes("proposal followed") else [usual, *asked]
    reason = "by_kind" if (asked[0][1] or "").startswith("industry") or story.kind in county.KIND_BODIES else "by_place"
    first, *others = asked
    next_one = next((one for one in others if one[0] != first[0]), first)
    if next_one is not first and story.goes("declined"):
        _route(story, first, reason)
        story.office(workdays=story.random.randint(0, 2), hours=(2, 7))
        story.say(first[0], "referral.declined", {"reason": story.at("decline")})
        first, reason = next_one, "after_decline"
    elif next_one is not first and story.goes("no answer"):
        _route(story, first, reason)
        story.office(workdays=story.random.randint(4, 6), hours=(1, 5))
        first, reason = next_one, "after_no_answer"
    _route(story, first, reason, jointly=story.goes("handled jointly"))
    _taken(story)


def _route(story, to, reason, jointly=False):
    body, organisation, with_them = to
    story.asks(body, organisation)
    story.office(hours=(0, 3))
    data = {"to": body, "reason": reason} | ({"organisation": organisation} if organisation else {})
    called = [agency for agency in (with_them or beside.departments(story)) if agency != body] if jointly else []
    if called:
        data |= {"joint_with": called, "reason": "joint_handling"}
    story.say(county.CENTRE, "dispute.routed", data)
    if called:
        beside.report_in(story, called)


def _taken(story):
    if story.slip == "another body":
        story.hours(1, 3)
        story.say(_wrong_body(story), "referral.accepted", expected=REJECTED)
    workdays = story.random.randint(4, 7) if story.goes("answered late") else story.random.choice((0, 0, 1, 1, 2))
    story.office(workdays=workdays, hours=(1, 6))
    story.accepted_at, story.mediator = story.now, story.random.choice(bodies.mediators(story.body, story.organisation))
    story.say(story.body, "referral.accepted", {"mediator": story.mediator})


def _wrong_body(story):
    others = sorted({*county.LOCAL_BODIES} - {story.body})
    return story.random.choice(others or [county.CENTRE if story.body == county.BUREAU else county.BUREAU])


def gather_consents(story: Story) -> bool:
    """Whether mediation may begin."""
    story.office(hours=(2, 9))
    if story.goes("cannot be reached"):
        story.office(workdays=story.random.randint(5, 12))
        story.say(story.body, "mediation.terminated", {"ground": "party_unreachable"})
        return False
    refuses = story.goes("consent refused")
    for party in story.parties:
        if refuses and party == "respondent":
            story.say(story.body, "consent.refused", {"party": party, "how": story.at("refusal")})
            return False
        story.say(story.body, "consent.given", {"party": party, "how": story.at("consent")})
        if story.slip == "before consent" and party == "applicant":
            story.say(story.body, "mediation.started", expected=REJECTED)
        story.office(workdays=story.random.choice((0, 0, 1, 1, 2)), hours=(1, 5))
    _settle_who_mediates(story)
    return True


def _settle_who_mediates(story):
    has_another = len(bodies.mediators(story.body, story.organisation)) > 1
    if has_another and story.goes("conflict disclosed"):
        story.say(story.body, "conflict.disclosed", {"mediator": story.mediator, "relation": "relative"})
        another_mediator(story)
    elif has_another and story.goes("another mediator"):
        story.say(story.body, "mediator.refused", {"party": "respondent", "mediator": story.mediator})
        another_mediator(story)
    elif story.goes("appointment asked for"):
        story.say(story.body, "mediator.requested")
        story.office(hours=(1, 9))
        another_mediator(story)
    elif story.goes("mediator agreed"):
        story.say(story.body, "mediator.agreed", {"mediator": story.mediator})


def another_mediator(story: Story) -> None:
    numbers = bodies.mediators(story.body, story.organisation)
    story.mediator = numbers[(numbers.index(story.mediator) + 1) % len(numbers)]
    story.say(story.body, "mediator.appointed", {"mediator": story.mediator})
