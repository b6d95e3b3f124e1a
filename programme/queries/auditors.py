"""Reading auditors: their licences, and whom they advised."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from programme.queries.views import (
    View,
    equals,
    json_list,
    json_object,
    one_of,
)
from programme.tables import Auditor, AuditorAdvice, AuditorLicence, Client

_a, _c = Auditor.__table__.c, Client.__table__.c
_l, _v = AuditorLicence.__table__.c, AuditorAdvice.__table__.c


def _all(owner: Any, *fields: Any) -> Any:
    """The rows of this auditor as a JSON array of objects, in the order of the fields."""
    return (
        select(json_list(json_object({field.name: field for field in fields}), *fields))
        .where(owner == _a.client_id)
        .correlate(Auditor.__table__)
        .scalar_subquery()
    )


AUDITORS = View(
    name="auditors",
    source=Auditor.__table__.join(Client.__table__, _c.id == _a.client_id),
    id=_a.id,
    version=_a.version,
    fields={
        "id": _a.id,
        "client_id": _a.client_id,
        "name": _c.name,
        "licences": _all(_l.client_id, _l.standard, _l.valid_from, _l.valid_until),
        "advised": _all(_v.client_id, _v.organisation_id, _v.until_on),
        "version": _a.version,
    },
    keys={"id": _a.id, "client_id": _a.client_id},
    filters={
        "client_id": equals(_a.client_id, "client_id"),
        "standard": select(_l.client_id)
        .where(_l.client_id == _a.client_id, one_of(_l.standard, "standard"))
        .correlate(Auditor.__table__)
        .exists(),
    },
    sorts={"id": _a.id},
    default_sort="id",
)
