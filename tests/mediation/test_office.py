"""How time is counted here comes from files: they arrive, they change, they are wrong; and what was provisional becomes certain."""

import json
import os
from datetime import datetime, timedelta

import pytest

from services.intake import codes
from services.mediation import domain, store
from services.mediation.clocks import SHANGHAI, WorkingDays
from services.mediation.clocks.mistakes import MakesNoSense
from services.mediation.office import Office
from services.mediation.service import MediationService
from tests.mediation.lives import registered

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


def test_a_file_that_changes_is_read_again_and_one_that_becomes_wrong_changes_nothing(tmp_path, caplog):
    rules = tmp_path / "rules.json"
    office = Office(rules=written(rules, {"routing": {"working_days": 2}}))
    office.recounted = True

    written(rules, {"routing": {"working_days": 3}})
    office.look()
    assert office.counting.county.rules["routing"][0].length == WorkingDays(3) and not office.recounted

    written(rules, {"confirmation_apply": {"days": 60}})
    office.look()
    assert office.counting.county.rules["routing"][0].length == WorkingDays(3)
    assert "makes no sense" in caplog.text


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
