"""Repair after a loss of data: a database or a service's schema restored to an earlier point, or a broker without its data.

The services must not run. What a producer has said is what its table `published` contains; a recovery makes every listener agree with that:

1. `queues` takes the messages out of the services' queues;
2. `positions` compares, per stream and dispute, what was published with what each listener has processed;
3. `repair` puts messages that a listener lacks into the producer's outbox again, lets the numbering of a stream jump over numbers that events used which
   the producer no longer has, sets such events aside, and begins the next epoch.
"""
