"""The commands with which the first clients, and those of operators, are made and disabled."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from sqlalchemy import func, select

from programme.database import Database
from programme.rules.lifecycle import Role
from programme.services.clients import keys, registering
from programme.tables import ApiKey, Client
from programme.work import Work, begin


async def make_client(work: Work, *, role: str, name: str, organisation_id: UUID | None = None) -> tuple[Client, str]:
    """A client with its first key; the key itself is told here once and never again."""
    client = await registering.register(work, role=role, name=name, organisation_id=organisation_id)
    return client, (await keys.give(work, client))[1]


async def create_client(
    database: Database, role: str, name: str, organisation_id: UUID | None = None
) -> dict[str, str]:
    """What `kokybe clients create` prints."""
    async with begin(database) as work:
        client, key = await make_client(work, role=role, name=name, organisation_id=organisation_id)
        return {"client_id": str(client.id), "key_id": key.split("_")[1], "key": key}


async def disable_client(database: Database, client_id: UUID) -> None:
    """What `kokybe clients disable` does, also to an operator's client, which nobody can disable over HTTP."""
    async with begin(database) as work:
        await registering.disable(work, client_id)


async def ensure_development_key(database: Database, data_dir: Path) -> str:
    """The coordinator key that `kokybe dev` prints: the same at every start while it is good."""
    path = data_dir / "coordinator_key"
    if path.exists():
        key = path.read_text(encoding="ascii").strip()
        async with begin(database) as work:
            good = await work.session.scalar(
                select(ApiKey.id).where(
                    ApiKey.id == key.split("_")[1],
                    ApiKey.revoked_at.is_(None),
                    ApiKey.expires_at > func.clock_timestamp(),
                )
            )
        if good is not None:
            return key
    key = (await create_client(database, Role.COORDINATOR, "Koordinatorė"))["key"]
    path.touch(mode=0o600)
    path.write_text(key, encoding="ascii")
    return key
