"""How often: one limiter for everybody, shared between machines through Redis when there is one."""

from flask import Flask, request
from flask_limiter import Limiter, RequestLimit
from flask_limiter.util import get_remote_address

from engage.core.access import current_user
from engage.core.clock import now
from engage.core.errors import TooMany


def person_or_network() -> str:
    """Who is asking: the account, else the network address."""
    user = current_user()
    return f"user:{user.id}" if user else f"net:{network()}"


def network() -> str:
    """The asker's network: a whole IPv4 address, the first 64 bits of an IPv6 one."""
    address = get_remote_address()
    if ":" in address:
        return ":".join(address.split(":")[:4]) + "::/64"
    return address


def _breached(limit: RequestLimit) -> None:
    raise TooMany(int(limit.reset_at - now().timestamp()) + 1)


limiter = Limiter(
    key_func=person_or_network,
    strategy="moving-window",
    on_breach=_breached,
    headers_enabled=False,
)


def register(app: Flask) -> None:
    """Bind the limiter; without shared storage each process counts by itself."""
    app.config["RATELIMIT_STORAGE_URI"] = app.config.get("REDIS_URL") or "memory://"
    app.config.setdefault("RATELIMIT_ENABLED", True)
    # a lost Redis must not stop readers; sign-in counts in the database, see accounts
    app.config["RATELIMIT_IN_MEMORY_FALLBACK_ENABLED"] = bool(app.config.get("REDIS_URL"))
    limiter.init_app(app)


def writing(rate: str = "60/minute;600/hour"):  # type: ignore[no-untyped-def]
    """A limit for views that write; only POSTs count."""
    return limiter.limit(rate, methods=["POST"], exempt_when=lambda: request.method != "POST")
