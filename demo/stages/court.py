"""Steps of the court (track B): filing or refusal, entrusted mediation of fifteen or seven days, trial, closing, enforcement; and cases from before 2025."""

from datetime import datetime, timedelta

from contracts.dates import SHANGHAI
from demo import bodies, county
from demo.simulated_dispute import SimulatedDispute
from demo.stages.reporting import agreement_data
from demo.steps import REJECTED


def file_at_desk(dispute: SimulatedDispute) -> bool:
    """Screen a claim brought to the court's filing desk, and file the case or refuse it. Return whether it was filed."""
    court, received = dispute.reporter, dispute.current_date()
    dispute.advance_by_hours(0.2, 1)
    dispute.add_step(court, "dispute.screened", {"suitable": True, "track": "B", "court_received_on": received, "kind": dispute.kind})
    restarted = None
    if dispute.happens("complaint corrected"):
        dispute.advance_time(workdays=dispute.random.randint(1, 3))
        restarted = dispute.current_date()
        dispute.add_step(court, "papers.received", {"reason": "correction", "on": restarted})
    return file_suit(dispute, court, received, restarted)


def file_suit(dispute: SimulatedDispute, court: str = county.COURT, received: str | None = None, restarted: str | None = None) -> bool:
    """File the case or, by random decision, refuse the filing. Return whether the case was filed."""
    received = received or dispute.current_date()
    if dispute.happens("filing refused"):
        dispute.advance_time(workdays=dispute.random.randint(1, 4))
        reason = "arbitration_first" if dispute.kind == "labour" else dispute.choose("filing refusal reason")
        dispute.add_step(court, "case.filing_refused", _filing_dates(dispute, received, restarted) | {"reason": reason})
        return False
    file_case(dispute, court, received, restarted)
    return True


def file_case(dispute: SimulatedDispute, court: str = county.COURT, received: str | None = None, restarted: str | None = None) -> None:
    """File the case, optionally entrust it to a mediation body, and hold a trial if it is not settled there."""
    received = received or dispute.current_date()
    dispute.advance_time(workdays=7 if dispute.happens("filing decided late") else dispute.random.randint(0, 3))
    dispute.is_filed = True
    procedure = dispute.choose("court procedure")
    dispute.add_step(
        court, "case.filed", _filing_dates(dispute, received, restarted) | {"cause": county.CAUSE_CODE_OF_KIND.get(dispute.kind, "10"), "procedure": procedure}
    )
    if dispute.kind != "medical" and dispute.happens("case entrusted") and _entrust_case(dispute, court, procedure):
        return
    _hold_trial(dispute, court, procedure)


def _filing_dates(dispute, received, restarted):
    return {"received_on": received, "decided_on": dispute.current_date()} | ({"restarted_on": restarted} if restarted else {})


def _entrust_case(dispute, court, procedure):
    """Entrust the case (委托调解) to the dispute's mediation body or to a mediator invited by the court. Return whether it was settled there."""
    invited_mediators = bodies.invited_mediators() if dispute.random.random() < 0.5 else ()
    to, mediator = dispute.random.choice(invited_mediators) if invited_mediators else (dispute.body, None)
    dispute.set_body(to)
    dispute.advance_time(workdays=dispute.random.randint(0, 2))
    dispute.add_step(court, "case.entrusted", {"to": to, "procedure": procedure})
    dispute.advance_time(hours=(1, 20))
    dispute.add_step(to, "referral.accepted", {"mediator": mediator} if mediator else {})
    for party in dispute.party_labels:
        dispute.add_step(to, "consent.given", {"party": party, "how": "online"})
    dispute.add_step(to, "mediation.started")
    dispute.advance_time(hours=(2, 20))
    dispute.add_step(
        to, "session.held", {"mode": dispute.choose_weighted({"video": 6, "court_visit": 3, "in_person": 4}), "minutes": 5 * dispute.random.randint(4, 20)}
    )
    dispute.mediator = mediator
    if dispute.happens("entrusted mediation extended"):
        dispute.add_step(to, "mediation.extended", {"days": 30, "consents": dispute.party_labels})
        dispute.advance_time(workdays=dispute.random.randint(6, 14))
    dispute.advance_time(workdays=dispute.random.randint(6, 14) if dispute.happens("entrusted case overdue") else dispute.random.randint(0, 2))
    if dispute.happens("entrusted case settled"):
        dispute.add_step(to, "agreement.reached", agreement_data(dispute, [], "written"))
        dispute.advance_time(hours=(1, 20))
        dispute.add_step(court, "case.closed", {"mode": dispute.choose("closing mode of a settled case")})
        return True
    dispute.add_step(to, "mediation.terminated", {"ground": dispute.choose("termination ground")})
    return False


def _hold_trial(dispute, court, procedure):
    dispute.advance_time(workdays=dispute.random.randint(1, 5))
    dispute.add_step(court, "case.procedure_set", {"procedure": procedure})
    _name_participant(dispute, court)
    if dispute.happens("appraisal in trial"):
        dispute.add_step(court, "clock.paused", {"reason": "appraisal"})
        dispute.advance_time(workdays=dispute.random.randint(8, 15))
        dispute.add_step(court, "clock.resumed", {"reason": "appraisal"})
    if dispute.happens("trial extended"):
        dispute.add_step(court, "trial.extended", {"months": 1})
    elif procedure != "ordinary" and dispute.happens("changed to ordinary procedure"):
        dispute.advance_time(workdays=dispute.random.randint(5, 12))
        dispute.add_step(court, "case.procedure_set", {"procedure": "ordinary"})
    dispute.advance_time(workdays=dispute.random.randint(8, 30))
    # If the parties have an agreement that was not confirmed, the trial ends with a judgment.
    mode = "judgment" if dispute.has_terms else dispute.choose("closing mode of a trial")
    dispute.add_step(court, "case.closed", {"mode": mode})
    if mode == "judgment" and dispute.happens("judgment enforced"):
        enforce_claim(dispute, court)


def _name_participant(dispute, court):
    if dispute.happens("participant named"):
        dispute.add_step(court, "participant.named", {"part": dispute.choose("participant's role")})
    if dispute.mistake == "mediator named in trial" and dispute.mediator and any(step.type == "mediation.started" for step in dispute.steps):
        dispute.add_step(court, "participant.named", {"part": "assessor", "mediator": dispute.mediator}, expected=REJECTED)


def enforce_claim(dispute: SimulatedDispute, court: str) -> None:
    dispute.advance_time(workdays=dispute.random.randint(3, 12))
    dispute.add_step(court, "enforcement.applied", {"on": dispute.current_date()})
    dispute.advance_time(workdays=dispute.random.randint(8, 30))
    dispute.add_step(court, "enforcement.completed", {"on": dispute.current_date(), "result": dispute.choose("enforcement result")})


# ── pre-filing docket (诉前调), for imported cases only ──────────────────────────────────────────────────────────────────


def import_from_docket(dispute: SimulatedDispute, day: datetime) -> None:
    """Import a claim from the court's pre-filing docket (诉前调), which the court had referred to mediation before the procedure was abolished on 2025-01-01.

    The mediation is completed under the old procedure. `day`: day of the referral.
    """
    dispute.now, dispute.reporter = day, county.COURT
    received = dispute.current_date()
    data = {"report_no": dispute.report_no(county.COURT), "channel": "import", "place": {"township": dispute.township}, "kind": dispute.kind, "wants": "filing"}
    data |= {"cause": county.CAUSE_CODE_OF_KIND.get(dispute.kind, "10"), "parties": [dispute.invented_person(label) for label in dispute.party_labels]}
    dispute.add_step(county.COURT, "dispute.reported", data, subject=data["report_no"])
    dispute.add_step(county.COURT, "dispute.screened", {"suitable": True, "track": "legacy", "court_received_on": received, "kind": dispute.kind})
    dispute.set_body(county.usual_body_for(dispute.kind, dispute.township))
    dispute.advance_time(hours=(1, 6))
    dispute.add_step(county.COURT, "dispute.routed", {"to": dispute.body, "reason": "by_roster"})
    dispute.advance_time(hours=(1, 7))
    dispute.mediator = dispute.random.choice(bodies.mediator_numbers(dispute.body, None))
    dispute.add_step(dispute.body, "referral.accepted", {"mediator": dispute.mediator})
    for party in dispute.party_labels:
        dispute.add_step(dispute.body, "consent.given", {"party": party, "how": "in_writing"})
    dispute.add_step(dispute.body, "mediation.started")
    dispute.advance_time(workdays=dispute.random.randint(5, 14))
    dispute.add_step(dispute.body, "session.held", {"mode": "in_person", "minutes": 90})
    if not dispute.happens("agreement reached"):
        dispute.add_step(dispute.body, "mediation.terminated", {"ground": "differences_too_large"})
        dispute.now = max(dispute.now, datetime(2025, 1, 6, 9, tzinfo=SHANGHAI))
        file_case(dispute)
        return
    due = (dispute.now + timedelta(days=20)).date().isoformat()
    dispute.add_step(dispute.body, "agreement.reached", agreement_data(dispute, [{"kind": "payment", "due_on": due, "amount_cny": "6000.00"}], "written"))
    dispute.advance_time(workdays=2)
    facts = {"applied_on": dispute.current_date(), "applicants": dispute.party_labels, "court": county.COURT, "court_ground": "inviting_court"}
    dispute.add_step(dispute.body, "confirmation.applied", facts)
    dispute.advance_time(hours=(1, 8))
    dispute.add_step(county.COURT, "confirmation.accepted")
    dispute.advance_time(workdays=4)
    dispute.add_step(county.COURT, "confirmation.granted")
    dispute.advance_time(workdays=8)
    dispute.add_step(dispute.body, "performance.recorded", {"term": 1, "result": "full", "on": dispute.current_date()})
