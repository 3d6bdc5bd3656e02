"""A short version of the drill `python -m drills.replay`: a history is loaded three times, and everything that follows from it is the same."""

from drills import replay

DISPUTES = 40


def test_loading_the_same_log_in_any_order_and_at_any_rate_gives_the_same_result(drill_system):
    drill_system.restart_empty({})  # tests of other files may have used the servers before

    assert replay.run(drill_system, DISPUTES, rate=200, log=print) == {"as it was": {}, "reordered": {}, "ten times as fast": {}}
