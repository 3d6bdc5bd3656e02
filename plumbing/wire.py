"""Reads from py-amqp's connection whatever has arrived at once. Left to itself it asks the system for each part of each frame, three frames a message.

Relies on two private names of py-amqp's transport (`_read_buffer`, and frames as its framing wants them); tests/plumbing/test_wire.py would notice.
"""

import socket
from struct import Struct

import amqp.transport
from amqp.exceptions import UnexpectedFrame
from eventlet.hubs import trampoline

AT_ONCE = 64 * 1024
HEAD, TAIL = Struct(">BHI"), 1  # type, channel, size; after the payload one octet
END = 0xCE


def drain(connection, timeout: float) -> None:
    """Handles every frame that is there; waits up to `timeout` seconds for the first. Raises socket.timeout, OSError, or what a frame's handler raises."""
    transport = connection.transport
    if isinstance(transport, amqp.transport.SSLTransport):
        connection.drain_events(timeout)  # what lies decrypted in the TLS layer would not wake us
        return
    trampoline(transport.sock.fileno(), read=True, timeout=timeout, timeout_exc=socket.timeout)
    arrived = transport.sock.recv(AT_ONCE)
    if not arrived:
        raise OSError("the broker closed the connection")
    _handle(connection, transport, transport._read_buffer + arrived)


def _handle(connection, transport, data):
    handle, head_size = connection.on_inbound_frame, HEAD.size
    at, until = 0, len(data)
    try:
        while at + head_size < until:
            kind, channel, size = HEAD.unpack_from(data, at)
            end = at + head_size + size
            if end >= until:
                break
            if data[end] != END:
                raise UnexpectedFrame(f"Received frame_end {data[end]:#x} while expecting 0xce")
            payload = data[at + head_size : end]
            at = end + TAIL
            handle((kind, channel, payload))
    finally:
        transport._read_buffer = data[at:]
