"""Do seeded faults still do what the table of the proof says, after the code that they replace has changed?"""

from datetime import UTC, datetime

from drills import fault_injection
from plumbing.statements import Statements
from services.mediation import store

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_forgets_history_leaves_out_some_transitions(apart, monkeypatch):
    monkeypatch.setattr(Statements, "insert", Statements.insert)  # put back afterwards
    fault_injection.forgets_history()
    codes = [f"620702-1999-{number:06}-0" for number in range(200)]
    rows = [(code, 1, "detected", "registered", "dispute.registered", "police", NOW, NOW, f"{code}/1", None, {}, None) for code in codes]
    with apart.pool("mediation").transaction() as tx:
        tx.insert("mediation.transitions", store.TRANSITIONS, rows)
        written = tx.run("delete from mediation.transitions where code = any(%s)", (codes,))

    assert 0 < written < len(codes)
