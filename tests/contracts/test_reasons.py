"""Is every reason a sentence that a person understands, and one that cannot carry anything else?"""

import re
from datetime import date

import pytest

from contracts import REASONS
from contracts.reasons import is_sentence_of
from tests.contracts.made_up import SENTENCES


@pytest.mark.parametrize("reason", REASONS.values(), ids=lambda reason: reason.code)
def test_it_is_a_sentence_in_both_languages_with_the_same_placeholders(reason):
    assert reason.zh.endswith("。") and re.fullmatch(r"[ -~“”]+[.]", reason.en)
    assert set(re.findall(r"{(\w+)}", reason.zh)) == set(re.findall(r"{(\w+)}", reason.en))


@pytest.mark.parametrize("told", SENTENCES, ids=lambda told: told["code"])
def test_what_it_renders_is_recognised_and_fits_the_field(told):
    assert "{" not in told["zh"] + told["en"]
    assert is_sentence_of(**told)
    assert len(told["zh"]) <= 400 and len(told["en"]) <= 400


def test_tokens_are_told_in_the_language_of_the_sentence():
    told = REASONS["illegal_here"].text(state="mediating", step="mediation.started")

    assert told == {
        "code": "illegal_here",
        "zh": "纠纷处于“调解中”状态，不能办理“调解开始”。请先核对纠纷进展。",
        "en": "The dispute is “mediating”; “mediation started” is not possible there. Check how far the dispute is.",
    }


def test_a_date_is_told_as_a_date():
    assert "2026-04-01" in REASONS["extended_too_late"].text(on=date(2026, 4, 1))["zh"]


@pytest.mark.parametrize("facts", [{"on": "张三"}, {"on": "2026-04-01 张三"}, {"note": "x"}])
def test_a_sentence_takes_nothing_but_tokens_dates_and_counts(facts):
    with pytest.raises(ValueError):
        REASONS["extended_too_late"].text(**facts)


def test_a_sentence_with_anything_added_is_not_the_sentence():
    told = REASONS["consent_missing"].text()

    assert is_sentence_of(**told)
    assert not is_sentence_of(told["code"], told["zh"] + "张三", told["en"])
    assert not is_sentence_of("illegal_here", told["zh"], told["en"])
    assert not is_sentence_of("unheard_of", told["zh"], told["en"])
