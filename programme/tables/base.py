"""What every table shares: constraint names, the sentence a constraint refuses with, and what its events tell."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ARRAY, Date, DateTime, Double, Integer, MetaData, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from programme.errors import Reason
from programme.rules.sight import Sight
from programme.sentences import Sentence

NAMES = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}


FOUND_THERE = {"sandbox": "filled"}
EVERY_WORLD = {"sandbox": "shared"}
"""The `info` of a table that the world of a new test clock finds as it is in the programme, and of one that all worlds
have together. Any other begins empty there: what nobody thought of cannot leak (docs/decisions/0036)."""


class Table(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        date: Date(),
        datetime: DateTime(timezone=True),
        str: Text(),
        int: Integer(),
        float: Double(),
        UUID: Uuid(),
        dict[str, Any]: JSONB(),
        list[dict[str, Any]]: JSONB(),
        list[str]: ARRAY(Text()),
        list[int]: ARRAY(Integer()),
    }


class Recorded:
    """A row whose every change is told as an event.

    `told` names the columns that are public: an event's `data` holds those of them that changed. `version` counts
    the events of the row; only `Work.record` raises it.
    """

    resource: ClassVar[str]
    told: ClassVar[tuple[str, ...]]

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    version: Mapped[int] = mapped_column(server_default=text("1"))

    @property
    def belongs_to(self) -> UUID | None:
        """The organisation that the row is about."""
        organisation: UUID | None = getattr(self, "organisation_id", None)
        return organisation

    def known_to(self, sight: Sight) -> bool:
        return sight.knows(self.belongs_to)

    def assign(self, values: Mapping[str, Any]) -> None:
        """Gives columns new values, as `Work.record` is to tell them."""
        for name, value in values.items():
            setattr(self, name, value)


class Known:
    """A row whose versions of before stay known. `known_from`: since when it has been as it is; the trigger `keep_past`
    sets it and keeps what was before as a `PastVersion`."""

    known_from: Mapped[datetime] = mapped_column(server_default=text("recorded_at()"))


class Dated(Known):
    """One whose versions hold from a day on, so that it can be read as it stood on an earlier one. `holds_from`: the
    day of effect of what changed last, which `Work` sets."""

    holds_from: Mapped[date] = mapped_column(server_default=text("'-infinity'"))

    first_holds_always: ClassVar[bool] = False
    """Whether the first version tells of all days before the second one's, also of those before it was made."""


def sandboxed() -> tuple[list[str], list[str]]:
    """The names of the tables that each test clock has of its own, and of those the ones that it finds filled."""
    own = [table for table in Table.metadata.sorted_tables if table.info != EVERY_WORLD]
    return [table.name for table in own], [table.name for table in own if table.info == FOUND_THERE]


def refuses(code: str, *, lt: str, en: str) -> dict[str, Any]:
    """The `info` of a constraint that a caller can hit: what it says to them."""
    return {"refusal": Reason(code, Sentence(lt=lt, en=en))}


def refusal_of(constraint: str | None) -> Reason | None:
    """What to tell a caller whom this constraint stopped."""
    return _refusals().get(constraint or "")


def _refusals() -> dict[str, Reason]:
    if not _known:
        for table in Table.metadata.tables.values():
            for rule in (*table.constraints, *table.indexes):
                if "refusal" in rule.info:
                    _known[str(getattr(rule, "name", None))] = rule.info["refusal"]
    return _known


_known: dict[str, Reason] = {}
