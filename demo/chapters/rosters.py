"""What changes on the rosters in a quarter: about no dispute. Numbers only, as ever: nobody is named."""

from datetime import datetime, timedelta

from demo.steps import Step
from demo.workdays import in_office_hours

# fmt: off
CHANGES = (
    # who keeps it       day   organisation                 number       word       what is told of it
    ("judicial_bureau",   9,   "committee-620702102",       "daman-091",  "added",   {"role": "mediator"}),
    ("judicial_bureau",  10,   "committee-620702106",       "m-091",      "added",   {"role": "mediator"}),
    ("court",            16,   "invited-lawyers",           "invited-091", "added",  {"role": "invited_mediator", "takes": ["private_loan", "contract"]}),
    ("judicial_bureau",  37,   "committee-620702106",       "m-091",      "changed", {"takes": ["neighbour", "housing_plot", "property_management"]}),
    ("court",            51,   "invited-lawyers",           "invited-091", "changed", {"takes": ["private_loan", "contract", "finance"]}),
    ("judicial_bureau",  74,   "committee-620702102",       "daman-091",  "removed", {}),
)
# fmt: on


def changes(seed: int, begins: datetime) -> list[tuple[Step, ...]]:
    """One row of steps per organisation, in order."""
    told: dict[str, list[Step]] = {}
    for number, (agency, day, organisation, mediator, change, more) in enumerate(CHANGES, 1):
        at = in_office_hours(begins + timedelta(days=day, hours=10), 20)
        data = {"organisation": organisation, "mediator": mediator, "change": change, "on": at.date().isoformat()} | more
        told.setdefault(organisation, []).append(Step(f"demo-{seed}-roster-{number:02}", agency, "roster.changed", data, at, organisation))
    return [tuple(steps) for steps in told.values()]
