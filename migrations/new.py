"""Writes a new revision from the difference between the tables and a migrated database: `make migration m="…"`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from alembic import command

from programme import embedded
from programme.database import migrate, migrations_config
from programme.settings import load


def main() -> None:
    message = " ".join(sys.argv[1:]).strip()
    if not message:
        sys.exit('Say what the revision does: make migration m="add …"')
    with embedded.ensure(load()) as servers:
        migrate(servers.database_url)
        command.revision(
            migrations_config(servers.database_url),
            message,
            autogenerate=True,
            rev_id=f"{datetime.now(UTC):%Y_%m_%d_%H%M}",  # alembic adds the words; it keeps 32 letters of this
        )


if __name__ == "__main__":
    main()
