"""Does the drawn life of a dispute say what the tables say?"""

from docs.generate import lifecycle
from services.mediation.deadlines.clocks import CLOCKS
from services.mediation.life.transitions import TRANSITIONS


def test_the_document_is_the_one_that_the_tables_give():
    assert lifecycle.main(["--check"]) is None


def test_the_document_names_every_state_and_every_clock():
    text = lifecycle.text()

    assert all(f"`{name}`" in text for name in (*TRANSITIONS, *(clock.name for clock in CLOCKS)))


def test_a_stale_or_missing_document_is_reported_and_writing_it_mends_that(tmp_path, monkeypatch):
    monkeypatch.setattr(lifecycle, "PATH", tmp_path / "docs" / "lifecycle.md")
    assert "stale" in lifecycle.main(["--check"])

    lifecycle.main([])
    assert lifecycle.main(["--check"]) is None

    lifecycle.PATH.write_text("drawn by hand", "utf-8")
    assert "stale" in lifecycle.main(["--check"])
