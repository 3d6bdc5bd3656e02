"""Tests of docs/deadlines.md: the page is current and complete, and an outdated page is reported."""

from contracts.law_texts import ARTICLE_TEXTS, RULE_ORIGINS, SOURCES
from docs.generate import deadlines
from services.mediation.law.periods import DEFAULT_RULES, READINGS


def test_docs_deadlines_md_is_current():
    assert deadlines.main(["--check"]) is None


def test_docs_deadlines_md_contains_every_clock_in_both_tables_and_every_interpretation_in_both_languages():
    page = deadlines.render()

    assert all(page.count(f"| `{clock}` ") == 4 * len(rows) for clock, rows in DEFAULT_RULES.items())
    assert all(reading in page for both in READINGS.values() for reading in both)


def test_docs_deadlines_md_contains_every_quoted_sentence_and_every_source_in_both_languages():
    page = deadlines.render()

    for text in ARTICLE_TEXTS.values():
        assert all(sentence in page for both in text.sentences for sentence in both)
    for source in SOURCES.values():
        assert all(part in page for both in (source.title, source.issued_by, source.number, source.published_in) for part in both)
    assert all(owner in page for origin in RULE_ORIGINS.values() for owner in origin.owner)


def test_an_outdated_or_missing_docs_deadlines_md_is_reported_until_it_is_written_again(tmp_path, monkeypatch):
    monkeypatch.setattr(deadlines, "PAGE_PATH", tmp_path / "docs" / "deadlines.md")
    assert "outdated" in deadlines.main(["--check"])

    deadlines.main([])
    assert deadlines.main(["--check"]) is None

    deadlines.PAGE_PATH.write_text("written by hand", "utf-8")
    assert "outdated" in deadlines.main(["--check"])
