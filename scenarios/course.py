"""Steps of a typical dispute that is mediated, settled, performed and archived."""

from scenarios.facts import typical_facts

# Steps from screening to archiving, in order, as (type of the step, facts that differ from those in scenarios.facts). Both terms are performed.
SETTLED_DISPUTE_STEPS = (
    ("dispute.screened", {}),
    ("dispute.routed", {}),
    ("referral.accepted", {}),
    ("consent.given", {}),
    ("consent.given", {"party": "respondent", "how": "by_phone"}),
    ("mediator.agreed", {}),
    ("mediation.started", {}),
    ("session.held", {}),
    ("agreement.reached", {}),
    ("performance.recorded", {}),
    ("performance.recorded", {"term": 2, "on": "2026-06-20"}),
    ("dispute.followed_up", {}),
    ("dispute.archived", {}),
)


def mediation_steps(mediator: str, sessions: tuple[dict, ...] = ({},)) -> list[tuple[str, dict]]:
    """Return the steps that a mediation body reports, from the first consent to the last session, as (type of the step, facts).

    `sessions`: for each session, the facts that differ from those in scenarios.facts.
    """
    mediator_facts = {"mediator.agreed": {"mediator": mediator}}
    steps_before_sessions = [
        (type, changes | mediator_facts.get(type, {}))
        for type, changes in SETTLED_DISPUTE_STEPS
        if type in ("consent.given", "mediator.agreed", "mediation.started")
    ]
    return [(type, typical_facts(type, **changes)) for type, changes in [*steps_before_sessions, *(("session.held", session) for session in sessions)]]
