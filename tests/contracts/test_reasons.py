"""Tests of the reasons of refusal: each is a sentence in Chinese and English, and its placeholders accept permitted values only."""

import re
from datetime import date

import pytest

from contracts import REASONS
from contracts.reasons import is_sentence_of
from tests.contracts.strategies import RENDERED_REASONS


@pytest.mark.parametrize("reason", REASONS.values(), ids=lambda reason: reason.code)
def test_a_reason_is_a_sentence_in_chinese_and_english_with_the_same_placeholders(reason):
    assert reason.zh.endswith("。") and re.fullmatch(r"[ -~“”]+[.]", reason.en)
    assert set(re.findall(r"{(\w+)}", reason.zh)) == set(re.findall(r"{(\w+)}", reason.en))


@pytest.mark.parametrize("rendered", RENDERED_REASONS, ids=lambda rendered: rendered["code"])
def test_a_rendered_reason_is_recognised_and_has_at_most_400_characters(rendered):
    assert "{" not in rendered["zh"] + rendered["en"]
    assert is_sentence_of(**rendered)
    assert len(rendered["zh"]) <= 400 and len(rendered["en"]) <= 400


def test_tokens_in_a_reason_are_rendered_in_the_language_of_the_sentence():
    rendered = REASONS["illegal_here"].text(state="mediating", step="mediation.started")

    assert rendered == {
        "code": "illegal_here",
        "zh": "纠纷处于“调解中”状态，不能办理“调解开始”。请先核对纠纷进展。",
        "en": "The dispute is in state “mediating”, in which “mediation started” is not possible. Check the progress of the dispute.",
    }


def test_a_date_in_a_reason_is_rendered_in_iso_format():
    assert "2026-04-01" in REASONS["extended_too_late"].text(on=date(2026, 4, 1))["zh"]


@pytest.mark.parametrize("facts", [{"on": "张三"}, {"on": "2026-04-01 张三"}, {"note": "x"}])
def test_a_placeholder_of_a_reason_refuses_other_values_than_tokens_dates_and_counts(facts):
    with pytest.raises(ValueError):
        REASONS["extended_too_late"].text(**facts)


def test_a_refusal_sentence_with_added_text_is_not_accepted_as_the_sentence_of_its_reason():
    rendered = REASONS["consent_missing"].text()

    assert is_sentence_of(**rendered)
    assert not is_sentence_of(rendered["code"], rendered["zh"] + "张三", rendered["en"])
    assert not is_sentence_of("illegal_here", rendered["zh"], rendered["en"])
    assert not is_sentence_of("no_such_reason", rendered["zh"], rendered["en"])
