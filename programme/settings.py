"""What can be set from outside: one class, read from `KOKYBE_…` environment variables.

A wrong setting stops the start with a sentence that names it (`load`), never later with a stack trace.
"""

from __future__ import annotations

import re
import secrets
from datetime import date, datetime
from functools import cached_property
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from programme.rules.calendar import VILNIUS, noon_in_vilnius

PREFIX = "KOKYBE_"
CommaSeparated = Annotated[tuple[str, ...], NoDecode]


_GUESSED = re.compile(r"change.?me|password|secret.?key|not.a.secret|example|for tests", re.IGNORECASE)
_LEAST_LETTERS = 10


def is_weak(secret: str) -> bool:
    """Whether it looks like something that a person made up or copied from a page."""
    return len(set(secret)) < _LEAST_LETTERS or _GUESSED.search(secret) is not None


class SettingsError(Exception):
    """A setting that the service cannot start with; its text is for the operator."""


class Settings(BaseSettings):
    """The settings of one process. Names in the environment carry the prefix `KOKYBE_`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    environment: Literal["development", "production"] = "development"
    database_url: str | None = None
    redis_url: str | None = None
    data_dir: Path = Path(".data")
    pg_bin: Path | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    web_workers: int = Field(default=1, ge=1, le=64)
    base_url: str | None = None
    timezone: str = "Europe/Vilnius"
    today: date | datetime | None = None
    secret_key: SecretStr | None = None
    trusted_proxies: CommaSeparated = ()
    allowed_hosts: CommaSeparated = ()
    header_timeout: float = Field(default=10.0, ge=0.1, le=300)
    body_timeout: float = Field(default=30.0, ge=0.1, le=3600)
    rate_limits: bool = True
    rate_limit_client: int = Field(default=6000, ge=1)
    rate_limit_writes: int = Field(default=3000, ge=1)
    rate_limit_address: int = Field(default=600, ge=1)
    oidc_issuer: CommaSeparated = ()
    oidc_audience: str | None = None
    smtp_url: SecretStr | None = None
    log_format: Literal["json", "console"] = "json"
    webhook_allowed_nets: CommaSeparated = ()
    webhook_retry_scale: float = Field(default=1.0, gt=0, le=1.0)

    @field_validator("trusted_proxies", "allowed_hosts", "webhook_allowed_nets", "oidc_issuer", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("trusted_proxies", "webhook_allowed_nets")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for part in value:
            ip_network(part, strict=False)
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _issuers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for part in value:
            if not re.match(r"https?://[^\s/?#@]+(/[^\s?#]*)?$", part):
                raise ValueError("an issuer is an address without query: https://…")
        return value

    @field_validator("today", mode="before")
    @classmethod
    def _day_or_moment(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            return date.fromisoformat(value)
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("a moment needs its offset, as in 2026-11-22T21:59:59Z")
        return moment

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"there is no time zone {value!r}") from error
        if value != VILNIUS.key:
            raise ValueError("legal dates of the programme are counted in Europe/Vilnius")
        return value

    @field_validator("host")
    @classmethod
    def _address(cls, value: str) -> str:
        return str(ip_address("127.0.0.1" if value == "localhost" else value))

    @field_validator("database_url")
    @classmethod
    def _postgres(cls, value: str | None) -> str | None:
        if value is not None and not re.match(r"postgres(ql)?(\+asyncpg)?://", value):
            raise ValueError("must begin with postgresql://")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str | None) -> str | None:
        if value is not None and not re.match(r"(rediss?|unix)://", value):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return value

    @model_validator(mode="after")
    def _tokens_are_meant_for_us(self) -> Settings:
        if self.oidc_issuer and not self.oidc_audience:
            raise ValueError("KOKYBE_OIDC_AUDIENCE is required with KOKYBE_OIDC_ISSUER: whom its tokens are meant for")
        return self

    @model_validator(mode="after")
    def _production_is_strict(self) -> Settings:
        if self.environment != "production":
            return self
        if self.today is not None:
            raise ValueError("KOKYBE_TODAY is for demonstrations and tests; production follows the real clock")
        if self.webhook_retry_scale != 1.0:
            raise ValueError("KOKYBE_WEBHOOK_RETRY_SCALE is refused in production")
        if not self.rate_limits:
            raise ValueError("KOKYBE_RATE_LIMITS cannot be off in production; raise the numbers instead")
        if self.secret_key is None or len(self.secret_key.get_secret_value()) < 32:
            raise ValueError("KOKYBE_SECRET_KEY of at least 32 characters is required in production")
        if is_weak(self.secret_key.get_secret_value()):
            raise ValueError(
                "KOKYBE_SECRET_KEY can be guessed; python -c 'import secrets; print(secrets.token_urlsafe(48))' makes one"
            )
        if any(not issuer.startswith("https://") for issuer in self.oidc_issuer):
            raise ValueError("KOKYBE_OIDC_ISSUER has to begin with https:// in production")
        if self.database_url is None or self.redis_url is None:
            raise ValueError("KOKYBE_DATABASE_URL and KOKYBE_REDIS_URL are required in production")
        return self

    @field_validator("base_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is not None and not re.match(r"https?://[^/?#@\s]+", value):
            raise ValueError("must begin with https:// or http:// and a host")
        return value

    @property
    def hosts(self) -> frozenset[str]:
        """The names under which callers may ask: as set, or the host of `base_url`, and this machine's own."""
        named = self.allowed_hosts or ((str(urlsplit(self.base_url).hostname),) if self.base_url else ())
        return frozenset(name.lower() for name in (*named, self.host, "localhost", "127.0.0.1", "::1"))

    @property
    def audience(self) -> str:
        """Whom people's tokens have to be meant for."""
        return self.oidc_audience or "kokybe"

    @property
    def fixed_now(self) -> datetime | None:
        """The moment that `KOKYBE_TODAY` puts in the clock's place; a day means its noon in Vilnius."""
        if self.today is None or isinstance(self.today, datetime):
            return self.today
        return noon_in_vilnius(self.today)

    @cached_property
    def secret(self) -> bytes:
        """What the keys of cursors and tokens are made of. Without a setting (development) it is kept beside the data, so that a restart
        and a second web process understand the same cursors."""
        if self.secret_key is not None:
            return self.secret_key.get_secret_value().encode()
        path = self.data_dir / "secret_key"
        self.data_dir.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("x", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(48))
            path.chmod(0o600)
        except FileExistsError:
            pass
        return path.read_text(encoding="ascii").encode()


def load() -> Settings:
    """The settings of this process, or a `SettingsError` with one line for each wrong one."""
    try:
        return Settings()
    except ValidationError as error:
        lines = []
        for one in error.errors():
            name = PREFIX + str(one["loc"][0]).upper() if one["loc"] else ""
            lines.append(f"{name}: {one['msg']}" if name else one["msg"].removeprefix("Value error, "))
        raise SettingsError("\n".join(lines)) from error
