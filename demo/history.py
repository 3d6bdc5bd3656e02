"""Simulates a past quarter of a county: which agency reports what, and when. Pure; the same seed gives the same history.

All persons are invented and marked so (虚构).
`probabilities` says how often each course is taken, `county` has places, kinds, amounts and agencies, and `stages` has the steps of each stage.
"""

from datetime import date, datetime, time, timedelta
from random import Random

from contracts.dates import SHANGHAI
from demo.simulated_dispute import SimulatedDispute
from demo.stages import archiving, court, mediating, referring, reporting, rosters, safeguard_lane
from demo.steps import DisputeHistory, Step
from demo.workdays import is_workday

QUARTER = timedelta(days=92)
IMPORTED_DISPUTES = 5
IMPORTED_FROM = datetime(2024, 11, 18, 9, tzinfo=SHANGHAI)


def simulate_history(seed: int, disputes: int, until: date) -> list[DisputeHistory]:
    """Return the quarter's disputes, a few older ones imported from the court's docket before filing, and the changes of the rosters."""
    imported = [_imported_dispute(seed, disputes + count, count) for count in range(1, IMPORTED_DISPUTES + 1)]
    return [*simulate_quarter(seed, disputes, until), *imported, *(DisputeHistory(0, "", "", "", steps) for steps in roster_changes(seed, until))]


def simulate_quarter(seed: int, disputes: int, until: date) -> list[DisputeHistory]:
    """Return disputes reported in the 92 days before `until`, oldest first."""
    random = Random(f"枫桥 {seed} quarter")
    times = sorted(_report_time(random, _midnight(until) - QUARTER) for _ in range(disputes))
    return [simulate_dispute(seed, number, reported_at) for number, reported_at in enumerate(times, 1)]


def roster_changes(seed: int, until: date) -> list[tuple[Step, ...]]:
    return rosters.changes(seed, _midnight(until) - QUARTER)


def simulate_dispute(seed: int, number: int, reported_at: datetime) -> DisputeHistory:
    """Simulate one dispute, with random numbers that depend on seed and number only, not on other disputes."""
    dispute = SimulatedDispute(seed, number, reported_at)
    if dispute.happens("safeguarded at report"):
        safeguard_lane.report_danger(dispute)
        if safeguard_lane.screen_after_release(dispute):
            _refer_and_mediate(dispute)
        _finish(dispute)
        return dispute.history()
    reporting.report(dispute)
    if dispute.mistake is None and dispute.happens("registered by mistake"):
        archiving.archive_mistaken_registration(dispute)
        return dispute.history()
    if not reporting.settle_at_grid_level(dispute):
        _screen_and_refer(dispute)
    _finish(dispute)
    return dispute.history()


def _screen_and_refer(dispute):
    if dispute.channel == "filing_desk" and dispute.kind != "medical" and court.file_at_desk(dispute):
        return
    if dispute.happens("safeguarded at screening"):
        safeguard_lane.flag_at_screening(dispute)
        _refer_and_mediate(dispute)
    elif referring.screen(dispute):
        _refer_and_mediate(dispute)


def _refer_and_mediate(dispute):
    referring.refer(dispute)
    if referring.gather_consents(dispute):
        mediating.mediate(dispute)


def _finish(dispute):
    if archiving.is_sued_after_failure(dispute):
        dispute.advance(workdays=dispute.random.randint(2, 12))
        court.sue(dispute)
    archiving.archive(dispute)
    if dispute.happens("reopened"):
        archiving.reopen(dispute)


def _imported_dispute(seed, number, count):
    dispute = SimulatedDispute(seed, number, IMPORTED_FROM)
    dispute.kind = "private_loan" if count % 2 else "contract"
    court.import_from_docket(dispute, IMPORTED_FROM + timedelta(days=5 * count))
    archiving.archive(dispute)
    return dispute.history()


def _midnight(day):
    return datetime.combine(day, time(), SHANGHAI)


def _report_time(random, start):
    """Return a random time in the quarter, less often on rest days."""
    while True:
        day = start + timedelta(days=random.randrange(QUARTER.days))
        if is_workday(day.date()) or random.random() < 0.3:
            return day + timedelta(hours=8, minutes=random.randrange(600))
