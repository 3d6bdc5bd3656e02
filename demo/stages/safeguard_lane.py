"""Steps in the safeguard lane (安全保护专线): events of disputes in which a person is in danger, which only police, courts and women's federation see.

Nothing about these disputes may be visible outside the safeguard lane, in particular on the dashboard. They are so few that counts reveal none of them.
"""

from datetime import timedelta

from demo import county
from demo.simulated_dispute import SimulatedDispute
from demo.stages import reporting


def report_danger(dispute: SimulatedDispute) -> None:
    """Report a dispute with a danger flag. Until its safeguard hold has ended, its code is unknown to agencies outside the safeguard lane."""
    danger = dispute.choose("kind of danger")
    dispute.kind = {"violence_threat": "neighbour"}.get(danger, "family")
    dispute.reporter = county.LEADING_AGENCIES[dispute.choose("reporting role in danger")]
    dispute.channel = {county.POLICE: "police_call", county.GRID: "grid"}.get(dispute.reporter, "walk_in")
    reporting.report_dispute(dispute, risk={danger: True})
    if danger == "domestic_violence" and dispute.happens("police warning"):
        dispute.advance_by_hours(3, 40)
        dispute.add_step(county.POLICE, "dv.warning_issued", {"issued_on": dispute.current_date()})
    _apply_and_release(dispute)


def flag_at_screening(dispute: SimulatedDispute) -> None:
    """Report a danger at screening: the screening takes effect, and then a safeguard hold begins."""
    dispute.advance_time(hours=(1, 7))
    risk = {"minor": True} if dispute.kind in ("family", "inheritance") else {"violence_threat": True}
    dispute.add_step(county.WOMENS_FEDERATION, "dispute.screened", {"suitable": True, "track": "A", "kind": dispute.kind, "risk": risk})
    _apply_and_release(dispute)


def begin_hold_during_mediation(dispute: SimulatedDispute) -> None:
    """Begin a safeguard hold during mediation: the police issue a warning, or a protection order is applied for."""
    dispute.advance_by_hours(2, 40)
    if dispute.choose("safeguard during mediation") == "protection order":
        _release_hold(dispute, _apply_for_order(dispute))
        return
    dispute.add_step(county.POLICE, "dv.warning_issued", {"issued_on": dispute.current_date()})
    _apply_and_release(dispute)


def _apply_and_release(dispute):
    _release_hold(dispute, dispute.happens("protection order applied for") and _apply_for_order(dispute))


def _release_hold(dispute, has_order):
    """Release the safeguard hold: the court does so when the protection order has expired; without an order the police do so."""
    if has_order:
        dispute.advance_time_to(dispute.now + timedelta(days=dispute.random.randint(30, 150)))
        dispute.add_step(county.COURT, "hold.released", {"reason": "order_expired"})
        return
    dispute.advance_time(workdays=dispute.random.randint(3, 20))
    dispute.add_step(county.POLICE, "hold.released", {"reason": dispute.choose("release reason")})


def _apply_for_order(dispute):
    """Apply for a protection order, which the court decides within 72 hours, or 24 hours if urgent (反家庭暴力法 28). Return whether it is issued."""
    urgent = dispute.happens("urgent application")
    dispute.advance_by_hours(1, 20)
    applicant = county.LEADING_AGENCIES[dispute.choose("applicant for protection order")]
    dispute.add_step(applicant, "protection_order.applied", {"urgent": urgent})
    dispute.advance_by_hours(0.5, 3)
    dispute.add_step(county.COURT, "protection_order.accepted", {"urgent": urgent, "accepted_at": dispute.now.isoformat()})
    dispute.advance_by_hours(4, 20 if urgent else 60)
    refused = dispute.happens("protection order refused")
    data = {"effective_at": dispute.now.isoformat()} | ({} if refused else {"months": dispute.random.randint(1, 6)})
    dispute.add_step(county.COURT, "protection_order.refused" if refused else "protection_order.issued", data)
    return not refused


def screen_after_release(dispute: SimulatedDispute) -> bool:
    """Screen the dispute after its safeguard hold. Return whether it is suitable for mediation."""
    dispute.advance_time(hours=(2, 8))
    suitable = dispute.happens("mediated after release")
    dispute.add_step(county.CENTRE, "dispute.screened", {"suitable": suitable, "track": "A", "kind": dispute.kind})
    return suitable
