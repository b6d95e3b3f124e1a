"""/v1/organisations over HTTP."""

from __future__ import annotations

from tests.world import World


async def test_an_organisation_is_registered_read_and_renamed(world: World) -> None:
    coordinator = await world.caller("coordinator")
    made = await world.organisation(name="Pabradės socialinės globos namai", municipality="LT-49")
    path = f"/v1/organisations/{made['id']}"

    renamed = await coordinator.change(path, {"name": "Nijolės Genytės socialinės globos namai"})

    assert renamed.status_code == 200, renamed.text
    assert renamed.json()["former_names"] == ["Pabradės socialinės globos namai"]
    assert renamed.json()["version"] == 2
    assert renamed.headers["etag"].startswith('"2.')
    assert (await coordinator.get(path)).json() == renamed.json()
    events = await world.events(made["id"])
    assert [(event.type, event.resource_version) for event in events] == [
        ("organisation.registered", 1),
        ("organisation.renamed", 2),
    ]
    assert events[1].previous == {"name": "Pabradės socialinės globos namai", "former_names": []}
