"""Tests of the AMQP frame reader: frames are handled completely and in order, however the network splits them."""

import random
import socket
import struct
from types import SimpleNamespace

import amqp
import pytest
from amqp.exceptions import UnexpectedFrame

from plumbing.frame_reader import READ_SIZE, read_frames

EXAMPLE_FRAMES = [(1, 1, b"method"), (2, 1, b""), (3, 1, bytes(300)), (8, 0, b""), (3, 7, b"\xce" * 50)] * 20


def encode_frame(frame_type, channel, payload):
    return struct.pack(">BHI", frame_type, channel, len(payload)) + payload + b"\xce"


@pytest.fixture
def connection_and_broker():
    """A stub of a py-amqp connection, and the socket at the broker's end."""
    client_end, broker_end = socket.socketpair()
    handled = []
    yield SimpleNamespace(transport=SimpleNamespace(sock=client_end, _read_buffer=b""), on_inbound_frame=handled.append, handled=handled), broker_end
    client_end.close()
    broker_end.close()


@pytest.mark.parametrize("seed", range(20))
def test_amqp_frames_split_by_the_network_are_handled_completely_and_in_order(connection_and_broker, seed):
    connection, broker = connection_and_broker
    randomness, data = random.Random(seed), b"".join(encode_frame(*frame) for frame in EXAMPLE_FRAMES)

    while data:
        size = randomness.choice((1, 3, 7, 8, 50, 400, 5000))
        broker.send(data[:size])
        data = data[size:]
        read_frames(connection, 1)

    assert connection.handled == EXAMPLE_FRAMES
    assert connection.transport._read_buffer == b""


def test_an_amqp_frame_larger_than_one_read_is_handled_completely(connection_and_broker):
    connection, broker = connection_and_broker
    broker.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * READ_SIZE)
    large = (3, 1, random.randbytes(2 * READ_SIZE))

    broker.sendall(encode_frame(*large))
    while not connection.handled:
        read_frames(connection, 1)

    assert connection.handled == [large]


def test_no_later_frame_is_lost_if_the_handler_of_a_frame_raises(connection_and_broker):
    connection, broker = connection_and_broker
    handled = connection.handled

    def raise_at_second_frame(frame):
        handled.append(frame)
        if frame == EXAMPLE_FRAMES[1]:
            raise ZeroDivisionError

    connection.on_inbound_frame = raise_at_second_frame
    broker.send(b"".join(encode_frame(*frame) for frame in EXAMPLE_FRAMES[:4]))
    with pytest.raises(ZeroDivisionError):
        read_frames(connection, 1)
    broker.send(encode_frame(*EXAMPLE_FRAMES[4]))
    read_frames(connection, 1)

    assert handled == EXAMPLE_FRAMES[:5]


def test_reading_frames_raises_a_timeout_if_no_data_arrives(connection_and_broker):
    with pytest.raises(socket.timeout):
        read_frames(connection_and_broker[0], 0.01)


def test_reading_frames_raises_an_error_if_the_broker_has_closed_the_connection(connection_and_broker):
    connection_and_broker[1].close()

    with pytest.raises(OSError, match="closed"):
        read_frames(connection_and_broker[0], 1)


def test_reading_frames_raises_an_error_if_the_end_marker_of_a_frame_is_wrong(connection_and_broker):
    connection_and_broker[1].send(encode_frame(1, 1, b"method")[:-1] + b"\x00" + encode_frame(8, 0, b""))

    with pytest.raises(UnexpectedFrame):
        read_frames(connection_and_broker[0], 1)


def test_the_frame_reader_works_with_a_real_py_amqp_connection(servers):
    parts = servers.amqp_admin.removeprefix("amqp://")
    account, _, location = parts.rpartition("@")
    user, _, password = account.partition(":")
    host, _, vhost = location.partition("/")
    connection = amqp.Connection(host, user, password, virtual_host=vhost, heartbeat=1)
    connection.connect()
    channel = connection.channel()
    received = []
    queue = channel.queue_declare("", exclusive=True).queue
    channel.basic_consume(queue, callback=received.append, no_ack=True)

    for number in range(3):
        channel.basic_publish(amqp.Message(str(number) * 1000), routing_key=queue)
    while len(received) < 3:
        read_frames(connection, 5)

    assert [message.body for message in received] == ["0" * 1000, "1" * 1000, "2" * 1000]
    connection.close()
