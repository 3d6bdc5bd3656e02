"""ASGI middleware that refuses requests whose `Host` header is not one of the configured names, as a protection against DNS rebinding.

Starlette's TrustedHostMiddleware is not used: it answers in English without a reason code, and does not parse IPv6 addresses.
"""


class AllowedHosts:
    """ASGI middleware that forwards requests for allowed hosts and answers all others with `refusal()`, an ASGI response.

    `hosts`: names or addresses without a port; `*.example.cn` allows every subdomain, `*` every host.
    """

    def __init__(self, app, hosts, refusal):
        self.app, self.refusal = app, refusal
        self.hosts = frozenset(host.strip().strip("[]").lower() for host in hosts)
        self.suffixes = tuple(host[1:] for host in self.hosts if host.startswith("*."))

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or self.allows(scope["headers"]):
            await self.app(scope, receive, send)
        else:
            await self.refusal()(scope, receive, send)

    def allows(self, headers) -> bool:
        """Return whether the request headers contain exactly one `Host` header, and this header names an allowed host."""
        values = [value for name, value in headers if name == b"host"]
        if "*" in self.hosts:
            return True
        if len(values) != 1:
            return False
        name = strip_port(values[0].decode("latin-1"))
        return name in self.hosts or name.endswith(self.suffixes)


def strip_port(host: str) -> str:
    """Return the name or address in the value of a `Host` header, without port and in lower case."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
