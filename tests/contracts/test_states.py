"""Tests of the explanations of states: every state has one, and the explanations agree with mediation's transitions and next actors."""

import re

import pytest

from contracts.states import ENDINGS_OF_ANY_STATE, STATE_EXPLANATIONS, STATES
from services.mediation.lifecycle.transitions import FINAL_STATES, NEXT_ACTORS, SHARED_TRANSITIONS, TRANSITIONS, target_states

HAN_CHARACTER = re.compile(r"[\u4e00-\u9fff]")
# How the Chinese and English explanations name each actor.
ACTOR_TEXTS = {
    "centre": ("综治中心", "mediation centre"),
    "after_screening": ("综治中心（已收到起诉状的为法院）", "mediation centre, or the court that has received a complaint"),
    "body": ("受理的调解组织", "mediating body"),
    "sender": ("交办的单位", "agency that made the referral"),
    "court": ("法院", "court"),
    "authority": ("法院（涉嫌犯罪的为公安机关）", "court, or the police where a crime is suspected"),
}
NO_ACTOR_TEXTS = ("无须任何机构办理", "No agency has to act")
SHARED_STEPS = {step for _, row in SHARED_TRANSITIONS for step in row}


def following_states(state):
    """Return the states to which steps of this state lead, without the state itself. Steps that many states share are left out."""
    cells = [cell for step, cell in TRANSITIONS[state].items() if step not in SHARED_STEPS]
    return {target for cell in cells for target in target_states(cell)} - {state}


def quoted_names(sentence):
    """Return the names in quotation marks."""
    return set(re.findall(r"“([^”]+)”", sentence))


def test_every_state_has_an_explanation():
    assert list(STATE_EXPLANATIONS) == list(STATES)


@pytest.mark.parametrize("state", STATES)
def test_the_explanation_of_a_state_has_every_sentence_in_chinese_and_english(state):
    explanation = STATE_EXPLANATIONS[state]

    for zh, en in (explanation.meaning, explanation.actor, explanation.ends):
        assert HAN_CHARACTER.search(zh) and zh.endswith("。")
        assert not HAN_CHARACTER.search(en) and en.endswith(".")


@pytest.mark.parametrize("state", TRANSITIONS)
def test_the_explanation_of_who_must_act_in_a_state_names_the_next_actors(state):
    actor = STATE_EXPLANATIONS[state].actor

    for language, sentence in enumerate(actor):
        if not NEXT_ACTORS[state]:
            assert sentence.startswith(NO_ACTOR_TEXTS[language])
        else:
            assert all(ACTOR_TEXTS[role][language] in sentence for role in NEXT_ACTORS[state])
            first = sentence.removeprefix("The ")
            assert any(first.startswith(ACTOR_TEXTS[role][language]) for role in NEXT_ACTORS[state])


@pytest.mark.parametrize("state", TRANSITIONS)
@pytest.mark.parametrize("language", [0, 1], ids=["zh", "en"])
def test_the_explanation_of_how_a_state_ends_names_exactly_the_following_states(state, language):
    named = quoted_names(STATE_EXPLANATIONS[state].ends[language]) - {STATES[state][language]}

    assert named == {STATES[following][language] for following in following_states(state)}


@pytest.mark.parametrize("state", FINAL_STATES)
def test_the_explanation_of_a_final_state_says_that_nothing_follows(state):
    zh, en = STATE_EXPLANATIONS[state].ends

    assert "其后没有步骤" in zh and "nothing follows" in en


@pytest.mark.parametrize("language", [0, 1], ids=["zh", "en"])
def test_the_text_on_endings_of_any_state_names_the_targets_of_the_shared_transitions(language):
    common = {target for _, row in SHARED_TRANSITIONS for cell in row.values() for target in target_states(cell)}

    assert quoted_names(ENDINGS_OF_ANY_STATE[language]) == {STATES[state][language] for state in common}
