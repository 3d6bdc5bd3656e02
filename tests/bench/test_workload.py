"""Tests of the benchmarks' workload: its agencies, places and mediators are taken from the county's folder.

An OS process can load only one county, so each county is tested in a separate process.
"""

import json
import os
import subprocess
import sys

import contracts
from bench import workload
from deploy.files import ROOT

CHECK_EVERY_EVENT_PROGRAM = """
import json
import contracts
from bench import workload

caseload = workload.Caseload(new_per_round=20)
events = [event for _ in range(4) for event in caseload.advance_all_disputes()]
for event in events:
    contracts.load(event.outgoing.type, json.loads(event.outgoing.body))
    assert contracts.may_report(event.agency, event.outgoing.type), event
print(json.dumps({"count": len(events), "agencies": sorted({event.agency for event in events}), "burst": workload.BURST_BODY, "usual": workload.SECOND_AGENCY}))
"""


def _check_events_in_county(county):
    environment = os.environ | {"FENGQIAO_COUNTY": county}
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHECK_EVERY_EVENT_PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(result.stdout)


def test_the_workload_of_the_county_ganzhou_has_the_expected_bodies_reporters_mediators_and_places():
    assert workload.MEDIATION_BODIES == (
        "peoples_mediation_committee-daman", "peoples_mediation_committee-xijie", "peoples_mediation_committee-jiantan",
        "trade_union", "traffic_mediation", "medical_mediation",
    )  # fmt: skip
    assert set(workload.REPORTERS) == {"womens_federation", "police", "court", "petition_office", "mediation_centre", "judicial_bureau-daman", "grid"}
    assert (workload.BURST_BODY, workload.SECOND_AGENCY) == ("finance_mediation", "police")
    assert workload.MEDIATORS_OF_BODIES["traffic_mediation"][0] == "traffic-001"
    assert all(village in contracts.COUNTY.villages for village in workload.VILLAGE_OF_TOWNSHIP.values())


def test_every_event_of_the_workload_is_valid_and_its_agency_may_report_it_in_both_counties():
    assert _check_events_in_county("counties/ganzhou")["count"] == 20 * (1 + 3 + 11 + 14)
    zhuji = _check_events_in_county("counties/zhuji")
    assert (zhuji["count"], zhuji["burst"], zhuji["usual"]) == (580, "mediators-fengqiao", "public_security")
    assert "grid_service" in zhuji["agencies"] and "governance_centre" in zhuji["agencies"]
