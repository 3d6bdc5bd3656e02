"""Asks a process over HTTP whether it is ready. Knows the standard library only."""

import http.client


def answers(port: int, path: str, seconds: float = 3) -> bool:
    """Whether the process on this port says that it is ready."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
