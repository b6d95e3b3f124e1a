"""Loading the real programme: what its files say, once and for all, and nothing that they do not say."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from programme.database import Database
from programme.rules.calendar import noon_in_vilnius
from programme.services import organisations
from programme.services.loading import BrokenFile, load_catalogue, load_programme
from programme.services.loading.files import BUILT_IN
from programme.services.loading.providers import slug
from programme.services.standards import put_texts, set_policy
from programme.tables import (
    AnnualReport,
    Certificate,
    CertificateDecision,
    Enrolment,
    Event,
    KnownFact,
    Municipality,
    Organisation,
    Policy,
    Project,
    StandardVersion,
    Strand,
    Table,
)
from programme.work import begin
from tests.world import World

Edited = Callable[[str, str, str], Path]


@pytest.fixture
def edited(tmp_path: Path) -> Edited:
    """A copy of the files in which one text is another; further calls edit the same copy."""
    folder = tmp_path / "data"
    shutil.copytree(BUILT_IN, folder)

    def edit(file: str, old: str, new: str) -> Path:
        text = (folder / file).read_text(encoding="utf-8")
        assert text.count(old) == 1, old
        (folder / file).write_text(text.replace(old, new), encoding="utf-8")
        return folder

    return edit


async def _all(database: Database, query: Any) -> list[Any]:
    async with begin(database) as work:
        return list(await work.session.scalars(query))


async def _named(database: Database, name: str) -> Organisation:
    (found,) = await _all(database, select(Organisation).where(Organisation.name == name))
    assert isinstance(found, Organisation)
    return found


async def _certificate(database: Database, reference: str) -> Certificate:
    (found,) = await _all(database, select(Certificate).where(Certificate.reference == reference))
    assert isinstance(found, Certificate)
    return found


async def _reports(database: Database, certificate: Certificate) -> list[AnnualReport]:
    query = select(AnnualReport).where(AnnualReport.certificate_id == certificate.id).order_by(AnnualReport.sequence)
    return await _all(database, query)


async def _events(database: Database, after: int = 0) -> list[tuple[str, int]]:
    return [(event.type, event.resource_version) for event in await _all(database, select(Event).order_by(Event.seq))][
        after:
    ]


async def _everything(database: Database) -> dict[str, list[Any]]:
    """Every row of every table, to see that nothing has changed."""
    async with begin(database) as work:
        return {
            table.name: sorted(map(repr, (await work.session.execute(select(table))).all()))
            for table in Table.metadata.sorted_tables
        }


async def test_the_real_programme_is_loaded_whole(database: Database) -> None:
    counts = await load_programme(database)

    assert counts["new_or_changed"] > 0
    assert {name: count for name, count in counts.items() if name != "new_or_changed"} == {
        "standards": 3,
        "versions": 6,
        "principles": 28,
        "criteria": 50,
        "municipalities": 60,
        "service_types": 24,
        "projects": 2,
        "strands": 4,
        "organisations": 29,
        "certificates": 15,
        "enrolments": 7,
    }
    async with begin(database) as work:
        for table, count in ((Organisation, 29), (Certificate, 15), (CertificateDecision, 15), (Enrolment, 7)):
            assert await work.session.scalar(select(func.count()).select_from(table)) == count


async def test_the_version_of_2018_has_ten_principles_and_fifty_criteria(database: Database) -> None:
    (version,) = await _all(database, select(StandardVersion).where(StandardVersion.code == "EQUASS-2018"))
    assert [principle["number"] for principle in version.principles] == list(range(1, 11))
    assert sum(len(principle["criteria"]) for principle in version.principles) == 50
    (earlier,) = await _all(database, select(StandardVersion).where(StandardVersion.code == "EQUASS-2012"))
    assert [one["name"] for one in earlier.principles] == [one["name"] for one in version.principles]
    assert all(one["criteria"] == [] for one in earlier.principles)


async def test_only_what_the_owner_has_said_is_policy(database: Database) -> None:
    policies = {one.standard_version: one for one in await _all(database, select(Policy))}
    assert {code: one.validity_months for code, one in policies.items()} == {
        "EQUASS-2008": 24,
        "EQUASS-2012": 24,
        "EQUASS-2018": 36,
        "EQUASS-REVISED": None,
        "NOKAS-2020": None,
        "LT-NATIONAL-DRAFT": None,
    }
    assert policies["EQUASS-2018"].pass_rules == {"ASSURANCE": {"type": "all_met"}}
    assert policies["EQUASS-2018"].annual_reports_at_months == [12, 24]
    assert policies["EQUASS-2018"].effective_from == date(2018, 1, 1)
    assert policies["EQUASS-REVISED"].pass_rules == {}, "a threshold that nobody knows is no rule"
    assert policies["EQUASS-REVISED"].effective_from == date(1990, 1, 1)


async def test_fifteen_certificates_of_which_nine_are_public(world: World) -> None:
    await load_programme(world.database)
    coordinator = await world.caller("coordinator")

    everything = (await coordinator.get("/v1/certificates?include=total")).json()
    public = (await world.nobody.get("/public/v1/certificates?include=total")).json()

    assert everything["total"] == 15
    assert {one["source"] for one in everything["items"]} == {"import"}
    assert public["total"] == 9
    assert {one["expires_on"][4:] == one["certified_on"][4:] for one in public["items"]} == {True}


@pytest.mark.parametrize(
    ("reference", "certified_on", "expires_on", "status"),
    [
        ("LIT2019-012", "2019-04-29", "2022-04-29", "expired"),
        ("LIT2021-044", "2021-11-29", "2024-11-29", "expired"),
        ("LIT2021-073", "2022-03-07", "2025-03-07", "expired"),
        ("LIT2025-001", "2025-02-21", "2028-02-21", "active"),
    ],
)
async def test_certificates_say_what_the_register_says(
    world: World, reference: str, certified_on: str, expires_on: str, status: str
) -> None:
    await load_programme(world.database)
    coordinator = await world.caller("coordinator")

    found = (await coordinator.get(f"/v1/certificates/{reference}")).json()

    assert (found["standard_version"], found["level"]) == ("EQUASS-2018", "ASSURANCE")
    assert (found["certified_on"], found["valid_from"], found["expires_on"]) == (certified_on, certified_on, expires_on)
    assert found["status"] == status
    history = (await coordinator.get(f"/v1/certificates/{reference}/history")).json()["items"]
    assert [(one["kind"], one["effective_on"]) for one in history] == [("import", certified_on)]


async def test_reports_that_were_due_before_the_import_are_void_and_later_ones_are_owed(database: Database) -> None:
    await load_programme(database)

    first, second = await _reports(database, await _certificate(database, "LIT2025-001"))

    assert (first.due_on, first.state, first.void_reason) == (date(2026, 2, 21), "void", "imported")
    assert first.next_change_on is None
    assert (second.due_on, second.state, second.void_reason) == (date(2027, 2, 21), "scheduled", None)
    assert second.opens_on == second.next_change_on == date(2026, 12, 23)
    assert second.lapses_on == date(2028, 2, 22)


@pytest.mark.parametrize(
    ("imported_on", "state", "next_change_on"),
    [
        (date(2026, 2, 21), "scheduled", date(2026, 2, 22)),
        (date(2026, 2, 22), "void", None),
    ],
)
async def test_on_its_last_day_a_report_is_still_owed(
    database: Database, imported_on: date, state: str, next_change_on: date | None
) -> None:
    database = replace(database, fixed_now=noon_in_vilnius(imported_on))
    await load_programme(database)

    first, _ = await _reports(database, await _certificate(database, "LIT2025-001"))

    assert (first.state, first.next_change_on) == (state, next_change_on)


async def test_what_ended_before_the_import_is_made_known_once_and_nothing_else(database: Database) -> None:
    await load_programme(database)
    ended = await _certificate(database, "LIT2019-012")
    alive = await _certificate(database, "LIT2025-001")
    assert ended.next_change_on == date(2022, 4, 30)
    assert alive.next_change_on == date(2027, 8, 25), "180 days before its last valid day"


async def test_a_report_whose_history_came_along_is_submitted_on_its_day(database: Database) -> None:
    await load_programme(database)
    organisation = await _named(database, "Kelmės rajono vaiko ir šeimos gerovės centras")
    (certificate,) = await _all(database, select(Certificate).where(Certificate.organisation_id == organisation.id))

    first, second = await _reports(database, certificate)

    assert first.state == "void"
    assert (second.state, second.due_on) == ("submitted", date(2023, 10, 27))
    assert second.first_submitted_on == date(2023, 10, 27)
    assert second.submissions == 0, "its text is not here"
    assert second.next_change_on == second.lapses_on == date(2024, 10, 28)


async def test_agreements_become_enrolments_that_hold_places(database: Database) -> None:
    await load_programme(database)
    organisation = await _named(database, "Utenos rajono savivaldybės Leliūnų socialinės globos namai")
    query = select(Enrolment).where(Enrolment.organisation_id == organisation.id).order_by(Enrolment.signed_on)

    before, now = await _all(database, query)

    assert (before.state, before.outcome, before.ended_on) == ("completed", "certified", date(2021, 11, 29))
    assert (now.state, now.outcome, now.signed_on) == ("active", None, date(2024, 1, 11))
    assert [stage["code"] for stage in now.stages] == [
        "staff_training_2_days",
        "maintenance_and_consultations",
        "external_audit",
        "dissemination",
    ]
    assert {one.code: one.places_taken for one in await _all(database, select(Strand))} == {
        "EQUASS_IMPLEMENTATION": 5,
        "EQUASS_MAINTENANCE": 2,
        "NOKAS": 0,
        "NATIONAL": 0,
    }
    (numbered,) = await _all(database, select(Enrolment).where(Enrolment.agreement_number.is_not(None)))
    assert (numbered.agreement_number, numbered.state) == ("EQUASS-83", "active")


async def test_what_no_record_can_carry_is_kept_as_a_fact_and_nothing_is_invented(database: Database) -> None:
    await load_programme(database)
    expected = {
        "Panevėžio Šv. Juozapo globos namai": ("certified", "2019", "B"),
        "VšĮ SOTAS": ("certified", "2021-09", "B"),
        "ŽISPB": ("certified", "2022-03-02", "B"),
        "Šiaulių miesto savivaldybės socialinių paslaugų centras": ("handed_over", "2019-05-09", "B"),
    }
    for name, fact in expected.items():
        organisation = await _named(database, name)
        facts = await _all(database, select(KnownFact).where(KnownFact.organisation_id == organisation.id))
        assert fact in {(one.kind, one.happened, one.confidence) for one in facts}
        assert not await _all(database, select(Certificate).where(Certificate.organisation_id == organisation.id))


async def test_an_unknown_legal_code_kind_and_municipality_stay_unknown(database: Database) -> None:
    await load_programme(database)
    organisation = await _named(database, "VšĮ SOTAS")
    assert (organisation.legal_code, organisation.kind, organisation.municipality) == (None, None, None)
    renamed = await _named(database, "Nijolės Genytės socialinės globos namai")
    assert renamed.former_names == ["Pabradės socialinės globos namai"]
    assert renamed.external_ids == [{"system": "programme", "value": "pabrades-socialines-globos-namai"}]


async def test_a_second_loading_changes_nothing(database: Database) -> None:
    first = await load_programme(database)
    before = await _everything(database)

    second = await load_programme(database)

    assert second == first | {"new_or_changed": 0}
    assert await _everything(database) == before


async def test_loading_the_catalogue_alone_repeats_as_well(database: Database) -> None:
    before = await _everything(database)
    assert (await load_catalogue(database))["new_or_changed"] == 0
    assert await _everything(database) == before


async def test_two_loadings_at_once_take_turns(clone: Database) -> None:
    one, other = await asyncio.gather(load_programme(clone), load_programme(clone))
    assert sorted([one["new_or_changed"] > 0, other["new_or_changed"] > 0]) == [False, True]
    assert len(await _all(clone, select(Certificate))) == 15


async def test_a_changed_file_changes_what_it_says_anew_with_one_event_each(database: Database, edited: Edited) -> None:
    await load_programme(database)
    before = len(await _events(database))
    edited("organisations.yaml", 'name: "Palangos miesto globos namai"', 'name: "Palangos globos namai"')
    edited("organisations.yaml", "service_users: 139, staff: 8", "service_users: 140, staff: 9")
    edited("municipalities.yaml", "Visaginas Municipality", "Visaginas")
    folder = edited("projects.yaml", "budget_eur: 4403297", "budget_eur: 4500000")

    counts = await load_programme(database, folder)

    assert counts["new_or_changed"] == 4
    assert await _events(database, before) == [
        ("project.amended", 2),
        ("certificate.amended", 2),
        ("organisation.renamed", 2),
    ]
    assert (await _certificate(database, "LIT2025-001")).service_users == 140
    assert (await _named(database, "Palangos globos namai")).former_names == ["Palangos miesto globos namai"]
    (municipality,) = await _all(database, select(Municipality).where(Municipality.code == "LT-59"))
    assert municipality.name["en"] == "Visaginas"


async def test_what_people_changed_since_stays(database: Database, edited: Edited) -> None:
    await load_programme(database)
    organisation = await _named(database, "Palangos miesto globos namai")
    async with begin(database) as work:
        await organisations.amend(work, organisation.id, name="Palangos namai", municipality="LT-21")

    assert (await load_programme(database))["new_or_changed"] == 0
    await load_programme(database, edited("organisations.yaml", "municipality: LT-31", "municipality: LT-20"))

    after = await _named(database, "Palangos namai")
    assert after.municipality == "LT-20", "what the file says anew counts; its old name does not come back"


async def test_an_entry_that_gains_a_certification_date_gains_a_certificate(database: Database, edited: Edited) -> None:
    await load_programme(database)
    organisation = await _named(database, "Panevėžio Šv. Juozapo globos namai")

    folder = edited(
        "organisations.yaml",
        "municipality: LT-32, services: [LONG_TERM_CARE], certified_year: 2019",
        "municipality: LT-32, services: [LONG_TERM_CARE], certified_on: 2019-04-24",
    )
    assert (await load_programme(database, folder))["certificates"] == 16

    (certificate,) = await _all(database, select(Certificate).where(Certificate.organisation_id == organisation.id))
    assert certificate.expires_on == date(2022, 4, 24), "computed, as the file does not say it"
    facts = await _all(database, select(KnownFact).where(KnownFact.organisation_id == organisation.id))
    assert [one.kind for one in facts] == ["listed"]


async def test_a_policy_that_is_said_anew_holds_from_the_day_of_loading(database: Database, edited: Edited) -> None:
    folder = edited("catalogue.yaml", *NOKAS_VALIDITY)

    await load_catalogue(database, folder)
    assert (await load_catalogue(database, folder))["new_or_changed"] == 0

    assert await _policies(database, "NOKAS-2020") == [(date(2020, 5, 22), None), (date(2026, 11, 22), 24)]


async def test_a_policy_that_the_owner_set_here_is_the_last_word(database: Database, edited: Edited) -> None:
    async with begin(database) as work:
        version = await work.session.scalars(select(StandardVersion.id).where(StandardVersion.code == "NOKAS-2020"))
        await set_policy(work, version.one(), effective_from=date(2026, 1, 1), validity_months=36)

    await load_catalogue(database, edited("catalogue.yaml", *NOKAS_VALIDITY))

    assert await _policies(database, "NOKAS-2020") == [(date(2020, 5, 22), None), (date(2026, 1, 1), 36)]


async def test_a_paraphrase_that_is_said_anew_does_not_take_the_place_of_the_owner_s_text(
    database: Database, edited: Edited
) -> None:
    async def version() -> StandardVersion:
        (found,) = await _all(database, select(StandardVersion).where(StandardVersion.code == "EQUASS-2018"))
        assert isinstance(found, StandardVersion)
        return found

    async with begin(database) as work:
        own = {"1.1": ({"lt": "Savininko žodžiais", "en": "In the owner's words"}, None)}
        await put_texts(work, (await version()).id, own)
    before = await version()

    edited("catalogue.yaml", '{ASSURANCE: "EQUASS Assurance (2018)"', '{ASSURANCE: "EQUASS Assurance 2018"')
    await load_catalogue(database, edited("catalogue.yaml", "Vision, mission and values", "Vision and mission"))

    after = await version()
    assert (after.principles, after.criteria_official) == (before.principles, True)
    assert after.display_type["ASSURANCE"] == "EQUASS Assurance 2018", "what is no text of criteria is brought in"


NOKAS_VALIDITY = ("validity_months: null            # not found", "validity_months: 24            # found")


async def _policies(database: Database, version: str) -> list[tuple[date, int | None]]:
    query = select(Policy).where(Policy.standard_version == version).order_by(Policy.effective_from)
    return [(one.effective_from, one.validity_months) for one in await _all(database, query)]


BROKEN = [
    ("organisations.yaml", "certified_on: 2025-02-21", "certified_on: 2025-02-31", "has to be a day"),
    ("organisations.yaml", "service_users: 139", "service_users: 139, staff: 7", "repeats a field"),
    ("organisations.yaml", "certified_on: 2025-02-21", "certifed_on: 2025-02-21", "certified_on: is required"),
    ("organisations.yaml", "signed_on: 2024-01-05", "signed_on: 2023-08-17", "within the project's period"),
    ("organisations.yaml", "certified_on: 2025-02-21", "certified_on: 9025-02-21", "has to be a day"),
    ("organisations.yaml", "service_users: 139", "service_users: many", "9 (Vaiko gerovės centras „Gynia“)"),
    ("organisations.yaml", "expires_on: 2028-02-21", "expires_on: 2024-02-21", "expires_on: cannot be before"),
    ("organisations.yaml", "municipality: LT-16", "municipality: LT-61", "municipality: there is no 'LT-61'"),
    ("organisations.yaml", "reference: LIT2025-001", "reference: LIT2021-044", "'LIT2021-044' stands there twice"),
    ("organisations.yaml", "project: EQUASS-LT-1, number: EQUASS-83", "project: X, number: EQUASS-83", "there is no 'X'"),
    ("organisations.yaml", "certified_year_month: \"2021-09\"", "certified_year_month: rudenį", "has to be like 2021-09"),
    ("organisations.yaml", "standard: NOKAS, certified_on: 2022-03-02", "hobby: chess", "hobby: there is no such field"),
    ("catalogue.yaml", "code: NOKAS-2020", "code: EQUASS-2018", "'EQUASS-2018' stands there twice"),
    ("catalogue.yaml", 'number: "3.2"', 'number: "3.7"', "this one should be 3.2"),
    ("catalogue.yaml", "principles_ref: EQUASS-2018", "principles_ref: EQUASS-1999", "no version 'EQUASS-1999'"),
    ("catalogue.yaml", "pass_rule: {type: all_met,", "pass_rule: {type: mostly_met,", "there is no 'mostly_met'"),
    ("catalogue.yaml", "annual_reports_at_months: [12, 24]", "annual_reports_at_months: [12, 48]", "36 months"),
    ("projects.yaml", "standard: LT-NATIONAL", "standard: LT-LOCAL", "there is no 'LT-LOCAL'"),
    ("projects.yaml", "capacity: 80", "capacity: -1", "has to be a number from 0"),
    ("projects.yaml", "ends_on: 2029-01-31", "ends_on: [", "is not YAML"),
    ("municipalities.yaml", "code: LT-02", "code: LT-01", "'LT-01' stands there twice"),
    ("service_types.yaml", '- {code: INFORMATION, group: general, spis: "201"', "- [INFORMATION, general, 201", "is not YAML"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "said"), BROKEN)
async def test_a_broken_file_changes_nothing_and_says_what_is_wrong(
    database: Database, edited: Edited, file: str, old: str, new: str, said: str
) -> None:
    folder = edited(file, old, new)
    before = await _everything(database)

    with pytest.raises(BrokenFile) as refusal:
        await load_programme(database, folder)

    assert str(refusal.value).startswith("The data files have errors, so nothing was loaded.")
    assert file in str(refusal.value)
    assert said in str(refusal.value)
    assert await _everything(database) == before


async def test_every_broken_entry_of_a_file_is_named_at_once(database: Database, edited: Edited) -> None:
    edited("organisations.yaml", "service_users: 139", "service_users: many")
    folder = edited("organisations.yaml", "municipality: LT-31", "municipality: Palanga")
    with pytest.raises(BrokenFile) as refusal:
        await load_programme(database, folder)
    assert len(refusal.value.errors) == 2


async def test_a_missing_file_is_named(database: Database, tmp_path: Path) -> None:
    with pytest.raises(BrokenFile, match="nothing was loaded") as refusal:
        await load_programme(database, tmp_path)
    assert "catalogue.yaml: cannot be read" in str(refusal.value)


async def test_days_of_a_loaded_certificate_change_by_decision_only(database: Database, edited: Edited) -> None:
    await load_programme(database)
    before = await _everything(database)
    folder = edited("organisations.yaml", "expires_on: 2028-02-21", "expires_on: 2029-02-21")

    with pytest.raises(BrokenFile) as refusal:
        await load_programme(database, folder)

    assert "Vaiko gerovės centras „Gynia“, expires_on: days and scope" in str(refusal.value)
    assert await _everything(database) == before


async def test_a_full_strand_refuses_the_loading(database: Database, edited: Edited) -> None:
    folder = edited("projects.yaml", "capacity: 80", "capacity: 1")
    with pytest.raises(Exception, match="All places of the strand are taken"):
        await load_programme(database, folder)
    assert not await _all(database, select(Organisation))
    assert [one.places_taken for one in await _all(database, select(Strand))] == [0, 0, 0, 0]


async def test_a_project_without_strands_is_one_strand(database: Database) -> None:
    (project,) = await _all(database, select(Project).where(Project.code == "EQUASS-LT-1"))
    assert (project.starts_on, project.starts_in, project.ends_on, project.partners) == (None, "2017-03", None, [])
    (strand,) = await _all(database, select(Strand).where(Strand.project_id == project.id))
    assert (strand.code, strand.standard, strand.kind) == ("EQUASS_IMPLEMENTATION", "EQUASS", "implementation")
    assert strand.capacity == 120
    assert len(strand.stages) == 5


def test_a_key_is_made_of_the_first_name() -> None:
    assert slug("Vaiko gerovės centras „Gynia“") == "vaiko-geroves-centras-gynia"
    assert slug("BĮ Šv. Ąžuolo ČĘĖĮŠŲŪŽ namai") == "bi-sv-azuolo-ceeisuuz-namai"
