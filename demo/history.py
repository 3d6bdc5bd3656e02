"""Simulation of a past quarter of a county: which agency reports which step, and when. No I/O; the same seed gives the same history.

All persons are invented, and their names are marked as invented (虚构). The module `probabilities` has the probability of each branch, `county` has places,
kinds of dispute, amounts and agencies, and the package `stages` has the steps of each stage.
"""

from datetime import date, datetime, time, timedelta
from random import Random

from contracts.dates import SHANGHAI
from demo.simulated_dispute import SimulatedDispute
from demo.stages import archiving, court, mediating, referring, reporting, rosters, safeguard_lane
from demo.steps import DisputeHistory, Step
from demo.workdays import is_workday

QUARTER_LENGTH = timedelta(days=92)
NUMBER_OF_IMPORTED_DISPUTES = 5
FIRST_IMPORT_AT = datetime(2024, 11, 18, 9, tzinfo=SHANGHAI)


def simulate_history(seed: int, disputes: int, until: date) -> list[DisputeHistory]:
    """Return the histories of the quarter's disputes, of a few older disputes from the court's pre-filing docket (诉前调), and of the roster changes."""
    imported = [_imported_dispute(seed, disputes + count, count) for count in range(1, NUMBER_OF_IMPORTED_DISPUTES + 1)]
    return [*simulate_quarter(seed, disputes, until), *imported, *(DisputeHistory(0, "", "", "", steps) for steps in roster_changes(seed, until))]


def simulate_quarter(seed: int, disputes: int, until: date) -> list[DisputeHistory]:
    """Return the histories of the disputes reported in the 92 days before `until`, oldest first. `disputes`: their number."""
    random = Random(f"枫桥 {seed} quarter")
    times = sorted(_random_report_time(random, _midnight(until) - QUARTER_LENGTH) for _ in range(disputes))
    return [simulate_dispute(seed, number, reported_at) for number, reported_at in enumerate(times, 1)]


def roster_changes(seed: int, until: date) -> list[tuple[Step, ...]]:
    return rosters.roster_change_steps(seed, _midnight(until) - QUARTER_LENGTH)


def simulate_dispute(seed: int, number: int, reported_at: datetime) -> DisputeHistory:
    """Return the simulated history of one dispute. It depends only on the arguments, not on other disputes."""
    dispute = SimulatedDispute(seed, number, reported_at)
    if dispute.happens("safeguarded at report"):
        safeguard_lane.report_danger(dispute)
        if safeguard_lane.screen_after_release(dispute):
            _refer_and_mediate(dispute)
        _finish_dispute(dispute)
        return dispute.to_history()
    reporting.report_dispute(dispute)
    if dispute.mistake is None and dispute.happens("registered by mistake"):
        archiving.archive_mistaken_registration(dispute)
        return dispute.to_history()
    if not reporting.settle_at_grid_level(dispute):
        _screen_and_refer(dispute)
    _finish_dispute(dispute)
    return dispute.to_history()


def _screen_and_refer(dispute):
    if dispute.channel == "filing_desk" and dispute.kind != "medical" and court.file_at_desk(dispute):
        return
    if dispute.happens("safeguarded at screening"):
        safeguard_lane.flag_at_screening(dispute)
        _refer_and_mediate(dispute)
    elif referring.screen_dispute(dispute):
        _refer_and_mediate(dispute)


def _refer_and_mediate(dispute):
    referring.refer_dispute(dispute)
    if referring.gather_party_consents(dispute):
        mediating.mediate_dispute(dispute)


def _finish_dispute(dispute):
    if archiving.is_sued_after_failure(dispute):
        dispute.advance_time(workdays=dispute.random.randint(2, 12))
        court.file_suit(dispute)
    archiving.archive_dispute(dispute)
    if dispute.happens("reopened"):
        archiving.reopen_dispute(dispute)


def _imported_dispute(seed, number, count):
    dispute = SimulatedDispute(seed, number, FIRST_IMPORT_AT)
    dispute.kind = "private_loan" if count % 2 else "contract"
    court.import_from_docket(dispute, FIRST_IMPORT_AT + timedelta(days=5 * count))
    archiving.archive_dispute(dispute)
    return dispute.to_history()


def _midnight(day):
    return datetime.combine(day, time(), SHANGHAI)


def _random_report_time(random, start):
    """Return a random time in the quarter. Rest days are chosen less often than working days."""
    while True:
        day = start + timedelta(days=random.randrange(QUARTER_LENGTH.days))
        if is_workday(day.date()) or random.random() < 0.3:
            return day + timedelta(hours=8, minutes=random.randrange(600))
