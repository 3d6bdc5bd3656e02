"""Values used in the examples of events. They come from the county's data, so that examples are valid in every county. Persons and numbers are fictitious."""

from contracts.codes import dispute_code
from contracts.county import AGENCIES, COUNTY, TOWNSHIPS

MEDIATION_CENTRE = COUNTY.lead_agency("M").code
COURT = COUNTY.lead_agency("C").code
JUDICIAL_BUREAU = COUNTY.lead_agency("J").code
WOMENS_FEDERATION = COUNTY.lead_agency("W").code
POLICE = COUNTY.lead_agency("P").code
_MEDIATION_BODIES = [code for code, agency in AGENCIES.items() if agency.role == "B"] or [MEDIATION_CENTRE]
MEDIATION_BODY, OTHER_MEDIATION_BODY = _MEDIATION_BODIES[0], _MEDIATION_BODIES[-1]

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

# References (`source` and `id`) to events that other examples mention.
REPORT_REF = {"source": f"/agencies/{WOMENS_FEDERATION}", "id": "wf-2026-0042"}
ACCEPTANCE_REF = {"source": f"/agencies/{MEDIATION_BODY}", "id": "mb-2026-0007"}
JOIN_REF = {"source": f"/agencies/{MEDIATION_CENTRE}", "id": "mc-2026-0311"}
ROSTER_CHANGE_REF = {"source": f"/agencies/{JUDICIAL_BUREAU}", "id": "jb-2026-0003"}
WARNING_REF = {"source": f"/agencies/{POLICE}", "id": "ga-2026-0815"}

# Parts of event data that several examples share.
DEADLINE = {"clock": "referral_answer", "kind": "POLICY", "due_at": "2026-03-06T15:59:59+00:00"}
DEADLINE_SET = {**DEADLINE, "article": "after 在线调解规则 12", "started_at": "2026-03-03T01:10:00+00:00"}
ROUTING_DEADLINE = {**DEADLINE_SET, "clock": "routing", "article": "none"}
CANDIDATE = {
    "to": OTHER_MEDIATION_BODY,
    "organisation": OTHER_ORGANISATION,
    "joint_with": [WOMENS_FEDERATION],
    "points": 60,
    "reasons": ["lead_agency", "light_load"],
}
EXCLUDED = {"to": MEDIATION_BODY, "organisation": ORGANISATION, "reason": "declined_before"}
DUPLICATE_EVIDENCE = {"reasons": ["same_parties", "same_place", "within_days"], "days": 3}
