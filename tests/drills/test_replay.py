"""A short version of the drill `python -m drills.replay`: a history is loaded three times, and everything that follows from it is the same."""

from drills import replay

DISPUTES = 60


def test_loading_the_same_log_in_any_order_and_at_any_rate_gives_the_same_result(drill_system):
    assert replay.run(drill_system, DISPUTES, rate=100, log=print) == {"as it was": {}, "reordered": {}, "ten times as fast": {}}
