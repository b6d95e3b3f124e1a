"""Who may call: making clients and giving out keys, of which only a hash is kept."""

from __future__ import annotations

import secrets
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, select

from programme.database import Database
from programme.errors import FieldError, Invalid
from programme.rules.lifecycle import Role
from programme.sentences import Sentence
from programme.services.moves import known_organisation
from programme.tables import ApiKey, Client
from programme.work import Work, begin

KEY_LIFE = timedelta(days=365)
"""The longest that a key lives."""

_ID_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"

ORGANISATION_MISSING = Sentence(
    lt="Paslaugų teikėjo klientui reikia nurodyti organizaciją.", en="A provider's client needs its organisation."
)
UNKNOWN_ROLE = Sentence(lt="Tokio vaidmens nėra.", en="There is no such role.")


async def make_client(work: Work, *, role: str, name: str, organisation_id: UUID | None = None) -> tuple[Client, str]:
    """A client with its first key; the key itself is told here once and never again."""
    if role not in set(Role) - {Role.WORKER, Role.PUBLIC}:
        raise Invalid(FieldError("/role", "unknown_role", UNKNOWN_ROLE))
    if role == Role.PROVIDER and organisation_id is None:
        raise Invalid(FieldError("/organisation_id", "missing", ORGANISATION_MISSING))
    if organisation_id is not None:
        await known_organisation(work, organisation_id)
    client = Client(name=name, role=role, organisation_id=organisation_id, scopes=[], granted=[], issued=[])
    await work.add(client, "client.created")
    return client, await give_key(work, client)


async def give_key(work: Work, client: Client) -> str:
    """A new key `kk_<id>_<secret>` with 256 bits of chance, good for a year of real time."""
    key_id = "".join(secrets.choice(_ID_LETTERS) for _ in range(12))
    secret = secrets.token_urlsafe(32)
    now = (await work.session.scalars(select(func.clock_timestamp()))).one()
    client.issued.append(
        ApiKey(
            id=key_id,
            slot=1,
            secret_hash=sha256(secret.encode()).digest(),
            created_at=now,
            expires_at=now + KEY_LIFE,
        )
    )
    await work.record("client.key_issued", client)
    return f"kk_{key_id}_{secret}"


async def create_client(
    database: Database, role: str, name: str, organisation_id: UUID | None = None
) -> dict[str, str]:
    """What `kokybe clients create` prints."""
    async with begin(database) as work:
        client, key = await make_client(work, role=role, name=name, organisation_id=organisation_id)
        return {"client_id": str(client.id), "key_id": key.split("_")[1], "key": key}


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
