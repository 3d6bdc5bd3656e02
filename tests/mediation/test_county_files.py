"""How time is counted here comes from files: they arrive, they change, they are wrong; and what was provisional becomes certain."""

import json
import subprocess
import sys
from datetime import datetime, timedelta

import pytest

from contracts import COUNTY
from contracts.dates import SHANGHAI
from deploy.files import ROOT
from services.intake import codes
from services.mediation import store
from services.mediation.county_files import CountyFiles, InvalidCountyFiles
from services.mediation.law.counting import WorkingDays
from services.mediation.life import decisions
from services.mediation.safeguard import lane
from services.mediation.service import MediationService
from tests.county_folders import county_folder
from tests.mediation.lives import registered
from tests.mediation.safeguard.test_lane import SEALED, sealed_step

NEW_YEAR_2027 = '["2027"]\noff = [2027-01-01, 2027-01-04]\nmade_up = []\n'
REGISTERED = datetime(2026, 12, 31, 10, tzinfo=SHANGHAI)  # one working day to screen it: a day of 2027
LAW_CLOCK = "[periods.confirmation_apply]\ndays = 60\n"


def routing_in(days):
    return f"[periods.routing]\nworking_days = {days}\n"


def test_a_county_that_sets_nothing_computes_by_the_usual_periods():
    files = CountyFiles(COUNTY.folder)

    assert (files.policy.county.remind, files.policy.patience) == ({}, timedelta(minutes=10))


def test_an_invalid_file_stops_the_service_at_its_start(tmp_path):
    with pytest.raises(InvalidCountyFiles):
        CountyFiles(county_folder(tmp_path / "a", periods=LAW_CLOCK))
    with pytest.raises(InvalidCountyFiles):
        CountyFiles(county_folder(tmp_path / "b", calendar="{"))


def test_a_changed_file_is_read_again_and_an_invalid_change_leaves_the_last_valid_version_in_use(tmp_path):
    files = CountyFiles(county_folder(tmp_path, periods=routing_in(2)))
    files.recomputed = True

    county_folder(tmp_path, periods=routing_in(3))
    files.reload()
    assert files.policy.county.rules["routing"][0].length == WorkingDays(3) and not files.recomputed

    county_folder(tmp_path, periods=LAW_CLOCK)
    files.reload()
    assert files.policy.county.rules["routing"][0].length == WorkingDays(3)


# A process of the service as far as its files are concerned: it reads them, one changes, it looks again.
LOOKS_AGAIN = """
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
SECRET = "张三13909360001"


@pytest.mark.parametrize(
    ("file", "added", "reason"),
    [
        ("county.toml", LAW_CLOCK, "confirmation_apply is set by law: a county may not change it."),
        ("county.toml", f'[periods."{SECRET}"]\ndays = 60\n', "There is no such clock."),
        ("county.toml", f'"{SECRET}" = 1\n"{SECRET}" = 2\n', "is not valid TOML"),
        ("calendar.toml", f'["2027"]\noff = ["{SECRET}"]\nmade_up = []\n', "The arrangement of 2027 is wrong"),
        ("routing.csv", f"X1,{SECRET},,,,,agency:court,,1,county_choice,,,\n", "“kinds” is not one of"),
    ],
    ids=["a LAW clock", "an unknown clock", "not TOML", "a calendar", "routing rules"],
)
def test_the_log_line_about_an_invalid_file_names_file_and_mistake_without_quoting_it(tmp_path, file, added, reason):
    folder = county_folder(tmp_path)

    done = subprocess.run([sys.executable, "-c", LOOKS_AGAIN, folder, file, added], cwd=ROOT, capture_output=True, text=True, check=True)

    (line,) = map(json.loads, done.stdout.splitlines())
    assert (line["service"], line["level"], line["path"]) == ("mediation", "error", str(folder / file))
    assert "is invalid" in line["event"] and reason in line["reason"] and line["consequence"] and line["next"]
    assert SECRET not in done.stdout


def kept(apart, code):
    return apart.rows("select due_at, provisional, state from mediation.deadlines where code = %s", code)


def said(apart):
    return [json.loads(bytes(body))["type"] for (body,) in apart.rows("select body from mediation.outbox order by id")]


def test_when_the_arrangement_arrives_provisional_deadlines_become_certain_once_however_many_copies_there_are(apart, tmp_path):
    apart.empty("mediation")
    pool, code = apart.pool("mediation"), codes.make(COUNTY.area, 2026, 4711)
    event = registered(REGISTERED)
    event.subject = code
    with pool.transaction() as tx:
        decision = decisions.decide(None, event, REGISTERED)
        store.save(tx, [(event, decision)])
    assert kept(apart, code) == [(datetime(2027, 1, 4, 23, 59, 59, tzinfo=SHANGHAI), True, "open")]

    copies = [MediationService(), MediationService()]
    for copy in copies:
        copy.db, copy.county = pool, CountyFiles(county_folder(tmp_path))
        copy._recompute_provisional()
    assert said(apart) == []  # nothing new is known

    county_folder(tmp_path, calendar=NEW_YEAR_2027)
    for copy in copies:
        copy.county.reload()
        assert not copy.county.recomputed
        copy._recompute_provisional()

    assert kept(apart, code) == [(datetime(2027, 1, 5, 23, 59, 59, tzinfo=SHANGHAI), False, "open")]
    assert said(apart) == ["deadline.recomputed"]
    apart.rows("delete from mediation.deadlines where code = %s", code)
    apart.empty("mediation")


def test_the_court_is_reminded_in_the_lane_as_often_as_the_county_wants(apart, tmp_path):
    apart.empty("mediation")
    service, code, now = MediationService(), codes.make(COUNTY.area, 2026, 4712), datetime.now(SHANGHAI)
    service.db = apart.pool("mediation")
    service.county = CountyFiles(county_folder(tmp_path, periods='[periods.protection_order]\nremind = ["2d", "1h"]\n'))
    registration, accepted = registered(now), sealed_step("protection_order.accepted", "court", now)
    registration.subject = accepted.subject = code
    registration.source, accepted.source = "intake", SEALED
    with service.db.transaction() as tx:
        for event in (registration, accepted):
            decision = lane.decide(store.load(tx, [code]).get(code), event, now, service.county.policy)
            store.save(tx, [(event, decision)])
    asked = "select due_at - ask_at from mediation.hold_clocks where code = %s"
    assert apart.rows(asked, code) == [(timedelta(days=2),)]

    apart.rows("update mediation.hold_clocks set ask_at = now(), due_at = now() + interval '5 hours' where code = %s", code)
    service.lane_time_passes()

    assert apart.rows(asked, code) == [(timedelta(hours=1),)]
    assert said(apart)[-1] == "deadline.approached"
    for table in ("hold_clocks", "holds", "deadlines"):
        apart.rows(f"delete from mediation.{table} where code = %s", code)
    apart.empty("mediation")
