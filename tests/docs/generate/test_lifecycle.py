"""Tests of docs/lifecycle.md: the page is current and complete, and an outdated page is reported."""

from contracts.states import STATE_EXPLANATIONS
from docs.generate import lifecycle
from services.mediation.deadlines.clocks import CLOCKS
from services.mediation.lifecycle.transitions import TRANSITIONS


def test_docs_lifecycle_md_is_current():
    assert lifecycle.main(["--check"]) is None


def test_docs_lifecycle_md_names_every_state_and_every_clock():
    page = lifecycle.render()

    assert all(f"`{name}`" in page for name in (*TRANSITIONS, *(clock.name for clock in CLOCKS)))


def test_docs_lifecycle_md_contains_every_explanation_of_every_state():
    page = lifecycle.render()

    for explanation in STATE_EXPLANATIONS.values():
        assert all(sentence in page for pair in (explanation.meaning, explanation.actor, explanation.ends) for sentence in pair)


def test_an_outdated_or_missing_docs_lifecycle_md_is_reported_until_it_is_written_again(tmp_path, monkeypatch):
    monkeypatch.setattr(lifecycle, "PAGE_PATH", tmp_path / "docs" / "lifecycle.md")
    assert "outdated" in lifecycle.main(["--check"])

    lifecycle.main([])
    assert lifecycle.main(["--check"]) is None

    lifecycle.PAGE_PATH.write_text("written by hand", "utf-8")
    assert "outdated" in lifecycle.main(["--check"])
