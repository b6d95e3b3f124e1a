"""Every address read over the connections that the service itself opens.

Most tests read over one connection that SQLAlchemy has taught to decode JSON; those of the service's reading pool give
it as text. What forgets to ask for text would pass there and fail for every caller.
"""

from __future__ import annotations

from uuid import UUID

from programme.rules.permissions import may
from tests.api.test_permissions import GUARDED, ask
from tests.full import a_full_organisation
from tests.world import World


async def test_whatever_is_read_is_read_over_the_services_own_connections(racing_world: World) -> None:
    auditor = await racing_world.caller("auditor")
    own = await a_full_organisation(racing_world, "LIT2025-301", assessor=UUID(str(auditor.client_id)), reviewer=None)
    callers = [await racing_world.caller("coordinator"), auditor, await racing_world.caller("ops")]
    found, failed = 0, []
    for route, door in GUARDED:
        for caller in callers if "GET" in route.methods else ():
            if may(caller.role, door.permission):
                answer = await ask(caller, route, own.address(route.path))
                found += answer.status_code == 200
                if answer.status_code >= 500:
                    failed.append((route.path, caller.role, answer.status_code))
    assert failed == []
    assert found > 60
