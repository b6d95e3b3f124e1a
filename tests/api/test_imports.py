"""/v1/imports over HTTP: a file of criteria is looked at row by row, then brought in as a whole or not at all."""

from __future__ import annotations

import csv
import io
import json
from copy import deepcopy
from typing import Any
from uuid import uuid4

import pytest
import yaml

from programme.inbound import LARGEST
from programme.services.loading import load_catalogue
from tests import oracle
from tests.workbooks import bomb, lying, workbook
from tests.world import World

IMPORTS = "/v1/imports"
EQUASS_2018 = "/v1/standards/EQUASS/versions/EQUASS-2018"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEADING = ["number", "title_lt", "title_en", "text_lt", "text_en"]

Entry = dict[str, Any]


async def criteria(world: World, path: str = EQUASS_2018) -> list[Entry]:
    """What a file of the version's present criteria holds."""
    version = (await (await world.caller("coordinator")).get(path)).json()
    return [
        {name: deepcopy(one[name]) for name in ("number", "title", "text")}
        for principle in version["principles"]
        for one in principle["criteria"]
    ]


def licensed(entries: list[Entry]) -> list[Entry]:
    """The same criteria in the owner's words."""
    return [one | {"title": {"lt": f"Oficialus {one['number']}", "en": f"Official {one['number']}"}} for one in entries]


def as_json(entries: list[Entry]) -> bytes:
    return json.dumps(entries, ensure_ascii=False).encode()


def cells(entries: list[Entry]) -> list[list[str]]:
    def of(one: Entry) -> list[str]:
        text = one["text"] or {"lt": "", "en": ""}
        return [one["number"], one["title"]["lt"], one["title"]["en"], text["lt"], text["en"]]

    return [HEADING, *map(of, entries)]


def as_csv(entries: list[Entry], separator: str = ";") -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=separator).writerows(cells(entries))
    return written.getvalue().encode("utf-8-sig")


async def bring(
    world: World, content: bytes, media_type: str = "application/json", version: str = "EQUASS-2018", **more: Any
) -> Any:
    return await (await world.caller("coordinator")).request(
        "POST",
        IMPORTS,
        params={"kind": "criteria", "standard_version": version, **more},
        content=content,
        headers={"Content-Type": media_type},
    )


async def staged(world: World, entries: list[Entry], version: str = "EQUASS-2018") -> Entry:
    made = await bring(world, as_json(entries), version=version)
    assert made.status_code == 201, made.text
    return dict(made.json())


async def move(world: World, made: Entry, verb: str) -> Any:
    return await (await world.caller("coordinator")).move(f"{IMPORTS}/{made['id']}", verb)


async def rows(world: World, made: Entry, query: str = "") -> list[Entry]:
    listed = await (await world.caller("coordinator")).get(f"{IMPORTS}/{made['id']}/rows{query}")
    assert listed.status_code == 200, listed.text
    return list(listed.json()["items"])


def reasons(made: Entry, verb: str = "commit") -> dict[str, Entry]:
    (action,) = [one for one in made["actions"] if one["name"] == verb]
    assert action["allowed"] == (not action["reasons"])
    return {one["code"]: one for one in action["reasons"]}


@pytest.mark.parametrize(
    ("media_type", "write"),
    [
        ("application/json", as_json),
        (
            "application/json; charset=utf-8",
            lambda entries: as_json(entries).replace(b"[", b'{"criteria": [', 1) + b"}",
        ),
        ("application/yaml", lambda entries: yaml.safe_dump(entries, allow_unicode=True).encode()),
        ("text/csv", as_csv),
        ("text/csv; charset=utf-8; header=present", lambda entries: as_csv(entries, ",")),
        ("text/csv", lambda entries: as_csv(entries, "\t")),
        (XLSX, lambda entries: workbook(cells(entries))),
    ],
    ids=["json", "json under criteria", "yaml", "csv ;", "csv ,", "csv tab", "xlsx"],
)
async def test_the_same_texts_come_in_from_every_kind_of_file(world: World, media_type: str, write: Any) -> None:
    entries = licensed(await criteria(world))
    entries[3]["text"] = {"lt": "Pirma:\n- viena;\n- kita.", "en": "First:\n- one;\n- another."}

    made = await bring(world, write(entries), media_type, file_name="kriterijai – 2018")

    assert made.status_code == 201, made.text
    told = made.json()
    assert (told["state"], told["standard"], told["file_name"]) == ("staged", "EQUASS", "kriterijai – 2018")
    assert told["counts"] == {"new": 0, "changed": 50, "same": 0, "unknown": 0, "error": 0}
    assert (told["missing"], reasons(told)) == ([], {})
    assert (await criteria(world))[0] != entries[0], "nothing has changed yet"
    done = await move(world, told, "commit")
    assert done.status_code == 200, done.text
    assert await criteria(world) == entries
    await oracle.check(world.database)


async def test_a_report_says_of_each_row_what_it_would_do(world: World) -> None:
    entries = await criteria(world)
    title = entries[1]["title"]["lt"]
    entries[1]["title"] = {"lt": "Oficialus pavadinimas", "en": entries[1]["title"]["en"]}
    entries[2]["text"] = None
    entries[3] = {"number": "1.4", "title": {"lt": "Be vertimo"}, "text": {"lt": "Tik lietuviškai"}, "note": "x"}
    entries.append({"number": "1.99", "title": {"lt": "Nauja", "en": "New"}})
    entries.append(entries[0])
    entries.append({"number": 3.1, "title": {"lt": "Skaičius", "en": "A number"}})
    entries.append({"number": "1", "title": {"lt": "Vadovavimas", "en": "Leadership"}})

    made = await staged(world, entries)

    assert made["counts"] == {"new": 0, "changed": 3, "same": 47, "unknown": 1, "error": 3}
    report = {row["place"]: row for row in await rows(world, made, "?limit=200")}
    assert report[1] | {"title": None, "text": None} == {
        "place": 1, "status": "same", "number": "1.1", "title": None, "text": None, "changes": [], "errors": [],
    }  # fmt: skip
    assert report[2]["changes"] == [{"field": "/title/lt", "before": title, "after": "Oficialus pavadinimas"}]
    assert [(one["field"], one["after"]) for one in report[3]["changes"]] == [("/text/lt", None), ("/text/en", None)]
    assert {(one["pointer"], one["code"]) for one in report[4]["errors"]} == {
        ("/title/en", "missing"), ("/text/en", "missing"), ("/note", "extra_forbidden"),
    }  # fmt: skip
    assert report[4]["errors"][1]["message"] == {"lt": "Šis laukas privalomas.", "en": "This field is required."}
    assert [report[place]["errors"][0]["code"] for place in (51, 52, 53)] == [
        "unknown_number", "repeated", "number_malformed",
    ]  # fmt: skip
    assert (report[54]["status"], report[54]["changes"][0]["after"]) == ("changed", "Vadovavimas")
    assert [row["place"] for row in await rows(world, made, "?status=error,unknown&sort=-place")] == [53, 52, 51, 4]

    refused = await move(world, made, "commit")
    assert refused.status_code == 409
    assert refused.json()["reasons"] == list(reasons(made).values())
    assert list(reasons(made)) == ["rows_in_error", "rows_unknown"]
    assert reasons(made)["rows_in_error"]["message"] == "Eilučių su klaidomis: 3."
    assert (await (await world.caller("coordinator")).get(EQUASS_2018)).json()["criteria_official"] is False


async def test_the_first_official_texts_are_complete_and_later_ones_may_be_parts(world: World) -> None:
    entries = licensed(await criteria(world))
    part = await staged(world, entries[:48])
    assert part["missing"] == ["10.4", "10.5"]
    assert reasons(part)["criteria_missing"]["criteria"] == ["10.4", "10.5"]
    assert (await move(world, part, "commit")).status_code == 409
    whole = await staged(world, entries)
    assert (await move(world, whole, "commit")).status_code == 200
    version = (await (await world.caller("coordinator")).get(EQUASS_2018)).json()
    assert version["criteria_official"] is True

    corrected = await staged(world, [entries[0] | {"title": {"lt": "Pataisyta", "en": "Corrected"}}])
    assert len(corrected["missing"]) == 49
    assert (await move(world, corrected, "commit")).status_code == 200
    assert [one["title"]["en"] for one in await criteria(world)][:2] == ["Corrected", "Official 1.2"]
    again = await staged(world, [entries[1]])
    assert list(reasons(again)) == ["nothing_new"]


async def test_what_is_being_assessed_keeps_the_words_that_it_was_planned_with(world: World) -> None:
    auditor = await world.caller("auditor")
    before = await world.assessment(started=True)
    frozen = (await auditor.get(f"/v1/assessments/{before['id']}/principles")).json()
    holder = before["organisation_id"]
    done = await world.finished_audit(holder, scope={"services": ["LONG_TERM_CARE"], "sites": [], "unit": None})

    made = await staged(world, licensed(await criteria(world)))
    assert (await move(world, made, "commit")).status_code == 200

    assert (await auditor.get(f"/v1/assessments/{before['id']}/principles")).json() == frozen
    assert (await auditor.get(f"/v1/assessments/{done['id']}")).json()["score"] == done["score"]
    after = await world.assessment(organisation_id=holder, kind="self_assessment")
    tree = (await (await world.caller("coordinator")).get(f"/v1/assessments/{after['id']}/principles")).json()["items"]
    assert tree[0]["criteria"][0]["title"] == {"lt": "Oficialus 1.1", "en": "Official 1.1"}
    assert [principle["number"] for principle in tree] == list(range(1, 11))


async def test_a_draft_takes_criteria_that_it_does_not_have_yet(world: World) -> None:
    coordinator = await world.caller("coordinator")
    path = "/v1/standards/EQUASS/versions/EQUASS-REVISED"
    new = [
        {"number": f"{section}.{place}", "title": {"lt": f"Reikalavimas {place}", "en": f"Requirement {place}"}}
        for section in range(1, 6)
        for place in (1, 2)
    ]
    early = await staged(world, new, "EQUASS-REVISED")
    assert list(reasons(early)) == ["version_closed", "rows_unknown"], "an announced version has no text to change yet"
    assert (await coordinator.move(path, "start-drafting")).status_code == 200
    assert "version_changed" in reasons((await coordinator.get(f"{IMPORTS}/{early['id']}")).json())

    gap = await staged(world, [one for one in new if one["number"] != "2.1"], "EQUASS-REVISED")
    assert (gap["counts"]["new"], gap["counts"]["error"]) == (8, 1)
    (row,) = await rows(world, gap, "?status=error")
    assert (row["number"], row["errors"][0]["message"]["en"]) == (
        "2.2", "Numbers have to run without a gap; the next one should be 2.1.",
    )  # fmt: skip
    sixth = await staged(world, [*new, new[0] | {"number": "6.1"}], "EQUASS-REVISED")
    assert sixth["counts"] == {"new": 10, "changed": 0, "same": 0, "unknown": 1, "error": 0}

    made = await staged(world, new, "EQUASS-REVISED")
    assert (await move(world, made, "commit")).status_code == 200
    version = (await coordinator.get(path)).json()
    assert [[one["number"] for one in section["criteria"]] for section in version["principles"]] == [
        [f"{section}.1", f"{section}.2"] for section in range(1, 6)
    ]
    assert version["criteria_official"] is True
    assert [event.type for event in await world.events(version["id"])][-1] == "standard_version.texts_imported"


async def test_a_version_in_force_without_criteria_takes_its_first_and_no_more(world: World) -> None:
    path = "/v1/standards/NOKAS/versions/NOKAS-2020"
    first = [{"number": f"{part}.1", "title": {"lt": "Reikalavimas", "en": "Requirement"}} for part in (1, 2, 3)]
    made = await staged(world, first, "NOKAS-2020")
    assert (made["counts"]["new"], reasons(made)) == (3, {})
    assert (await move(world, made, "commit")).status_code == 200
    assert len(await criteria(world, path)) == 3

    more = await staged(
        world, [*first, {"number": "1.2", "title": {"lt": "Dar vienas", "en": "One more"}}], "NOKAS-2020"
    )
    assert more["counts"] == {"new": 0, "changed": 0, "same": 3, "unknown": 1, "error": 0}


async def test_an_import_is_committed_once_or_discarded(world: World) -> None:
    coordinator = await world.caller("coordinator")
    made = await staged(world, licensed(await criteria(world)))
    other = await staged(world, licensed(await criteria(world)))
    path = f"{IMPORTS}/{made['id']}"
    bare = await coordinator.request("POST", f"{path}/commit", json={}, headers={"If-Match": '"1"'})
    assert (bare.status_code, bare.json()["code"]) == (400, "idempotency_key_required")
    headers = {"If-Match": '"1"', "Idempotency-Key": uuid4().hex}
    tried = await coordinator.request("POST", f"{path}/commit?validate_only=true", json={}, headers=headers)
    assert (tried.status_code, tried.json()["state"]) == (200, "committed")
    assert (await coordinator.get(path)).json()["state"] == "staged"

    done = await coordinator.request("POST", f"{path}/commit", json={}, headers=headers)
    again = await coordinator.request("POST", f"{path}/commit", json={}, headers=headers)
    assert (done.status_code, again.status_code, again.headers["idempotent-replayed"]) == (200, 200, "true")
    assert done.json()["committed_at"] is not None
    assert list(reasons(done.json())) == ["wrong_state"]
    assert list(reasons((await coordinator.get(f"{IMPORTS}/{other['id']}")).json())) == [
        "version_changed", "nothing_new",
    ][:1]  # fmt: skip
    thrown = await move(world, other, "discard")
    assert (thrown.status_code, thrown.json()["state"]) == (200, "discarded")
    assert (await move(world, other, "discard")).status_code == 409
    listed = (await coordinator.get(f"{IMPORTS}?state=committed,discarded&include=total")).json()
    assert ([one["state"] for one in listed["items"]], listed["total"]) == (["discarded", "committed"], 2)
    assert [event.type for event in await world.events(made["id"])] == ["import.staged", "import.committed"]
    await oracle.check(world.database)


async def test_only_trying_keeps_nothing_and_the_same_file_with_its_key_comes_in_once(world: World) -> None:
    content = as_json(await criteria(world))
    tried = await bring(world, content, validate_only="true")
    assert (tried.status_code, tried.json()["counts"]["same"]) == (200, 50)
    coordinator = await world.caller("coordinator")
    assert (await coordinator.get(IMPORTS)).json()["items"] == []
    asked = {"params": {"kind": "criteria", "standard_version": "EQUASS-2018"}, "headers": {
        "Content-Type": "application/json", "Idempotency-Key": uuid4().hex}}  # fmt: skip
    first = await coordinator.request("POST", IMPORTS, content=content, **asked)
    again = await coordinator.request("POST", IMPORTS, content=content, **asked)
    other = await coordinator.request("POST", IMPORTS, content=content + b" ", **asked)
    assert (again.json(), again.headers["idempotent-replayed"]) == (first.json(), "true")
    assert other.json()["code"] == "idempotency_key_reused"


async def test_two_files_do_not_both_come_in_over_one_another(world: World) -> None:
    entries = await criteria(world)
    one, other = await staged(world, licensed(entries)), await staged(world, licensed(entries))
    assert (await move(world, one, "commit")).status_code == 200
    refused = await move(world, other, "commit")
    assert (refused.status_code, refused.json()["reasons"][0]["code"]) == (409, "version_changed")


async def test_loading_the_programme_again_leaves_the_official_text_alone(world: World) -> None:
    entries = licensed(await criteria(world))
    assert (await move(world, await staged(world, entries), "commit")).status_code == 200
    await load_catalogue(world.database)
    assert await criteria(world) == entries


BAD = {
    "no such version": (b"[]", "application/json", "?standard_version", "unknown_version"),
    "no entries": (b"[]", "application/json", "", "entries_missing"),
    "an object": (b'{"rows": []}', "application/json", "", "entries_missing"),
    "not JSON": (b"[NaN", "application/json", "", "file_unreadable"),
    "a key twice": (b'[{"number": "1", "number": "2"}]', "application/json", "", "file_unreadable"),
    "brackets": (b"[" * 100_000, "application/json", "", "file_unreadable"),
    "a digit too many": (b"[" + b"9" * 5000 + b"]", "application/json", "", "file_unreadable"),
    "not UTF-8": ("number;title_lt\nŽ".encode("cp1257"), "text/csv", "", "file_not_utf8"),
    "an empty CSV": (b"", "text/csv", "", "columns_missing"),
    "no columns": (b"a;b\n1;2\n", "text/csv", "", "columns_missing"),
    "a column too many": (b"number;title_lt;title_en;pastaba\n", "text/csv", "", "columns_unknown"),
    "a column twice": (b"number;title_lt;title_en;number\n", "text/csv", "", "columns_unknown"),
    "only a heading": (b"number;title_lt;title_en\n", "text/csv", "", "entries_missing"),
    "an open quote": (b'number;title_lt;title_en\n1.1;"a;b\n', "text/csv", "", "file_unreadable"),
    "too many rows": (b"number;title_lt;title_en\n" + b"1.1;a;b\n" * 10_001, "text/csv", "", "file_too_costly"),
    "aliases": (b"- &a {number: '1.1'}\n- *a\n", "application/yaml", "", "file_with_aliases"),
    "a tag": (b"- !!python/object/apply:os.system ['true']\n", "application/yaml", "", "file_unreadable"),
    "not a workbook": (b"PK\x03\x04 no", XLSX, "", "file_unreadable"),
    "formulas": (workbook([HEADING, ["1.1", "=1+1", "b", "", ""]]), XLSX, "", "file_with_formulas"),
    "a bomb": (bomb(), XLSX, "", "file_too_costly"),
    "a bomb that lies": (lying(), XLSX, "", "file_unreadable"),
    "a cell far away": (workbook([HEADING], far_away=True), XLSX, "", "file_too_costly"),
    "an entity": (workbook([HEADING], entity=True), XLSX, "", "file_unreadable"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
async def test_a_file_that_cannot_be_read_is_refused_whole(world: World, name: str) -> None:
    content, media_type, pointer, code = BAD[name]
    version = "EQUASS-1999" if code == "unknown_version" else "EQUASS-2018"
    refused = await bring(world, content, media_type, version)
    assert refused.status_code == 422, refused.text
    (error,) = refused.json()["errors"]
    assert (error.get("pointer", f"?{error.get('parameter')}"), error["code"]) == (pointer, code)
    assert (await (await world.caller("coordinator")).get(IMPORTS)).json()["items"] == []


async def test_cells_that_begin_like_formulas_are_in_error_in_sheets_alone(world: World) -> None:
    for text in ("=1+1", "@SUM(A1)", "+1", "-1+1", "＝1", "\t=1"):
        table = [HEADING, ["1.1", "Vizija", "Vision", text, "b"]]
        made = (await bring(world, workbook(table, formulas=False), XLSX)).json()
        (row,) = await rows(world, made)
        assert [(one["pointer"], one["code"]) for one in row["errors"]] == [("/text/lt", "formula")], text
    entry = {"number": "1.1", "title": {"lt": "-1", "en": "=1"}}
    assert (await staged(world, [entry]))["counts"]["changed"] == 1
    listed = [HEADING, ["1.1", "Vizija", "Vision", "- viena;\n- kita.", "+ one"]]
    assert (await bring(world, workbook(listed), XLSX)).json()["counts"]["changed"] == 1


async def test_numbers_and_days_in_cells_are_no_text(world: World) -> None:
    made = (
        await bring(world, workbook([HEADING, [3.1, "a", "b"], [3, "Trečias", "Third"], ["1.1", 2018, True]]), XLSX)
    ).json()
    report = await rows(world, made)
    assert [row["status"] for row in report] == ["error", "changed", "error"]
    assert report[0]["errors"][0]["message"]["lt"].endswith("skaičius 3.10 skaitomas kaip 3.1.")
    assert [one["code"] for one in report[2]["errors"]] == ["string_type", "string_type"]


async def test_what_is_no_file_goes_no_further(world: World) -> None:
    plain = await bring(world, b"x", "text/plain")
    assert (plain.status_code, plain.json()["code"]) == (415, "unsupported_media_type")
    assert "text/csv" in plain.headers["accept-post"]
    foreign = await bring(world, b"[]", "application/json; charset=utf-16")
    assert foreign.status_code == 415
    assert (await bring(world, b"x" * (LARGEST + 1), "text/csv")).status_code == 413
    assert (await bring(world, b" " * 1_000_000, "text/csv")).status_code == 422, "beyond the limit of other bodies"
    other = await bring(world, b"[]", kind="certificates")
    assert (other.status_code, other.json()["errors"][0]["parameter"]) == (400, "kind")


@pytest.mark.parametrize("role", ["provider", "auditor", "awarder", "partner", "supervisor", "ops"])
async def test_only_the_coordinator_brings_files_in(world: World, role: str) -> None:
    made = await staged(world, await criteria(world))
    caller = await world.caller(role, made and (await world.organisation())["id"] if role == "provider" else None)
    asked = {"kind": "criteria", "standard_version": "EQUASS-2018"}
    answer = await caller.request("POST", IMPORTS, params=asked, content=b"[]", headers={"Content-Type": "text/csv"})
    assert answer.status_code == 403
    for path in (IMPORTS, f"{IMPORTS}/{made['id']}", f"{IMPORTS}/{made['id']}/rows"):
        assert (await caller.get(path)).status_code == 403
