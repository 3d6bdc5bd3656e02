"""Routing in the course of a dispute: what a dispute records for the rules, the proposals added to a decision, and the counts of each body. Pure."""

from datetime import datetime

from services.mediation.dispute.model import agencies_in_role
from services.mediation.law.dates import day_of
from services.mediation.rosters.roster import Roster
from services.mediation.routing.proposing import MEDIATION_BODY_KINDS, BodyRecord, RoutingFacts, propose, select_mediators
from services.mediation.routing.rules import Rules

ROUTING = "routing"  # name of the clock within which the centre must route a dispute
OPEN_WITH_BODY_STATES = ("accepted", "consent_pending", "mediating", "clock_paused", "suspended", "agreed", "performing")  # a body is handling the dispute
MEDIATOR_CHOICE_STATES = ("accepted", "consent_pending", "mediating")  # a mediator can be chosen
EVENTS_WITHOUT_MEDIATOR = ("referral.accepted", "mediator.refused", "mediator.requested")  # after these a mediator may still have to be chosen
EXCLUSION_REASON = {"conflict_of_interest": "conflict_disclosed"}  # by reason of the decline; for every other reason: declined_before


# ── What a dispute records for routing; values are replaced, never changed in place ───────────────────────────────────────────────


def record_registration(dispute, step) -> None:
    facts = step.facts
    dispute.village = facts.get("village")
    dispute.standings, dispute.flags = tuple(facts.get("standings") or ()), tuple(facts.get("flags") or ())


def record_screening(dispute, step) -> None:
    """Add the party types (`standings`) and risk flags that the screening found to those already known."""
    for name in ("standings", "flags"):
        if step.facts.get(name):
            setattr(dispute, name, tuple(sorted({*getattr(dispute, name), *step.facts[name]})))


def record_routing(dispute, step) -> None:
    """Record the body that the dispute is routed to. A body that was asked before and had not answered is excluded from further proposals."""
    asked = dispute.organisation or dispute.body
    if dispute.state == "routed" and asked:
        dispute.excluded_bodies = {**dispute.excluded_bodies, asked: "did_not_answer"}
    dispute.organisation = step.facts.get("organisation")
    dispute.joint = tuple(step.facts.get("joint_with") or ())


def record_decline(dispute, step) -> None:
    """Exclude the body that declined from further proposals."""
    asked = dispute.organisation or step.agency
    dispute.excluded_bodies = {**dispute.excluded_bodies, asked: EXCLUSION_REASON.get(step.facts["reason"], "declined_before")}
    dispute.organisation, dispute.joint = None, ()


# ── Guards ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def organisation_belongs_to_agency(dispute, step) -> bool:
    """The named organisation is on the roster that day and belongs to the agency that the dispute is routed to."""
    code = step.facts.get("organisation")
    if code is None or step.roster is None:
        return True
    organisation = step.roster.organisation(code, day_of(step.happened_at))
    return organisation is not None and organisation.agency == step.facts["to"]


# ── Proposals of bodies ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def starts_routing_deadline(decision) -> bool:
    return any(event_type == "deadline.set" and data["clock"] == ROUTING for event_type, data in decision.new_events)


def routing_facts(dispute) -> RoutingFacts:
    """Return the facts of the dispute that the rules use, with the bodies that must not be proposed."""
    excluded = dict(dispute.excluded_bodies)
    excluded |= {code: "conflict_disclosed" for code, agreed in dispute.conflicts.items() if not agreed}
    return RoutingFacts(dispute.kind, dispute.township, dispute.village, dispute.track, frozenset(dispute.standings), frozenset(dispute.flags), excluded)


def add_proposal(decision, rules: Rules, roster: Roster, records: dict[str, BodyRecord], now: datetime) -> None:
    """Add the event routing.proposed after the deadline within which the centre must route the dispute."""
    events = []
    for event_type, data in decision.new_events:
        events.append((event_type, data))
        if event_type == "deadline.set" and data["clock"] == ROUTING:
            proposal = propose(routing_facts(decision.dispute), rules, roster, records, day_of(now))
            deadline = {name: data[name] for name in ("clock", "kind", "article", "started_at", "due_at", "owed_by")}
            events.append(("routing.proposed", {**proposal, **deadline}))
    decision.new_events = events


# ── Proposals of mediators ────────────────────────────────────────────────────────────────────────────────────────────────────────


def needs_mediator(decision) -> bool:
    """Return whether a mediator has to be chosen.

    That is so if a body accepted the dispute without naming one, if a party refused the one named, or if the parties ask for an appointment.
    """
    dispute = decision.dispute
    return (
        dispute is not None
        and dispute.mediator is None
        and dispute.state in MEDIATOR_CHOICE_STATES
        and any(event_type in EVENTS_WITHOUT_MEDIATOR for event_type, _ in decision.new_events)
    )


def members_of_body(dispute, roster: Roster, now: datetime) -> list[str]:
    """Return the numbers of all people on the rosters of the body that handles the dispute."""
    return sorted({member.id for code in _organisations_of_body(dispute, roster, day_of(now)) for member in roster.members_of(code, day_of(now))})


def add_mediators(decision, roster: Roster, open_now: dict[str, int], now: datetime) -> None:
    """Add the event mediators.proposed if anybody on the body's roster can mediate the dispute. `open_now`: open disputes by mediator."""
    dispute = decision.dispute
    recused = {code for code, agreed in dispute.conflicts.items() if not agreed} | set(dispute.refused_mediators)
    preferred = next((data["prefers"] for event_type, data in decision.new_events if event_type == "mediator.requested" and data.get("prefers")), None)
    organisations = _organisations_of_body(dispute, roster, day_of(now))
    mediators = select_mediators(organisations, routing_facts(dispute), roster, open_now, recused, preferred, day_of(now))
    if mediators:
        is_appointment = any(event_type == "mediator.requested" for event_type, _ in decision.new_events)
        owed_by = agencies_in_role(dispute, ("appoints" if is_appointment else "body",))
        decision.new_events = [*decision.new_events, ("mediators.proposed", {"mediators": mediators, "owed_by": owed_by})]


def _organisations_of_body(dispute, roster, day) -> list[str]:
    """Return the codes of the organisations that may mediate: the named one, else those of the agency in the dispute's township and village.

    An agency's only organisation counts wherever it is; an organisation without a village serves its whole township.
    """
    if dispute.organisation:
        return [dispute.organisation]
    candidates = [organisation for organisation in roster.valid_on(day) if organisation.agency == dispute.body and organisation.kind in MEDIATION_BODY_KINDS]
    return [one.code for one in candidates if len(candidates) == 1 or (one.township == dispute.township and one.village in (None, dispute.village))]


# ── Counts of referrals by body ───────────────────────────────────────────────────────────────────────────────────────────────────


def asked_and_handling_body(dispute) -> tuple[str | None, str | None]:
    """Return the body that the dispute was routed to, and the same body if it is handling the dispute, else None."""
    if dispute is None:
        return None, None
    body = dispute.organisation or dispute.body
    return body, body if dispute.state in OPEN_WITH_BODY_STATES else None


def update_records(differences: dict[str, BodyRecord], before: tuple[str | None, str | None], decision) -> None:
    """Add what one decision changes to `differences`, by body. `before`: the result of asked_and_handling_body before the decision."""
    asked, handled_before = before
    handles_now = asked_and_handling_body(decision.dispute)[1]
    for body, difference in ((handled_before, -1), (handles_now, 1)):
        if body is not None and handled_before != handles_now:
            differences.setdefault(body, BodyRecord()).open += difference
    for event_type, _ in decision.new_events:
        if event_type == "referral.accepted":
            differences.setdefault(asked, BodyRecord()).accepted += 1
        elif event_type == "referral.declined":
            differences.setdefault(asked, BodyRecord()).declined += 1
