"""Reading who may call: clients with their grants, and their keys, of which no secret is known."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Text, Uuid, and_, any_, bindparam, case, cast, func, null, select

from programme.queries.organisations import THIS_WORLD
from programme.queries.views import (
    IN_SIGHT,
    View,
    equals,
    json_list,
    moment,
    one_of,
    said,
)
from programme.rules.sight import Sees
from programme.tables import ApiKey, Client, ClientGrant, Project, Strand

_c, _g, _k = Client.__table__.c, ClientGrant.__table__.c, ApiKey.__table__.c
_p, _s = Project.__table__.c, Strand.__table__.c

_GRANT = case(
    (
        _g.organisation_id.is_not(None),
        func.json_build_object(said("organisation_id"), _g.organisation_id),
    ),
    (_g.municipality.is_not(None), func.json_build_object(said("municipality"), _g.municipality)),
    else_=func.json_build_object(said("project"), _p.code, said("strand"), _s.code),
)
_GRANTS = (
    select(json_list(_GRANT, _g.id))
    .select_from(
        ClientGrant.__table__.outerjoin(Strand.__table__, _s.id == _g.strand_id).outerjoin(
            Project.__table__, _p.id == _s.project_id
        )
    )
    .where(_g.client_id == _c.id)
    .correlate(Client.__table__)
    .scalar_subquery()
)

_SEEN: dict[Sees, ColumnElement[bool]] = {
    Sees.OWN: _c.organisation_id == any_(IN_SIGHT),
    **dict.fromkeys(
        (Sees.GRANTED, Sees.ASSIGNED, Sees.DOCKET, Sees.REGISTER, Sees.NOBODY), _c.id == bindparam("client", type_=Uuid)
    ),
}
"""Whose clients are seen; `tables.clients` says the same of one."""

_OF_THIS_WORLD = _c.test_clock_id.is_not_distinct_from(THIS_WORLD)

CLIENTS = View(
    name="clients",
    source=Client.__table__,
    id=_c.id,
    version=_c.version,
    fields={
        "id": _c.id,
        "name": _c.name,
        "role": _c.role,
        "organisation_id": _c.organisation_id,
        "scopes": _c.scopes,
        "expires_on": _c.expires_on,
        "oidc": case(
            (
                _c.oidc_issuer.is_not(None),
                func.json_build_object(said("issuer"), _c.oidc_issuer, said("subject"), _c.oidc_subject),
            ),
            else_=null(),
        ),
        "grants": _GRANTS,
        "created_at": moment(_c.created_at),
        "disabled_at": moment(_c.disabled_at),
        "version": _c.version,
    },
    keys={"id": _c.id},
    filters={
        "role": one_of(_c.role, "role"),
        "organisation_id": equals(_c.organisation_id, "organisation_id"),
    },
    sorts={"id": _c.id},
    default_sort="id",
    only=_OF_THIS_WORLD,
    seen=_SEEN,
)

KEYS = View(
    name="keys",
    source=ApiKey.__table__.join(Client.__table__, _c.id == _k.client_id),
    id=_k.id,
    version=_c.version,
    fields={
        "id": _k.id,
        "client_id": _k.client_id,
        "created_at": moment(_k.created_at),
        "expires_at": moment(_k.expires_at),
        "revoked_at": moment(_k.revoked_at),
        "last_used_at": moment(_k.last_used_at),
        "live": and_(_k.revoked_at.is_(None), _k.expires_at > func.clock_timestamp()),
    },
    keys={"id": _k.id},
    filters={"client_id": equals(_k.client_id, "client_id")},
    sorts={"created_at": _k.created_at, "id": cast(_k.id, Text)},
    default_sort="-created_at",
    only=_OF_THIS_WORLD,
    seen=_SEEN,
)
