"""Recertification: when it can be begun, what it still takes, and what becomes of the certificate before."""

from __future__ import annotations

from typing import Any

from programme.services.daily import catch_up
from tests import oracle
from tests.api.test_certificate_decisions import done, history, set_policy, told
from tests.api.test_certificates import SCOPE, a_certificate, a_draft, actions
from tests.made import a_certificate as made_certificate
from tests.revised import publish_revised
from tests.world import Caller, World


async def renewed(awarder: Caller, path: str, body: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
    made = await awarder.move(path, "renew", body)
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"/v1/certificates/{made.json()['id']}"
    return made.headers["location"], dict(made.json())


async def renewal_info(caller: Caller, path: str) -> dict[str, Any]:
    return dict((await caller.get(f"{path}/renewal-info")).json())


def missing(info: dict[str, Any]) -> list[str]:
    return [reason["code"] for reason in info["missing"]]


async def grant(world: World, path: str, holder: str, certified_on: str, reference: str) -> dict[str, Any]:
    audit = await world.finished_audit(holder, scope=SCOPE)
    return await done(await world.caller("awarder"), path, "grant", {
        "certified_on": certified_on, "reference": reference, "assessment_id": audit["id"], "decision_ref": "AC-2",
    })  # fmt: skip


async def test_before_its_window_a_renewal_is_refused_with_the_day_on_which_it_opens(world: World) -> None:
    coordinator = await world.caller("coordinator")
    path = await a_certificate(world)

    refused = await coordinator.move(path, "renew")

    assert refused.status_code == 409
    (reason,) = refused.json()["reasons"]
    assert (reason["code"], reason["opens_on"]) == ("window_not_open", "2028-11-22")
    assert "2028-11-22" in reason["message"]
    listed = (await coordinator.get(path)).json()["actions"]
    (renew,) = [action for action in listed if action["name"] == "renew"]
    assert (renew["allowed"], renew["reasons"]) == (False, [reason])
    await set_policy(world, renewal_opens_days=100)
    assert (await renewal_info(coordinator, path))["opens_on"] == "2029-08-14"


async def test_before_its_end_the_successor_takes_over_without_a_gap(world: World) -> None:
    awarder = await world.caller("awarder")
    old_path = await a_certificate(world)
    old = await done(awarder, old_path, "amend", {"reason": "Pasamdyta.", "staff": 24})
    world.travel("2029-10-01")
    info = await renewal_info(awarder, old_path)
    assert missing(info) == ["draft_not_opened", "no_finalised_audit"]
    assert (info["decide_by"], info["audit_by"], info["successor"]) == ("2029-11-23", "2029-11-23", None)
    assert (info["extension_until"], info["restoration_until"]) == ("2030-05-22", "2030-05-22")

    path, draft = await renewed(awarder, old_path)

    assert (draft["predecessor_id"], draft["scope"], draft["staff"]) == (old["id"], SCOPE, 24)
    assert (await awarder.get(old_path)).json()["version"] == old["version"]
    assert [kind for kind, _ in await told(world, draft["id"])] == ["certificate.drafted"]
    assert (await actions(awarder, old_path))["renew"] == ["successor_drafted"]
    again = await awarder.post("/v1/certificates", {
        "organisation_id": old["organisation_id"], "standard_version": "EQUASS-2018", "level": "ASSURANCE",
        "scope": SCOPE, "predecessor_id": old["id"],
    })  # fmt: skip
    assert (again.status_code, again.json()["code"]) == (409, "successor_drafted")
    info = await renewal_info(awarder, old_path)
    assert (missing(info), info["successor"]["id"], info["successor"]["granted"]) == (
        ["no_finalised_audit"], draft["id"], False,
    )  # fmt: skip

    granted = await grant(world, path, old["organisation_id"], "2029-10-15", "LIT2029-010")

    assert (granted["status"], granted["valid_from"], granted["expires_on"]) == (
        "not_yet_valid", "2029-10-15", "2032-10-15",
    )  # fmt: skip
    assert [(await awarder.get(f"{old_path}?as_of={day}")).json()["status"] for day in ("2029-10-14", "2029-10-15")] == [
        "expiring", "superseded",
    ]  # fmt: skip
    info = await renewal_info(awarder, old_path)
    assert (missing(info), info["successor"]["reference"]) == ([], "LIT2029-010")
    assert (await renewal_info(awarder, path))["predecessor"]["reference"] == "LIT2026-101"
    assert (await history(awarder, old_path))[-1]["details"] == {"certificate_id": granted["id"]}
    world.travel("2029-10-16")
    await catch_up(world.database)
    assert (await told(world, old["id"]))[-1] == ("certificate.decision_took_effect", "2029-10-15")
    listed = (await awarder.get(f"/v1/certificates?predecessor_id={old['id']}")).json()["items"]
    assert [one["id"] for one in listed] == [granted["id"]]
    await oracle.check(world.database)


async def test_after_a_gap_the_new_certificate_names_its_predecessor_and_invents_nothing(world: World) -> None:
    awarder = await world.caller("awarder")
    old_path = await a_certificate(world)
    old = (await awarder.get(old_path)).json()
    world.travel("2030-09-02")
    await catch_up(world.database)
    info = await renewal_info(awarder, old_path)
    assert (info["status"], info["decide_by"], info["restoration_until"]) == ("expired", "2029-11-23", "2030-05-22")
    path, _ = await renewed(awarder, old_path, {"scope": SCOPE, "service_users": 40})

    granted = await grant(world, path, old["organisation_id"], "2030-09-02", "LIT2030-007")

    assert (granted["valid_from"], granted["expires_on"], granted["service_users"]) == ("2030-09-02", "2033-09-02", 40)
    shown = [(await awarder.get(f"{old_path}?as_of={day}")).json()["status"] for day in
             ("2029-11-22", "2029-11-23", "2030-09-01", "2030-09-02")]  # fmt: skip
    assert shown == ["expiring", "expired", "expired", "superseded"]
    assert (await awarder.get(f"{path}?as_of=2030-09-01")).json()["status"] == "not_yet_valid"
    await oracle.check(world.database)


async def test_a_renewal_is_by_the_version_that_is_in_force(world: World) -> None:
    """New audits are by a current version only; one that was begun before may still carry a certificate of the old one."""
    awarder, coordinator = await world.caller("awarder"), await world.caller("coordinator")
    made = [await made_certificate(world.database, "2026-11-22") for _ in range(3)]
    paths = [f"/v1/certificates/{one.certificate}" for one in made]
    world.travel("2029-10-01")
    await publish_revised(world)
    _, beside = await renewed(awarder, paths[0])
    assert beside["standard_version"] == "EQUASS-2018", "as long as it is current"
    retired = await coordinator.move("/v1/standards/EQUASS/versions/EQUASS-2018", "retire")
    assert retired.status_code == 200, retired.text
    _, draft = await renewed(awarder, paths[1])
    assert (draft["standard_version"], draft["level"]) == ("EQUASS-REVISED", "ASSURANCE")
    _, asked = await renewed(awarder, paths[2], {"standard_version": "EQUASS-2018"})
    assert asked["standard_version"] == "EQUASS-2018"


async def test_what_has_ended_for_good_is_not_renewed(world: World) -> None:
    awarder = await world.caller("awarder")
    path = await a_certificate(world)
    await done(awarder, path, "withdraw", {"reason_code": "other", "reason": "Pažeidimai."})
    assert (await actions(awarder, path))["renew"] == ["wrong_state"]
    info = await renewal_info(awarder, path)
    assert (missing(info), info["opens_on"], info["decide_by"]) == (["wrong_state"], None, None)
    draft, _ = await a_draft(world)
    assert missing(await renewal_info(awarder, draft)) == ["wrong_state"]


async def test_a_draft_may_take_another_place_until_it_is_decided(world: World) -> None:
    awarder = await world.caller("awarder")
    old_path = await a_certificate(world)
    old = (await awarder.get(old_path)).json()
    world.travel("2029-10-01")
    path, _ = await renewed(awarder, old_path)
    freed = await awarder.change(path, {"predecessor_id": None})
    assert freed.json()["predecessor_id"] is None
    again = await awarder.change(path, {"predecessor_id": old["id"]})
    assert again.json()["predecessor_id"] == old["id"]
    stranger = (await awarder.get(await a_draft_elsewhere(world))).json()
    wrong = await awarder.change(path, {"predecessor_id": stranger["id"]})
    assert wrong.json()["errors"][0]["code"] == "unknown_certificate"
    await done(awarder, path, "refuse", {"reason": "Trūkumai."})
    assert (await actions(awarder, old_path))["renew"] == []


async def a_draft_elsewhere(world: World) -> str:
    path, _ = await a_draft(world)
    return path


async def test_a_partner_is_told_nothing_of_what_renewal_takes(world: World) -> None:
    path = await a_certificate(world)
    partner = await world.caller("partner")
    await world.grant(
        partner, organisation_id=(await (await world.caller("awarder")).get(path)).json()["organisation_id"]
    )
    assert (await partner.get(path)).status_code == 200
    assert (await partner.get(f"{path}/renewal-info")).status_code == 403
