"""Security headers of every response. Pages load nothing from other hosts and contain no inline script or style sheet."""

# fmt: off
POLICY = {
    "default-src":     "'none'",
    "script-src":      "'self'",
    "style-src":       "'self'",
    "style-src-attr":  "'unsafe-inline'",   # ECharts sets style attributes in its SVG; a style attribute cannot run a script
    "img-src":         "'self' data:",
    "connect-src":     "'self'",
    "font-src":        "'self'",
    "form-action":     "'self'",
    "base-uri":        "'none'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "Content-Security-Policy":    "; ".join(f"{name} {value}" for name, value in POLICY.items()),
    "X-Content-Type-Options":     "nosniff",
    "Referrer-Policy":            "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy":         "camera=(), microphone=(), geolocation=()",
}
# fmt: on
_ENCODED = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]


class SafeHeaders:
    """ASGI middleware that adds the headers. It works on ASGI messages, so that event streams are not buffered."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def send_with_headers(message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_ENCODED]
                if scope["path"].startswith("/static/vendor/"):
                    message["headers"].append((b"cache-control", b"public, max-age=86400"))
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)
