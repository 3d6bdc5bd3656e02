"""Tests of the faults that the drill puts into the code: each fault still has its described effect on the current code."""

from datetime import UTC, datetime

from drills import fault_injection
from plumbing.statements import Statements
from services.mediation import store

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_the_fault_omit_transitions_stores_only_some_of_the_transitions(sandbox, monkeypatch):
    monkeypatch.setattr(Statements, "insert", Statements.insert)  # registers `insert` with monkeypatch, which restores the method after the test
    fault_injection.omit_transitions()
    codes = [f"620702-1999-{number:06}-0" for number in range(200)]
    rows = [(code, 1, "detected", "registered", "dispute.registered", "police", NOW, NOW, f"{code}/1", None, {}, None) for code in codes]
    with sandbox.pool("mediation").transaction() as tx:
        tx.insert("mediation.transitions", store.TRANSITION_COLUMNS, rows)
        written = tx.run("delete from mediation.transitions where code = any(%s)", (codes,))

    assert 0 < written < len(codes)
