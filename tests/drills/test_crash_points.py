"""Tests of crashes: a process ends itself at a crash point while it handles an event. After its restart the event must have had its effect exactly once."""

import json
from pathlib import Path

import pytest

from services.mediation.lifecycle import decisions
from tests.county import wait_until

pytestmark = pytest.mark.timeout(600)

# (process, crash point): each crash point once, in one of the processes. The drill uses each point in every process that has it.
PROCESSES_AND_CRASH_POINTS = (
    ("mediation", "after_heard"), ("intake", "before_commit"), ("mediation", "after_commit"), ("intake", "before_acknowledge"), ("notify", "after_acknowledge"),
    ("metrics", "before_commit"), ("metrics", "after_commit"),
    ("relay", "relay_selected"), ("relay", "relay_published"), ("relay", "relay_confirmed"), ("relay", "relay_deleted"),
)  # fmt: skip
# The same for the crash points between two statements that concern all events of a bundle.
CRASH_POINTS_OF_BUNDLES = (
    ("mediation", "after_heard"), ("notify", "after_commit"), ("metrics", "before_acknowledge"), ("relay", "relay_published"), ("relay", "relay_deleted"),
)  # fmt: skip
REPORTS_IN_BUNDLES = 12


@pytest.fixture
def system_without_restarts(system):
    """Yield the system with automatic restarts of its processes switched off. Afterwards start every process that is down."""
    system.restarts = False
    yield system
    system.restarts = True
    for name, _ in PROCESSES_AND_CRASH_POINTS:
        crash_file(system, name).unlink(missing_ok=True)
    for name in system.names:
        if system.pid(name) is None:
            system.start(name)
    system.wait_ready()


@pytest.mark.parametrize(("process", "point"), PROCESSES_AND_CRASH_POINTS, ids=lambda name: name)
def test_an_event_has_its_effect_exactly_once_if_a_process_crashes_at_a_crash_point(county, system_without_restarts, process, point):
    crash_file(system_without_restarts, process).write_text(point)
    report = county.womens_federation.reports_dispute()
    wait_until(lambda: system_without_restarts.pid(process) is None, what=f"{process} died")
    assert last_exit_code(system_without_restarts, process) == 137
    system_without_restarts.start(process)
    county.settle()

    assert_report_had_its_effect_once(county, report)


@pytest.mark.parametrize(("process", "point"), CRASH_POINTS_OF_BUNDLES, ids=lambda name: name)
def test_every_event_of_a_bundle_has_its_effect_exactly_once_if_a_process_crashes_at_a_crash_point(county, system_without_restarts, process, point):
    """The reports wait for intake, which then processes them in one or few transactions. So they leave it in bundles.

    The judicial bureau reads batches, so that several of its receipts arrive in one message.
    """
    system_without_restarts.stop("intake")
    reports = [county.judicial_bureau.reports_dispute() for _ in range(REPORTS_IN_BUNDLES)]
    outbox = county.judicial_bureau.agency.outbox
    wait_until(lambda: all(outbox.find_event(report.id).state == "published" for report in reports), what="the reports are at the broker")
    crash_file(system_without_restarts, process).write_text(point)
    system_without_restarts.start("intake")
    wait_until(lambda: system_without_restarts.pid(process) is None, what=f"{process} died")
    assert last_exit_code(system_without_restarts, process) == 137
    system_without_restarts.start(process)
    county.settle()

    # xmin is the number of the transaction that inserted the row.
    ((transactions,),) = county.rows("select count(distinct xmin::text) from intake.log where event_id = any(%s)", [report.id for report in reports])
    assert transactions <= REPORTS_IN_BUNDLES / 2, "the reports were processed one by one"
    for report in reports:
        assert_report_had_its_effect_once(county, report)


def assert_report_had_its_effect_once(county, report):
    assert report.receipts == ["receipt.accepted", "receipt.applied"]
    code = report.dispute
    history = county.rows("select before, after, step from mediation.transitions where code = %s order by step", code)
    assert decisions.fold([decisions.Transition(*step) for step in history]) == county.state(code) == "registered"
    assert county.published_events(code) == [
        ("intake", "dispute.registered"),
        ("mediation", "dispute.reported"),
        ("notify", "notice.sent"),
    ]
    assert county.rows("select count(*) from notify.notices where dispute = %s", code) == [(1,)]
    assert county.rows(
        "select count(*) from intake.receipts r join intake.log l on r.id like 'receipt/' || l.seq || '/%%' where l.event_id = %s", report.id
    ) == [(2,)]


def crash_file(system, process):
    return Path(system.environment[process]["FENGQIAO_CRASH_FILE"])


def last_exit_code(system, process):
    """Wait until the supervisor has logged the end of the process. Return the exit code."""

    def last_logged_exit_code():
        lines = [json.loads(line) for line in system.log("supervisor").read_text().splitlines()]
        last = [line for line in lines if line.get("process") == process][-1]
        return [last["exit"]] if last["event"] == "died" else []

    return wait_until(last_logged_exit_code, what="the supervisor logged the exit")[0]
