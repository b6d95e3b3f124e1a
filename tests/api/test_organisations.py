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


async def test_a_provider_changes_nothing_of_another_organisation(world: World) -> None:
    coordinator = await world.caller("coordinator")
    theirs = await world.organisation(name="Svetimi namai")
    stranger = await world.caller("provider", (await world.organisation(name="Savi namai"))["id"])
    contacts = f"/v1/organisations/{theirs['id']}/contacts"
    person = {
        "name": "Ona Pavyzdė", "purpose": "ryšiams", "legal_basis": "BDAR 6 str.", "retain_until_on": "2029-12-31",
    }  # fmt: skip
    made = await coordinator.post(contacts, person)

    changed = await stranger.request(
        "PATCH", f"{contacts}/{made.json()['id']}", json={"name": "Kita"}, headers={"If-Match": made.headers["etag"]}
    )
    added = await stranger.post(contacts, person)

    assert (changed.status_code, added.status_code) == (404, 404)
    listed = (await coordinator.get(contacts)).json()["items"]
    assert [one["name"] for one in listed] == ["Ona Pavyzdė"]
