"""Reading what was brought in: the import, and what each row of its file says and would do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Text, cast, literal_column

from programme.queries.views import View, equals, moment, one_of
from programme.rules.imports import LIFECYCLE, ImportFacts
from programme.tables import Import, ImportRow, StandardVersion
from programme.work import Actor

_i, _r, _v = Import.__table__.c, ImportRow.__table__.c, StandardVersion.__table__.c


def judge(row: Mapping[str, Any], _actor: Actor, _today: date) -> ImportFacts:
    """The facts that the guards of an import look at."""
    return ImportFacts(
        state=row["state"],
        counts=json.loads(row["counts"]),
        missing=tuple(row["missing"]),
        official=row["official"],
        version_state=row["version_state"],
        outdated=row["compared_with"] != row["version"],
    )


IMPORTS = View(
    name="imports",
    source=Import.__table__.join(StandardVersion.__table__, _v.code == _i.standard_version),
    id=_i.id,
    version=_i.version,
    fields={
        "id": _i.id,
        "kind": _i.kind,
        "standard": _v.standard,
        "standard_version": _i.standard_version,
        "file_name": _i.file_name,
        "format": _i.format,
        "sha256": _i.sha256,
        "state": _i.state,
        "counts": _i.counts,
        "missing": _i.missing,
        "staged_at": moment(_i.staged_at),
        "staged_by": _i.staged_by,
        "committed_at": moment(_i.committed_at),
        "version": _i.version,
    },
    keys={"id": _i.id},
    filters={
        "kind": one_of(_i.kind, "kind"),
        "state": one_of(_i.state, "state"),
        "standard_version": one_of(_i.standard_version, "standard_version"),
    },
    sorts={"staged_at": _i.staged_at, "id": _i.id},
    default_sort="-staged_at",
    facts={
        "state": _i.state,
        "counts": cast(_i.counts, Text),
        "missing": _i.missing,
        "official": _v.criteria_official,
        "version_state": _v.state,
        "compared_with": _i.compared_with,
        "version": _v.version,
    },
    lifecycle=LIFECYCLE,
    judge=judge,
)

IMPORT_ROWS = View(
    name="import_rows",
    source=ImportRow.__table__,
    id=_r.id,
    version=literal_column("1"),  # a row is written once
    fields={
        "place": _r.place,
        "status": _r.status,
        "number": _r.number,
        "title": _r.title,
        "text": _r.text,
        "changes": _r.changes,
        "errors": _r.errors,
    },
    filters={"import_id": equals(_r.import_id, "import_id"), "status": one_of(_r.status, "status")},
    sorts={"place": _r.place},
    default_sort="place",
)
