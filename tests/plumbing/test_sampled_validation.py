"""Tests of the validation of published events: all of them in tests, a sample in production."""

import pytest
from marshmallow import ValidationError

from contracts import EVENTS
from contracts.events import event_type
from plumbing import sampled_validation, settings
from plumbing.sampled_validation import SampledValidation

NOTICE = event_type("notice.sent", "notify").example
INVALID_NOTICE = NOTICE | {"channel": "pigeon"}


def test_the_first_event_of_each_type_is_validated():
    validation = SampledValidation(64)
    validation.to_json_values("notice.sent", NOTICE, "notify")

    with pytest.raises(ValidationError):
        validation.to_json_values("notice.undeliverable", {}, "notify")


@pytest.mark.parametrize("interval", [1, 2, 64])
def test_of_the_events_of_a_type_one_in_an_interval_is_validated(interval):
    validation, validated = SampledValidation(interval), []
    for number in range(3 * interval):
        try:
            validation.to_json_values("notice.sent", INVALID_NOTICE, "notify")
        except ValidationError:
            validated.append(number)
            validation.to_json_values("notice.sent", NOTICE, "notify")

    assert validated == [0, interval, 2 * interval] if interval > 1 else validated == list(range(3))


def test_after_an_invalid_event_every_event_of_its_type_is_validated_until_one_is_valid():
    validation = SampledValidation(64)
    for _ in range(3):
        with pytest.raises(ValidationError):
            validation.to_json_values("notice.sent", INVALID_NOTICE, "notify")
    validation.to_json_values("notice.sent", NOTICE, "notify")

    assert validation.to_json_values("notice.sent", INVALID_NOTICE, "notify") == INVALID_NOTICE


@pytest.mark.parametrize("interval", [1, 64])
def test_an_event_type_of_another_producer_is_refused_with_and_without_validation(interval):
    validation = SampledValidation(interval)
    for _ in range(2):
        with pytest.raises(KeyError):
            validation.to_json_values("dispute.registered", EVENTS["dispute.reported"].example, "notify")


def test_in_tests_every_event_is_validated():
    assert sampled_validation.of_this_process().interval == 1


def test_without_a_setting_one_event_in_64_is_validated(monkeypatch):
    monkeypatch.delenv("FENGQIAO_VALIDATION_INTERVAL")

    assert settings.load_validation_interval() == 64
