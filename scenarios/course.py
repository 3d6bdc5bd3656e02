"""The course of a dispute that goes well, from screening to the archive, and how much of it each part of the way takes."""

from scenarios.facts import facts_of

# Each step with how its facts differ from the usual ones. The agreement has two terms, and both are performed.
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
    """Return what the body reports from the first consent to the last session: (type, facts)."""
    parts = [(type, dict(changes)) for type, changes in COURSE if type in ("consent.given", "mediator.agreed", "mediation.started")]
    parts = [(type, changes | {"mediator": mediator} if type == "mediator.agreed" else changes) for type, changes in parts]
    return [(type, facts_of(type, **changes)) for type, changes in [*parts, *(("session.held", session) for session in sessions)]]
