"""Event by which an agency states up to which time it has reported everything. It is about the agency itself, not about a dispute."""

from contracts.definitions import Step
from contracts.fields import Instant, Schema


class AgencyAlive(Schema):
    up_to = Instant(
        required=True,
        zh="截至该时间发生的事项，本机构均已上报；不得晚于当前时间",
        en="everything that happened up to this time has been reported by the agency; not in the future",
        example="2026-03-04T03:00:00+00:00",
    )


STEPS = (
    Step(
        "agency.alive",
        AgencyAlive,
        roles="C M J W P X L G B",
        zh="机构声明已报至时间",
        en="an agency stated up to which time it has reported everything",
        is_about_agency=True,
        is_correctable=False,  # a later statement replaces it
        example={"up_to": "2026-03-04T03:00:00+00:00"},
    ),
)
