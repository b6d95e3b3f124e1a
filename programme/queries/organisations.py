"""Reading organisations, their sites, contacts, and what is known of their past."""

from __future__ import annotations

from sqlalchemy import Boolean, ColumnElement, Uuid, bindparam, case, func, literal_column
from sqlalchemy.dialects.postgresql import JSONB

from programme.queries.views import View, equals, found_in, moment, one_of, said
from programme.tables import Contact, Organisation, Site

_o, _s, _c = Organisation.__table__.c, Site.__table__.c, Contact.__table__.c

THIS_WORLD = literal_column("nullif(current_setting('app.test_clock', true), '')::uuid", type_=Uuid)
"""The test clock in whose world the question is asked, and every row of the answer is; null in the programme."""

ORGANISATIONS = View(
    name="organisations",
    source=Organisation.__table__,
    id=_o.id,
    version=_o.version,
    fields={
        "id": _o.id,
        "legal_code": _o.legal_code,
        "name": _o.name,
        "kind": _o.kind,
        "municipality": _o.municipality,
        "address": _o.address,
        "website": _o.website,
        "former_names": _o.former_names,
        "external_ids": _o.external_ids,
        "source": _o.source,
        "succeeds_id": _o.succeeds_id,
        "test_clock_id": THIS_WORLD,
        "version": _o.version,
    },
    keys={"id": _o.id},
    filters={
        "q": found_in(_o.search, "q"),
        "municipality": one_of(_o.municipality, "municipality"),
        "kind": one_of(_o.kind, "kind"),
        "legal_code": one_of(_o.legal_code, "legal_code"),
        "external_id": _o.external_ids.op("@>")(bindparam("external_id", type_=JSONB)),
    },
    sorts={"name": _o.sort_name, "id": _o.id},
    default_sort="name",
    owner=_o.id,
)

SITES = View(
    name="sites",
    source=Site.__table__,
    id=_s.id,
    version=_s.version,
    fields={
        "id": _s.id,
        "organisation_id": _s.organisation_id,
        "name": _s.name,
        "address": _s.address,
        "municipality": _s.municipality,
        "closed_on": _s.closed_on,
        "version": _s.version,
    },
    keys={"id": _s.id},
    filters={"organisation_id": equals(_s.organisation_id, "organisation_id")},
    sorts={"id": _s.id},
    default_sort="id",
    owner=_s.organisation_id,
)

_MASKED = bindparam("people_masked", type_=Boolean)


def _masked(personal: ColumnElement[str]) -> ColumnElement[str]:
    """Every letter and digit as an asterisk for those who may know that there is somebody, but not who."""
    letters = func.regexp_replace(personal.collate("pg_c_utf8"), said("[[:alnum:]]"), said("*"), said("g"))
    return case((_MASKED, letters), else_=personal)


CONTACTS = View(
    name="contacts",
    source=Contact.__table__,
    id=_c.id,
    version=_c.version,
    fields={
        "id": _c.id,
        "organisation_id": _c.organisation_id,
        "name": _masked(_c.name),
        "position": _c.position,
        "email": _masked(_c.email),
        "telephone": _masked(_c.telephone),
        "purpose": _c.purpose,
        "legal_basis": _c.legal_basis,
        "retain_until_on": _c.retain_until_on,
        "erasure_requested_at": moment(_c.erasure_requested_at),
        "hold_ground": _c.hold_ground,
        "hold_until_on": _c.hold_until_on,
        "erased_at": moment(_c.erased_at),
        "version": _c.version,
    },
    keys={"id": _c.id},
    filters={"organisation_id": equals(_c.organisation_id, "organisation_id")},
    sorts={"id": _c.id},
    default_sort="id",
    owner=_c.organisation_id,
)
