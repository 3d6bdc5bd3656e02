"""Detection of the event because of which the broker closes the channel or the connection. Pure; events are identified by their publish order."""

# AMQP reply codes that concern a published message. Others (404, 403, 320 …) concern the connection and are not caused by an event.
MESSAGE_REPLY_CODES = (311, 406, 501, 502, 503, 505, 540, 541)


class PoisonMessageDetector:
    """Decides which event to set aside.

    After such a close, the events that were unconfirmed are published one at a time. An event is set aside

    - when the broker closes the channel with 406 while that event is the only unconfirmed one: 406 answers that message;
    - with any other reply code when that happened twice to the same event and another event was confirmed in between:
      without that confirmation, the fault may lie in the broker, and every event would seem to be the cause.
    """

    def __init__(self):
        self._alone_until = 0  # events up to this publish order are published one at a time
        self._failed: dict[int, bool] = {}  # publish order of an event that was alone at a close → whether another event was confirmed since

    def record_close(self, unconfirmed: list[int], code: int, text: str) -> int | None:
        """Record that the broker closed while these events were unconfirmed. Return the publish order of the event that caused it; None while uncertain."""
        if not unconfirmed or not is_about_a_message(code, text):
            return None
        self._alone_until = max(self._alone_until, *unconfirmed)
        if len(unconfirmed) > 1:
            return None
        (publish_order,) = unconfirmed
        if code == 406 or self._failed.get(publish_order):
            self._failed.pop(publish_order, None)
            return publish_order
        self._failed[publish_order] = False
        return None

    def record_confirm(self, publish_order: int) -> None:
        self._failed.pop(publish_order, None)
        self._failed = dict.fromkeys(self._failed, True)

    def must_be_published_alone(self, publish_order: int) -> bool:
        return publish_order <= self._alone_until

    def is_deferred(self, publish_order: int) -> bool:
        """Return whether other events are published before this one is published again."""
        return self._failed.get(publish_order) is False


def is_about_a_message(code: int, text: str) -> bool:
    """Return whether the close reply concerns a published message and not the connection as a whole."""
    return code in MESSAGE_REPLY_CODES and not is_wrong_user(code, text)


def is_wrong_user(code: int, text: str) -> bool:
    """Return whether the broker closed because the agency's code, sent as `user_id` of every event, differs from the user that is logged in."""
    return code == 406 and "user_id" in text
