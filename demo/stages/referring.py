"""Steps before mediation: screening, referral to a mediation body and its answer, the parties' consents, and the choice of the mediator."""

from demo import bodies, county
from demo.simulated_dispute import SimulatedDispute
from demo.stages import side_events
from demo.steps import REFUSED, REJECTED


def screen_dispute(dispute: SimulatedDispute) -> bool:
    """Screen the dispute. Return whether it is suitable for mediation."""
    dispute.advance_time(workdays=2 if dispute.happens("screened late") else 0, hours=(1, 7))
    suitable = not dispute.happens("not suitable")
    agency = county.WOMENS_FEDERATION if dispute.kind == "family" and dispute.happens("screened by the women's federation") else county.CENTRE
    dispute.add_step(agency, "dispute.screened", {"suitable": suitable, "track": "A", "kind": dispute.kind})
    if not suitable and dispute.happens("redirected"):
        redirect_dispute(dispute)
    if dispute.mistake == "step not permitted":
        dispute.add_step(county.POLICE, "mediation.started", expected=REFUSED)
    return suitable


def redirect_dispute(dispute: SimulatedDispute) -> None:
    dispute.advance_time(hours=(1, 6))
    to, procedure = county.REDIRECTIONS.get(dispute.kind, county.DEFAULT_REDIRECTION)
    dispute.add_step(county.CENTRE, "dispute.redirected", {"to": to, "way": procedure})


def refer_dispute(dispute: SimulatedDispute) -> None:
    """Refer the dispute to the proposed or the usual mediation body. If the first body declines or does not answer, refer it to another body."""
    bodies_to_ask = [(candidate.to, candidate.organisation, candidate.joint_with) for candidate in dispute.candidates]
    usual_body = (county.usual_body_for(dispute.kind, dispute.township), None, [])
    bodies_to_ask = [*bodies_to_ask, usual_body] if dispute.happens("proposal followed") else [usual_body, *bodies_to_ask]
    reason = "by_kind" if (bodies_to_ask[0][1] or "").startswith("industry") or dispute.kind in county.BODY_OF_KIND else "by_place"
    first, *remaining = bodies_to_ask
    second = next((candidate for candidate in remaining if candidate[0] != first[0]), first)
    if second is not first and dispute.happens("referral declined"):
        _route_dispute(dispute, first, reason)
        dispute.advance_time(workdays=dispute.random.randint(0, 2), hours=(2, 7))
        dispute.add_step(first[0], "referral.declined", {"reason": dispute.choose("decline reason")})
        first, reason = second, "after_decline"
    elif second is not first and dispute.happens("referral not answered"):
        _route_dispute(dispute, first, reason)
        dispute.advance_time(workdays=dispute.random.randint(4, 6), hours=(1, 5))
        first, reason = second, "after_no_answer"
    _route_dispute(dispute, first, reason, jointly=dispute.happens("handled jointly"))
    _accept_referral(dispute)


def _route_dispute(dispute, to, reason, jointly=False):
    body, organisation, joint_agencies = to
    dispute.set_body(body, organisation)
    dispute.advance_time(hours=(0, 3))
    data = {"to": body, "reason": reason} | ({"organisation": organisation} if organisation else {})
    joint = [agency for agency in (joint_agencies or side_events.departments_to_call(dispute)) if agency != body] if jointly else []
    if joint:
        data |= {"joint_with": joint, "reason": "joint_handling"}
    dispute.add_step(county.CENTRE, "dispute.routed", data)
    if joint:
        side_events.answer_department_calls(dispute, joint)


def _accept_referral(dispute):
    if dispute.mistake == "acceptance by another body":
        dispute.advance_by_hours(1, 3)
        dispute.add_step(_another_mediation_body(dispute), "referral.accepted", expected=REJECTED)
    workdays = dispute.random.randint(4, 7) if dispute.happens("referral answered late") else dispute.random.choice((0, 0, 1, 1, 2))
    dispute.advance_time(workdays=workdays, hours=(1, 6))
    dispute.accepted_at, dispute.mediator = dispute.now, dispute.random.choice(bodies.mediator_numbers(dispute.body, dispute.organisation))
    dispute.add_step(dispute.body, "referral.accepted", {"mediator": dispute.mediator})


def _another_mediation_body(dispute):
    remaining = sorted({*county.LOCAL_BODIES} - {dispute.body})
    return dispute.random.choice(remaining or [county.CENTRE if dispute.body == county.JUSTICE_BUREAU else county.JUSTICE_BUREAU])


def gather_party_consents(dispute: SimulatedDispute) -> bool:
    """Ask the parties for their consent to mediation, and determine the mediator. Return whether mediation may begin."""
    dispute.advance_time(hours=(2, 9))
    if dispute.happens("party cannot be reached"):
        dispute.advance_time(workdays=dispute.random.randint(5, 12))
        dispute.add_step(dispute.body, "mediation.terminated", {"ground": "party_unreachable"})
        return False
    refuses = dispute.happens("consent refused")
    for party in dispute.party_labels:
        if refuses and party == "respondent":
            dispute.add_step(dispute.body, "consent.refused", {"party": party, "how": dispute.choose("way of refusal")})
            return False
        dispute.add_step(dispute.body, "consent.given", {"party": party, "how": dispute.choose("way of consent")})
        if dispute.mistake == "mediation before consent" and party == "applicant":
            dispute.add_step(dispute.body, "mediation.started", expected=REJECTED)
        dispute.advance_time(workdays=dispute.random.choice((0, 0, 1, 1, 2)), hours=(1, 5))
    _determine_mediator(dispute)
    return True


def _determine_mediator(dispute):
    has_another = len(bodies.mediator_numbers(dispute.body, dispute.organisation)) > 1
    if has_another and dispute.happens("conflict disclosed"):
        dispute.add_step(dispute.body, "conflict.disclosed", {"mediator": dispute.mediator, "relation": "relative"})
        appoint_another_mediator(dispute)
    elif has_another and dispute.happens("mediator refused"):
        dispute.add_step(dispute.body, "mediator.refused", {"party": "respondent", "mediator": dispute.mediator})
        appoint_another_mediator(dispute)
    elif dispute.happens("appointment requested"):
        dispute.add_step(dispute.body, "mediator.requested")
        dispute.advance_time(hours=(1, 9))
        appoint_another_mediator(dispute)
    elif dispute.happens("mediator agreed"):
        dispute.add_step(dispute.body, "mediator.agreed", {"mediator": dispute.mediator})


def appoint_another_mediator(dispute: SimulatedDispute) -> None:
    numbers = bodies.mediator_numbers(dispute.body, dispute.organisation)
    dispute.mediator = numbers[(numbers.index(dispute.mediator) + 1) % len(numbers)]
    dispute.add_step(dispute.body, "mediator.appointed", {"mediator": dispute.mediator})
