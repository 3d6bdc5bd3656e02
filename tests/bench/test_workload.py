"""Do the made-up disputes of the measurements fit the county: its agencies, places and rosters? Another county is read in a process of its own."""

import json
import os
import subprocess
import sys

import contracts
from bench import workload
from deploy.files import ROOT

EVERY_EVENT = """
import json
import contracts
from bench import workload

county = workload.County(births=20)
letters = [letter for _ in range(4) for letter in county.wave()]
for letter in letters:
    contracts.load(letter.event.type, json.loads(letter.event.body))
    assert contracts.may_say(letter.agency, letter.event.type), letter
print(json.dumps({"said": len(letters), "agencies": sorted({letter.agency for letter in letters}), "burst": workload.BURST, "usual": workload.USUAL}))
"""


def _in(county):
    environment = os.environ | {"FENGQIAO_COUNTY": county}
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", EVERY_EVENT], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_what_takes_part_in_ganzhou():
    assert workload.BODIES == (
        "peoples_mediation_committee-daman", "peoples_mediation_committee-xijie", "peoples_mediation_committee-jiantan",
        "trade_union", "traffic_mediation", "medical_mediation",
    )  # fmt: skip
    assert set(workload.REPORTERS) == {"womens_federation", "police", "court", "petition_office", "mediation_centre", "judicial_bureau-daman", "grid"}
    assert (workload.BURST, workload.USUAL) == ("finance_mediation", "police")
    assert workload.MEDIATORS["traffic_mediation"][0] == "traffic-001"
    assert all(village in contracts.COUNTY.villages for village in workload.PLACES.values())


def test_every_event_is_one_that_its_agency_may_say_in_another_county_too():
    assert _in("counties/ganzhou")["said"] == 20 * (1 + 3 + 11 + 14)
    zhuji = _in("counties/zhuji")
    assert (zhuji["said"], zhuji["burst"], zhuji["usual"]) == (580, "mediators-fengqiao", "public_security")
    assert "grid_service" in zhuji["agencies"] and "governance_centre" in zhuji["agencies"]
