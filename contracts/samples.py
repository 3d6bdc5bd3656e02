"""The values that examples consist of, taken from the county's own data, so that every example is valid in every county. All persons and numbers are made up."""

from contracts.codes import dispute_code
from contracts.county import AGENCIES, COUNTY, TOWNSHIPS

CENTRE = COUNTY.lead("M").code
COURT = COUNTY.lead("C").code
BUREAU = COUNTY.lead("J").code
FEDERATION = COUNTY.lead("W").code
POLICE = COUNTY.lead("P").code
_BODIES = [code for code, agency in AGENCIES.items() if agency.role == "B"] or [CENTRE]
BODY, OTHER_BODY = _BODIES[0], _BODIES[-1]

TOWNSHIP = next(iter(TOWNSHIPS))
TOWNSHIP_ZH = TOWNSHIPS[TOWNSHIP][0]
VILLAGE = next((code for code in COUNTY.villages if code.startswith(TOWNSHIP)), f"{TOWNSHIP}201")
GRID = f"{VILLAGE}-03"

ORGANISATION = f"committee-{VILLAGE}"
OTHER_ORGANISATION = "industry-marriage_family"
MEDIATOR, OTHER_MEDIATOR = "mediator-014", "mediator-003"

DISPUTE, OTHER_DISPUTE = dispute_code(COUNTY.area, 2026, 123), dispute_code(COUNTY.area, 2026, 87)
CASE_DOCKET = f"（2026）{COUNTY.docket}民初70号"
CONFIRMATION_DOCKET = f"（2026）{COUNTY.docket}调确7号"
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

# Events that other examples refer to, as `source` and `id`.
REPORT = {"source": f"/agencies/{FEDERATION}", "id": "wf-2026-0042"}
ACCEPTANCE = {"source": f"/agencies/{BODY}", "id": "mb-2026-0007"}
JOIN = {"source": f"/agencies/{CENTRE}", "id": "mc-2026-0311"}
ROSTER_CHANGE = {"source": f"/agencies/{BUREAU}", "id": "jb-2026-0003"}
WARNING = {"source": f"/agencies/{POLICE}", "id": "ga-2026-0815"}

# Parts that several examples share.
CLOCK = {"clock": "referral_answer", "kind": "POLICY", "due_at": "2026-03-06T15:59:59+00:00"}
CLOCK_SET = {**CLOCK, "article": "after 在线调解规则 12", "started_at": "2026-03-03T01:10:00+00:00"}
ROUTING_CLOCK = {**CLOCK_SET, "clock": "routing", "article": "none"}
CANDIDATE = {
    "to": OTHER_BODY,
    "organisation": OTHER_ORGANISATION,
    "joint_with": [FEDERATION],
    "points": 60,
    "reasons": ["lead_agency", "light_load"],
}
EXCLUDED = {"to": BODY, "organisation": ORGANISATION, "reason": "declined_before"}
ALIKE = {"reasons": ["same_parties", "same_place", "within_days"], "days": 3}
