"""Tests that a new event type needs only a definition in the package contracts and an entry in mediation's transition table.

Both are added to a copy of the repository. A script in the copy then reports an event of the new type to intake and has mediation decide on it.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COPIED_FOLDERS = ("contracts", "counties", "plumbing", "services", "docs/generate")
IGNORED_FILES = shutil.ignore_patterns("__pycache__")

# All changes for the new event type: a schema and a definition in one file, a transition in another file.
SCHEMA_AND_DEFINITION = """class SiteVisited(Schema):
    minutes = Number(1, 600, required=True, zh="走访时长（分钟）", en="length of the visit in minutes")


STEPS = (
    Step("site.visited", SiteVisited, roles="B G", zh="现场走访", en="the site was visited", example={"minutes": 30}),
"""
TRANSITION = """    "registered":        { "site.visited":            NOTED,
                           "dispute.screened":        "screened",
"""
CHANGES = (
    ("contracts/steps/mediation.py", "STEPS = (\n", SCHEMA_AND_DEFINITION),
    ("services/mediation/lifecycle/transitions.py", '    "registered":        { "dispute.screened":        "screened",\n', TRANSITION),
)

# Script that runs in the changed copy of the repository and prints its results as JSON on the last line.
SCRIPT = """
import json
from datetime import UTC, datetime

import contracts
from docs.generate.contracts.__main__ import documents
from plumbing.events import Delivery
from services.intake import domain, envelope
from services.intake.model import Dispute, BatchContext
from services.mediation.lifecycle import decisions
from services.metrics.web.names import NAMES

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
CODE = contracts.samples.DISPUTE


def agency(role):
    return next(code for code, agency in contracts.AGENCIES.items() if agency.role == role)


def report(role, data):
    event = {"specversion": "1.0", "id": "e-1", "source": f"/agencies/{agency(role)}", "type": "site.visited", "subject": CODE, "time": NOW.isoformat(), "data": data}
    delivery = Delivery(json.dumps(event).encode(), "application/cloudevents+json", f"{agency(role)}.site.visited", agency(role), "")
    checked = domain.check(envelope.read(delivery), NOW, bytes(32), bytes(32))
    (decided,) = domain.decide_all([checked], BatchContext(disputes={CODE: Dispute(CODE)}))
    return decided


class Event:
    subject, time, id = CODE, NOW, f"{CODE}/1"

    def __init__(self, type, data):
        self.type, self.data = type, contracts.load(type, contracts.dump(type, data, "intake"), "intake")


visited = report("G", {"minutes": 30})
dispute = decisions.decide(None, Event("dispute.registered", contracts.DOMAIN_EVENTS["dispute.registered"].example), NOW).dispute
decision = decisions.decide(dispute, Event(*domain.domain_event_of(visited)), NOW)
correction = {"event": "e-1", "reason": "wrong_facts", "corrects": "site.visited", "facts": {"minutes": 40}}
written = {str(path): text for path, text in documents().items()}
result = {
    "accepted": visited.refusal is None,
    "of another role": report("P", {"minutes": 30}).refusal["code"],
    "of another form": report("G", {"minutes": 0}).refusal["code"],
    "refused by mediation": decision.refused,
    "new_events": {type: contracts.dump(type, data, "mediation") for type, data in decision.new_events},
    "corrected": contracts.load("report.corrected", correction)["facts"],
    "documents": [path for path, text in written.items() if "site.visited" in text],
    "page": NAMES["event"]["site.visited"],
}
print(json.dumps(result, default=str))
"""


@pytest.fixture(scope="module")
def script_results(tmp_path_factory):
    """Return the results that the script prints in a copy of the repository with the new event type."""
    tree = tmp_path_factory.mktemp("tree")
    for folder in COPIED_FOLDERS:
        shutil.copytree(ROOT / folder, tree / folder, ignore=IGNORED_FILES)
    for file, before, after in CHANGES:
        text = (tree / file).read_text("utf-8")
        assert text.count(before) == 1, file
        (tree / file).write_text(text.replace(before, after), "utf-8")
    run = subprocess.run([sys.executable, "-c", SCRIPT], cwd=tree, env={"PYTHONPATH": str(tree)}, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


def test_intake_accepts_the_new_event_type_only_from_agencies_with_a_permitted_role(script_results):
    assert script_results["accepted"]
    assert script_results["of another role"] == "not_yours_to_say"
    assert script_results["of another form"] == "malformed_data"


def test_mediation_applies_the_new_step_and_confirms_it_with_an_event_of_the_same_type(script_results):
    assert script_results["refused by mediation"] is None
    assert list(script_results["new_events"]) == ["site.visited"]
    assert script_results["new_events"]["site.visited"]["minutes"] == 30


def test_the_new_step_can_be_corrected(script_results):
    assert script_results["corrected"] == {"minutes": 40}


def test_the_generated_documents_describe_the_new_event_type(script_results):
    assert {"docs/contracts/README.md", "docs/contracts/asyncapi.json", "fengqiao_agency/contract.json"} <= set(script_results["documents"])


def test_the_web_pages_have_a_name_for_the_new_event_type(script_results):
    assert script_results["page"] == ["现场走访", "the site was visited"]
