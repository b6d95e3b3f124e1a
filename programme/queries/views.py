"""How resources are read: each has one `View`, and every look-up, list, count and expansion is printed from it.

PostgreSQL builds the JSON; a statement is compiled once for each shape of question (which conditions, which sort) and
run with its values on a bare connection, so that the text never differs from request to request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Date,
    ScalarSelect,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    cast,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.sql.expression import CollectionAggregate, FromClause

from programme.database import Connection
from programme.errors import NotFound
from programme.queries.past import TODAY as TODAY
from programme.queries.past import Past, then
from programme.rules.lifecycle import Lifecycle
from programme.rules.sight import Sees
from programme.work import Actor

_DIALECT = dialect()  # type: ignore[no-untyped-call]

IN_SIGHT: BindParameter[Any] = bindparam("organisations", type_=ARRAY(Uuid))


@dataclass(frozen=True, eq=False, slots=True)
class Expansion:
    """A related resource that can be read along: `view`, found by `key` of this one."""

    view: View
    key: ColumnElement[Any]


@dataclass(frozen=True, eq=False, slots=True)
class Implied:
    """What stored columns say wherever the filter `by` finds one of `values`: a condition that an index serves, beside a
    derived one that has to be worked out for every row."""

    by: str
    values: frozenset[str]
    condition: ColumnElement[bool]


@dataclass(frozen=True, eq=False)
class View:
    """One resource as it is read.

    `fields`: the representation, in order. `keys`: by what a single one is found. `filters`: each condition once;
    `implied`: what follows from some values of some of them, by names of their own.
    `sorts`: what a list can be ordered by, without nulls;
    `whole_sort`: the order of all of it at once, where two of them are to be compared line by line. `only`: what holds of every row that it shows. `owner`: the
    organisation whose row it is, if any, which has to be in the caller's sight; `seen`: what has to hold besides for
    those who see so far.
    `facts`: columns that the lifecycle's guards look at, read beside a single one; `judge` makes of them, of who asks
    and of the day the facts that `lifecycle` judges. `moved_with`: the one permission of all its moves, where they do
    not have one each.
    """

    name: str
    source: FromClause
    id: ColumnElement[Any]
    version: ColumnElement[int]
    fields: Mapping[str, ColumnElement[Any]]
    keys: Mapping[str, ColumnElement[Any]] = field(default_factory=dict)
    filters: Mapping[str, ColumnElement[bool]] = field(default_factory=dict)
    implied: Mapping[str, Implied] = field(default_factory=dict)
    sorts: Mapping[str, ColumnElement[Any]] = field(default_factory=dict)
    default_sort: str = ""
    whole_sort: str = ""
    expands: Mapping[str, Expansion] = field(default_factory=dict)
    only: ColumnElement[bool] | None = None
    owner: ColumnElement[Any] | None = None
    seen: Mapping[Sees, ColumnElement[bool]] = field(default_factory=dict)
    facts: Mapping[str, ColumnElement[Any]] = field(default_factory=dict)
    lifecycle: Lifecycle[Any] | None = None
    judge: Callable[[Mapping[str, Any], Actor, date], Any] | None = None
    moved_with: str | None = None

    def judged(self, row: Mapping[str, Any], actor: Actor, today: date) -> Any:
        """The facts of the row for its lifecycle."""
        if self.judge is None:
            raise TypeError(f"{self.name} have no lifecycle")
        return self.judge({name: row[f"fact_{name}"] for name in self.facts}, actor, today)


@dataclass(frozen=True, slots=True)
class Statement:
    """Compiled SQL and the names of its values in the order of their places."""

    sql: str
    names: tuple[str, ...]
    constants: Mapping[str, Any]

    def values(self, given: Mapping[str, Any]) -> list[Any]:
        return [given[name] if name in given else self.constants[name] for name in self.names]


def compiled(query: Select[Any], past: Past | None = None, sees: Sees = Sees.EVERYTHING) -> Statement:
    """The statement in SQL; where it looks back, over what was there then."""
    if past is not None:
        query = then(query, past, sees)
    done = query.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    return Statement(str(done), tuple(done.positiontup or ()), dict(done.params))


# Conditions, each with the name of the value that it is asked with.


def one_of(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    return column == any_(bindparam(name, type_=ARRAY(column.type)))


def derived(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """A condition on what is worked out row by row, of which the planner has no statistics: it takes half of the rows
    for right, not one in two hundred, and reads them in their order rather than sorting all."""
    return func.coalesce(condition, false())


def equals(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    return column == bindparam(name, type_=column.type)


def at_least(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    return column >= bindparam(name, type_=column.type)


def at_most(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    return column <= bindparam(name, type_=column.type)


def between(column: ColumnElement[Any], name: str) -> dict[str, ColumnElement[bool]]:
    """The two conditions `name[gte]` and `name[lte]` on a day. They are asked of the sort key, which has an index."""
    key = func.coalesce(column, LATEST) if getattr(column, "nullable", True) else column
    return {
        f"{name}[gte]": and_(at_least(key, f"{name}[gte]"), column.is_not(None)),
        f"{name}[lte]": at_most(key, f"{name}[lte]"),
    }


def found_in(text: ColumnElement[str], name: str) -> ColumnElement[bool]:
    """Text that contains the value, whatever its case and diacritics; the value comes from `pattern`."""
    return text.like(func.fold(bindparam(name, type_=Text)))


def covers(scope: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """A scope that names the service."""
    wanted = func.jsonb_build_object(said("services"), func.jsonb_build_array(bindparam(name, type_=Text)))
    return scope.op("@>")(wanted)


def pattern(wanted: str) -> str:
    """A search text as a LIKE pattern in which its own wildcards mean themselves."""
    escaped = wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def said(value: str) -> ColumnElement[str]:
    """A constant of ours in the text of the statement itself, where the planner sees it."""
    return literal_column("'" + value.replace("'", "''") + "'", type_=Text)


LATEST = literal_column("'infinity'::date", type_=Date)
"""Stands for a missing day in a sort key, so that rows without one come last and none is lost or doubled."""


# JSON as PostgreSQL writes it.


def moment(column: ColumnElement[Any]) -> ColumnElement[str]:
    """A moment in RFC 3339 with Z."""
    return func.to_char(func.timezone(said("UTC"), column), said('YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))


def json_object(fields: Mapping[str, ColumnElement[Any]]) -> ColumnElement[Any]:
    """The fields as one JSON object, to stand in another."""
    return func.json_build_object(*(part for name, value in fields.items() for part in (said(name), value)))


def json_list(item: ColumnElement[Any], *order: ColumnElement[Any]) -> ColumnElement[Any]:
    """The items of all rows as a JSON list, empty where there are none."""
    return func.coalesce(func.json_agg(aggregate_order_by(item, *order)), literal_column("'[]'::json"))


def object_of(source: FromClause, fields: Mapping[str, ColumnElement[Any]], *, nested: bool = False) -> Select[Any]:
    """A query whose first column, `body`, is the JSON object of the fields: as text, or as JSON to stand in another."""
    row = select(*(column.label(name) for name, column in fields.items())).correlate(*_tables(source)).lateral("f")
    body = func.row_to_json(literal_column("f"))
    return select((body if nested else cast(body, Text)).label("body")).select_from(source.join(row, true()))


def _tables(source: FromClause) -> Sequence[FromClause]:
    return source._from_objects


def _with_expansions(
    view: View, fields: Sequence[str] | None, expand: Sequence[str], sees: Sees
) -> dict[str, ColumnElement[Any]]:
    chosen = {name: column for name, column in view.fields.items() if fields is None or name in fields}
    for name in dict.fromkeys(path.partition(".")[0] for path in expand):
        deeper = [rest for path in expand if (rest := path.partition(".")[2]) and path.startswith(name + ".")]
        expansion = view.expands[name]
        inner = object_of(expansion.view.source, _with_expansions(expansion.view, None, deeper, sees), nested=True)
        inner = narrowed(inner.where(expansion.view.id == expansion.key), expansion.view, sees)
        chosen[name] = inner.correlate(*_tables(view.source)).scalar_subquery()
    return chosen


# Statements of a view, one for each shape of question.


@lru_cache(maxsize=2000)
def single_statement(view: View, by: str, expand: tuple[str, ...], sees: Sees, past: Past | None = None) -> Statement:
    """One resource: `body`, `id`, `version`, the facts, and the versions of what is expanded."""
    query = object_of(view.source, _with_expansions(view, None, expand, sees))
    return compiled(_one(query, view, by, expand, sees), past, sees)


@lru_cache(maxsize=2000)
def tag_statement(view: View, by: str, expand: tuple[str, ...], sees: Sees, past: Past | None = None) -> Statement:
    """What an answer about one resource depends on, without the body: enough for a 304."""
    return compiled(_one(select().select_from(view.source), view, by, expand, sees), past, sees)


def _one(query: Select[Any], view: View, by: str, expand: Sequence[str], sees: Sees) -> Select[Any]:
    key = view.keys[by]
    query = query.add_columns(view.id.label("id"), view.version.label("version"))
    query = query.add_columns(*(column.label(f"fact_{name}") for name, column in view.facts.items()))
    for path in expand:
        query = query.add_columns(_version_along(view, path).label(f"version_{path}"))
    return narrowed(query.where(key == bindparam("key", type_=key.type)), view, sees)


def _version_along(view: View, path: str) -> ScalarSelect[str]:
    """The versions of all that is read along the path."""
    steps: list[Expansion] = []
    for name in path.split("."):
        steps.append((steps[-1].view if steps else view).expands[name])
    found = select(func.concat_ws(said("."), *(step.view.version for step in steps))).where(
        *(step.view.id == step.key for step in steps)
    )
    return found.correlate(*_tables(view.source)).scalar_subquery()


def matching(query: Select[Any], view: View, conditions: Iterable[str], sees: Sees) -> Select[Any]:
    """Only rows of which the conditions hold, and of those only what the caller may know of: what every list, count
    and statistic is made of."""
    return narrowed(query.where(*(_condition(view, name) for name in sorted(conditions))), view, sees)


def narrowed(query: Select[Any], view: View, sees: Sees) -> Select[Any]:
    """Only what the view shows and, of that, only what is in the caller's sight: the first wall, and all of it."""
    if view.only is not None:
        query = query.where(view.only)
    if view.owner is not None and sees is not Sees.EVERYTHING:
        query = query.where(view.owner == any_(IN_SIGHT))
    if sees in view.seen:
        query = query.where(view.seen[sees])
    return query


@dataclass(frozen=True, slots=True)
class Sort:
    """One key of an order: a name of `View.sorts`, and whether the largest comes first."""

    name: str
    descending: bool


@lru_cache(maxsize=5000)
def page_statement(
    view: View,
    conditions: frozenset[str],
    sort: tuple[Sort, ...],
    after: bool,
    fields: tuple[str, ...] | None,
    expand: tuple[str, ...],
    sees: Sees,
    with_facts: bool,
    limit: int,
    past: Past | None = None,
) -> Statement:
    """A page: `body`, the values of the sort keys as `key_0`…, and `id`, in an order that ends in the id.

    The limit stands in the text: as a parameter it lets the planner expect a tenth of the table.
    """
    keys = [view.sorts[one.name] for one in sort]
    directions = [one.descending for one in sort]
    query = object_of(view.source, _with_expansions(view, fields, expand, sees))
    query = query.add_columns(*(key.label(f"key_{place}") for place, key in enumerate(keys)), view.id.label("id"))
    if with_facts:
        query = query.add_columns(*(column.label(f"fact_{name}") for name, column in view.facts.items()))
    query = matching(query, view, conditions, sees)
    keys.append(view.id)
    directions.append(directions[0])
    if after:
        query = query.where(_after(keys, directions))
    order = [key.desc() if descending else key.asc() for key, descending in zip(keys, directions, strict=True)]
    return compiled(query.order_by(*order).limit(literal_column(str(limit))), past, sees)


@lru_cache(maxsize=1000)
def whole_statement(
    view: View,
    conditions: frozenset[str],
    fields: tuple[str, ...] | None,
    expand: tuple[str, ...],
    sees: Sees,
    past: Past | None = None,
) -> Statement:
    """All of a list: `body`; in no order, unless the view has one for the whole of it."""
    query = object_of(view.source, _with_expansions(view, fields, expand, sees))
    query = matching(query, view, conditions, sees)
    if view.whole_sort:
        query = query.order_by(view.sorts[view.whole_sort], view.id)
    return compiled(query, past, sees)


_ALONE = "="
"""Behind the name of a condition: its one value is given itself, not in a list."""


def narrowest(view: View, filters: Mapping[str, Any]) -> dict[str, Any]:
    """The same conditions, and what they imply; where one of several values may hold and only one is given, that value:
    the planner knows how rare it is."""

    def is_alone(name: str, value: Any) -> bool:
        any_of_them = isinstance(getattr(view.filters[name], "right", None), CollectionAggregate)
        return any_of_them and isinstance(value, list) and len(value) == 1

    given = {
        (name + _ALONE if (alone := is_alone(name, value)) else name): value[0] if alone else value
        for name, value in filters.items()
    }
    implied = [
        name for name, one in view.implied.items() if one.by in filters and one.values.issuperset(filters[one.by])
    ]
    return given | dict.fromkeys(implied, True)


def _condition(view: View, name: str) -> ColumnElement[bool]:
    if name in view.implied:
        return view.implied[name].condition
    if not name.endswith(_ALONE):
        return view.filters[name]
    column: ColumnElement[Any] = view.filters[name.removesuffix(_ALONE)].left
    return equals(column, name)


def _after(keys: Sequence[ColumnElement[Any]], directions: Sequence[bool]) -> ColumnElement[bool]:
    """Rows behind the last one that was given out; one row comparison where all keys run the same way."""
    places = [cast(bindparam(f"after_{place}", type_=key.type), key.type) for place, key in enumerate(keys)]
    if len(set(directions)) == 1:
        left, right = tuple_(*keys), tuple_(*places)
        return left < right if directions[0] else left > right
    steps = []
    for place, (key, value, descending) in enumerate(zip(keys, places, directions, strict=True)):
        same = [earlier == reached for earlier, reached in zip(keys[:place], places[:place], strict=True)]
        steps.append(and_(*same, key < value if descending else key > value))
    return or_(*steps)


@lru_cache(maxsize=1000)
def count_statement(view: View, conditions: frozenset[str], sees: Sees, past: Past | None = None) -> Statement:
    return compiled(matching(select(func.count()).select_from(view.source), view, conditions, sees), past, sees)


async def one(connection: Connection, statement: Statement, **given: Any) -> Any | None:
    """The row, or None."""
    return await connection.fetchrow(statement.sql, *statement.values(given))


async def rows(connection: Connection, statement: Statement, **given: Any) -> list[Any]:
    found: list[Any] = await connection.fetch(statement.sql, *statement.values(given))
    return found


async def id_of(connection: Connection, statement: Statement, **given: Any) -> UUID:
    """The id of the one row, or `NotFound`."""
    row = await one(connection, statement, **given)
    if row is None:
        raise NotFound
    found: UUID = row["id"]
    return found
