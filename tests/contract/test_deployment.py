"""The image and `compose.yaml`: valid, complete, in an order that can come true, and open to nobody by default."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyOptions

from programme.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "compose.yaml").read_text(encoding="utf-8")
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<text>[^}]*))?\}")

SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE)["services"]
OURS = {name: service for name, service in SERVICES.items() if "kokybe" in service["image"]}


def interpolated() -> str:
    """The file as Docker Compose reads it with the needed variables set and the others not."""
    return VARIABLE.sub(lambda found: found["text"] if found["kind"] == "-" else "given", COMPOSE)


def test_compose_follows_the_specification() -> None:
    PyOptions(apply_merge=True).from_yaml(interpolated()).validate()


def test_every_volume_and_network_is_declared_and_used() -> None:
    declared = yaml.safe_load(COMPOSE)
    volumes = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    networks = {network for service in SERVICES.values() for network in service["networks"]}
    assert volumes == set(declared["volumes"])
    assert networks == set(declared["networks"])


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_waits_for_can_come_true(name: str) -> None:
    for target, wait in SERVICES[name].get("depends_on", {}).items():
        awaited = SERVICES[target]
        if wait["condition"] == "service_completed_successfully":
            assert awaited["restart"] == "no"
        else:
            assert wait["condition"] == "service_healthy"
            assert awaited["healthcheck"]["test"]


def test_the_start_order() -> None:
    def earlier(name: str) -> set[str]:
        direct = set(SERVICES[name].get("depends_on", {}))
        return direct.union(*map(earlier, direct))

    assert earlier("migrate") == {"postgres"}
    assert earlier("api") == {"postgres", "migrate"}
    assert earlier("worker") == {"postgres", "migrate", "valkey"}


def test_no_secret_has_a_default() -> None:
    variables = list(VARIABLE.finditer(COMPOSE))
    secret = [found for found in variables if re.search("SECRET|PASSWORD|TOKEN", found["name"])]
    assert secret
    assert all(found["kind"] == "?" and found["text"] for found in secret)


@pytest.mark.parametrize("name", OURS)
def test_our_services_hold_no_more_than_they_need(name: str) -> None:
    service = OURS[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "volumes" not in service
    assert "privileged" not in service


def test_only_the_api_is_reached_from_outside() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"api"}
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["api"]["ports"])
    for store in ("postgres", "valkey"):
        assert SERVICES[store]["networks"] == ["inside"]


@pytest.mark.parametrize("name", OURS)
def test_every_setting_that_is_passed_exists(name: str) -> None:
    known = {PREFIX + field.upper() for field in Settings.model_fields}
    assert set(OURS[name]["environment"]) <= known


@pytest.mark.parametrize("words", [service["command"] for service in OURS.values()], ids=" ".join)
def test_every_command_exists(words: list[str]) -> None:
    program, *arguments = words
    assert program == "kokybe"
    subprocess.run(
        [Path(sys.executable).with_name(program), *arguments, "--help"], check=True, stdout=subprocess.DEVNULL
    )


def test_the_worker_has_a_sign_of_life() -> None:
    kind, program, *arguments = SERVICES["worker"]["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "kokybe")
    subprocess.run(
        [Path(sys.executable).with_name(program), *arguments, "--help"], check=True, stdout=subprocess.DEVNULL
    )


def test_the_image_takes_every_package_and_nothing_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    sources = {source for line in copied for source in line.split()}
    let_in = {
        line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")
    }
    assert sources == let_in == packages | {"pyproject.toml", "uv.lock", "README.md"}


def test_the_image_runs_as_nobody_in_particular() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^USER (.+)$", dockerfile, re.MULTILINE) == ["10001:10001"]
    assert re.findall(r"^ENTRYPOINT", dockerfile, re.MULTILINE) == []
    assert re.findall(r"^CMD (.+)$", dockerfile, re.MULTILINE) == ['["kokybe", "api"]']
