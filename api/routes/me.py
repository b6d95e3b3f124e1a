"""/v1/me: who one is."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.deps import Reading, reads
from api.resources import Resource
from programme.rules.lifecycle import Role
from programme.rules.permissions import PERMISSIONS
from schemas.base import Answer

router = Resource("/v1/me", "callers")


class Me(Answer):
    """The caller, as the service knows them."""

    client_id: UUID
    name: str = Field(examples=["Koordinatorė"])
    role: Role
    organisation_id: UUID | None = Field(description="The only organisation whose records the caller sees; null: all.")
    permissions: list[str] = Field(examples=[["certificates.read"]])


@router.get("", response_model=Me, summary="Who am I?")
async def get_me(door: Annotated[Reading, reads("me.read")]) -> Me:
    """The client behind the key, its role, and every permission that the role has."""
    actor = door.caller.actor
    return Me(
        client_id=UUID(actor.id),
        name=door.caller.name,
        role=actor.role,
        organisation_id=actor.organisation_id,
        permissions=sorted(name for name, roles in PERMISSIONS.items() if actor.role in roles),
    )
