"""How time is counted here comes from files: they arrive, they change, they are wrong; and what was provisional becomes certain."""

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta

import pytest

from deploy.files import ROOT
from services.intake import codes
from services.mediation import domain, holding, store
from services.mediation.clocks import SHANGHAI, WorkingDays
from services.mediation.clocks.mistakes import MakesNoSense
from services.mediation.office import Office
from services.mediation.routing_desk import OUR_RULES
from services.mediation.service import MediationService
from tests.mediation.lives import registered
from tests.mediation.test_holding import SEALED, lane

NEW_YEAR_2027 = {"2027": {"off": ["2027-01-01", "2027-01-04"], "made_up": []}}
REGISTERED = datetime(2026, 12, 31, 10, tzinfo=SHANGHAI)  # one working day to screen it: a day of 2027


def written(path, told):
    """Written as by a person: later than what was there before."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(told if isinstance(told, str) else json.dumps(told))
    os.utime(path, ns=(before + 10**9, before + 10**9))
    return str(path)


def test_a_county_that_says_nothing_counts_by_the_law_alone():
    office = Office()

    assert (office.counting.county.remind, office.counting.patience) == ({}, timedelta(minutes=10))


def test_a_file_that_makes_no_sense_keeps_the_service_from_starting(tmp_path):
    with pytest.raises(MakesNoSense):
        Office(rules=written(tmp_path / "rules.json", {"confirmation_apply": {"days": 60}}))
    with pytest.raises(ValueError):
        Office(calendar=written(tmp_path / "calendar.json", "{"))


def test_a_file_that_changes_is_read_again_and_one_that_becomes_wrong_changes_nothing(tmp_path):
    rules = tmp_path / "rules.json"
    office = Office(rules=written(rules, {"routing": {"working_days": 2}}))
    office.recounted = True

    written(rules, {"routing": {"working_days": 3}})
    office.look()
    assert office.counting.county.rules["routing"][0].length == WorkingDays(3) and not office.recounted

    written(rules, {"confirmation_apply": {"days": 60}})
    office.look()
    assert office.counting.county.rules["routing"][0].length == WorkingDays(3)


# A process of the service as far as its files are concerned: it reads them, they change, it looks again.
LOOKS_AGAIN = """
import os, sys
from pathlib import Path
from plumbing import logs
from services.mediation.office import Office

logs.configure("mediation")
kind, valid, invalid, file = sys.argv[1], *map(Path, sys.argv[2:])
file.write_bytes(valid.read_bytes())
office = Office(**{kind: str(file)})
file.write_bytes(invalid.read_bytes())
os.utime(file, ns=(0, 0))
office.look()
"""
SECRET = "张三13909360001"


@pytest.mark.parametrize(
    ("kind", "valid", "invalid", "reason"),
    [
        ("rules", "{}", json.dumps({"confirmation_apply": {"days": 60}}), "confirmation_apply is set by law: a county may not change it."),
        ("rules", "{}", json.dumps({SECRET: {"days": 60}}), "There is no such clock."),
        ("rules", "{}", f'{{\n"{SECRET}": ', "JSONDecodeError: line 2, column"),
        ("calendar", "{}", json.dumps({"2027": {"off": [SECRET], "made_up": []}}), "The arrangement of 2027 is wrong"),
        (
            "routing_rules",
            OUR_RULES.read_text("utf-8"),
            OUR_RULES.read_text("utf-8") + f"X1,{SECRET},,,,,agency:court,,1,county_choice,,,\n",
            "“kinds” is not one of",
        ),
    ],
    ids=["a LAW clock", "an unknown clock", "not JSON", "a calendar", "routing rules"],
)
def test_the_line_that_a_process_prints_about_an_invalid_file_says_which_and_why_without_quoting_it(tmp_path, kind, valid, invalid, reason):
    written(tmp_path / "valid", valid)
    written(tmp_path / "invalid", invalid)
    file = tmp_path / "rules"

    command = [sys.executable, "-c", LOOKS_AGAIN, kind, tmp_path / "valid", tmp_path / "invalid", file]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    (line,) = map(json.loads, done.stdout.splitlines())
    assert (line["service"], line["level"], line["path"]) == ("mediation", "error", str(file))
    assert "is invalid" in line["event"] and reason in line["reason"] and line["consequence"] and line["next"]
    assert SECRET not in done.stdout


def kept(apart, code):
    return apart.rows("select due_at, provisional, state from mediation.deadlines where code = %s", code)


def said(apart):
    return [json.loads(bytes(body))["type"] for (body,) in apart.rows("select body from mediation.outbox order by id")]


def test_when_the_arrangement_arrives_provisional_deadlines_become_certain_once_however_many_copies_there_are(apart, tmp_path):
    apart.empty("mediation")
    pool, file, code = apart.pool("mediation"), tmp_path / "calendar.json", codes.make("620702", 2026, 4711)
    event = registered(REGISTERED)
    event.subject = code
    with pool.transaction() as tx:
        decision = domain.decide(None, event, REGISTERED)
        store.save(tx, [(event, decision)])
    assert kept(apart, code) == [(datetime(2027, 1, 4, 23, 59, 59, tzinfo=SHANGHAI), True, "open")]

    copies = [MediationService(), MediationService()]
    for copy in copies:
        copy.db, copy.office = pool, Office(calendar=written(file, {}))
        copy._recount()
    assert said(apart) == []  # nothing new is known

    written(file, NEW_YEAR_2027)
    for copy in copies:
        copy.office.look()
        assert not copy.office.recounted
        copy._recount()

    assert kept(apart, code) == [(datetime(2027, 1, 5, 23, 59, 59, tzinfo=SHANGHAI), False, "open")]
    assert said(apart) == ["deadline.recomputed"]
    apart.rows("delete from mediation.deadlines where code = %s", code)
    apart.empty("mediation")


def test_the_court_is_reminded_in_the_lane_as_often_as_the_county_wants(apart, tmp_path):
    apart.empty("mediation")
    service, code, now = MediationService(), codes.make("620702", 2026, 4712), datetime.now(SHANGHAI)
    service.db = apart.pool("mediation")
    service.office = Office(rules=written(tmp_path / "rules.json", {"protection_order": {"remind": ["2d", "1h"]}}))
    registration, accepted = registered(now), lane("protection_order.accepted", "court", now)
    registration.subject = accepted.subject = code
    registration.source, accepted.source = "intake", SEALED
    with service.db.transaction() as tx:
        for event in (registration, accepted):
            decision = holding.decide(store.load(tx, [code]).get(code), event, now, service.office.counting)
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
