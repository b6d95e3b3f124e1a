"""Reading the code lists, which only the loading of the programme writes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Text, func, literal_column, select

from programme.queries.views import View, found_in, one_of, said
from programme.tables import Municipality, ServiceType

_m, _t = Municipality.__table__.c, ServiceType.__table__.c
_NEVER_CHANGED: ColumnElement[int] = literal_column("1")
"""Entries of code lists have no versions: a caller cannot change them."""


def in_county(municipality: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """A municipality, by its code, that lies in one of the counties."""
    return municipality.in_(select(_m.code).where(one_of(_m.county, name)).correlate(None))


def _in_lithuanian_order(name: ColumnElement[Any]) -> ColumnElement[str]:
    return func.lt_sort_key(name["lt"].astext, type_=Text).collate("C")


def _text_of(code: ColumnElement[str], name: ColumnElement[Any]) -> ColumnElement[str]:
    """What a search looks in: the code and both names."""
    return func.fold(code + said(" ") + name["lt"].astext + said(" ") + name["en"].astext)


MUNICIPALITIES = View(
    name="municipalities",
    source=Municipality.__table__,
    id=_m.code,
    version=_NEVER_CHANGED,
    fields={"code": _m.code, "name": _m.name, "kind": _m.kind, "county": _m.county},
    filters={
        "code": one_of(_m.code, "code"),
        "kind": one_of(_m.kind, "kind"),
        "county": one_of(_m.county, "county"),
        "q": found_in(_text_of(_m.code, _m.name), "q"),
    },
    sorts={"name": _in_lithuanian_order(_m.name), "code": _m.code.collate("C")},
    default_sort="name",
)

SERVICE_TYPES = View(
    name="service_types",
    source=ServiceType.__table__,
    id=_t.code,
    version=_NEVER_CHANGED,
    fields={
        "code": _t.code,
        "name": _t.name,
        "group": _t.group,
        "authorisation": _t.authorisation,
        "spis": _t.spis,
    },
    filters={
        "code": one_of(_t.code, "code"),
        "group": one_of(_t.group, "group"),
        "authorisation": one_of(_t.authorisation, "authorisation"),
        "q": found_in(_text_of(_t.code, _t.name), "q"),
    },
    sorts={"name": _in_lithuanian_order(_t.name), "code": _t.code.collate("C")},
    default_sort="name",
)
