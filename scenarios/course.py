"""The steps of a dispute that is settled and performed, from screening to archive, in their order."""

from scenarios.facts import facts_of

# (type, facts that differ from the usual ones). The agreement has two terms, and both are performed.
COURSE = (
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


def mediation(mediator: str, sessions: tuple[dict, ...] = ({},)) -> list[tuple[str, dict]]:
    """Return the steps that a body reports from the first consent to the last session, as (type, facts).

    `sessions`: for each session, the facts that differ from the usual ones.
    """
    agreed = {"mediator.agreed": {"mediator": mediator}}
    before = [(type, changes | agreed.get(type, {})) for type, changes in COURSE if type in ("consent.given", "mediator.agreed", "mediation.started")]
    return [(type, facts_of(type, **changes)) for type, changes in [*before, *(("session.held", session) for session in sessions)]]
