"""Steps during mediation that do not end it: calls to departments, supervision, petitions, withdrawn and corrected reports, ordinary stays."""

from datetime import timedelta

from demo import county
from demo.simulated_dispute import SimulatedDispute
from demo.steps import REJECTED

# ── calls to departments (中心吹哨、部门报到) ──────────────────────────────────────────────────────────────────────────────────


def call_departments(dispute: SimulatedDispute) -> None:
    called = list(departments_to_call(dispute))
    dispute.add_step(county.CENTRE, "departments.called", {"to": called, "reason": dispute.choose("reason to call departments")})
    answer_department_calls(dispute, called)


def departments_to_call(dispute: SimulatedDispute) -> tuple[str, ...]:
    return county.departments_to_call(dispute.kind, dispute.township, dispute.body)


def answer_department_calls(dispute: SimulatedDispute, called: list[str]) -> None:
    for agency in called:
        if dispute.happens("department answered"):
            dispute.advance_by_hours(0.2, 4)
            dispute.add_step(agency, "call.answered", {"answer": dispute.choose("department's answer")})


# ── supervision (督办) ──────────────────────────────────────────────────────────────────────────────────────────────────


def issue_overdue_supervision(dispute: SimulatedDispute) -> None:
    _, clock = dispute.mediation_period
    dispute.advance_time_to(dispute.period_ends + timedelta(days=1))
    dispute.add_step(county.CENTRE, "supervision.issued", {"to": dispute.body, "urged_for": "overdue", "clock": clock})
    if not _answer_supervision(dispute):
        dispute.advance_time(workdays=4)
        dispute.add_step(county.POLITICAL_LEGAL_COMMITTEE, "supervision.issued", {"to": dispute.body, "urged_for": "no_answer", "clock": "supervision_answer"})
        _answer_supervision(dispute)


def issue_committee_supervision(dispute: SimulatedDispute) -> None:
    dispute.advance_time(hours=(1, 20))
    dispute.add_step(
        county.POLITICAL_LEGAL_COMMITTEE, "supervision.issued", {"to": dispute.body, "urged_for": dispute.choose("committee's supervision reason")}
    )
    _answer_supervision(dispute)


def _answer_supervision(dispute):
    is_answered = dispute.happens("supervision answered")
    if is_answered:
        dispute.advance_time(workdays=dispute.random.randint(0, 2))
        dispute.add_step(dispute.body, "supervision.answered", {"answer": dispute.choose("answer to supervision")})
    return is_answered


# ── petitions (信访) ────────────────────────────────────────────────────────────────────────────────────────────────────


def register_petition(dispute: SimulatedDispute) -> None:
    number = {"petition_no": f"演示{dispute.seed}-访-{dispute.number:05}"}
    dispute.add_step(county.PETITION_OFFICE, "petition.registered", number | {"repeat": dispute.random.random() < 0.1})
    dispute.advance_time(hours=(1, 8))
    if dispute.happens("petition transferred"):
        dispute.add_step(county.PETITION_OFFICE, "petition.transferred", number | {"to": departments_to_call(dispute)[-1]})
        if dispute.happens("petition returned"):
            dispute.advance_time(workdays=1)
            dispute.add_step(county.PETITION_OFFICE, "petition.returned", number)
    dispute.add_step(county.PETITION_OFFICE, "petition.accepted", number)
    dispute.advance_time(hours=(1, 8))
    if dispute.happens("petition extended"):
        dispute.add_step(county.PETITION_OFFICE, "petition.extended", {"days": 30})
    dispute.add_step(county.PETITION_OFFICE, "petition.decided", number | {"result": dispute.choose("petition result")})


# ── steps reported wrongly ────────────────────────────────────────────────────────────────────────────────────────────


def report_and_withdraw(dispute: SimulatedDispute) -> None:
    """Report a step that belongs to another dispute, or report a session twice, and withdraw the wrong report."""
    reason = dispute.choose("withdrawal reason")
    wrong_report = dispute.steps[-1] if dispute.last_step.type == "session.held" and reason == "twice" else None
    if wrong_report is not None:
        wrong_report = dispute.add_step(dispute.body, "session.held", wrong_report.data)
    else:
        wrong_report = dispute.add_step(dispute.body, "mediation.terminated", {"ground": "party_unwilling"})
        reason = "wrong_dispute" if reason == "twice" else reason
    dispute.advance_by_hours(1, 5)
    dispute.add_step(dispute.body, "report.withdrawn", {"event": wrong_report.id, "reason": reason})


def report_and_correct_session(dispute: SimulatedDispute) -> None:
    wrong_report = dispute.add_step(dispute.body, "session.held", {"mode": "in_person", "minutes": 600})
    dispute.advance_by_hours(1, 5)
    corrected_data = {"mode": "in_person", "minutes": 60}
    dispute.add_step(dispute.body, "report.corrected", {"event": wrong_report.id, "reason": "wrong_facts", "corrects": "session.held", "facts": corrected_data})


# ── ordinary stays (暂缓办理) ─────────────────────────────────────────────────────────────────────────────────────────────


def stay_dispute(dispute: SimulatedDispute) -> None:
    """Stay the dispute for an ordinary reason. Agencies outside the safeguard lane see a safeguard hold as such a stay and cannot tell the two apart."""
    role, reason = dispute.choose("stay agency and reason")
    agency = county.LEADING_AGENCIES[role]
    dispute.add_step(agency, "dispute.stayed", {"reason": reason})
    attempt_step_during_stay(dispute)
    dispute.advance_time(workdays=dispute.random.randint(1, 6))
    dispute.add_step(agency, "stay.lifted")


def attempt_step_during_stay(dispute: SimulatedDispute) -> None:
    """At random, let the centre report a step although the dispute is stayed. The step is rejected with the reason `stayed`, without the reason of the stay."""
    if dispute.happens("step attempted during stay"):
        dispute.advance_by_hours(1, 6)
        dispute.add_step(county.CENTRE, "departments.called", {"to": [county.JUSTICE_BUREAU], "reason": "expertise"}, expected=REJECTED)
