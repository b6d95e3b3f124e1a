"""What can be done with a file of criteria: held against the version and kept with its report, then done as a whole or
thrown away."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from programme import inbound
from programme.database import Database
from programme.errors import FieldError, Invalid
from programme.inbound import LARGEST, SHEETS, Format
from programme.queries import views
from programme.queries.imports import IMPORTS
from programme.rules import imports as rules
from programme.rules.imports import COLUMNS, Found, Kind, State
from programme.sentences import Sentence
from programme.services.moves import UNKNOWN_VERSION, judge
from programme.services.standards import put_texts
from programme.tables import Import, ImportRow, StandardVersion
from programme.work import Work, begin

NEEDED = ("number", "title_lt", "title_en")
"""Columns that a sheet cannot be without."""

NO_SUCH_FORMAT = Sentence(
    lt="Failo vardas turi baigtis .csv, .xlsx, .yaml arba .json.",
    en="The file's name has to end in .csv, .xlsx, .yaml or .json.",
)
CANNOT_BE_READ = Sentence(lt="Failo perskaityti nepavyko ({why}).", en="The file cannot be read ({why}).")
TOO_LARGE = Sentence(lt="Failas didesnis nei {bytes} baitų.", en="The file is larger than {bytes} bytes.")
NO_ROWS = Sentence(lt="Faile nėra nė vieno įrašo.", en="The file has no entries.")


async def stage(
    work: Work,
    content: bytes,
    *,
    format: Format,  # noqa: A002 - the word of the column
    standard_version: str,
    kind: Kind = Kind.CRITERIA,
    file_name: str | None = None,
) -> Import:
    """The file with what each of its rows would do; nothing else changes. `Invalid` where it cannot be read."""
    version = await work.session.scalar(select(StandardVersion).where(StandardVersion.code == standard_version))
    if version is None:
        raise Invalid(FieldError("?standard_version", "unknown_version", UNKNOWN_VERSION))
    listed = await asyncio.to_thread(inbound.read, content, format, COLUMNS, NEEDED)
    if not listed:
        raise Invalid(FieldError("", "entries_missing", NO_ROWS))
    rows = [rules.read(place, cells, of_a_sheet=format in SHEETS) for place, cells in listed]
    tree = version.principles
    found = rules.compared(rows, tree, growing=rules.may_grow(version.state, tree))
    made = Import(
        kind=kind,
        standard_version=version.code,
        compared_with=version.version,
        file_name=file_name,
        format=format,
        sha256=sha256(content).hexdigest(),
        counts=rules.counted(found),
        missing=rules.not_in_file(rows, tree),
        state=State.STAGED,
        staged_at=work.now,
        staged_by=work.actor.client_id,
    )
    await work.add(made, "import.staged")
    await work.session.execute(insert(ImportRow), [_reported(one) | {"import_id": made.id} for one in found])
    return made


def _reported(found: Found) -> dict[str, Any]:
    row = found.row
    return {
        "place": row.place,
        "status": found.status,
        "number": row.number,
        "title": row.title,
        "text": row.text,
        "changes": list(found.changes),
        "errors": [
            {
                "pointer": error.pointer,
                "code": error.code,
                "message": {
                    "lt": error.sentence.say("lt", error.facts),
                    "en": error.sentence.say("en", error.facts),
                },
            }
            for error in found.errors
        ],
    }


async def commit(work: Work, import_id: UUID) -> Import:
    """Brings all of the file's texts into the version, which are the owner's own from then on. Assessments keep the
    copies that they have."""
    made = await work.take(Import, import_id)
    locked = select(StandardVersion.id).where(StandardVersion.code == made.standard_version)
    version_id = (await work.session.scalars(locked.with_for_update(key_share=True))).one()
    move = await judge(work, IMPORTS, made.id, "commit")
    rows = await work.session.execute(
        select(ImportRow.number, ImportRow.title, ImportRow.text).where(ImportRow.import_id == made.id)
    )
    texts = {number: (title, text) for number, title, text in rows}
    made.state, made.committed_at = State.COMMITTED, work.now
    await work.record(move.event, made)
    await put_texts(work, version_id, texts)
    return made


async def bring_in(database: Database, path: Path, *, standard_version: str, dry_run: bool = False) -> dict[str, Any]:
    """The file staged and committed as one, where all of it may be; otherwise, or with `dry_run`, nothing is kept. Tells
    the counts, each row that is not the same, and what stands in the way."""
    format_, content = await asyncio.to_thread(_opened, path)
    async with begin(database) as work:
        made = await stage(work, content, format=format_, standard_version=standard_version, file_name=path.name)
        connection = await work.connection()
        tagged = views.tag_statement(IMPORTS, "id", (), work.sight.sees)
        row = await views.one(connection, tagged, key=made.id, today=work.today, **work.sight.values)
        reasons = rules.LIFECYCLE.reasons("commit", IMPORTS.judged(row, work.actor, work.today)) if row else ()
        work.keeps = not (dry_run or reasons)
        if work.keeps:
            await commit(work, made.id)
        listed = await work.session.scalars(
            select(ImportRow)
            .where(ImportRow.import_id == made.id, ImportRow.status != rules.RowStatus.SAME)
            .order_by(ImportRow.place)
        )
        rows = [
            {
                "place": one.place,
                "number": one.number,
                "status": one.status,
                "changes": one.changes,
                "errors": one.errors,
            }
            for one in listed
        ]
    return {
        "standard_version": standard_version,
        "committed": work.keeps,
        "counts": made.counts,
        "missing": made.missing,
        "reasons": [reason.say("en") for reason in reasons],
        "rows": rows,
    }


def _opened(path: Path) -> tuple[Format, bytes]:
    try:
        format_, content = Format(path.suffix.lower().removeprefix(".").replace("yml", "yaml")), path.read_bytes()
    except ValueError:
        raise Invalid(FieldError(path.name, "file_unknown", NO_SUCH_FORMAT)) from None
    except OSError as error:
        why = {"why": error.strerror or str(error)}
        raise Invalid(FieldError(path.name, "file_unreadable", CANNOT_BE_READ, why)) from error
    if len(content) > LARGEST:
        raise Invalid(FieldError(path.name, "file_too_large", TOO_LARGE, {"bytes": LARGEST}))
    return format_, content


async def discard(work: Work, import_id: UUID) -> Import:
    """The file will not be brought in. Its report stays on record."""
    made = await work.take(Import, import_id)
    move = await judge(work, IMPORTS, made.id, "discard")
    made.state = State.DISCARDED
    await work.record(move.event, made)
    return made
