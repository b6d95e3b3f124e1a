"""What holds of enrolments whatever happens to them: places counted right, and nothing kept of what is refused."""

from __future__ import annotations

from datetime import date
from itertools import count
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from programme.errors import Conflict, Invalid, NotAllowed, NotFound
from programme.rules.enrolments import ENDED, HOLDING_A_PLACE, LIFECYCLE, Source, State
from programme.rules.lifecycle import Role
from programme.services import enrolments
from programme.tables import Enrolment, Site, Strand
from programme.work import Actor, Work
from tests.world import World

NOWHERE: dict[str, Any] = {"services": [], "sites": [], "unit": None}


async def a_draft(work: Work, organisation_id: str, number: int) -> UUID:
    row = await enrolments.apply(
        work,
        organisation_id=UUID(organisation_id),
        project="QUALITY-LT-2",
        strand="EQUASS_MAINTENANCE",
        scope={**NOWHERE, "unit": f"{number}-asis padalinys"},
        declared_on=work.today,
    )
    return row.id


async def make(work: Work, enrolment_id: UUID, name: str) -> None:
    """The move with a body that it takes."""
    if name == "complete":
        row = await work.session.get_one(Enrolment, enrolment_id)
        for stage in row.stages:
            await enrolments.record_stage(work, row.id, stage["code"], done_on=work.today)
    said: dict[str, dict[str, Any]] = {
        "return": {"reason": "Trūksta parašo."},
        "select": {"commission_decision_ref": "KOM-1"},
        "reject": {"reason": "Neatitinka sąlygų."},
        "sign_agreement": {"agreement_number": f"EQUASS-{enrolment_id}", "signed_on": work.today},
        "complete": {"outcome": "certified"},
        "terminate": {"reason": "Likviduojama."},
    }
    verb = getattr(enrolments, "return_" if name == "return" else name)
    await verb(work, enrolment_id, **said.get(name, {}))


async def set_capacity(work: Work, capacity: int) -> None:
    await work.session.execute(update(Strand).where(Strand.code == "EQUASS_MAINTENANCE").values(capacity=capacity))


async def held_and_counted(work: Work) -> tuple[int, int]:
    """Enrolments that hold a place, and the number that the strand has of them."""
    strand = (await work.session.scalars(select(Strand).where(Strand.code == "EQUASS_MAINTENANCE"))).one()
    await work.session.refresh(strand)
    held = await work.session.scalar(
        select(func.count()).where(Enrolment.strand_id == strand.id, Enrolment.state.in_(HOLDING_A_PLACE))
    )
    return held or 0, strand.places_taken


async def tried(work: Work, enrolment_id: UUID, name: str) -> list[str]:
    """Makes the move; the codes of what stood in its way."""
    try:
        await make(work, enrolment_id, name)
    except NotAllowed as refusal:
        return [reason.code for reason in refusal.reasons]
    return []


@pytest.mark.parametrize("seed", range(4))
async def test_places_are_counted_right_through_any_history(world: World, seed: int) -> None:
    """Moves drawn by chance on more enrolments than there are places; who is through is followed by the next."""
    chance, holder, refused = Random(seed), await world.organisation(), 0
    numbers = count(1)
    async with world.at_work() as work:
        await set_capacity(work, 2)
        ids = [await a_draft(work, holder["id"], next(numbers)) for _ in range(5)]
        for _ in range(80):
            place = chance.randrange(len(ids))
            row = await work.session.get_one(Enrolment, ids[place])
            before = (row.state, row.version)
            possible = [move.name for move in LIFECYCLE.moves.values() if row.state in move.sources]
            weights = [1 if LIFECYCLE.moves[name].to in (*ENDED, State.DRAFT) else 5 for name in possible]
            if codes := await tried(work, row.id, chance.choices(possible, weights)[0]):
                assert (codes, (row.state, row.version)) == (["strand_full"], before)
                refused += 1
            if row.state in ENDED:
                ids[place] = await a_draft(work, holder["id"], next(numbers))
            held, counted = await held_and_counted(work)
            assert held == counted <= 2
    assert refused


async def test_the_strand_itself_refuses_a_place_beyond_its_capacity(world: World) -> None:
    """Should code ever count wrong, the table has the last word."""
    with pytest.raises(Conflict) as refused:
        async with world.at_work() as work:
            await work.session.execute(
                update(Strand).where(Strand.code == "EQUASS_MAINTENANCE").values(places_taken=81)
            )
    assert refused.value.problem == "strand_full"


async def test_a_place_is_taken_with_everything_else_or_not_at_all(world: World) -> None:
    holder = await world.organisation()
    async with world.at_work() as work:
        enrolment_id = await a_draft(work, holder["id"], 1)
        for name in ("submit", "start_review"):
            await make(work, enrolment_id, name)
    async with world.at_work() as work:
        await make(work, enrolment_id, "select")
        assert await held_and_counted(work) == (1, 1)
        work.keeps = False
    async with world.at_work() as work:
        assert await held_and_counted(work) == (0, 0)


async def test_a_scope_of_a_hundred_sites_is_still_the_only_one_open(world: World) -> None:
    """More than one entry of an index can hold."""
    holder = await world.organisation()
    at = {"organisation_id": UUID(holder["id"]), "address": "Ąžuolyno g. 3", "municipality": "LT-57"}
    async with world.at_work() as work:
        sites = [Site(name=f"{number}-oji vieta", **at) for number in range(100)]
        work.session.add_all(sites)
        await work.session.flush()
        ids = [site.id for site in sites]
        await apply_with_sites(work, holder["id"], ids)
    with pytest.raises(Conflict) as refused:
        async with world.at_work() as work:
            await apply_with_sites(work, holder["id"], ids[::-1])
    assert refused.value.problem == "enrolment_already_open"


async def apply_with_sites(work: Work, organisation_id: str, sites: list[UUID]) -> None:
    scope = {**NOWHERE, "sites": sites}
    await enrolments.apply(
        work, organisation_id=UUID(organisation_id), project="QUALITY-LT-2", strand="NOKAS", scope=scope
    )


async def test_what_was_brought_in_does_not_end_before_it_was_signed(world: World) -> None:
    """No move of ours led to it, so the day of its agreement bounds the first one."""
    holder = await world.organisation()
    async with world.at_work() as work:
        enrolment_id = await a_draft(work, holder["id"], 1)
        row = await work.take(Enrolment, enrolment_id)
        row.state, row.source = State.ACTIVE, Source.IMPORT
        row.agreement_number, row.signed_on = "EQUASS-83", date(2026, 10, 10)
        await work.record("enrolment.imported", row)
        await work.session.execute(
            update(Strand).where(Strand.id == row.strand_id).values(places_taken=Strand.places_taken + 1)
        )
    with pytest.raises(Invalid) as refused:
        async with world.at_work() as work:
            await enrolments.terminate(work, enrolment_id, reason="Likviduojama.", effective_on=date(2026, 10, 9))
    assert [(error.pointer, error.code) for error in refused.value.errors] == [("/effective_on", "date_too_early")]
    async with world.at_work() as work:
        await enrolments.terminate(work, enrolment_id, reason="Likviduojama.", effective_on=date(2026, 10, 10))
        assert await held_and_counted(work) == (0, 0)


async def test_another_organisation_is_not_told_that_the_enrolment_exists(world: World) -> None:
    holder, other = await world.organisation(), await world.organisation()
    async with world.at_work() as work:
        enrolment_id = await a_draft(work, holder["id"], 1)
    stranger = Actor("client", other["id"], Role.PROVIDER, UUID(other["id"]))
    with pytest.raises(NotFound):
        async with world.at_work(stranger) as work:
            await enrolments.withdraw(work, enrolment_id)
