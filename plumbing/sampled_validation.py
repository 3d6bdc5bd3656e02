"""Conversion of the data of published events to JSON values, with validation: of every event in tests, of a sample in production.

The schemas describe what the code of this system itself has built, so that an invalid event is a mistake in the code, which tests find. The sample
finds mistakes that tests have not reached. Events from agencies are always validated.
"""

from collections import Counter
from functools import cache

import contracts
from plumbing import settings


class SampledValidation:
    """Validates the first event of each type and then one in `interval`. An event type that failed is validated every time until it succeeds."""

    def __init__(self, interval: int):
        self.interval = interval
        self._counts: Counter = Counter()  # events converted without an error, by (producer, type)

    def to_json_values(self, event_type: str, data: dict, producer: str) -> dict:
        """Return the data as JSON values, equal with and without validation.

        Raises marshmallow.ValidationError if the data is validated and does not match its schema, KeyError if this producer may not publish the event type.
        """
        is_validated = self._counts[producer, event_type] % self.interval == 0
        converted = (contracts.dump if is_validated else contracts.convert)(event_type, data, producer)
        self._counts[producer, event_type] += 1
        return converted


@cache
def of_this_process() -> SampledValidation:
    """Return the validation of this process, with the interval from its environment."""
    return SampledValidation(settings.load_validation_interval())
