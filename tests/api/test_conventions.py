"""What holds for every address: problems in two languages, parameters, pages, tags, languages, methods."""

from __future__ import annotations

from typing import Any

import pytest

from tests.world import World, legal_code

NAMES = ["Čiobiškio namai", "Cirkliškio namai", "Šiaulių namai", "Salako namai", "Žaslių namai", "Zarasų namai",
         "Ylakių namai", "Ignalinos namai", "Įlankos namai", "Jonavos namai"]  # fmt: skip
IN_ORDER = ["Cirkliškio namai", "Čiobiškio namai", "Ignalinos namai", "Ylakių namai", "Įlankos namai", "Jonavos namai",
            "Salako namai", "Šiaulių namai", "Zarasų namai", "Žaslių namai"]  # fmt: skip


async def test_names_stand_in_lithuanian_order_and_pages_lose_none(world: World) -> None:
    coordinator = await world.caller("coordinator")
    for name in NAMES:
        await world.organisation(name=name)
    path, seen = "/v1/organisations?limit=3", []
    while path:
        page = await coordinator.get(path)
        seen += [item["name"] for item in page.json()["items"]]
        link = page.headers.get("link", "")
        path = link[1:].partition(">")[0] if link else ""
    assert seen == IN_ORDER


async def test_pages_backwards_and_by_two_keys_lose_none_at_nulls(world: World) -> None:
    coordinator = await world.caller("coordinator")
    for number in range(7):
        holder = await world.organisation(name=f"Namai {number % 2}")
        body = {"organisation_id": holder["id"], "standard_version": "EQUASS-2018", "level": "ASSURANCE", "scope": {}}
        assert (await coordinator.post("/v1/certificates", body)).status_code == 201
    for sort in ("certified_on", "-certified_on", "organisation,-expires_on", "-organisation,reference", "-reference"):
        whole = (await coordinator.get(f"/v1/certificates?sort={sort}&include=total")).json()
        ids, cursor = [], ""
        while True:
            page = (await coordinator.get(f"/v1/certificates?sort={sort}&limit=2{cursor}")).json()
            ids += [item["id"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert ids == [item["id"] for item in whole["items"]]
        assert len(set(ids)) == whole["total"] == 7


@pytest.mark.parametrize("wanted", ["leliunu", "LELIŪNŲ", "Leliūnų", "leliunų soc"])
async def test_search_ignores_case_and_diacritics(world: World, wanted: str) -> None:
    await world.organisation(name="Utenos rajono savivaldybės Leliūnų socialinės globos namai")
    await world.organisation(name="Salako socialinės globos namai")
    found = (await (await world.caller("coordinator")).get("/v1/organisations", params={"q": wanted})).json()["items"]
    assert [item["name"] for item in found] == ["Utenos rajono savivaldybės Leliūnų socialinės globos namai"]


@pytest.mark.parametrize("wanted", ["%", "_", "\\", "%%", "a%b"])
async def test_wildcards_of_sql_mean_themselves(world: World, wanted: str) -> None:
    await world.organisation(name="Namai")
    assert (await (await world.caller("coordinator")).get("/v1/organisations", params={"q": wanted})).json()[
        "items"
    ] == []


async def test_text_is_kept_in_nfc(world: World) -> None:
    made = await world.organisation(name="Žemaitės namai")
    assert made["name"] == "Žemaitės namai"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?foo=1", "unknown_parameter"),
        ("?limit=1&limit=2", "repeated_parameter"),
        ("?limit=0", "greater_than_equal"),
        ("?limit=201", "less_than_equal"),
        ("?limit=ten", "int_parsing"),
        ("?sort=colour", "unknown_value"),
        ("?expand=everything", "unknown_value"),
        ("?fields=secret", "unknown_value"),
        ("?include=all", "unknown_value"),
        ("?status=alive", "enum"),
        ("?expires_on[gte]=tomorrow", "date_malformed"),
    ],
)
async def test_a_query_parameter_that_is_not_known_or_well_formed_is_named(world: World, query: str, code: str) -> None:
    answer = await (await world.caller("coordinator")).get(f"/v1/certificates{query}")
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (error["code"], error["parameter"]) == (code, query[1:].partition("=")[0])


async def test_several_values_stand_behind_commas_or_each_under_its_name(world: World) -> None:
    coordinator = await world.caller("coordinator")
    for name, kind in zip(NAMES, ("ngo", "private", "agency"), strict=False):
        await world.organisation(name=name, kind=kind)
    for asked in ("kind=ngo,private", "kind=ngo&kind=private", "kind=ngo,ngo&kind=&kind=private"):
        answer = await coordinator.get(f"/v1/organisations?{asked}&limit=1")
        assert answer.status_code == 200, asked
        (first,) = answer.json()["items"]
        (second,) = (await coordinator.get(answer.links["next"]["url"])).json()["items"]
        assert {first["kind"], second["kind"]} == {"ngo", "private"}, asked
    refused = await coordinator.get("/v1/organisations?kind=ngo&kind=dragon,private")
    assert [one["parameter"] for one in refused.json()["errors"]] == ["kind"]


async def test_a_cursor_serves_its_own_list_caller_and_order_only(world: World) -> None:
    coordinator, supervisor = await world.caller("coordinator"), await world.caller("supervisor")
    for name in NAMES[:3]:
        await world.organisation(name=name)
    cursor = (await coordinator.get("/v1/organisations?limit=1")).json()["next_cursor"]
    assert (await coordinator.get(f"/v1/organisations?limit=2&cursor={cursor}")).status_code == 200
    for caller, path in (
        (supervisor, f"/v1/organisations?cursor={cursor}"),
        (coordinator, f"/v1/organisations?sort=-name&cursor={cursor}"),
        (coordinator, f"/v1/organisations?kind=ngo&cursor={cursor}"),
        (coordinator, f"/v1/certificates?cursor={cursor}"),
        (coordinator, f"/v1/organisations?cursor={cursor[:-2]}AA"),
        (coordinator, "/v1/organisations?cursor=%C4%85"),
        (coordinator, "/v1/organisations?cursor=abc"),
    ):
        answer = await caller.get(path)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor"), path


@pytest.mark.parametrize(
    ("accepted", "language", "title"),
    [
        (None, "lt", "Nerasta"), ("en", "en", "Not found"), ("lt", "lt", "Nerasta"), ("de", "lt", "Nerasta"),
        ("de, en;q=0.5", "en", "Not found"), ("en;q=0.2, lt;q=0.9", "lt", "Nerasta"), ("en-GB", "en", "Not found"),
        ("en;q=x", "lt", "Nerasta"), ("\u00ff;;;", "lt", "Nerasta"),
    ],
)  # fmt: skip
async def test_messages_come_in_the_language_asked_for(
    world: World, accepted: str | None, language: str, title: str
) -> None:
    headers = {"Accept-Language": accepted.encode("latin-1")} if accepted else {}
    answer = await (await world.caller("coordinator")).get("/v1/certificates/LIT1999-001", headers=headers)
    assert (answer.headers["content-language"], answer.json()["title"]) == (language, title)


async def test_what_has_not_changed_is_not_sent_again(world: World) -> None:
    coordinator = await world.caller("coordinator")
    path = f"/v1/organisations/{(await world.organisation())['id']}"
    seen = await coordinator.get(path)
    again = await coordinator.get(path, headers={"If-None-Match": seen.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == seen.headers["etag"]
    english = await coordinator.get(path, headers={"If-None-Match": seen.headers["etag"], "Accept-Language": "en"})
    assert english.status_code == 200
    world.travel("2026-11-23")
    tomorrow = await coordinator.get(path, headers={"If-None-Match": seen.headers["etag"]})
    assert tomorrow.status_code == 200
    edited = await coordinator.request(
        "PATCH", path, json={"website": "https://namai.example.lt"}, headers={"If-Match": seen.headers["etag"]}
    )
    assert edited.status_code == 200


async def test_a_change_names_the_version_that_it_is_meant_for(world: World) -> None:
    coordinator = await world.caller("coordinator")
    path = f"/v1/organisations/{(await world.organisation())['id']}"
    for headers, status, code in (
        ({}, 428, "version_required"),
        ({"If-Match": '"7"'}, 412, "stale_version"),
        ({"If-Match": "*"}, 400, "malformed"),
        ({"If-Match": 'W/"1"'}, 400, "malformed"),
    ):
        answer = await coordinator.request("PATCH", path, json={"name": "Kiti"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await coordinator.get(path)).json()["version"] == 1


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/v1/organisations/not-an-id", 404, "not_found"),
        ("DELETE", "/v1/organisations", 405, "method_not_allowed"),
        ("TRACE", "/v1/organisations", 405, "method_not_allowed"),
        ("OPTIONS", "/v1/organisations", 405, "method_not_allowed"),
    ],
)
async def test_what_is_not_there_is_a_problem_too(world: World, method: str, path: str, status: int, code: str) -> None:
    answer = await (await world.caller("coordinator")).request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    if status == 405:
        assert answer.headers["allow"] == "GET, HEAD, POST"


async def test_head_is_answered_like_get(world: World) -> None:
    coordinator = await world.caller("coordinator")
    path = f"/v1/organisations/{(await world.organisation())['id']}"
    head = await coordinator.request("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == (await coordinator.get(path)).headers["etag"]


@pytest.mark.parametrize(
    ("content_type", "body", "status", "code"),
    [
        ("application/json", b'{"name": NaN}', 400, "malformed_json"),
        ("application/json", b'{"name": "a", "name": "b"}', 400, "duplicate_key"),
        ("application/json", b'{"name": "\\ud800"}', 400, "invalid_character"),
        ("application/json", b'{"name": "\\u0000"}', 400, "invalid_character"),
        ("application/json", b"[" * 100_000, 400, "too_deep"),
        ("application/json", b'{"name": 1e400}', 400, "number_out_of_range"),
        ("application/json", b"\xff\xfe{\x00}\x00", 400, "not_utf8"),
        ("application/json", b"{} x", 400, "malformed_json"),
        ("application/json", b"[]", 422, "invalid"),
        ("application/json", b"", 422, "invalid"),
        ("application/json", b'"' + b"a" * 300_000 + b'"', 413, "content_too_large"),
        ("text/plain", b"{}", 415, "unsupported_media_type"),
        ("multipart/form-data; boundary=x", b"--x--", 415, "unsupported_media_type"),
    ],
)
async def test_a_body_that_cannot_be_read_changes_nothing_and_is_not_echoed(
    world: World, content_type: str, body: bytes, status: int, code: str
) -> None:
    coordinator = await world.caller("coordinator")
    answer = await coordinator.request(
        "POST", "/v1/organisations", content=body, headers={"Content-Type": content_type}
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await coordinator.get("/v1/organisations")).json()["items"] == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"legal_code": "999000018"}, "legal_code_invalid"),
        ({"legal_code": 999000017}, "string_type"),
        ({"name": "  "}, "blank"),
        ({"name": "a\u200bb"}, "invisible_characters"),
        ({"name": "a\u202eb"}, "invisible_characters"),
        ({"name": "a\nb"}, "more_than_one_line"),
        ({"name": "a" * 301}, "string_too_long"),
        ({"kind": "bank"}, "enum"),
        ({"municipality": "LT-99"}, "unknown_municipality"),
        ({"website": "javascript:alert(1)"}, "string_pattern_mismatch"),
        ({"id": "019ab2c4-0000-7000-8000-000000000001"}, "extra_forbidden"),
        ({"version": 7}, "extra_forbidden"),
    ],
)
async def test_content_that_cannot_be_is_pointed_at(world: World, change: dict[str, Any], code: str) -> None:
    body = {
        "legal_code": legal_code(), "name": "Namai", "kind": "ngo", "municipality": "LT-57", **change,
    }  # fmt: skip
    answer = await (await world.caller("coordinator")).post("/v1/organisations", body)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/" + next(iter(change)), code)
    assert str(next(iter(change.values()))) not in answer.text or code in ("blank", "extra_forbidden")


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer x", "Basic a2s6", "Bearer kk_aaaaaaaaaaaa_" + "A" * 43, "Bearer kk_" + "a" * 5000],
)
async def test_nothing_under_v1_answers_without_a_good_key(world: World, authorization: str | None) -> None:
    headers = {"Authorization": authorization} if authorization is not None else {}
    for path in ("/v1/certificates", "/v1/organisations", "/v1/me"):
        answer = await world.http.get(path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
    in_the_address = await world.http.get("/public/v1/certificates?key=kk_1")
    assert in_the_address.status_code == 400


async def test_one_is_told_who_one_is(world: World) -> None:
    provider = await world.caller("provider", (await world.organisation())["id"])
    me = (await provider.get("/v1/me")).json()
    assert (me["role"], me["client_id"]) == ("provider", provider.client_id)
    assert "annual_reports.submit" in me["permissions"]
    assert "certificates.grant" not in me["permissions"]
