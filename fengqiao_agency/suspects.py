"""Finds the event because of which the broker closes the channel or the connection. Pure; events are known by their turn."""

# Replies that blame what was published. Others (404, 403, 320 …) are about the whole link and no event's fault.
ABOUT_THE_MESSAGE = (311, 406, 501, 502, 503, 505, 540, 541)


class Suspects:
    """After such a close, the events that were under way are published one at a time. An event is set aside

    - when the broker closes the channel with 406 while that event alone is under way: 406 answers that one message;
    - with any other reply when that happened twice to the same event alone, and another event was confirmed in between:
      the broker itself may be in trouble, and then every event would seem to be the cause.
    """

    def __init__(self):
        self._until = 0  # events up to this turn were under way when the broker closed
        self._failed: dict[int, bool] = {}  # was alone under way when the broker closed → another one was confirmed since

    def closed(self, under_way: list[int], code: int, text: str) -> int | None:
        """The broker closed while these were not confirmed. Returns the turn of the event that is to blame, once it is certain."""
        if not under_way or not is_about_a_message(code, text):
            return None
        self._until = max(self._until, *under_way)
        if len(under_way) > 1:
            return None
        (turn,) = under_way
        if code == 406 or self._failed.get(turn):
            self._failed.pop(turn, None)
            return turn
        self._failed[turn] = False
        return None

    def confirmed(self, turn: int) -> None:
        self._failed.pop(turn, None)
        self._failed = dict.fromkeys(self._failed, True)

    def must_be_alone(self, turn: int) -> bool:
        return turn <= self._until

    def comes_later(self, turn: int) -> bool:
        """Whether others are tried before this one is tried again."""
        return self._failed.get(turn) is False


def is_about_a_message(code: int, text: str) -> bool:
    return code in ABOUT_THE_MESSAGE and not is_wrong_user(code, text)


def is_wrong_user(code: int, text: str) -> bool:
    """The agency's code, which every event carries as `user_id`, is not the user that logged in."""
    return code == 406 and "user_id" in text
