"""Compares what producers have published with what listeners have processed. SQL on the services' tables; changes nothing."""

from collections import defaultdict
from dataclasses import dataclass, field

from contracts.channels import SUBSCRIPTIONS, service_of

SPOKEN_SQL = "select subject, last_sequence from spoken where source = %s"
HEARD_SQL = "select subject, last_sequence from heard where source = %s"
STORED_SQL = """
select subject, max(sequence) from (
    select subject, sequence from waiting where source = %(stream)s
    union all select subject, sequence from parked where source = %(stream)s and status <> 'conflict') stored
 group by subject
"""


@dataclass
class StreamPositions:
    """Positions of the producer and of the listeners of one stream, by dispute.

    `spoken`: last number used by the producer. `heard`: listener → last number processed. `seen`: highest number of an event that a listener has stored or
    that was in its queue.
    """

    stream: str
    spoken: dict[str, int]
    heard: dict[str, dict[str, int]]
    seen: dict[str, int] = field(default_factory=dict)

    def note_seen(self, subject: str, sequence: int) -> None:
        self.seen[subject] = max(sequence, self.seen.get(subject, 0))

    def jumps(self) -> dict[str, tuple[int, int]]:
        """Return the disputes of which a number is known that the producer no longer knows: {dispute: (producer's last number, highest known number)}."""
        highest = dict(self.seen)
        for positions in self.heard.values():
            for subject, sequence in positions.items():
                if sequence > highest.get(subject, 0):
                    highest[subject] = sequence
        return {subject: (self.spoken.get(subject, 0), sequence) for subject, sequence in sorted(highest.items()) if sequence > self.spoken.get(subject, 0)}

    def lacking(self) -> dict[str, dict[str, tuple[int, int]]]:
        """Return what each listener has not processed: {listener: {dispute: (last number processed, last number published)}}."""
        return {
            listener: {subject: (positions.get(subject, 0), sequence) for subject, sequence in self.spoken.items() if positions.get(subject, 0) < sequence}
            for listener, positions in self.heard.items()
        }

    def count_ahead(self, listener: str) -> int:
        """Return the number of events that the listener has processed and the producer no longer has."""
        return sum(max(0, sequence - self.spoken.get(subject, 0)) for subject, sequence in self.heard[listener].items())


def load(cursors: dict, stream: str) -> StreamPositions:
    """Return the positions in one stream. `cursors`: service → cursor on its tables."""
    listeners = [listener for listener, streams in SUBSCRIPTIONS.items() if stream in streams]
    heard = {listener: _load(cursors[listener], HEARD_SQL, stream) for listener in listeners}
    # The producer's positions are read last: on a running system, no listener then seems to be ahead of its producer.
    found = StreamPositions(stream, _load(cursors[service_of(stream)], SPOKEN_SQL, stream), heard)
    for listener in listeners:
        cursors[listener].execute(STORED_SQL, {"stream": stream})
        for subject, sequence in cursors[listener].fetchall():
            if sequence is not None:
                found.note_seen(subject, sequence)
    return found


def heard_streams() -> list[str]:
    """Return all streams that have a listener."""
    return list(dict.fromkeys(stream for streams in SUBSCRIPTIONS.values() for stream in streams))


def _load(cursor, sql, stream) -> dict[str, int]:
    cursor.execute(sql, (stream,))
    return dict(cursor.fetchall())


def first_lacking(lacking: dict[str, dict[str, tuple[int, int]]]) -> dict[str, tuple[int, int]]:
    """Return, for each dispute of which any listener lacks events, the lowest of these listeners' positions and the last number published."""
    first: dict[str, tuple[int, int]] = defaultdict(lambda: (2**63, 0))
    for subjects in lacking.values():
        for subject, (heard, spoken) in subjects.items():
            first[subject] = (min(heard, first[subject][0]), spoken)
    return dict(first)
