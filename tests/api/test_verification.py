"""/verify/{reference}: what somebody reads who was shown a certificate, in both languages, on the day that they ask."""

from __future__ import annotations

import re

import pytest

from tests.made import a_certificate
from tests.world import World


async def test_a_certificate_is_told_to_be_valid_up_to_its_last_day_and_not_beyond(world: World) -> None:
    await a_certificate(world.database, "2023-11-29", reference="LIT2023-001")
    address = "/verify/LIT2023-001"
    world.travel("2026-11-29")
    page = await world.http.get(address)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-language"] == "lt, en"
    assert re.fullmatch(r"public, max-age=\d+", page.headers["cache-control"])
    assert "<h1>Sertifikatas galioja.</h1>" in page.text
    assert "<h1>The certificate is valid.</h1>" in page.text
    for said in ("LIT2023-001", "Leliūnų socialinės globos namai", "2023-11-29", "<dd>2026-11-29</dd>"):
        assert said in page.text
    world.travel("2026-11-30")
    page = await world.http.get(address)
    assert "<h1>Sertifikato galiojimas pasibaigė.</h1>" in page.text
    assert "The certificate has expired" in page.text


async def test_a_page_that_is_known_is_not_sent_again_and_a_tag_of_something_else_is_no_harm(world: World) -> None:
    await a_certificate(world.database, "2023-11-29", reference="LIT2023-001")
    entry = await world.http.get("/public/v1/certificates/LIT2023-001")
    page = await world.http.get("/verify/LIT2023-001")
    for tag, status in ((entry.headers["etag"], 200), (page.headers["etag"], 304), ("*", 304)):
        again = await world.http.get("/verify/LIT2023-001", headers={"If-None-Match": tag})
        assert again.status_code == status, tag


@pytest.mark.parametrize("reference", ["LIT1999-001", "x" * 61, "%3Cscript%3E", "LIT%002021", "a%20%22onload=x"])
async def test_what_is_not_in_the_register_is_said_so_in_words(world: World, reference: str) -> None:
    page = await world.http.get(f"/verify/{reference}")
    assert page.status_code == 404
    assert "<h1>Tokio sertifikato viešajame registre nėra.</h1>" in page.text
    assert "<h1>There is no such certificate in the public register.</h1>" in page.text
    assert "script" not in page.text
    assert page.headers["cache-control"] == "no-store"


async def test_a_draft_is_nothing_that_anybody_could_have_been_shown(world: World) -> None:
    coordinator = await world.caller("coordinator")
    holder = await world.organisation()
    body = {"organisation_id": holder["id"], "standard_version": "EQUASS-2018", "level": "ASSURANCE"}
    draft = await coordinator.post("/v1/certificates", body | {"scope": {"services": ["LONG_TERM_CARE"]}})
    assert draft.status_code == 201, draft.text
    assert (await world.http.get(f"/verify/{draft.json()['id']}")).status_code == 404


async def test_the_page_loads_nothing_from_elsewhere(world: World) -> None:
    page = await world.http.get("/verify/LIT1999-001")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    styles = re.findall(r'href="(\.\./assets/[^"]+)"', page.text)
    assert len(styles) == 2
    for address in styles:
        assert (await world.http.get(address.removeprefix(".."))).status_code == 200
