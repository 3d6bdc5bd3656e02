"""Changes of the rosters in a quarter. They belong to no dispute, and mediators have numbers, no names."""

from datetime import datetime, timedelta

from contracts import COUNTY
from demo import bodies, county
from demo.steps import Step
from demo.workdays import next_office_time

# fmt: off
CHANGES = (
    # roster               day   mediator       change      further data
    ("own committee",       9,   "new-091",     "added",    {"role": "mediator"}),
    ("other committee",    10,   "new-092",     "added",    {"role": "mediator"}),
    ("invited",            16,   "invited-091", "added",    {"role": "invited_mediator", "takes": ["private_loan", "contract"]}),
    ("other committee",    37,   "new-092",     "changed",  {"takes": ["neighbour", "housing_plot", "property_management"]}),
    ("invited",            51,   "invited-091", "changed",  {"takes": ["private_loan", "contract", "finance"]}),
    ("own committee",      74,   "new-091",     "removed",  {}),
)
# fmt: on


def changes(seed: int, quarter_begin: datetime) -> list[tuple[Step, ...]]:
    """Return the steps of each organisation in order. Rosters that the county does not have are left out."""
    rosters, steps_by_organisation = _rosters(), {}
    for number, (roster, day, mediator, change, details) in enumerate(CHANGES, 1):
        if roster not in rosters:
            continue
        agency, organisation = rosters[roster]
        at = next_office_time(quarter_begin + timedelta(days=day, hours=10), 20)
        data = {"organisation": organisation, "mediator": mediator, "change": change, "on": at.date().isoformat()} | details
        steps_by_organisation.setdefault(organisation, []).append(Step(f"demo-{seed}-roster-{number:02}", agency, "roster.changed", data, at, organisation))
    return [tuple(steps) for steps in steps_by_organisation.values()]


def _rosters() -> dict[str, tuple[str, str]]:
    """Return {roster: (agency that keeps it, organisation)}: of the largest township with and without a mediation agency of its own, and an invited body."""
    by_size = sorted(COUNTY.townships, key=lambda township: (-county.RESIDENTS.get(township, 0), township))
    with_committee = [township for township in by_size if bodies.committees(township)]
    with_own_agency = [township for township in with_committee if COUNTY.serving_agency("B", township)]
    without_own_agency = [township for township in with_committee if township not in with_own_agency]
    rosters = {
        name: (county.JUSTICE_BUREAU, bodies.committees(townships[0])[0])
        for name, townships in (("own committee", with_own_agency), ("other committee", without_own_agency))
        if townships
    }
    return rosters | ({"invited": (county.COURT, bodies.invited_bodies()[0])} if bodies.invited_bodies() else {})
