"""Reads all available AMQP frames with one system call. py-amqp itself makes several system calls per frame, and a message consists of three frames.

The module uses two internals of py-amqp: the attribute `_read_buffer` of the transport, and the frame tuples that `on_inbound_frame` expects.
tests/plumbing/test_frame_reader.py fails if these internals change.
"""

import socket
from struct import Struct

import amqp.transport
from amqp.exceptions import UnexpectedFrame
from eventlet.hubs import trampoline

READ_SIZE = 64 * 1024  # bytes
FRAME_HEADER, END_MARKER_SIZE = Struct(">BHI"), 1  # the frame header contains type, channel and payload size; the end marker is one octet
END_MARKER = 0xCE


def read_frames(connection, timeout: float) -> None:
    """Handle every complete frame that has arrived; wait up to `timeout` seconds for the first bytes.

    Raises socket.timeout, OSError, or any exception that the handler of a frame raises.
    """
    transport = connection.transport
    if isinstance(transport, amqp.transport.SSLTransport):
        connection.drain_events(timeout)  # waiting for the socket would miss bytes that the TLS layer has already read and decrypted
        return
    trampoline(transport.sock.fileno(), read=True, timeout=timeout, timeout_exc=socket.timeout)
    received = transport.sock.recv(READ_SIZE)
    if not received:
        raise OSError("the broker closed the connection")
    _handle_frames(connection, transport, transport._read_buffer + received)


def _handle_frames(connection, transport, data):
    handle, header_size = connection.on_inbound_frame, FRAME_HEADER.size
    start, length = 0, len(data)
    try:
        while start + header_size < length:
            frame_type, channel, size = FRAME_HEADER.unpack_from(data, start)
            end = start + header_size + size
            if end >= length:
                break
            if data[end] != END_MARKER:
                raise UnexpectedFrame(f"Received frame_end {data[end]:#x} while expecting 0xce")
            payload = data[start + header_size : end]
            start = end + END_MARKER_SIZE
            handle((frame_type, channel, payload))
    finally:
        transport._read_buffer = data[start:]
