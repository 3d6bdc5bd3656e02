"""Does the page of deadlines say what the table of the law says?"""

from docs.generate import deadlines
from services.mediation.law.periods import LAW, READINGS


def test_the_document_is_the_one_that_the_table_gives():
    assert deadlines.main(["--check"]) is None


def test_it_names_every_clock_twice_and_every_reading_in_both_languages():
    text = deadlines.text()

    assert all(text.count(f"| `{clock}` ") == 2 * len(rows) for clock, rows in LAW.items())
    assert all(reading in text for both in READINGS.values() for reading in both)


def test_a_stale_or_missing_document_is_reported_and_writing_it_mends_that(tmp_path, monkeypatch):
    monkeypatch.setattr(deadlines, "PATH", tmp_path / "docs" / "deadlines.md")
    assert "stale" in deadlines.main(["--check"])

    deadlines.main([])
    assert deadlines.main(["--check"]) is None

    deadlines.PATH.write_text("written by hand", "utf-8")
    assert "stale" in deadlines.main(["--check"])
