"""/v1/municipalities and /v1/service-types over HTTP."""

from __future__ import annotations

import pytest

from tests.world import World


async def test_municipalities_come_in_lithuanian_order(world: World) -> None:
    provider = await world.caller("supervisor")
    names = [one["name"]["lt"] for one in (await provider.get("/v1/municipalities?limit=200")).json()["items"]]

    assert len(names) == 60
    assert names[:3] == ["Akmenės rajono savivaldybė", "Alytaus miesto savivaldybė", "Alytaus rajono savivaldybė"]
    assert names[-1] == "Zarasų rajono savivaldybė"
    for earlier, later in [
        ("Skuodo", "Šakių"),
        ("Švenčionių", "Tauragės"),
        ("Kelmės", "Klaipėdos"),
        ("Klaipėdos rajono", "Kretingos"),
        ("Šilalės", "Šilutės"),
    ]:
        place = [names.index(next(name for name in names if name.startswith(one))) for one in (earlier, later)]
        assert place[0] < place[1], f"{earlier} before {later}"


async def test_one_municipality_has_its_two_names_kind_and_county(world: World) -> None:
    caller = await world.caller("partner")
    answer = await caller.get("/v1/municipalities?code=LT-57")
    assert answer.json() == {
        "items": [
            {
                "code": "LT-57",
                "name": {"lt": "Vilniaus miesto savivaldybė", "en": "Vilnius City Municipality"},
                "kind": "city",
                "county": "LT-VL",
            }
        ],
        "next_cursor": None,
    }


@pytest.mark.parametrize(
    ("wanted", "codes"),
    [
        ("siauliu", ["LT-43", "LT-44"]),
        ("ŠIAULIŲ", ["LT-43", "LT-44"]),
        ("zarasu", ["LT-60"]),
        ("Vilnius City", ["LT-57"]),
        ("lt-2", ["LT-21", "LT-20", "LT-22", "LT-25", "LT-23", "LT-24", "LT-26", "LT-27", "LT-28", "LT-29"]),
        ("%", []),
        ("_", []),
    ],
)
async def test_search_minds_neither_case_nor_diacritics(world: World, wanted: str, codes: list[str]) -> None:
    caller = await world.caller("partner")
    found = (await caller.get("/v1/municipalities", params={"q": wanted})).json()["items"]
    assert sorted(one["code"] for one in found) == sorted(codes)


async def test_a_list_is_paged_without_losing_or_doubling_anything(world: World) -> None:
    caller = await world.caller("partner")
    whole = (await caller.get("/v1/municipalities?limit=200&sort=-name")).json()["items"]

    paged, path = [], "/v1/municipalities?limit=7&sort=-name&include=total"
    while path:
        answer = await caller.get(path)
        assert answer.json()["total"] == 60
        paged += answer.json()["items"]
        path = answer.links["next"]["url"] if answer.json()["next_cursor"] else ""

    assert paged == whole


async def test_filters_are_typed_and_unknown_ones_refused(world: World) -> None:
    caller = await world.caller("partner")
    cities = (await caller.get("/v1/municipalities?kind=city&county=LT-KL,LT-VL")).json()["items"]
    assert [one["name"]["lt"] for one in cities] == [
        "Klaipėdos miesto savivaldybė",
        "Palangos miesto savivaldybė",
        "Vilniaus miesto savivaldybė",
    ]
    for wrong in ("kind=village", "county=", "colour=red", "sort=population", "expand=county"):
        answer = await caller.get(f"/v1/municipalities?{wrong}")
        assert answer.status_code == 400, wrong


async def test_service_types_say_under_which_regime_they_stand(world: World) -> None:
    caller = await world.caller("partner")
    everything = (await caller.get("/v1/service-types?limit=200")).json()["items"]
    assert len(everything) == 24

    care = (await caller.get("/v1/service-types?group=care&authorisation=licence")).json()["items"]
    assert [one["name"]["lt"] for one in care] == [
        "Dienos socialinė globa asmens namuose",
        "Dienos socialinė globa institucijoje",
        "Ilgalaikė socialinė globa",
        "Trumpalaikė socialinė globa",
    ]
    assert (await caller.get("/v1/service-types?q=ilgalaike")).json()["items"] == [
        {
            "code": "LONG_TERM_CARE",
            "name": {"lt": "Ilgalaikė socialinė globa", "en": "Long-term social care"},
            "group": "care",
            "authorisation": "licence",
            "spis": None,
        }
    ]


async def test_code_lists_need_a_key(world: World) -> None:
    assert (await world.nobody.get("/v1/municipalities")).status_code == 401
    assert (await world.nobody.get("/v1/service-types")).status_code == 401
