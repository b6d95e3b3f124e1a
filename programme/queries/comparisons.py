"""Reading two assessments side by side, as far as the caller sees of each."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, bindparam

from programme.database import Connection
from programme.errors import FieldError, Malformed
from programme.queries.ratings import PRINCIPLE_ASSESSMENTS
from programme.queries.views import compiled, object_of, rows
from programme.rules import comparisons as rules
from programme.rules.sight import Sight
from programme.sentences import Sentence
from programme.tables import Assessment

BAD_PAIR = Sentence(lt="Šių dviejų vertinimų palyginti negalima.", en="These two assessments cannot be compared.")
OTHER_STANDARD = Sentence(
    lt="Lyginami tik to paties standarto vertinimai; kito standarto kriterijai kitokie.",
    en="Only assessments against the same standard are compared; another standard has other criteria.",
)

_a = Assessment.__table__.c
_SHOWN = (
    "id",
    "organisation_id",
    "kind",
    "standard_version",
    "level",
    "state",
    "ended_on",
    "revision",
    "outcome",
    "score",
)
_HEADS = compiled(
    object_of(Assessment.__table__, {name: _a[name] for name in (*_SHOWN, "standard", "scale")})
    .add_columns(_a.id)
    .where(_a.id == any_(bindparam("ids", type_=ARRAY(Uuid))))
)


async def compare(
    connection: Connection, assessment_id: UUID, with_id: UUID, today: date, sight: Sight
) -> dict[str, Any]:
    """From the assessment `with_id` to `assessment_id`: both are in the caller's sight."""
    found = await rows(connection, _HEADS, ids=[assessment_id, with_id])
    heads = {row["id"]: json.loads(row["body"]) for row in found}
    after, before = heads[assessment_id], heads[with_id]
    if after["standard"] != before["standard"]:
        raise Malformed(
            BAD_PAIR, code="invalid_parameter", errors=[FieldError("?with", "other_standard", OTHER_STANDARD)]
        )
    given = {"today": today, **sight.values}
    trees = [
        [json.loads(row["body"]) for row in await rows(connection, PRINCIPLE_ASSESSMENTS, id=key, **given)]
        for key in (with_id, assessment_id)
    ]
    principles = list(rules.principles(*trees, same_scale=after["scale"] == before["scale"]))
    return {
        "assessment": {name: after[name] for name in _SHOWN},
        "with": {name: before[name] for name in _SHOWN},
        "criteria": rules.summary(principles),
        "principles": principles,
    }
