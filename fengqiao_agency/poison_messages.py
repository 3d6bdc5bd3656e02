"""Detection of the event that makes the broker close the channel or the connection. Pure; events are identified by their publish order."""

# AMQP reply codes that a published message can cause. Other reply codes (404, 403, 320 …) concern the connection as a whole.
MESSAGE_REPLY_CODES = (311, 406, 501, 502, 503, 505, 540, 541)


class PoisonMessageDetector:
    """Finds the event that makes the broker close the channel or the connection.

    After such a close, the events that were unconfirmed are published one at a time. An event is the cause

    - if the broker closes the channel with reply code 406 while only this event is unconfirmed;
    - if the broker closes the connection with another reply code twice while only this event is unconfirmed, and another event is confirmed
      between the two closes. Without that confirmation, the broker itself may be faulty.
    """

    def __init__(self):
        self._last_published_alone = 0  # publish order; the events up to this one are published one at a time
        self._confirmed_after_lone_close: dict[
            int, bool
        ] = {}  # publish order of an event that was the only unconfirmed one at a close → whether another event was confirmed after that close

    def record_close(self, unconfirmed: list[int], code: int, text: str) -> int | None:
        """Record a close by the broker while these events were unconfirmed. Return the publish order of the event that caused it, or None if uncertain."""
        if not unconfirmed or not is_caused_by_a_message(code, text):
            return None
        self._last_published_alone = max(self._last_published_alone, *unconfirmed)
        if len(unconfirmed) > 1:
            return None
        (publish_order,) = unconfirmed
        if code == 406 or self._confirmed_after_lone_close.get(publish_order):
            self._confirmed_after_lone_close.pop(publish_order, None)
            return publish_order
        self._confirmed_after_lone_close[publish_order] = False
        return None

    def record_confirm(self, publish_order: int) -> None:
        self._confirmed_after_lone_close.pop(publish_order, None)
        self._confirmed_after_lone_close = dict.fromkeys(self._confirmed_after_lone_close, True)

    def must_be_published_alone(self, publish_order: int) -> bool:
        return publish_order <= self._last_published_alone

    def is_deferred(self, publish_order: int) -> bool:
        """Return whether other events are to be published before this event is published again."""
        return self._confirmed_after_lone_close.get(publish_order) is False


def is_caused_by_a_message(code: int, text: str) -> bool:
    """Return whether the broker closed the channel or connection because of a published message and not for another reason."""
    return code in MESSAGE_REPLY_CODES and not is_wrong_user(code, text)


def is_wrong_user(code: int, text: str) -> bool:
    """Return whether the broker refused the AMQP property `user_id` (the agency's code), because it is not the name of the user that is logged in."""
    return code == 406 and "user_id" in text
