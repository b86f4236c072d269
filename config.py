"""Settings: the only place that reads the environment.

Three kinds of instance, `Development`, `Test` and `Production`, share `Base`. A setting is
read from the environment, then from the file `.env` beside this one, else it has the default
written here. What is wrong is said all at once, by name, before anything starts.
"""

import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, available_timezones

from dotenv import dotenv_values

ROOT = Path(__file__).resolve().parent
DEVELOPMENT_KEY = "development-"  # how the keys that we make up ourselves begin
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
SPOKEN = ("en", "fr")  # the languages that are complete


class ConfigError(ValueError):
    """The environment does not make sense; the message lists every problem by name."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"Engage cannot start with these settings:\n{lines}")


class Reader:
    """Takes settings out of a mapping and remembers what was wrong with them."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = env
        self.problems: list[str] = []

    def wrong(self, name: str, why: str) -> None:
        self.problems.append(f"{name} {why}")

    def text(self, name: str, default: str = "") -> str:
        return self.env.get(name, "").strip() or default

    def parsed(self, name: str, default: Any, parse: Callable[[str], Any], shape: str) -> Any:
        raw = self.text(name)
        if not raw:
            return default
        try:
            return parse(raw)
        except (ValueError, KeyError):
            self.wrong(name, f"should be {shape}, not {raw!r}")
            return default

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        def parse(raw: str) -> int:
            number = int(raw)
            if not low <= number <= high:
                raise ValueError(raw)
            return number

        return int(self.parsed(name, default, parse, f"a whole number from {low} to {high}"))

    def seconds(self, name: str, default: float, high: float) -> float:
        def parse(raw: str) -> float:
            number = float(raw)
            if not 0 <= number <= high:
                raise ValueError(raw)
            return number

        return float(self.parsed(name, default, parse, f"a number of seconds from 0 to {high:g}"))

    def flag(self, name: str, default: bool) -> bool:
        words = {"1": True, "true": True, "yes": True, "on": True}
        words |= {"0": False, "false": False, "no": False, "off": False}
        return bool(self.parsed(name, default, lambda raw: words[raw.lower()], "yes or no"))

    def names(self, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        raw = self.text(name)
        found = tuple(part.strip() for part in raw.split(",") if part.strip())
        return found or default

    def address(self, name: str, default: str, schemes: tuple[str, ...]) -> str:
        """A URL of one of these schemes; never repeated in a message, it may hold a password."""
        raw = self.text(name, default)
        if not raw:
            return ""
        try:
            parts = urlsplit(raw)
            _ = parts.port
        except ValueError:
            parts = SplitResult("", "", "", "", "")
        if parts.scheme not in schemes:
            wanted = " or ".join(f"{scheme}://..." for scheme in schemes)
            self.wrong(name, f"should look like {wanted}")
            return default
        return raw


class Base:
    """What every instance has. Upper-case attributes become `app.config`."""

    NAME: ClassVar[str] = ""
    DEBUG = False
    TESTING = False

    # forms and uploads
    MAX_CONTENT_LENGTH = 32 * 1024 * 1024
    MAX_FORM_MEMORY_SIZE = 2 * 1024 * 1024
    MAX_FORM_PARTS = 400
    WTF_CSRF_TIME_LIMIT = None  # the token lives as long as the session it belongs to

    # sessions
    SESSION_COOKIE_HTTPONLY = True
    SESSION_COOKIE_SAMESITE = "Lax"
    PERMANENT_SESSION_LIFETIME = 14 * 24 * 3600

    PAGE_CACHE_BYTES = 64 * 1024 * 1024
    BABEL_TRANSLATION_DIRECTORIES = str(ROOT / "translations")
    ALEMBIC: ClassVar[dict[str, Any]] = {"script_location": str(ROOT / "migrations")}

    def __init__(self, env: Mapping[str, str]) -> None:
        read = Reader(env)
        self._places(read)
        self._web(read)
        self._people(read)
        self._server(read)
        self._check(read)
        if read.problems:
            raise ConfigError(read.problems)

    def _places(self, read: Reader) -> None:
        self.ROOT = ROOT
        self.DATA_DIR = Path(read.text("ENGAGE_DATA_DIR", str(ROOT / "instance"))).absolute()
        default = f"sqlite:///{self.DATA_DIR / 'engage.sqlite3'}"
        url = read.address(
            "ENGAGE_DATABASE_URL", default, ("sqlite", "postgresql", "postgresql+psycopg")
        )
        self.DATABASE_URL = url.replace("postgresql://", "postgresql+psycopg://", 1)
        self.DATABASE_POOL = read.whole("ENGAGE_DATABASE_POOL", 8, 1, 200)
        self.REDIS_URL = read.address("ENGAGE_REDIS_URL", "", ("redis", "rediss", "unix")) or None
        self.QUEUE_PATH = str(self.DATA_DIR / "queue.sqlite3")
        self.FILES_URL = read.address(
            "ENGAGE_FILES_URL", f"file://{self.DATA_DIR / 'files'}", ("file", "s3")
        )
        self.FILES_S3_ENDPOINT = (
            read.address("ENGAGE_FILES_S3_ENDPOINT", "", ("http", "https")) or None
        )
        self.CLAMD_URL = read.address("ENGAGE_CLAMD_URL", "", ("tcp",)) or None
        self.MAIL_URL = read.address("ENGAGE_MAIL_URL", "", ("smtp", "smtps")) or None

    def _web(self, read: Reader) -> None:
        self.PORT = read.whole("PORT", 8000, 1, 65535)
        self.HOST = read.text("ENGAGE_HOST", "127.0.0.1")
        base = read.address("ENGAGE_BASE_URL", f"http://127.0.0.1:{self.PORT}", ("http", "https"))
        self.BASE_URL = base.rstrip("/")
        place = urlsplit(self.BASE_URL)
        if not place.hostname or place.path or place.query:
            read.wrong(
                "ENGAGE_BASE_URL", "should be a bare address such as https://engage.example.org"
            )
        self.PREFERRED_URL_SCHEME = place.scheme
        is_secure = place.scheme == "https"
        self.SESSION_COOKIE_SECURE = is_secure
        self.SESSION_COOKIE_NAME = "__Host-engage" if is_secure else "engage"
        self.REMEMBER_COOKIE_SECURE = is_secure
        self.REMEMBER_COOKIE_HTTPONLY = True
        self.REMEMBER_COOKIE_SAMESITE = "Lax"
        self.TRUSTED_PROXIES = read.whole("ENGAGE_TRUSTED_PROXIES", 0, 0, 5)
        hosts = {place.hostname or "", *read.names("ENGAGE_HOSTS")}
        if hosts & LOOPBACK:
            hosts |= LOOPBACK
        self.TRUSTED_HOSTS = sorted(hosts - {""})

    def _people(self, read: Reader) -> None:
        self.TIMEZONE = read.parsed(
            "ENGAGE_TIMEZONE", "Europe/Paris", _known_zone, "a time zone such as Europe/Paris"
        )
        self.LOCALES = read.names("ENGAGE_LOCALES", SPOKEN)
        if strangers := [locale for locale in self.LOCALES if locale not in SPOKEN]:
            read.wrong(
                "ENGAGE_LOCALES", f"names {', '.join(strangers)}; available: {', '.join(SPOKEN)}"
            )
        self.BABEL_DEFAULT_LOCALE = self.LOCALES[0]
        self.DEMONSTRATION = read.flag("ENGAGE_DEMONSTRATION", False)
        self.SECRET_KEY = read.text("ENGAGE_SECRET_KEY")
        self.SECRET_KEY_FALLBACKS = list(read.names("ENGAGE_SECRET_KEY_FALLBACKS"))
        place = urlsplit(self.BASE_URL)
        self.MAIL_FROM = read.text("ENGAGE_MAIL_FROM", f"engage@{place.hostname or 'localhost'}")
        self.SECURITY_CONTACT = read.text("ENGAGE_SECURITY_CONTACT", f"mailto:{self.MAIL_FROM}")
        # a key that makes a mail one holds as long as its row: never less than a week
        self.MAIL_KEPT_DAYS = read.whole("ENGAGE_MAIL_KEPT_DAYS", 30, 7, 3650)
        self.MAIL_FAILED_KEPT_DAYS = read.whole("ENGAGE_MAIL_FAILED_KEPT_DAYS", 90, 7, 3650)
        self._oidc(read)

    def _oidc(self, read: Reader) -> None:
        self.OIDC: dict[str, str] | None = None
        issuer = read.address("ENGAGE_OIDC_ISSUER", "", ("http", "https"))
        client = read.text("ENGAGE_OIDC_CLIENT_ID")
        secret = read.text("ENGAGE_OIDC_CLIENT_SECRET")
        given = {
            "ENGAGE_OIDC_ISSUER": issuer,
            "ENGAGE_OIDC_CLIENT_ID": client,
            "ENGAGE_OIDC_CLIENT_SECRET": secret,
        }
        if missing := [name for name, value in given.items() if not value]:
            if len(missing) < len(given):
                read.wrong(missing[0], "is missing: sign-in through a provider needs all three")
            return
        self.OIDC = {
            "issuer": issuer.rstrip("/"),
            "client_id": client,
            "client_secret": secret,
            "label": read.text("ENGAGE_OIDC_LABEL", urlsplit(issuer).hostname or issuer),
            "scope": read.text("ENGAGE_OIDC_SCOPE", "openid email profile"),
        }

    def _server(self, read: Reader) -> None:
        self.WEB_CONCURRENCY = read.whole("WEB_CONCURRENCY", 2, 1, 64)
        self.WEB_THREADS = read.whole("ENGAGE_WEB_THREADS", 16, 2, 64)
        # a database across the network leaves the processor to another request meanwhile
        turns = 1 if self.DATABASE_URL.startswith("sqlite") else 2
        self.WEB_TURNS = read.whole("ENGAGE_WEB_TURNS", turns, 1, 32)
        self.WORKER_THREADS = read.whole("ENGAGE_WORKER_THREADS", 2, 1, 32)
        self.DRAIN_SECONDS = read.seconds("ENGAGE_DRAIN_SECONDS", 0, 60)
        self.PAGE_CACHE_SECONDS = read.seconds("ENGAGE_PAGE_CACHE_SECONDS", 2, 60)
        self.METRICS_TOKEN = read.text("ENGAGE_METRICS_TOKEN") or None
        self.LOG_LEVEL = read.text("ENGAGE_LOG_LEVEL", "INFO").upper()
        if self.LOG_LEVEL not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            read.wrong("ENGAGE_LOG_LEVEL", "should be DEBUG, INFO, WARNING or ERROR")
        self.LOG_FORMAT = read.text("ENGAGE_LOG_FORMAT", "json").lower()
        if self.LOG_FORMAT not in {"json", "text"}:
            read.wrong("ENGAGE_LOG_FORMAT", "should be json or text")

    def _check(self, read: Reader) -> None:
        """What one kind of instance asks beyond the shape of each setting."""

    @property
    def is_sqlite(self) -> bool:
        return self.DATABASE_URL.startswith("sqlite")


class Development(Base):
    """A laptop: nothing needs to be set; the demonstration is on; only this machine sees it."""

    NAME = "development"

    def _people(self, read: Reader) -> None:
        super()._people(read)
        self.DEMONSTRATION = read.flag("ENGAGE_DEMONSTRATION", True)

    def _server(self, read: Reader) -> None:
        super()._server(read)
        self.DEBUG = read.flag("ENGAGE_DEBUG", False)
        self.LOG_FORMAT = read.text("ENGAGE_LOG_FORMAT", "text").lower()

    def _check(self, read: Reader) -> None:
        if self.HOST not in LOOPBACK:
            read.wrong(
                "ENGAGE_HOST",
                "may only be a loopback address here; set ENGAGE_ENV=production to serve others",
            )
        if urlsplit(self.BASE_URL).hostname not in LOOPBACK:
            read.wrong(
                "ENGAGE_BASE_URL",
                "names a public host; set ENGAGE_ENV=production to serve it",
            )
        if not read.problems and not self.SECRET_KEY:
            self.SECRET_KEY = _own_key(self.DATA_DIR)


class Test(Base):
    """The test suite: fixed key, nothing kept, no cache unless a test asks for it."""

    NAME = "test"
    TESTING = True

    def _places(self, read: Reader) -> None:
        super()._places(read)
        self.DATABASE_URL = read.address(
            "ENGAGE_TEST_DATABASE_URL",
            f"sqlite:///{self.DATA_DIR / 'test.sqlite3'}",
            ("sqlite", "postgresql+psycopg"),
        )

    def _people(self, read: Reader) -> None:
        super()._people(read)
        self.SECRET_KEY = self.SECRET_KEY or "test-key-of-no-value-at-all-0123456789"

    def _server(self, read: Reader) -> None:
        super()._server(read)
        self.PAGE_CACHE_SECONDS = 0.0
        self.LOG_LEVEL = "WARNING"
        self.DEBUG = False


class Production(Base):
    """A public instance. Refuses to start on a development key, debugging or the demonstration."""

    NAME = "production"

    def _server(self, read: Reader) -> None:
        super()._server(read)
        self.DRAIN_SECONDS = read.seconds("ENGAGE_DRAIN_SECONDS", 3, 60)

    def _check(self, read: Reader) -> None:
        key = self.SECRET_KEY
        if not key:
            read.wrong("ENGAGE_SECRET_KEY", "is missing; make one with `openssl rand -hex 32`")
        elif key.startswith((DEVELOPMENT_KEY, "test-key", "dev")):
            read.wrong(
                "ENGAGE_SECRET_KEY", "is a development key; make one with `openssl rand -hex 32`"
            )
        elif len(key) < 32 or len(set(key)) < 8:
            read.wrong("ENGAGE_SECRET_KEY", "is too weak: at least 32 characters, at random")
        for name in ("ENGAGE_DEBUG", "FLASK_DEBUG"):
            if read.flag(name, False):
                read.wrong(name, "is on; debugging shows its inside to everybody")
        if self.DEMONSTRATION:
            read.wrong("ENGAGE_DEMONSTRATION", "is on; its accounts and passwords are public")
        if not read.text("ENGAGE_BASE_URL"):
            read.wrong("ENGAGE_BASE_URL", "is missing: the address people use, https://...")
        place = urlsplit(self.BASE_URL)
        if place.scheme != "https" and place.hostname not in LOOPBACK:
            read.wrong("ENGAGE_BASE_URL", "should begin with https://")


KINDS: dict[str, type[Base]] = {kind.NAME: kind for kind in (Development, Test, Production)}


def load(env: Mapping[str, str] | None = None, name: str | None = None) -> Base:
    """The settings of this instance. Raises ConfigError with every problem at once.

    The kind is `name`, else ENGAGE_ENV, else production as soon as ENGAGE_BASE_URL names
    a host other people can reach, so that forgetting the first does not open a door.
    """
    env = environment() if env is None else env
    name = name or env.get("ENGAGE_ENV", "").strip()
    if not name:
        host = urlsplit(env.get("ENGAGE_BASE_URL", "")).hostname
        name = "production" if host and host not in LOOPBACK else "development"
    if name not in KINDS:
        raise ConfigError([f"ENGAGE_ENV should be one of {', '.join(KINDS)}, not {name!r}"])
    return KINDS[name](env)


def environment() -> dict[str, str]:
    """The process's environment over the file `.env`."""
    kept = {key: value or "" for key, value in dotenv_values(ROOT / ".env").items()}
    return {**kept, **os.environ}


def _known_zone(raw: str) -> str:
    if raw not in available_timezones():
        raise ValueError(raw)
    return ZoneInfo(raw).key


def _own_key(data_dir: Path) -> str:
    """A key of this laptop, made once; two processes that start together agree on it."""
    kept = data_dir / "development.key"
    data_dir.mkdir(parents=True, exist_ok=True)
    try:
        with kept.open("x") as file:
            kept.chmod(0o600)
            file.write(DEVELOPMENT_KEY + secrets.token_hex(32))
    except FileExistsError:
        pass
    return kept.read_text() or _own_key(data_dir)
