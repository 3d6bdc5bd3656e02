"""Sends one notice to an agency's own address over HTTP, signed so that the agency can tell it is ours. No database, no broker."""

import hashlib
import hmac
import socket
import ssl

import requests
import urllib3

from plumbing.jobs import TookTooLong, deadline

TIMEOUT = (3, 5)  # seconds to connect, and for each read of the answer
TOTAL_SECONDS = 10  # for everything: name, connection, TLS, answer
# Answers that say nothing about this notice: the server, or one before it, can take none just now.
COME_LATER = (429, 502, 503, 504)


class NotDelivered(Exception):
    """The address did not take the notice; `why` is one of contracts' UNDELIVERABLE_REASONS.

    `whole_address` tells whether any other notice would have fared the same.
    """

    def __init__(self, why: str, whole_address: bool = True):
        super().__init__(why)
        self.why = why
        self.whole_address = whole_address


def send(url: str, secret: bytes, event: bytes) -> None:
    """Posts a CloudEvent (structured JSON bytes). Raises NotDelivered unless the answer is 2xx. Redirects are not followed, the answer's body is not read."""
    signature = hmac.new(secret, event, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/cloudevents+json", "Fengqiao-Signature": f"sha256={signature}"}
    try:
        with deadline(TOTAL_SECONDS):
            answer = requests.post(url, data=event, headers=headers, timeout=TIMEOUT, allow_redirects=False, stream=True)
            answer.close()
    except TookTooLong:
        raise NotDelivered("timed_out") from None
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as problem:
        raise NotDelivered(_why(problem)) from None
    if not 200 <= answer.status_code < 300:
        raise NotDelivered("refused_by_peer", whole_address=answer.status_code in COME_LATER)


# fmt: off
WHY = (
    # if one of these is in the chain of causes                                   it is told as
    ((requests.Timeout, TimeoutError),                                            "timed_out"),
    ((requests.exceptions.SSLError, urllib3.exceptions.SSLError, ssl.SSLError),   "tls_failed"),
    ((socket.gaierror, urllib3.exceptions.NameResolutionError, UnicodeError,
      urllib3.exceptions.LocationParseError, requests.exceptions.InvalidURL),     "unresolvable"),
    ((ConnectionRefusedError,),                                                   "connection_refused"),
    ((urllib3.exceptions.NewConnectionError, urllib3.exceptions.ProxyError),      "unreachable"),
)
# fmt: on


def _why(problem) -> str:
    causes = list(_causes(problem))
    return next((why for kinds, why in WHY if any(isinstance(cause, kinds) for cause in causes)), "connection_lost")


def _causes(problem):
    """The libraries hand the cause on in different ways."""
    seen, todo = set(), [problem]
    while todo:
        one = todo.pop()
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            todo += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
