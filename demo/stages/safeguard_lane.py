"""The safeguard lane 安全保护专线: disputes in which somebody is in danger.

Nothing of it may be visible outside, in particular on the dashboard; such disputes are so few that counts reveal none of them.
The steps are reported by agencies inside the lane: police, court, women's federation.
"""

from datetime import timedelta

from demo import county
from demo.simulated_dispute import SimulatedDispute
from demo.stages import reporting


def report_danger(dispute: SimulatedDispute) -> None:
    """Report the dispute with a danger flag. Outside the lane its code does not exist until the hold has ended."""
    danger = dispute.choose("kind of danger")
    dispute.kind = {"violence_threat": "neighbour"}.get(danger, "family")
    dispute.reporter = county.LEADS[dispute.choose("reporting role in danger")]
    dispute.channel = {county.POLICE: "police_call", county.GRID: "grid"}.get(dispute.reporter, "walk_in")
    reporting.report(dispute, risk={danger: True})
    if danger == "domestic_violence" and dispute.happens("police warning"):
        dispute.advance_hours(3, 40)
        dispute.add_step(county.POLICE, "dv.warning_issued", {"issued_on": dispute.today()})
    _apply_and_release(dispute)


def flag_at_screening(dispute: SimulatedDispute) -> None:
    """Flag the danger at screening: the step takes effect, and then the dispute is held."""
    dispute.advance(hours=(1, 7))
    risk = {"minor": True} if dispute.kind in ("family", "inheritance") else {"violence_threat": True}
    dispute.add_step(county.WOMENS_FEDERATION, "dispute.screened", {"suitable": True, "track": "A", "kind": dispute.kind, "risk": risk})
    _apply_and_release(dispute)


def begin_during_mediation(dispute: SimulatedDispute) -> None:
    """Begin a hold during mediation: the police issue a warning, or somebody applies for a protection order."""
    dispute.advance_hours(2, 40)
    if dispute.choose("safeguard during mediation") == "protection order":
        _release_hold(dispute, _apply_for_order(dispute))
        return
    dispute.add_step(county.POLICE, "dv.warning_issued", {"issued_on": dispute.today()})
    _apply_and_release(dispute)


def _apply_and_release(dispute):
    _release_hold(dispute, dispute.happens("protection order applied for") and _apply_for_order(dispute))


def _release_hold(dispute, has_order):
    """Release the hold, by the court after a protection order, else by the police."""
    if has_order:
        dispute.advance_to(dispute.now + timedelta(days=dispute.random.randint(30, 150)))
        dispute.add_step(county.COURT, "hold.released", {"reason": "order_expired"})
        return
    dispute.advance(workdays=dispute.random.randint(3, 20))
    dispute.add_step(county.POLICE, "hold.released", {"reason": dispute.choose("release reason")})


def _apply_for_order(dispute):
    """Apply for a protection order; the court decides in 72 hours, or in 24 if urgent (反家庭暴力法 28). Return whether there is an order."""
    urgent = dispute.happens("urgent application")
    dispute.advance_hours(1, 20)
    applicant = county.LEADS[dispute.choose("applicant for protection order")]
    dispute.add_step(applicant, "protection_order.applied", {"urgent": urgent})
    dispute.advance_hours(0.5, 3)
    dispute.add_step(county.COURT, "protection_order.accepted", {"urgent": urgent, "accepted_at": dispute.now.isoformat()})
    dispute.advance_hours(4, 20 if urgent else 60)
    refused = dispute.happens("protection order refused")
    data = {"effective_at": dispute.now.isoformat()} | ({} if refused else {"months": dispute.random.randint(1, 6)})
    dispute.add_step(county.COURT, "protection_order.refused" if refused else "protection_order.issued", data)
    return not refused


def screen_after_release(dispute: SimulatedDispute) -> bool:
    """Screen the dispute after the hold. Return whether it is suitable for mediation: never by an ordinary committee, and with the women's federation."""
    dispute.advance(hours=(2, 8))
    suitable = dispute.happens("mediated after release")
    dispute.add_step(county.CENTRE, "dispute.screened", {"suitable": suitable, "track": "A", "kind": dispute.kind})
    return suitable
