"""`/explain`: the rule trace behind a status, a flag or a state, for any day and as known at any moment."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.api.test_enrolments import an_enrolment, do
from tests.api.test_past import WITHDRAWAL
from tests.full import a_full_organisation
from tests.made import a_certificate
from tests.world import Caller, World


async def explained(caller: Caller, path: str, **given: Any) -> dict[str, Any]:
    answer = await caller.get(f"{path}/explain", **given)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def codes(found: dict[str, Any]) -> list[str]:
    return [step["code"] for step in found["steps"]]


async def test_a_certificate_of_a_leap_day_explained_in_both_languages(world: World) -> None:
    made = await a_certificate(world.database, "2024-02-29", reference="LIT2024-700")
    office = await world.caller("coordinator")
    path = "/v1/certificates/LIT2024-700"
    found = await explained(office, path)
    assert (found["id"], found["as_of"], found["known_at"]) == (str(made.certificate), "2026-11-22", None)
    assert (found["status"], found["register_status"]) == ("expiring", "active")
    assert [step["message"] for step in found["steps"]] == [
        "Vertinama 2026-11-22 diena; ji skaičiuojama pagal Europe/Vilnius laiką ir trunka nuo 2026-11-21T22:00:00Z iki 2026-11-22T22:00:00Z.",
        "Sertifikavimo data – 2024-02-29; visi terminai skaičiuojami nuo jos.",
        "Taikomos EQUASS-2018 taisyklės, galiojusios sertifikavimo dieną (nuo 2018-01-01).",
        "Pridėjus 36 mėn., tokios dienos mėnesyje nėra, todėl paskutinė galiojimo diena – mėnesio paskutinė, 2027-02-28.",
        "Galiojimo laikas – nuo 2024-02-29 iki 2027-02-28 imtinai, t. y. iki 2027-02-28T22:00:00Z.",
        "Ši diena patenka į galiojimo laiką nuo 2024-02-29 iki 2027-02-28 imtinai; jis baigiasi 2027-02-28T22:00:00Z.",
        "Tą dieną sertifikato galiojimas nesustabdytas.",
        "Iki paskutinės galiojimo dienos liko ne daugiau kaip 180 d.: baigia galioti nuo 2026-09-01.",
    ]
    validity = found["steps"][3]
    assert validity["values"] == {"certified_on": "2024-02-29", "months": 36, "day": "2027-02-28", "clamped": True}
    english = await explained(office, path, headers={"Accept-Language": "en"})
    assert codes(english) == codes(found)
    assert english["steps"][-1] == {
        "code": "within_notice",
        "message": "At most 180 days are left to the last valid day: it has been expiring from 2026-09-01 on.",
        "values": {"expiring_from": "2026-09-01", "expiring_days": 180},
        "decides": "expiring",
    }
    for day, status, last in (
        ("2024-02-28", "not_yet_valid", "before_first_day"), ("2026-08-31", "active", "before_notice"),
        ("2027-02-28", "expiring", "within_notice"), ("2027-03-01", "expired", "after_last_day"),
    ):  # fmt: skip
        then = await explained(office, f"{path}", params={"as_of": day})
        assert (then["status"], codes(then)[-1], then["steps"][-1]["decides"]) == (status, last, status)


async def test_what_was_decided_is_told_with_its_day_and_only_once_it_was_recorded(world: World) -> None:
    world.travel("2026-03-02")
    await a_certificate(world.database, "2026-02-01", reference="LIT2026-700")
    awarder, path = await world.caller("awarder"), "/v1/certificates/LIT2026-700"
    world.travel("2026-06-10")
    decided = {"effective_on": "2026-07-01", "decision_ref": "SPR-12"}
    assert (await awarder.move(path, "withdraw", WITHDRAWAL | decided)).status_code == 200
    world.travel("2026-11-22")
    now = await explained(awarder, path)
    decision = next(step for step in now["steps"] if step["code"] == "decision")
    assert decision["message"] == "Sprendimas Nr. 1: panaikinimas; galioja nuo 2026-07-01."
    assert decision["values"] == {
        "number": 1, "kind": "withdraw", "effective_on": "2026-07-01", "decided_at": "2026-06-10T09:00:00Z",
        "reason_code": "misuse_of_mark", "decision_ref": "SPR-12",
    }  # fmt: skip
    assert codes(now)[-2:] == ["decision", "ended"]
    before = await explained(awarder, path, params={"as_of": "2026-06-30"})
    assert {"decision_ahead", "end_ahead"} <= set(codes(before))
    unknown = await explained(awarder, path, params={"as_of": "2026-07-01", "known_at": "2026-06-10T08:59:59Z"})
    assert (unknown["status"], unknown["known_at"]) == ("active", "2026-06-10T08:59:59Z")
    assert not {"decision", "decision_ahead", "end_ahead"} & set(codes(unknown))
    assert codes(unknown)[1] == "known"


async def test_a_draft_is_explained_by_there_being_no_grant(world: World) -> None:
    office = await world.caller("coordinator")
    body = {
        "organisation_id": (await world.organisation())["id"],
        "standard_version": "EQUASS-2018",
        "level": "ASSURANCE",
    }
    draft = (await office.post("/v1/certificates", body | {"scope": {}})).json()
    assert codes(await explained(office, f"/v1/certificates/{draft['id']}")) == ["day", "not_granted"]


async def test_an_annual_report_explained(world: World) -> None:
    made = await a_certificate(world.database, "2024-02-29")
    office = await world.caller("coordinator")
    path = f"/v1/annual-reports/{made.reports[0]}"
    found = await explained(office, path)
    assert (found["state"], found["flags"]) == ("scheduled", ["open", "overdue", "delinquent"])
    assert codes(found) == [
        "day", "anchor", "policy", "due", "window", "grace", "moved", "state", "owed", "open", "not_due_soon", "overdue",
        "delinquent",
    ]  # fmt: skip
    due = found["steps"][3]
    assert due["values"] == {
        "certified_on": "2024-02-29",
        "months": 12,
        "day": "2025-02-28",
        "clamped": True,
        "sequence": 1,
    }
    assert [step["decides"] for step in found["steps"] if step["decides"]] == [
        "scheduled",
        "open",
        "overdue",
        "delinquent",
    ]
    missed = found["steps"][-2]
    assert missed["message"] == "Terminas, 2025-02-28, praleistas: paskutinė diena baigėsi 2025-02-28T22:00:00Z."


async def test_a_new_holder_is_told_the_state_of_a_report_without_what_led_to_it_at_the_former_one(
    world: World,
) -> None:
    made = await a_certificate(world.database, "2025-12-01")
    former = await world.caller("provider", made.organisation)
    heir = (await world.organisation(name="Perėmėja", succeeds_id=str(made.organisation)))["id"]
    begun, untouched = (f"/v1/annual-reports/{report}" for report in made.reports)
    assert (await former.move(begun, "start")).status_code == 200
    handed_over = {"organisation_id": heir, "document_ref": "REORG-1", "decision_ref": "AC-1"}
    moved = await (await world.caller("awarder")).move(f"/v1/certificates/{made.certificate}", "transfer", handed_over)
    assert moved.status_code == 200, moved.text
    for path, state in ((begun, "drafting"), (untouched, "scheduled")):
        found = await explained(await world.caller("provider", heir), path)
        assert "moved" not in codes(found)
        assert [step["decides"] for step in found["steps"] if step["code"] == "state"] == [found["state"]] == [state]


async def test_an_enrolment_explained_by_its_dated_moves(world: World) -> None:
    office = await world.caller("coordinator")
    world.travel("2026-03-02")
    path = await an_enrolment(world, declared_on="2026-03-01")
    world.travel("2026-03-20")
    for verb, day in (("submit", "2026-03-03"), ("start_review", "2026-03-10")):
        assert (await do(office, path, verb, effective_on=day)).status_code == 200
    found = await explained(office, path, params={"as_of": "2026-03-04"})
    assert (found["state"], codes(found)) == ("submitted", ["day", "project", "moved", "moved", "state"])
    assert found["steps"][1]["message"] == "Projektas QUALITY-LT-2 vykdomas nuo 2023-08-18 iki 2029-01-31."
    assert found["steps"][3] == {
        "code": "moved", "message": "Nuo 2026-03-03: pateikta.", "decides": None,
        "values": {"state": "submitted", "effective_on": "2026-03-03", "recorded_at": "2026-03-20T10:00:00Z"},
    }  # fmt: skip
    assert (await office.get(f"{path}/explain?as_of=2026-03-01")).status_code == 404
    known = await explained(office, path, params={"known_at": "2026-03-19T10:00:00Z"})
    assert known["state"] == "draft"


@pytest.mark.parametrize("resource", ["certificates", "annual-reports", "enrolments"])
async def test_what_is_not_theirs_is_not_explained(world: World, resource: str) -> None:
    auditor = await world.caller("auditor")
    full = await a_full_organisation(world, "LIT2025-301", assessor=None, reviewer=None)
    key = {
        "certificates": full.certificate_id,
        "annual-reports": full.annual_report_id,
        "enrolments": full.enrolment_id,
    }
    provider = await world.caller("provider", full.organisation_id)
    stranger = await world.caller("provider", (await world.organisation())["id"])
    path = f"/v1/{resource}/{key[resource]}/explain"
    assert (await provider.get(path)).status_code == 200
    assert (await provider.get(f"{path}?known_at=2026-11-22T10:00:00Z")).status_code == 200
    assert (await stranger.get(path)).status_code == 404
    assert (await auditor.get(path)).status_code in (403, 404)
    for query in ("as_of=2026-02-30", "known_at=2027-01-01T00:00:00Z", "expand=organisation"):
        assert (await provider.get(f"{path}?{query}")).status_code == 400


async def test_the_trace_says_what_every_other_answer_says(world: World) -> None:
    """Around each turn of a certificate with a suspension and an end, and of its reports."""
    made = await a_certificate(world.database, "2024-02-29")
    awarder, office = await world.caller("awarder"), await world.caller("coordinator")
    path = f"/v1/certificates/{made.certificate}"
    suspension = WITHDRAWAL | {"effective_on": "2026-11-25", "review_by": "2026-12-20"}
    for verb, body in (("suspend", suspension), ("withdraw", WITHDRAWAL | {"effective_on": "2026-12-24"})):
        moved = await awarder.move(path, verb, body)
        assert moved.status_code == 200, moved.text
    turns = ("2024-02-29", "2025-02-28", "2025-03-30", "2026-09-01", "2026-11-25", "2026-12-24", "2027-03-01")
    for turn in turns:
        for distance in (-1, 0, 1):
            day = (date.fromisoformat(turn) + timedelta(days=distance)).isoformat()
            for query in (f"?as_of={day}", f"?as_of={day}&known_at=2026-11-22T10:00:00Z"):
                one, why = (await office.get(path + query)).json(), (await office.get(f"{path}/explain{query}")).json()
                assert why["steps"][-1]["decides"] == why["status"] == one["status"]
                assert why["register_status"] == one["register_status"]
                for report in made.reports:
                    at = f"/v1/annual-reports/{report}"
                    one, why = (await office.get(at + query)).json(), (await office.get(f"{at}/explain{query}")).json()
                    assert (why["state"], why["flags"]) == (one["state"], one["flags"])
                    decides = [step["decides"] for step in why["steps"] if step["decides"]]
                    assert decides == [one["state"], *one["flags"]]
