"""The five-section revision of EQUASS brought to life over HTTP alone, as its licence holder would."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.world import World

REVISED = "/v1/standards/EQUASS/versions/EQUASS-REVISED"
SECTIONS = {
    1: ("Savarankiškas sprendimas", "Own decisions"), 2: ("Asmens planas", "A plan of one's own"),
    3: ("Gavėjų pasitenkinimas", "Satisfaction of service users"), 4: ("Atsakomybės", "Responsibilities"),
    5: ("Darbuotojų mokymas", "Training of staff"),
}  # fmt: skip
THRESHOLDS = {"type": "threshold", "values": {"overall": 0.8, "principle": 0.5}}


def criteria(per_section: int = 2) -> list[dict[str, Any]]:
    """As a file of the owner's would have them."""
    return [
        {
            "number": f"{section}.{place}",
            "title": {"lt": f"{lt}, {place}", "en": f"{en}, {place}"},
            "text": {"lt": "Įrodoma kasmet.", "en": "Shown every year."},
        }
        for section, (lt, en) in SECTIONS.items()
        for place in range(1, per_section + 1)
    ]


async def bring_criteria(world: World, version: str, entries: list[dict[str, Any]]) -> None:
    """Stages and commits a file of criteria."""
    coordinator = await world.caller("coordinator")
    asked = {"kind": "criteria", "standard_version": version}
    made = await coordinator.request("POST", "/v1/imports", params=asked, json=entries)
    assert made.status_code == 201, made.text
    done = await coordinator.move(f"/v1/imports/{made.json()['id']}", "commit")
    assert done.status_code == 200, done.text


async def publish_revised(world: World, effective_from: str = "2026-01-01") -> None:
    """From announced to current, with criteria, a validity and a rule of thresholds."""
    coordinator = await world.caller("coordinator")
    assert (await coordinator.move(REVISED, "start-drafting")).status_code == 200
    await bring_criteria(world, "EQUASS-REVISED", criteria())
    policy = {
        "effective_from": effective_from, "validity_months": 48, "annual_reports_at_months": [12, 24, 36],
        "pass_rules": {"ASSURANCE": THRESHOLDS},
    }  # fmt: skip
    made = await coordinator.post(f"{REVISED}/policies", policy, headers={"Idempotency-Key": uuid4().hex})
    assert made.status_code == 201, made.text
    done = await coordinator.move(REVISED, "publish")
    assert done.status_code == 200, done.text
