"""Tests of the county files of the mediation service: invalid and changed files, and recomputation of provisional deadlines under a new calendar."""

import json
import subprocess
import sys
from datetime import datetime, time, timedelta

import pytest

from contracts import COUNTY
from contracts.dates import SHANGHAI
from deploy.files import ROOT
from plumbing.due_times import DueTimes
from services.intake import codes
from services.mediation import store
from services.mediation.county_files import CountyFiles, InvalidCountyFiles
from services.mediation.law.counting import WorkingDays
from services.mediation.law.office_hours import Grace, OfficeHours
from services.mediation.lifecycle import decisions
from services.mediation.safeguard import lane
from services.mediation.service import MediationService
from tests.county_folders import copy_county_folder
from tests.mediation.safeguard.test_lane import SEALED, sealed_step
from tests.mediation.simulated_dispute import registered_event

NEW_YEAR_2027 = '["2027"]\noff = [2027-01-01, 2027-01-04]\nmade_up = []\n'
REGISTERED = datetime(2026, 12, 31, 10, tzinfo=SHANGHAI)  # the screening deadline (one working day) of a dispute registered then ends in 2027
PERIOD_OF_A_LAW_CLOCK = "[periods.confirmation_apply]\ndays = 60\n"


def routing_period_toml(days):
    """Return the text of a county.toml that sets the period for routing."""
    return f"[periods.routing]\nworking_days = {days}\n"


def test_a_county_without_own_periods_uses_the_default_periods():
    files = CountyFiles(COUNTY.folder)

    assert (files.policy.county.remind, files.policy.patience) == ({}, timedelta(minutes=10))
    assert (files.policy.county.office_hours, files.policy.county.grace) == (OfficeHours(), Grace())


@pytest.mark.parametrize(
    ("text", "is_valid"),
    [
        ('[office_hours]\nhours = ["08:30-12:00", "14:00-17:30"]\n[grace]\nworking_days = 2\nuntil = "09:00"\n', True),
        ('[office_hours]\nhours = ["09:00-18:00"]\n', True),
        ('[office_hours]\nhours = ["14:30-18:00", "09:00-12:00"]\n', False),
        ('[office_hours]\nhours = ["9-12"]\n', False),
        ('[office_hours]\nopens = "09:00"\n', False),
        ("[grace]\nworking_days = -1\n", False),
        ('[grace]\nuntil = "25:00"\n', False),
    ],
)
def test_office_hours_and_grace_period_of_a_county_are_read_or_refused(tmp_path, text, is_valid):
    folder = copy_county_folder(tmp_path, periods=text)
    if not is_valid:
        with pytest.raises(InvalidCountyFiles):
            CountyFiles(folder)
        return
    county = CountyFiles(folder).policy.county
    assert county.office_hours != OfficeHours() and (county.grace == Grace(2, time(9))) == ("grace" in text)


def test_an_invalid_county_file_is_refused_when_the_service_starts(tmp_path):
    with pytest.raises(InvalidCountyFiles):
        CountyFiles(copy_county_folder(tmp_path / "a", periods=PERIOD_OF_A_LAW_CLOCK))
    with pytest.raises(InvalidCountyFiles):
        CountyFiles(copy_county_folder(tmp_path / "b", calendar="{"))


def test_a_changed_county_file_is_reloaded_and_an_invalid_change_is_not_applied(tmp_path):
    files = CountyFiles(copy_county_folder(tmp_path, periods=routing_period_toml(2)))
    files.recomputed_basis = files.policy.basis

    copy_county_folder(tmp_path, periods=routing_period_toml(3))
    files.reload()
    assert files.policy.county.rules["routing"][0].length == WorkingDays(3) and files.must_recompute

    copy_county_folder(tmp_path, periods=PERIOD_OF_A_LAW_CLOCK)
    files.reload()
    assert files.policy.county.rules["routing"][0].length == WorkingDays(3)


# Program that reads the county files, changes one of them, and reloads the files as the mediation service does.
RELOAD_PROGRAM = """
import os, sys
from pathlib import Path
from plumbing import logs
from services.mediation.county_files import CountyFiles

logs.configure("mediation")
folder, file, added = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
files = CountyFiles(folder)
(folder / file).write_text((folder / file).read_text("utf-8") + added, "utf-8")
os.utime(folder / file, ns=(0, 0))
files.reload()
"""
PERSONAL_DATA = "张三13909360001"


@pytest.mark.parametrize(
    ("file", "added", "reason"),
    [
        ("county.toml", PERIOD_OF_A_LAW_CLOCK, "confirmation_apply is set by law: a county may not change it."),
        ("county.toml", f'[periods."{PERSONAL_DATA}"]\ndays = 60\n', "There is no such clock."),
        ("county.toml", f'"{PERSONAL_DATA}" = 1\n"{PERSONAL_DATA}" = 2\n', "is not valid TOML"),
        ("calendar.toml", f'["2027"]\noff = ["{PERSONAL_DATA}"]\nmade_up = []\n', "The holiday schedule of 2027 is invalid"),
        ("routing.csv", f"X1,{PERSONAL_DATA},,,,,agency:court,,1,county_choice,,,\n", "“kinds” is not one of"),
    ],
    ids=["period of a LAW clock", "unknown clock", "invalid TOML", "invalid calendar", "invalid routing rule"],
)
def test_the_log_line_of_an_invalid_county_file_names_file_and_mistake_without_quoting_content(tmp_path, file, added, reason):
    folder = copy_county_folder(tmp_path)

    process = subprocess.run([sys.executable, "-c", RELOAD_PROGRAM, folder, file, added], cwd=ROOT, capture_output=True, text=True, check=True)

    (line,) = map(json.loads, process.stdout.splitlines())
    assert (line["service"], line["level"], line["path"]) == ("mediation", "error", str(folder / file))
    assert "is invalid" in line["event"] and reason in line["reason"] and line["consequence"] and line["next"]
    assert PERSONAL_DATA not in process.stdout


def stored_deadlines(sandbox, code):
    return sandbox.rows("select due_at, provisional, state from mediation.deadlines where code = %s", code)


def empty_mediation(sandbox):
    """Delete everything that other tests of this worker have left in the mediation service's tables."""
    sandbox.empty("mediation")
    sandbox.rows("truncate mediation.disputes, mediation.deadlines, mediation.transitions, mediation.deadline_basis cascade")


def published_types(sandbox):
    """Return the types of the events in the outbox of the mediation service, in order."""
    return [event["type"] for _, _, event in sandbox.stored_events("mediation")]


def recomputing_service(pool, folder):
    """Return a mediation service that reads this county folder, without its timers."""
    service = MediationService()
    service.db, service.county, service.deadline_times = pool, CountyFiles(folder), DueTimes()
    return service


def test_a_new_calendar_recomputes_deadlines_only_once_with_two_service_instances(sandbox, tmp_path):
    empty_mediation(sandbox)
    pool, code = sandbox.pool("mediation"), codes.make_code(COUNTY.area, 2026, 4711)
    event = registered_event(REGISTERED)
    event.subject = code
    with pool.transaction() as tx:
        decision = decisions.decide(None, event, REGISTERED)
        store.save(tx, [(event, decision)])
    assert stored_deadlines(sandbox, code) == [(datetime(2027, 1, 4, 23, 59, 59, tzinfo=SHANGHAI), True, "open")]

    services = [recomputing_service(pool, copy_county_folder(tmp_path)) for _ in range(2)]
    for service in services:
        service.reload_county_files()
    assert published_types(sandbox) == []  # the calendar is unchanged

    copy_county_folder(tmp_path, calendar=NEW_YEAR_2027)
    for service in services:
        service.reload_county_files()
        assert not service.county.must_recompute

    assert stored_deadlines(sandbox, code) == [(datetime(2027, 1, 5, 23, 59, 59, tzinfo=SHANGHAI), False, "open")]
    assert published_types(sandbox) == ["deadline.recomputed"]
    sandbox.rows("delete from mediation.deadlines where code = %s", code)
    sandbox.empty("mediation")


def test_a_change_made_while_the_service_was_stopped_is_recomputed_at_its_start_and_a_restart_without_change_recomputes_nothing(sandbox, tmp_path):
    empty_mediation(sandbox)
    pool, code = sandbox.pool("mediation"), codes.make_code(COUNTY.area, 2026, 4713)
    event = registered_event(REGISTERED)
    event.subject = code
    with pool.transaction() as tx:
        store.save(tx, [(event, decisions.decide(None, event, REGISTERED))])
    recomputing_service(pool, copy_county_folder(tmp_path)).reload_county_files()

    folder = copy_county_folder(tmp_path, periods="[periods.screening]\nworking_days = 4\n")
    recomputing_service(pool, folder).reload_county_files()
    assert published_types(sandbox) == ["deadline.recomputed"]
    assert stored_deadlines(sandbox, code)[0][0] == datetime(2027, 1, 7, 23, 59, 59, tzinfo=SHANGHAI)
    recomputed_at = sandbox.rows("select name, recomputed_at from mediation.deadline_basis order by 1")

    recomputing_service(pool, folder).reload_county_files()
    assert published_types(sandbox) == ["deadline.recomputed"]
    assert sandbox.rows("select name, recomputed_at from mediation.deadline_basis order by 1") == recomputed_at
    sandbox.rows("delete from mediation.deadlines where code = %s", code)
    sandbox.empty("mediation")


def test_the_deadlines_of_more_disputes_than_a_batch_holds_are_all_recomputed(sandbox, tmp_path, monkeypatch):
    monkeypatch.setattr("services.mediation.service.DUE_BATCH_SIZE", 3)
    empty_mediation(sandbox)
    pool, disputes = sandbox.pool("mediation"), [codes.make_code(COUNTY.area, 2026, 4720 + number) for number in range(8)]
    with pool.transaction() as tx:
        for code in disputes:
            event = registered_event(REGISTERED)
            event.subject = code
            store.save(tx, [(event, decisions.decide(None, event, REGISTERED))])
    service = recomputing_service(pool, copy_county_folder(tmp_path))
    service.reload_county_files()

    copy_county_folder(tmp_path, calendar=NEW_YEAR_2027)
    service.reload_county_files()

    assert published_types(sandbox) == ["deadline.recomputed"] * len(disputes)
    assert {stored_deadlines(sandbox, code)[0][1] for code in disputes} == {False}
    for code in disputes:
        sandbox.rows("delete from mediation.deadlines where code = %s", code)
    sandbox.empty("mediation")


def test_the_county_sets_when_the_court_is_reminded_of_a_protection_order_deadline(sandbox, tmp_path):
    sandbox.empty("mediation")
    service, code, now = MediationService(), codes.make_code(COUNTY.area, 2026, 4712), datetime.now(SHANGHAI)
    service.db, service.safeguard_times = sandbox.pool("mediation"), DueTimes()
    service.county = CountyFiles(copy_county_folder(tmp_path, periods='[periods.protection_order_urgent]\nremind = ["20h", "1h"]\n'))
    registration, accepted = registered_event(now), sealed_step("protection_order.accepted", "court", now, urgent=True)
    registration.subject = accepted.subject = code
    registration.source, accepted.source = "intake", SEALED
    with service.db.transaction() as tx:
        for event in (registration, accepted):
            decision = lane.decide(store.load(tx, [code]).get(code), event, now, service.county.policy)
            store.save(tx, [(event, decision)])
    remind_before = "select due_at - next_check_at from mediation.hold_clocks where code = %s"
    assert sandbox.rows(remind_before, code) == [(timedelta(hours=20),)]

    sandbox.rows("update mediation.hold_clocks set next_check_at = now(), due_at = now() + interval '5 hours' where code = %s", code)
    service.check_safeguard_clocks()

    assert sandbox.rows(remind_before, code) == [(timedelta(hours=1),)]
    assert published_types(sandbox)[-1] == "deadline.approached"
    for table in ("hold_clocks", "holds", "deadlines"):
        sandbox.rows(f"delete from mediation.{table} where code = %s", code)
    sandbox.empty("mediation")
