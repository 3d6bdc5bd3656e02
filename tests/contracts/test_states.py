"""Tests of the explanations of states: every state has all sentences, and they agree with mediation's tables of transitions and next actors."""

import re

import pytest

from contracts.states import ENDINGS_OF_ANY_STATE, STATE_EXPLANATIONS, STATES
from services.mediation.lifecycle.transitions import FINAL_STATES, NEXT_ACTORS, SHARED_TRANSITIONS, TRANSITIONS, target_states

HAN = re.compile(r"[\u4e00-\u9fff]")
ACTORS = {
    "centre": ("综治中心", "mediation centre"),
    "body": ("受理的调解组织", "mediating body"),
    "sender": ("交办的单位", "agency that made the referral"),
    "court": ("法院", "court"),
    "authority": ("法院（涉嫌犯罪的为公安机关）", "court, or the police where a crime is suspected"),
}
NOBODY = ("无须任何机构办理", "No agency has to act")
STEPS_OF_MANY_STATES = {step for _, row in SHARED_TRANSITIONS for step in row}


def following_states(state):
    """Return the states to which the steps of this state's own row lead, without the state itself."""
    own = [cell for step, cell in TRANSITIONS[state].items() if step not in STEPS_OF_MANY_STATES]
    return {target for cell in own for target in target_states(cell)} - {state}


def quoted(sentence):
    return set(re.findall(r"“([^”]+)”", sentence))


def test_every_state_has_an_explanation():
    assert list(STATE_EXPLANATIONS) == list(STATES)


@pytest.mark.parametrize("state", STATES)
def test_an_explanation_has_every_sentence_in_chinese_and_english(state):
    explanation = STATE_EXPLANATIONS[state]

    for zh, en in (explanation.meaning, explanation.actor, explanation.ends):
        assert HAN.search(zh) and zh.endswith("。")
        assert not HAN.search(en) and en.endswith(".")


@pytest.mark.parametrize("state", TRANSITIONS)
def test_the_sentence_on_who_must_act_names_the_next_actors(state):
    actor = STATE_EXPLANATIONS[state].actor

    for language, sentence in enumerate(actor):
        if not NEXT_ACTORS[state]:
            assert sentence.startswith(NOBODY[language])
        else:
            assert all(ACTORS[role][language] in sentence for role in NEXT_ACTORS[state])
            first = sentence.removeprefix("The ")
            assert any(first.startswith(ACTORS[role][language]) for role in NEXT_ACTORS[state])


@pytest.mark.parametrize("state", TRANSITIONS)
@pytest.mark.parametrize("language", [0, 1], ids=["zh", "en"])
def test_the_sentence_on_the_end_names_exactly_the_states_that_follow(state, language):
    named = quoted(STATE_EXPLANATIONS[state].ends[language]) - {STATES[state][language]}

    assert named == {STATES[following][language] for following in following_states(state)}


@pytest.mark.parametrize("state", FINAL_STATES)
def test_an_end_state_says_that_nothing_follows(state):
    zh, en = STATE_EXPLANATIONS[state].ends

    assert "其后没有步骤" in zh and "nothing follows" in en


@pytest.mark.parametrize("language", [0, 1], ids=["zh", "en"])
def test_the_endings_of_any_state_name_the_states_of_the_common_rows(language):
    common = {target for _, row in SHARED_TRANSITIONS for cell in row.values() for target in target_states(cell)}

    assert quoted(ENDINGS_OF_ANY_STATE[language]) == {STATES[state][language] for state in common}
