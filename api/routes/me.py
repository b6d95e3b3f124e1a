"""/v1/me: who one is, and what one may do."""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from api.deps import Reading, reads
from api.resources import Resource
from api.strict_json import LARGEST
from programme.errors import NotFound
from programme.queries import views
from programme.queries.clients import CLIENTS
from programme.rules.lifecycle import Role
from programme.rules.permissions import permissions_of
from schemas.base import Answer, Moment
from schemas.clients import GrantRead

router = Resource("/v1/me", "callers")


class Limits(Answer):
    """What the service takes of one caller."""

    body_bytes: int = Field(description="The largest body.", examples=[262144])
    items_per_page: int = Field(description="The largest `limit` of a list.", examples=[200])


class Me(Answer):
    """The caller, as the service knows them."""

    client_id: UUID
    name: str = Field(examples=["Koordinatorė"])
    role: Role
    organisation_id: UUID | None = Field(description="The only organisation whose records the caller sees; null: all.")
    scopes: list[str] = Field(description="The permissions that the client is bound to; empty: all of its role.")
    permissions: list[str] = Field(
        description="What the role and the scopes let the caller do.", examples=[["certificates.read"]]
    )
    grants: list[GrantRead] = Field(description="What a partner sees besides the public register.")
    credential: Literal["api_key", "access_token", "oidc"] = Field(description="What the caller showed.")
    credential_expires_at: Moment = Field(description="When that ends, unless it is revoked before.")
    expires_on: date | None = Field(description="The last day on which the client may call.")
    limits: Limits


@router.get("", response_model=Me, response_model_exclude_unset=True, summary="Who am I?")
async def get_me(door: Annotated[Reading, reads("me.read", sandboxed="own")]) -> Me:
    """The client behind the credential, its role, scopes and grants, and every permission that it has by them."""
    actor, identity = door.caller.actor, door.caller.identity
    sight = door.caller.sight
    statement = views.single_statement(CLIENTS, "id", (), sight.sees)
    row = await views.one(door.connection, statement, key=actor.client_id, **sight.values)
    if row is None or identity is None:
        raise NotFound
    return Me(
        client_id=UUID(actor.id),
        name=door.caller.name,
        role=actor.role,
        organisation_id=actor.organisation_id,
        scopes=sorted(actor.scopes),
        permissions=sorted(permissions_of(actor.role, actor.scopes)),
        grants=[GrantRead(**one) for one in json.loads(row["body"])["grants"]],
        credential=identity.credential,
        credential_expires_at=identity.until,
        expires_on=identity.expires_on,
        limits=Limits(body_bytes=LARGEST, items_per_page=200),
    )
