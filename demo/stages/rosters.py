"""Simulated changes of mediation rosters in a quarter. Roster changes belong to no dispute; mediators have numbers instead of names."""

from datetime import datetime, timedelta

from contracts import COUNTY
from demo import bodies, county
from demo.steps import Step
from demo.workdays import next_office_time

# One roster change per row; `day` counts from the start of the quarter. The rosters are those of _rosters().
# fmt: off
ROSTER_CHANGES = (
    # roster               day   mediator       change      further data
    ("own committee",       9,   "new-091",     "added",    {"role": "mediator"}),
    ("other committee",    10,   "new-092",     "added",    {"role": "mediator"}),
    ("invited",            16,   "invited-091", "added",    {"role": "invited_mediator", "takes": ["private_loan", "contract"]}),
    ("other committee",    37,   "new-092",     "changed",  {"takes": ["neighbour", "housing_plot", "property_management"]}),
    ("invited",            51,   "invited-091", "changed",  {"takes": ["private_loan", "contract", "finance"]}),
    ("own committee",      74,   "new-091",     "removed",  {}),
)
# fmt: on


def roster_change_steps(seed: int, quarter_begin: datetime) -> list[tuple[Step, ...]]:
    """Return one tuple of roster.changed steps for each organisation, in order of time. Rosters that the county does not have are omitted."""
    rosters, steps_by_organisation = _rosters(), {}
    for number, (roster, day, mediator, change, details) in enumerate(ROSTER_CHANGES, 1):
        if roster not in rosters:
            continue
        agency, organisation = rosters[roster]
        at = next_office_time(quarter_begin + timedelta(days=day, hours=10), 20)
        data = {"organisation": organisation, "mediator": mediator, "change": change, "on": at.date().isoformat()} | details
        steps_by_organisation.setdefault(organisation, []).append(Step(f"demo-{seed}-roster-{number:02}", agency, "roster.changed", data, at, organisation))
    return [tuple(steps) for steps in steps_by_organisation.values()]


def _rosters() -> dict[str, tuple[str, str]]:
    """Return {roster name in ROSTER_CHANGES: (agency that reports its changes, organisation)}.

    "own committee" and "other committee" belong to the largest township with and without its own mediation agency, "invited" to a body invited by the court.
    """
    by_size = sorted(COUNTY.townships, key=lambda township: (-county.RESIDENTS_OF_TOWNSHIP.get(township, 0), township))
    with_committee = [township for township in by_size if bodies.township_committees(township)]
    with_own_agency = [township for township in with_committee if COUNTY.serving_agency("B", township)]
    without_own_agency = [township for township in with_committee if township not in with_own_agency]
    rosters = {
        name: (county.JUSTICE_BUREAU, bodies.township_committees(townships[0])[0])
        for name, townships in (("own committee", with_own_agency), ("other committee", without_own_agency))
        if townships
    }
    return rosters | ({"invited": (county.COURT, bodies.invited_mediation_bodies()[0])} if bodies.invited_mediation_bodies() else {})
