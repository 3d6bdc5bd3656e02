"""Routing during the course of a dispute: data recorded for the routing rules, proposals added to decisions, statistics of bodies. Pure functions."""

from datetime import datetime

from services.mediation.dispute.model import agencies_in_role
from services.mediation.law.dates import day_of
from services.mediation.rosters.roster import Roster
from services.mediation.routing.proposing import MEDIATION_BODY_KINDS, BodyStatistics, RoutingFacts, propose, select_mediators
from services.mediation.routing.rules import Rules

ROUTING_CLOCK = "routing"  # clock of the deadline by which the mediation centre must route a dispute
# States in which a mediation body is handling the dispute.
STATES_HANDLED_BY_BODY = ("accepted", "consent_pending", "mediating", "clock_paused", "suspended", "agreed", "performing")
MEDIATOR_CHOICE_STATES = ("accepted", "consent_pending", "mediating")  # states in which a mediator can be chosen
EVENTS_REQUIRING_MEDIATOR = ("referral.accepted", "mediator.refused", "mediator.requested")  # after these events a mediator may have to be chosen
# Why a body that declined is excluded, by the reason of its decline. Reasons not listed here: declined_before.
EXCLUSION_REASON_OF_DECLINE = {"conflict_of_interest": "conflict_disclosed"}


# ── Data that a dispute records for routing (values are replaced, never changed in place) ───────────────────────────────────────────────


def record_registration(dispute, step) -> None:
    """Record the village, the party types (`standings`) and the risk flags of the registration."""
    facts = step.facts
    dispute.village = facts.get("village")
    dispute.standings, dispute.flags = tuple(facts.get("standings") or ()), tuple(facts.get("flags") or ())


def record_screening(dispute, step) -> None:
    """Add the party types (`standings`) and risk flags found in the screening to those already recorded."""
    for name in ("standings", "flags"):
        if step.facts.get(name):
            setattr(dispute, name, tuple(sorted({*getattr(dispute, name), *step.facts[name]})))


def record_routing(dispute, step) -> None:
    """Record the body to which the dispute is routed. The body to which it was routed before is excluded from proposals if it has not answered."""
    body_routed_to = dispute.organisation or dispute.body
    if dispute.state == "routed" and body_routed_to:
        dispute.excluded_bodies = {**dispute.excluded_bodies, body_routed_to: "did_not_answer"}
    dispute.organisation = step.facts.get("organisation")
    dispute.joint = tuple(step.facts.get("joint_with") or ())


def record_decline(dispute, step) -> None:
    """Exclude the body that declined the referral from further proposals."""
    body_routed_to = dispute.organisation or step.agency
    dispute.excluded_bodies = {**dispute.excluded_bodies, body_routed_to: EXCLUSION_REASON_OF_DECLINE.get(step.facts["reason"], "declined_before")}
    dispute.organisation, dispute.joint = None, ()


# ── Guards ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def organisation_belongs_to_agency(dispute, step) -> bool:
    """Guard: the organisation named in the step is on the roster on that day and belongs to the agency to which the dispute is routed."""
    code = step.facts.get("organisation")
    if code is None or step.roster is None:
        return True
    organisation = step.roster.organisation(code, day_of(step.happened_at))
    return organisation is not None and organisation.agency == step.facts["to"]


# ── Proposals of bodies ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def starts_routing_deadline(decision) -> bool:
    return any(_routing_deadlines_set_by(data) for _, data in decision.new_events)


def _routing_deadlines_set_by(data: dict) -> list[dict]:
    """Return the deadlines for routing that a step set, from the data of its event."""
    return [change for change in data.get("deadlines", ()) if change["change"] == "set" and change["clock"] == ROUTING_CLOCK]


def routing_facts(dispute) -> RoutingFacts:
    """Return the facts of the dispute for the routing rules, including the bodies that must not be proposed."""
    excluded = dict(dispute.excluded_bodies)
    excluded |= {code: "conflict_disclosed" for code, agreed in dispute.conflicts.items() if not agreed}
    return RoutingFacts(dispute.kind, dispute.township, dispute.village, dispute.track, frozenset(dispute.standings), frozenset(dispute.flags), excluded)


def add_proposal(decision, rules: Rules, roster: Roster, statistics: dict[str, BodyStatistics], at: datetime) -> None:
    """Add the event routing.proposed to the decision, after the event of the step that sets the deadline for routing. `at`: when the step happened."""
    events = []
    for event_type, data in decision.new_events:
        events.append((event_type, data))
        for change in _routing_deadlines_set_by(data):
            proposal = propose(routing_facts(decision.dispute), rules, roster, statistics, day_of(at))
            deadline = {name: change[name] for name in ("clock", "kind", "article", "started_at", "due_at", "provisional", "owed_by") if name in change}
            events.append(("routing.proposed", {**proposal, **deadline}))
    decision.new_events = events


# ── Proposals of mediators ────────────────────────────────────────────────────────────────────────────────────────────────────────


def needs_mediator(decision) -> bool:
    """Return whether a mediator has to be chosen after this decision.

    That is so if a body accepted the dispute without naming a mediator, a party refused the named mediator, or the parties requested an appointment.
    """
    dispute = decision.dispute
    return (
        dispute is not None
        and dispute.mediator is None
        and dispute.state in MEDIATOR_CHOICE_STATES
        and any(event_type in EVENTS_REQUIRING_MEDIATOR for event_type, _ in decision.new_events)
    )


def members_of_body(dispute, roster: Roster, at: datetime) -> list[str]:
    """Return the member numbers of all people on the rosters of the body that handles the dispute."""
    return sorted({member.id for code in _organisations_of_body(dispute, roster, day_of(at)) for member in roster.members_of(code, day_of(at))})


def add_mediators(decision, roster: Roster, open_disputes: dict[str, int], at: datetime) -> None:
    """Add the event mediators.proposed to the decision if a member of the body can mediate the dispute. `open_disputes`: number by mediator."""
    dispute = decision.dispute
    recused = {code for code, agreed in dispute.conflicts.items() if not agreed} | set(dispute.refused_mediators)
    preferred = next((data["prefers"] for event_type, data in decision.new_events if event_type == "mediator.requested" and data.get("prefers")), None)
    organisations = _organisations_of_body(dispute, roster, day_of(at))
    mediators = select_mediators(organisations, routing_facts(dispute), roster, open_disputes, recused, preferred, day_of(at))
    if mediators:
        is_appointment = any(event_type == "mediator.requested" for event_type, _ in decision.new_events)
        owed_by = agencies_in_role(dispute, ("appoints" if is_appointment else "body",))
        decision.new_events = [*decision.new_events, ("mediators.proposed", {"mediators": mediators, "owed_by": owed_by})]


def _organisations_of_body(dispute, roster, day) -> list[str]:
    """Return the codes of the organisations that may mediate: the named organisation, else those of the agency in the dispute's township and village.

    If the agency has only one organisation, its place does not matter. An organisation without a village serves its whole township.
    """
    if dispute.organisation:
        return [dispute.organisation]
    candidates = [
        organisation for organisation in roster.organisations_valid_on(day) if organisation.agency == dispute.body and organisation.kind in MEDIATION_BODY_KINDS
    ]
    return [one.code for one in candidates if len(candidates) == 1 or (one.township == dispute.township and one.village in (None, dispute.village))]


# ── Statistics of mediation bodies ───────────────────────────────────────────────────────────────────────────────────────────────────


def routed_and_handling_body(dispute) -> tuple[str | None, str | None]:
    """Return (body to which the dispute was routed, the same body if it is handling the dispute, else None)."""
    if dispute is None:
        return None, None
    body = dispute.organisation or dispute.body
    return body, body if dispute.state in STATES_HANDLED_BY_BODY else None


def count_referrals(differences: dict[str, BodyStatistics], before: tuple[str | None, str | None], decision) -> None:
    """Count accepted, declined and open referrals of one decision in `differences`, by body. `before`: routed_and_handling_body() before the decision."""
    body_routed_to, handled_before = before
    handles_now = routed_and_handling_body(decision.dispute)[1]
    for body, difference in ((handled_before, -1), (handles_now, 1)):
        if body is not None and handled_before != handles_now:
            differences.setdefault(body, BodyStatistics()).open += difference
    if decision.referral_differences is not None:  # the history was applied again
        for (body, event_type), difference in decision.referral_differences.items():
            statistics = differences.setdefault(body, BodyStatistics())
            if event_type == "referral.accepted":
                statistics.accepted += difference
            else:
                statistics.declined += difference
        return
    for event_type, _ in decision.new_events:
        if event_type == "referral.accepted":
            differences.setdefault(body_routed_to, BodyStatistics()).accepted += 1
        elif event_type == "referral.declined":
            differences.setdefault(body_routed_to, BodyStatistics()).declined += 1
