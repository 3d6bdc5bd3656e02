"""What changes on the rosters in a quarter: about no dispute. Numbers only, as ever: nobody is named."""

from datetime import datetime, timedelta

from contracts import COUNTY
from demo import bodies, county
from demo.steps import Step
from demo.workdays import in_office_hours

# fmt: off
CHANGES = (
    # whose roster         day   number         word        what is told of it
    ("own committee",       9,   "new-091",     "added",    {"role": "mediator"}),
    ("other committee",    10,   "new-092",     "added",    {"role": "mediator"}),
    ("invited",            16,   "invited-091", "added",    {"role": "invited_mediator", "takes": ["private_loan", "contract"]}),
    ("other committee",    37,   "new-092",     "changed",  {"takes": ["neighbour", "housing_plot", "property_management"]}),
    ("invited",            51,   "invited-091", "changed",  {"takes": ["private_loan", "contract", "finance"]}),
    ("own committee",      74,   "new-091",     "removed",  {}),
)
# fmt: on


def changes(seed: int, begins: datetime) -> list[tuple[Step, ...]]:
    """One row of steps per organisation, in order. A roster that this county does not keep is left out."""
    kept, told = _rosters(), {}
    for number, (roster, day, mediator, change, more) in enumerate(CHANGES, 1):
        if roster not in kept:
            continue
        agency, organisation = kept[roster]
        at = in_office_hours(begins + timedelta(days=day, hours=10), 20)
        data = {"organisation": organisation, "mediator": mediator, "change": change, "on": at.date().isoformat()} | more
        told.setdefault(organisation, []).append(Step(f"demo-{seed}-roster-{number:02}", agency, "roster.changed", data, at, organisation))
    return [tuple(steps) for steps in told.values()]


def _rosters() -> dict[str, tuple[str, str]]:
    """(who keeps it, organisation): the committee of the largest township with an agency of its own, that of the largest other one, an invited body."""
    by_size = sorted(COUNTY.townships, key=lambda township: (-county.RESIDENTS.get(township, 0), township))
    with_committee = [township for township in by_size if bodies.committees(township)]
    own = [township for township in with_committee if COUNTY.serving("B", township)]
    other = [township for township in with_committee if township not in own]
    kept = {name: (county.BUREAU, bodies.committees(found[0])[0]) for name, found in (("own committee", own), ("other committee", other)) if found}
    return kept | ({"invited": (county.COURT, bodies.invited_bodies()[0])} if bodies.invited_bodies() else {})
