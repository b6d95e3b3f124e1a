"""Random walks over the whole programme, held to a model that knows the plan and nothing of the service.

No illegal move succeeds or leaves a trace, `actions` and answers say the same, a legal move leads where the model says,
and every way of reading a status tells the model's.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from copy import deepcopy
from dataclasses import replace
from random import Random, SystemRandom

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tests import oracle
from tests.model import OPEN
from tests.model.moves import MOVES
from tests.soak import SOAK, sampled
from tests.walks.chance import Chance
from tests.walks.looks import look_back
from tests.walks.scene import a_scene
from tests.walks.steps import take
from tests.walks.walk import Walk
from tests.world import World

STEPS = 20_000 if SOAK else 500
OF_A_WALK = 100


@pytest.fixture
async def connection(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """One that a snapshot can be read in: that asks for one moment of the database, as only the outermost transaction
    can."""
    async with engine.execution_options(isolation_level="REPEATABLE READ").connect() as connection:
        outer = await connection.begin()
        yield connection
        await outer.rollback()


@pytest.fixture
async def scene(world: World) -> Walk:
    return await a_scene(world)


async def along(scene: Walk, connection: AsyncConnection, steps: Sequence[int]) -> tuple[Walk, Exception | None]:
    """One walk from the scene, which is undone when it is over, and what was wrong."""
    walk = replace(scene, p=deepcopy(scene.p), story=[], done=Counter(), at=None, looks="")
    savepoint = await connection.begin_nested()
    try:
        walk.wait(walk.p.today)
        for step in steps:
            await take(walk, step)
        await look_back(walk, Chance(len(steps)))
        await oracle.check(walk.world.database)
    except Exception as error:
        return walk, error
    finally:
        await savepoint.rollback()
    return walk, None


async def shortened(scene: Walk, connection: AsyncConnection, steps: list[int]) -> list[int]:
    """What is left of a walk that goes wrong when everything is left out without which it goes wrong as well."""
    size = len(steps) // 2
    while size:
        for start in range(len(steps) - size, -1, -size):
            fewer = steps[:start] + steps[start + size :]
            _, wrong = await along(scene, connection, fewer)
            if wrong is not None:
                steps = fewer
        size //= 2
    return steps


@sampled
@pytest.mark.timeout(3600)
async def test_the_service_goes_where_the_model_goes(scene: Walk, connection: AsyncConnection) -> None:
    """`make test` takes the same walks each time, a soak takes others."""
    chance = Random(SystemRandom().getrandbits(64) if SOAK else 1)
    taken = 0
    while taken < STEPS:
        steps = [chance.getrandbits(32) for _ in range(OF_A_WALK)]
        walk, wrong = await along(scene, connection, steps)
        if wrong is not None:
            walk, again = await along(scene, connection, await shortened(scene, connection, steps))
            (again or wrong).add_note("\n".join([*walk.story, walk.looks]))
            raise again or wrong
        taken += len(steps)
        scene.before.update(walk.done)
    every = {(move.kind, move.name) for moves in MOVES.values() for move in moves.values()}
    made = {(kind, name) for kind, name, status in scene.before if status == OPEN.status} & every
    told = f"{taken:,} steps, {len(made)} of {len(every)} moves made"
    print(told, file=sys.stderr)  # noqa: T201 - the figure of the soak
