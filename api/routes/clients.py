"""/v1/clients: who may call, and their keys."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Body, Path, Query
from starlette.responses import Response

from api import answers
from api.deps import Reading, Writing, reads, writes
from api.resources import Resource
from programme.errors import NotFound
from programme.queries import views
from programme.queries.clients import CLIENTS, KEYS
from programme.services import clients
from schemas import clients as wire
from schemas.base import Id
from schemas.organisations import PlainQuery
from schemas.page import Page

router = Resource("/v1/clients", "callers")

Reader = Annotated[Reading, reads("clients.read")]
Writer = Annotated[Writing, writes("clients.write")]
KeyWriter = Annotated[Writing, writes("clients.keys", versioned=False)]
KeyId = Annotated[
    str, Path(pattern=r"^[0-9a-z-]{1,36}$", description="The middle of the key.", examples=["3f9k2m8x1c7q"])
]


@router.get("", response_model=Page[wire.RegisteredClient], summary="List clients")
async def list_clients(door: Reader, asked: Annotated[wire.ClientQuery, Query()]) -> Response:
    """Who may call, oldest first: operators see all, an organisation its own, a partner itself."""
    return await answers.page(door, CLIENTS, asked, asked.filters("role", "organisation_id"))


@router.post("", response_model=wire.RegisteredClient, status_code=201, summary="Register a client")
async def register_client(
    door: Annotated[Writing, writes("clients.write", versioned=False)], body: wire.ClientNew
) -> Response:
    """A person or a program that is to call, still without a key. Operators make clients of every role but their own,
    an organisation those of its own people, none with more rights or a longer life than its maker has."""
    made = await clients.register(door.work, **body.model_dump())
    return await answers.changed(door, CLIENTS, made.id, status=201)


@router.get("/{client_id}", response_model=wire.RegisteredClient, summary="Read a client")
async def get_client(door: Reader, client_id: Id) -> Response:
    """One client with its scopes and grants."""
    return await answers.single(door, CLIENTS, client_id)


@router.patch("/{client_id}", response_model=wire.RegisteredClient, summary="Change a client")
async def change_client(door: Writer, client_id: Id, body: wire.ClientChange) -> Response:
    """Changes what is named and keeps the rest (JSON merge patch); `scopes` and `grants` are given whole. It holds from
    the client's next request on. Nobody changes the rights of the client in whose name they call."""
    await clients.amend(door.work, client_id, **body.changes())
    return await answers.changed(door, CLIENTS, client_id)


@router.post("/{client_id}/disable", response_model=wire.RegisteredClient, summary="Disable a client")
async def disable_client(
    door: Writer, client_id: Id, body: Annotated[wire.ClientDisable, Body(default_factory=wire.ClientDisable)]
) -> Response:
    """From its next request on, every key and token of the client is refused. There is no way back."""
    await clients.disable(door.work, client_id)
    return await answers.changed(door, CLIENTS, client_id)


@router.get("/{client_id}/keys", response_model=Page[wire.Key], summary="List a client's keys")
async def list_keys(door: Reader, client_id: Id, asked: Annotated[PlainQuery, Query()]) -> Response:
    """The keys that the client was ever given, the newest first, without their secrets, which nobody keeps."""
    await answers.parent(door, CLIENTS, client_id)
    return await answers.page(door, KEYS, asked, {"client_id": client_id}, path=_keys(client_id))


@router.post("/{client_id}/keys", response_model=wire.KeyShown, status_code=201, summary="Make a key")
async def make_key(
    door: KeyWriter, client_id: Id, body: Annotated[wire.KeyNew, Body(default_factory=wire.KeyNew)]
) -> Response:
    """A new key, shown this once. To rotate: make the second key, put it in use, revoke the first. Sent again with the
    same `Idempotency-Key` it answers without the secret; if the first answer was lost, revoke that key and make another.
    """
    made, key = await clients.issue(door.work, client_id, **body.model_dump())
    return await _left_as(door, client_id, made.id, status=201, secret={"key": key})


@router.post("/{client_id}/keys/{key_id}/revoke", response_model=wire.Key, summary="Revoke a key")
async def revoke_key(
    door: KeyWriter, client_id: Id, key_id: KeyId, body: Annotated[wire.KeyRevoke, Body(default_factory=wire.KeyRevoke)]
) -> Response:
    """From the next request on the key is refused, and with it the tokens that were made by it. A key may revoke
    itself. It needs no `If-Match`: who has lost a key should not have to read first."""
    await clients.revoke(door.work, client_id, key_id)
    return await _left_as(door, client_id, key_id)


async def _left_as(
    door: Writing, client_id: UUID, key_id: str, *, status: int = 200, secret: answers.Secret | None = None
) -> Response:
    """The key as the change leaves it."""
    statement = views.single_statement(KEYS, "id", (), door.caller.sight.sees)
    row = await views.one(await door.work.connection(), statement, key=key_id, **door.caller.sight.values)
    if row is None:
        raise NotFound
    return await answers.untagged(door, row["body"], status, f"{_keys(client_id)}/{key_id}", secret=secret)


def _keys(client_id: UUID) -> str:
    return f"/v1/clients/{client_id}/keys"
