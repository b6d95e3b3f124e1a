"""/v1/organisations/{id}/timeline over HTTP: what is known of an organisation's past."""

from __future__ import annotations

from typing import Any

import pytest

from programme.services.loading import load_programme
from tests.world import World


async def _timeline(world: World, key: str) -> list[dict[str, Any]]:
    coordinator = await world.caller("coordinator")
    (organisation,) = (await coordinator.get(f"/v1/organisations?external_id=programme:{key}")).json()["items"]
    answer = await coordinator.get(f"/v1/organisations/{organisation['id']}/timeline")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def _line(items: list[dict[str, Any]]) -> list[tuple[str | None, str, str, str | None]]:
    return [(one["happened"], one["kind"], one["source"], one["confidence"]) for one in items]


async def test_dates_that_differ_stand_beside_each_other(world: World) -> None:
    """The register's date counts; the ceremony was ten days later."""
    await load_programme(world.database)
    assert _line(await _timeline(world, "bi-vilniaus-miesto-socialines-paramos-centras")) == [
        (None, "listed", "fact", "A"),
        ("2017-09-11", "enrolled", "fact", "A"),
        ("2019-04-29", "certified", "certificate", "A"),
        ("2019-05-09", "handed_over", "fact", "A"),
        ("2022-04-30", "certificate_expired", "certificate", "A"),
    ]


async def test_agreements_and_certificates_come_in_order(world: World) -> None:
    await load_programme(world.database)
    items = await _timeline(world, "utenos-rajono-savivaldybes-leliunu-socialines-globos-namai")
    assert _line(items) == [
        (None, "listed", "fact", "A"),
        ("2019-11-29", "agreement_signed", "enrolment", "A"),
        ("2021-11-29", "certified", "certificate", "A"),
        ("2022-05-20", "handed_over", "fact", "A"),
        ("2024-01-11", "agreement_signed", "enrolment", "A"),
        ("2024-11-30", "certificate_expired", "certificate", "A"),
    ]
    assert (items[1]["details"]["project"], items[1]["details"]["strand"]) == ("EQUASS-LT-1", "EQUASS_IMPLEMENTATION")
    assert items[2]["details"]["reference"] == "LIT2021-044"
    assert items[5]["details"]["expires_on"] == "2024-11-29"


@pytest.mark.parametrize(
    ("key", "happened", "kind", "details", "confidence"),
    [
        ("panevezio-sv-juozapo-globos-namai", "2019", "certified", {"certified_year": 2019, "standard": "EQUASS"}, "B"),
        ("vsi-sotas", "2021-09", "certified", {"certified_year_month": "2021-09", "standard": "NOKAS"}, "B"),
        ("zispb", "2022-03-02", "certified", {"certified_on": "2022-03-02", "standard": "NOKAS"}, "B"),
        (
            "bi-socialiniu-paslaugu-centras-klaipedos-lakstute",
            "2019",
            "first_certified",
            {"first_certified_year": 2019, "standard": "EQUASS"},
            "B",
        ),
        ("kelmes-rajono-vaiko-ir-seimos-geroves-centras", "2023-10-27", "report_submitted", {"sequence": 2}, "B"),
        ("jonavos-rajono-socialiniu-paslaugu-centras", None, "participant", {"participant_only": True}, "B"),
        (
            "sirvintu-socialiniu-paslaugu-centras",
            None,
            "scope",
            {"services": ["LONG_TERM_CARE"], "unit": "Socialinės globos padalinys"},
            "B",
        ),
        (
            "neigaliuju-centras-korys",
            None,
            "listed",
            {"note": "full name and municipality inferred from nckorys.lt"},
            "C",
        ),
    ],
)
async def test_what_no_record_carries_is_told_with_its_confidence(
    world: World, key: str, happened: str | None, kind: str, details: dict[str, Any], confidence: str
) -> None:
    await load_programme(world.database)
    item = {"happened": happened, "kind": kind, "details": details, "confidence": confidence, "source": "fact"}
    assert item in await _timeline(world, key)


async def test_what_lies_ahead_is_not_told_yet(world: World) -> None:
    world.travel("2022-04-29")
    await load_programme(world.database)
    key = "bi-vilniaus-miesto-socialines-paramos-centras"

    assert "certificate_expired" not in {one["kind"] for one in await _timeline(world, key)}
    world.travel("2022-04-30")
    assert "certificate_expired" in {one["kind"] for one in await _timeline(world, key)}


async def test_a_new_organisation_has_no_past(world: World) -> None:
    organisation = await world.organisation()
    own = await world.caller("provider", organisation["id"])
    assert (await own.get(f"/v1/organisations/{organisation['id']}/timeline")).json() == {"items": []}


async def test_a_provider_does_not_know_of_others(world: World) -> None:
    own, other = await world.organisation(), await world.organisation(name="Kiti namai")
    provider = await world.caller("provider", own["id"])
    assert (await provider.get(f"/v1/organisations/{other['id']}/timeline")).status_code == 404
