"""Readiness check of a process over HTTP. Standard library only."""

import http.client


def is_process_ready(port: int, path: str, seconds: float = 3) -> bool:
    """Return whether the process on this port answers its readiness path with HTTP status 200 within `seconds`."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
