"""Frames arrive whole and in order, however the network cuts them."""

import random
import socket
import struct
from types import SimpleNamespace

import amqp
import pytest
from amqp.exceptions import UnexpectedFrame

from plumbing.wire import AT_ONCE, drain

FRAMES = [(1, 1, b"method"), (2, 1, b""), (3, 1, bytes(300)), (8, 0, b""), (3, 7, b"\xce" * 50)] * 20


def octets(kind, channel, payload):
    return struct.pack(">BHI", kind, channel, len(payload)) + payload + b"\xce"


@pytest.fixture
def line():
    """Our end of a connection, and the broker's."""
    ours, brokers = socket.socketpair()
    handled = []
    yield SimpleNamespace(transport=SimpleNamespace(sock=ours, _read_buffer=b""), on_inbound_frame=handled.append, handled=handled), brokers
    ours.close()
    brokers.close()


@pytest.mark.parametrize("seed", range(20))
def test_frames_arrive_whole_and_in_order_however_they_are_cut(line, seed):
    connection, broker = line
    dice, data = random.Random(seed), b"".join(octets(*frame) for frame in FRAMES)

    while data:
        size = dice.choice((1, 3, 7, 8, 50, 400, 5000))
        broker.send(data[:size])
        data = data[size:]
        drain(connection, 1)

    assert connection.handled == FRAMES
    assert connection.transport._read_buffer == b""


def test_a_frame_larger_than_one_reading_arrives_whole(line):
    connection, broker = line
    broker.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * AT_ONCE)
    large = (3, 1, random.randbytes(2 * AT_ONCE))

    broker.sendall(octets(*large))
    while not connection.handled:
        drain(connection, 1)

    assert connection.handled == [large]


def test_what_a_handler_raises_goes_up_and_the_next_frames_are_not_lost(line):
    connection, broker = line
    handled = connection.handled

    def stumble(frame):
        handled.append(frame)
        if frame == FRAMES[1]:
            raise ZeroDivisionError

    connection.on_inbound_frame = stumble
    broker.send(b"".join(octets(*frame) for frame in FRAMES[:4]))
    with pytest.raises(ZeroDivisionError):
        drain(connection, 1)
    broker.send(octets(*FRAMES[4]))
    drain(connection, 1)

    assert handled == FRAMES[:5]


def test_silence_is_a_timeout(line):
    with pytest.raises(socket.timeout):
        drain(line[0], 0.01)


def test_a_broker_that_hangs_up_is_an_error(line):
    line[1].close()

    with pytest.raises(OSError, match="closed"):
        drain(line[0], 1)


def test_octets_that_are_no_frame_are_an_error(line):
    line[1].send(octets(1, 1, b"method")[:-1] + b"\x00" + octets(8, 0, b""))

    with pytest.raises(UnexpectedFrame):
        drain(line[0], 1)


def test_the_private_names_of_the_transport_are_still_there(servers):
    parts = servers.amqp_admin.removeprefix("amqp://")
    account, _, place = parts.rpartition("@")
    user, _, password = account.partition(":")
    host, _, vhost = place.partition("/")
    connection = amqp.Connection(host, user, password, virtual_host=vhost, heartbeat=1)
    connection.connect()
    channel = connection.channel()
    received = []
    queue = channel.queue_declare("", exclusive=True).queue
    channel.basic_consume(queue, callback=received.append, no_ack=True)

    for number in range(3):
        channel.basic_publish(amqp.Message(str(number) * 1000), routing_key=queue)
    while len(received) < 3:
        drain(connection, 5)

    assert [message.body for message in received] == ["0" * 1000, "1" * 1000, "2" * 1000]
    connection.close()
