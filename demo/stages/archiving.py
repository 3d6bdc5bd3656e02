"""Steps at the end of a dispute: follow-up, archiving, and reopening of some disputes."""

from demo import county
from demo.simulated_dispute import SimulatedDispute


def is_sued_after_failure(dispute: SimulatedDispute) -> bool:
    """Return whether mediation has failed and, by random decision, a party then sues (人民调解法 26)."""
    return (
        dispute.last_step.type in ("mediation.terminated", "consent.refused")
        and dispute.last_step.data.get("ground") != "agreement_reached"
        and dispute.happens("sued after failure")
    )


def archive_mistaken_registration(dispute: SimulatedDispute) -> None:
    """Archive a dispute that was registered by mistake and has not been screened."""
    dispute.advance_time(hours=(1, 4))
    dispute.add_step(county.CENTRE, "dispute.archived", {"archive_no": dispute.archive_no(), "reason": dispute.choose("reason of mistaken registration")})


def archive_dispute(dispute: SimulatedDispute) -> None:
    if dispute.last_step.type == "mediation.terminated" and dispute.happens("failure followed up"):
        dispute.advance_time(workdays=dispute.random.randint(1, 6))
        dispute.add_step(dispute.body, "dispute.followed_up", {"settled": False})
    dispute.advance_time(workdays=dispute.random.randint(1, 8), hours=(0, 6))
    is_with_body = any(step.type == "dispute.routed" for step in dispute.steps) and not dispute.is_filed
    dispute.add_step(dispute.body if is_with_body else county.CENTRE, "dispute.archived", {"archive_no": dispute.archive_no()})


def reopen_dispute(dispute: SimulatedDispute) -> None:
    """Reopen the archived dispute under its code. The parties then settle it themselves, and it is archived again."""
    dispute.advance_time(workdays=dispute.random.randint(3, 15))
    dispute.add_step(county.CENTRE, "dispute.reopened", {"reason": dispute.choose("reopening reason")})
    dispute.advance_time(hours=(1, 7))
    dispute.add_step(county.CENTRE, "dispute.screened", {"suitable": True, "track": "A", "kind": dispute.kind})
    dispute.advance_time(workdays=dispute.random.randint(1, 3))
    dispute.add_step(county.CENTRE, "mediation.terminated", {"ground": "self_settled_withdrawn"})
    dispute.add_step(county.CENTRE, "dispute.archived", {"archive_no": dispute.archive_no()})
