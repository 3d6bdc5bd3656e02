"""Tests of the search for a dispute by its code: what a person types or pastes in any notation is found, and what cannot be searched is said."""

import pytest

from contracts.codes import dispute_code
from services.metrics.web.search import read_search

CODE = dispute_code("620702", 2026, 123)


@pytest.mark.parametrize(
    "entered",
    [
        "620702-2026-000123-1",
        " 620702-2026-000123-1 ",
        "62070220260001231",
        "６２０７０２－２０２６－０００１２３－１",
        "620702—2026—000123—1",
        "620702‐2026–000123−1",
        "620702 2026 000123 1",
        "620702　2026　000123　1",
        "620702-2026-\u200b000123-1",
        "2026-000123-1",
        "2026-123-1",
        "20260001231",
    ],
)
def test_a_code_in_any_notation_is_that_code(entered):
    assert read_search(entered).exact_code == CODE == "620702-2026-000123-1"


@pytest.mark.parametrize("entered", ["123", "000123", "０００１２３", "１２３", "000123-1", " 000 123 "])
def test_a_serial_number_is_searched_with_six_digits(entered):
    assert read_search(entered).serial == "000123"


@pytest.mark.parametrize(
    ("entered", "prefix"),
    [("620702-2026-0001", "620702-2026-0001"), ("62070220260001", "620702-2026-0001"), ("6207022026", "620702-2026"), ("2026-000123", "620702-2026-000123")],
)
def test_the_beginning_of_a_code_is_searched_with_dashes_in_their_places(entered, prefix):
    assert (read_search(entered).prefix, read_search(entered).exact_code) == (prefix, None)


@pytest.mark.parametrize("entered", ["张三", "张三 000123", "dispute", "13900000000000000000", "---", "6207x2", "1" * 50, "'; drop table x"])
def test_a_text_that_is_no_part_of_a_code_cannot_be_searched(entered):
    search = read_search(entered)

    assert search.is_unsearchable
    assert (search.serial, search.prefix, search.exact_code) == ("", "", None)


def test_an_empty_field_searches_nothing_and_is_no_mistake():
    assert not read_search("  ").is_unsearchable
