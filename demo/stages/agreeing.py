"""Steps after an agreement: report, optional confirmation by a court (司法确认), and performance of the terms, enforcement or a new agreement."""

from datetime import date, datetime, time, timedelta

from contracts.dates import SHANGHAI
from demo import county
from demo.simulated_dispute import SimulatedDispute
from demo.stages import court
from demo.stages.reporting import agreement_data
from demo.steps import REJECTED


def conclude_agreement(dispute: SimulatedDispute) -> None:
    terms = [] if dispute.happens("performed on the spot") else _random_terms(dispute)
    dispute.has_terms = bool(terms)
    form = "written" if terms or dispute.happens("written agreement") else "oral"
    _report_agreement(dispute, agreement_data(dispute, terms, form))
    if dispute.mistake == "archiving before performance" and terms:
        dispute.advance_by_hours(1, 20)
        dispute.add_step(dispute.body, "dispute.archived", {"archive_no": dispute.archive_no()}, expected=REJECTED)
    if dispute.mistake == "enforcement without title" and terms:
        dispute.advance_by_hours(1, 20)
        dispute.add_step(county.COURT, "enforcement.applied", {"on": dispute.current_date()}, expected=REJECTED)
    is_confirmed = bool(terms) and dispute.mistake is None and dispute.happens("confirmation applied for") and _obtain_confirmation(dispute)
    if is_confirmed is None:
        return  # confirmation was refused: _obtain_confirmation has added the following steps
    if is_confirmed and dispute.happens("agreement enforced"):
        _record_nonperformance(dispute, 1, terms[0]["due_on"])
        court.enforce_claim(dispute, dispute.responsible_court)
        return
    is_performed = True
    for number, term in enumerate(terms, 1):
        is_performed &= _perform_term(dispute, number, term["due_on"])
    if not terms or dispute.happens("followed up"):
        _follow_up(dispute, is_performed)


def _follow_up(dispute, is_performed):
    dispute.advance_time(workdays=dispute.random.randint(2, 14), hours=(0, 6))
    agency = dispute.body if dispute.random.random() < 0.6 else county.CENTRE
    dispute.add_step(agency, "dispute.followed_up", {"settled": is_performed, "satisfied": is_performed and dispute.happens("parties satisfied")})


def _report_agreement(dispute, facts):
    if facts["terms"] and dispute.happens("date reported wrongly"):
        day_before = date.fromisoformat(facts["effective_on"]) - timedelta(days=1)
        wrong_report = dispute.add_step(dispute.body, "agreement.reached", facts | {"effective_on": day_before.isoformat()})
        dispute.advance_by_hours(1, 6)
        dispute.add_step(dispute.body, "report.corrected", {"event": wrong_report.id, "reason": "wrong_facts", "corrects": "agreement.reached", "facts": facts})
        return
    dispute.add_step(dispute.body, "agreement.reached", facts)
    if facts["terms"] and dispute.happens("termination reported after agreement"):
        dispute.add_step(dispute.body, "mediation.terminated", {"ground": "agreement_reached"})


def _random_terms(dispute):
    terms, due = [], dispute.now
    count = dispute.random.choice((1, 1, 1, 2, 2, 3)) if dispute.amount_cny else 1
    for _ in range(count):
        due = due + timedelta(days=dispute.random.randint(5, 25))
        term = {"kind": _term_kind(dispute), "due_on": due.astimezone(SHANGHAI).date().isoformat()}
        if dispute.amount_cny:
            term["amount_cny"] = f"{max(1, dispute.amount_cny * 9 // 10 // count)}.00"
        terms.append(term)
    return terms


def _term_kind(dispute):
    if dispute.amount_cny:
        return "support" if dispute.kind == "family" else "payment"
    return dispute.choose("kind of term")


def _perform_term(dispute, number, due_on):
    if dispute.happens("term performed"):
        _advance_to_due_date(dispute, due_on, dispute.random.randint(-4, 0))
        _record_performance(dispute, number, "full")
        return True
    if dispute.happens("term performed in part"):  # the debtor performs a part first and the rest later
        _advance_to_due_date(dispute, due_on, 2)
        _record_performance(dispute, number, "part")
        dispute.advance_time(workdays=dispute.random.randint(5, 15))
        _record_performance(dispute, number, "full")
        return True
    _record_nonperformance(dispute, number, due_on)
    return False


def _record_nonperformance(dispute, number, due_on):
    _advance_to_due_date(dispute, due_on, 2)
    _record_performance(dispute, number, "default")


def _advance_to_due_date(dispute, due_on, days):
    dispute.advance_time_to(datetime.combine(date.fromisoformat(due_on), time(9), SHANGHAI) + timedelta(days=days))


def _record_performance(dispute, number, result):
    dispute.add_step(dispute.body, "performance.recorded", {"term": number, "result": result, "on": dispute.current_date()})


# ── 司法确认 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _obtain_confirmation(dispute):
    """Apply to the court for confirmation of the agreement within thirty days.

    Return True if the confirmation is granted, False if the application is withdrawn, and None if it is refused. After a refusal also add the next steps.
    """
    result = _apply_for_confirmation(dispute)
    if result == "confirmation.withdrawn" and dispute.happens("confirmation applied for again"):
        result = _apply_for_confirmation(dispute)
    if result != "confirmation.refused":
        return result == "confirmation.granted"
    dispute.advance_time(workdays=dispute.random.randint(1, 4))
    if dispute.happens("new agreement"):  # permitted by 民事诉讼法 206
        dispute.add_step(dispute.body, "mediation.started")
        dispute.advance_time(workdays=1)
        dispute.add_step(dispute.body, "agreement.reached", agreement_data(dispute, [], "written"))
        _follow_up(dispute, True)
        return None
    dispute.add_step(dispute.body, "mediation.terminated", {"ground": "differences_too_large"})
    return None


def _apply_for_confirmation(dispute):
    dispute.advance_time(workdays=dispute.random.randint(0, 4))
    facts = {"applied_on": dispute.current_date(), "applicants": dispute.party_labels, "court": dispute.responsible_court, "court_ground": "body_place"}
    dispute.add_step(dispute.body, "confirmation.applied", facts)
    if dispute.happens("papers missing"):
        dispute.advance_time(workdays=1)
        dispute.add_step(dispute.responsible_court, "papers.received", {"reason": "missing_papers", "on": dispute.current_date()})
    dispute.advance_time(workdays=dispute.random.choice((0, 0, 1, 1)))
    dispute.add_step(dispute.responsible_court, "confirmation.accepted")
    dispute.advance_time(workdays=dispute.random.randint(1, 7))
    if dispute.happens("confirmation extended"):
        dispute.add_step(dispute.responsible_court, "confirmation.extended", {"days": 10})
        dispute.advance_time(workdays=dispute.random.randint(3, 7))
    is_late = dispute.happens("confirmation decided late")
    if is_late:
        dispute.advance_time(workdays=70)  # far beyond the thirty days of 民事诉讼法 187
    result = dispute.choose("confirmation result")
    if is_late and result == "confirmation.withdrawn":
        result = "confirmation.granted"  # the thirty days within which the parties could apply again have ended (民事诉讼法 205)
    _decide_confirmation(dispute, result)
    if result == "confirmation.granted" and dispute.happens("confirmation objected to"):
        dispute.advance_time(workdays=dispute.random.randint(1, 6))
        dispute.add_step(dispute.responsible_court, "confirmation.objected", {"by": "respondent", "objected_on": dispute.current_date()})
        dispute.advance_time(workdays=dispute.random.randint(2, 6))
        result = dispute.choose("objection result")
        _decide_confirmation(dispute, result)
    return result


def _decide_confirmation(dispute, result):
    data = {}
    if result == "confirmation.refused":
        data = {"ground": dispute.choose("confirmation refusal ground")}
    elif result == "confirmation.granted":
        data = {"served_on": dispute.current_date()}
    dispute.add_step(dispute.body if result == "confirmation.withdrawn" else dispute.responsible_court, result, data)
