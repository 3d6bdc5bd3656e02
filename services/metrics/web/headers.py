"""Headers that every answer carries: nothing is loaded from elsewhere, no script or style stands in a page."""

# fmt: off
POLICY = {
    "default-src":     "'none'",
    "script-src":      "'self'",
    "style-src":       "'self'",
    "style-src-attr":  "'unsafe-inline'",   # ECharts draws SVG with style attributes; an attribute cannot run a script
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
    """Plain ASGI, so that streams pass through it unbuffered."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def send_safely(message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_ENCODED]
                if scope["path"].startswith("/static/vendor/"):
                    message["headers"].append((b"cache-control", b"public, max-age=86400"))
            await send(message)

        await self.app(scope, receive, send_safely if scope["type"] == "http" else send)
