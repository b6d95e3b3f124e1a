"""Settings: a wrong one stops the start with a sentence that names it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from programme.settings import Settings, SettingsError, load

PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "nQ7-vT2_xL9rWb4ZkP0sYd6GhJ3mCf8A",
    "DATABASE_URL": "postgresql://localhost/kokybe",
    "REDIS_URL": "redis://localhost",
}


def set_only(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"KOKYBE_{name.upper()}", raising=False)
    for name, value in values.items():
        monkeypatch.setenv(f"KOKYBE_{name}", value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"), ("PORT", "70000"), ("WEB_WORKERS", "0"), ("HOST", "everywhere"), ("TODAY", "yesterday"),
        ("TODAY", "2026-11-22T12:00:00"), ("TIMEZONE", "Europe/Nowhere"), ("TIMEZONE", "UTC"),
        ("DATABASE_URL", "mysql://localhost"), ("REDIS_URL", "http://localhost"), ("TRUSTED_PROXIES", "10.0.0.0/99"),
        ("RATE_LIMIT_CLIENT", "0"), ("RATE_LIMITS", "perhaps"), ("HEADER_TIMEOUT", "0"), ("BODY_TIMEOUT", "x"),
        ("BASE_URL", "kokybe.example.lt"), ("ENVIRONMENT", "staging"), ("WEBHOOK_RETRY_SCALE", "2"), ("LOG_FORMAT", "xml"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    set_only(monkeypatch, **{name: value})
    with pytest.raises(SettingsError, match=f"KOKYBE_{name}: "):
        load()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"TODAY": "2026-11-22"}, "KOKYBE_TODAY"),
        ({"SECRET_KEY": "short"}, "KOKYBE_SECRET_KEY"),
        ({"DATABASE_URL": ""}, "KOKYBE_DATABASE_URL"),
        ({"WEBHOOK_RETRY_SCALE": "0.1"}, "KOKYBE_WEBHOOK_RETRY_SCALE"),
        ({"RATE_LIMITS": "off"}, "KOKYBE_RATE_LIMITS"),
    ],
)
def test_production_refuses_what_is_for_trying_out(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, str], named: str
) -> None:
    set_only(monkeypatch, **PRODUCTION)
    assert load().environment == "production"
    set_only(monkeypatch, **PRODUCTION | change)
    with pytest.raises(SettingsError, match=named):
        load()


def test_a_day_means_its_noon_in_vilnius_and_a_moment_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    set_only(monkeypatch, TODAY="2026-11-22")
    assert load().today == date(2026, 11, 22)
    assert load().fixed_now == datetime(2026, 11, 22, 10, tzinfo=UTC)
    set_only(monkeypatch, TODAY="2026-11-22T21:59:59Z")
    assert load().fixed_now == datetime(2026, 11, 22, 21, 59, 59, tzinfo=UTC)


def test_without_a_key_of_its_own_every_process_of_a_folder_uses_the_same(tmp_path: Path) -> None:
    one, other = Settings(data_dir=tmp_path), Settings(data_dir=tmp_path)
    assert one.secret == other.secret
    assert len(one.secret) >= 32
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0
