"""Sends one notice to an agency's webhook over HTTP, with a signature that proves its origin. Uses neither database nor broker."""

import hashlib
import hmac
import socket
import ssl

import requests
import urllib3

from plumbing.jobs import TimeLimitExceeded, time_limit

TIMEOUTS = (3, 5)  # time limits in seconds: for the connection, and for each read of the response
TOTAL_TIMEOUT_SECONDS = 10  # time limit for name resolution, connection, TLS and response together
# HTTP status codes that say nothing about the single notice: the server is temporarily unavailable, so all notices to the address wait.
TEMPORARY_STATUSES = (429, 502, 503, 504)


class NotDelivered(Exception):
    """The webhook did not accept the notice. `why`: one of UNDELIVERABLE_REASONS in package contracts.

    `affects_all`: whether every other notice to this address would have failed too.
    """

    def __init__(self, why: str, affects_all: bool = True):
        super().__init__(why)
        self.why = why
        self.affects_all = affects_all


def send(url: str, secret: bytes, event: bytes) -> None:
    """Post a serialised CloudEvent to the webhook. Raises NotDelivered unless the status is 2xx. Redirects are not followed, the response body is not read."""
    signature = hmac.new(secret, event, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/cloudevents+json", "Fengqiao-Signature": f"sha256={signature}"}
    try:
        with time_limit(TOTAL_TIMEOUT_SECONDS):
            response = requests.post(url, data=event, headers=headers, timeout=TIMEOUTS, allow_redirects=False, stream=True)
            response.close()
    except TimeLimitExceeded:
        raise NotDelivered("timed_out") from None
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
        raise NotDelivered(_undeliverable_reason(error)) from None
    if not 200 <= response.status_code < 300:
        raise NotDelivered("refused_by_peer", affects_all=response.status_code in TEMPORARY_STATUSES)


# fmt: off
REASON_OF_EXCEPTION = (
    # Exception types; the reason code if one of them is among the causes of an error. The first match counts.
    ((requests.Timeout, TimeoutError),                                            "timed_out"),
    ((requests.exceptions.SSLError, urllib3.exceptions.SSLError, ssl.SSLError),   "tls_failed"),
    ((socket.gaierror, urllib3.exceptions.NameResolutionError, UnicodeError,
      urllib3.exceptions.LocationParseError, requests.exceptions.InvalidURL),     "unresolvable"),
    ((ConnectionRefusedError,),                                                   "connection_refused"),
    ((urllib3.exceptions.NewConnectionError, urllib3.exceptions.ProxyError),      "unreachable"),
)
# fmt: on


def _undeliverable_reason(error) -> str:
    causes = list(_iterate_causes(error))
    return next((reason for types, reason in REASON_OF_EXCEPTION if any(isinstance(cause, types) for cause in causes)), "connection_lost")


def _iterate_causes(error):
    """Yield the error and all its causes. HTTP libraries store a cause as `__cause__`, `__context__`, `reason` or an argument."""
    seen, remaining = set(), [error]
    while remaining:
        cause = remaining.pop()
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            remaining += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
