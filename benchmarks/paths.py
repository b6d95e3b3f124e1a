"""The reading and writing paths over HTTP, each beside its peer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import islice
from random import Random
from statistics import median
from urllib.parse import quote
from uuid import UUID

from benchmarks import bare, data, probe
from benchmarks.data import Size
from benchmarks.house import HOST, Filled, House, Web, say
from benchmarks.load import HttpLoad, Played, Player, Request, SqlLoad
from benchmarks.report import Figure, Line, Report
from programme.queries.certificates import CERTIFICATES
from programme.queries.views import Sort, Statement, narrowest, page_statement, single_statement
from programme.rules.sight import Sees

PAGE = 50

_UNRATED = """
select assessment.id, jsonb_path_query(assessment.catalogue, '$[*].criteria[*].number') #>> '{}' as criterion
  from (select * from assessment order by id desc limit $1) as assessment
"""


@dataclass(frozen=True, slots=True)
class Side:
    """`load` gives what is played in a round; a new one each time for what can be written only once."""

    name: str
    load: Callable[[], HttpLoad | SqlLoad]
    watched: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Bench:
    """`requests`: how many lookups a round has; heavier paths take a part of it."""

    house: House
    player: Player
    report: Report
    size: Size
    rounds: int
    requests: int

    def play(self, *sides: Side) -> dict[str, list[Played]]:
        """Every side in every round, there and back, so that no side always runs after the same other one."""
        played: dict[str, list[Played]] = {side.name: [] for side in sides}
        for number in range(self.rounds):
            for side in sides if number % 2 == 0 else reversed(sides):
                played[side.name].append(self.player.play(side.load(), side.watched))
        self.report.lines += [Line.of(name, rounds) for name, rounds in played.items()]
        return played

    def find(self, *figures: Figure) -> None:
        for figure in figures:
            say(f"{figure.name}: {figure.value:.2f} {figure.unit} {figure.goal} {figure.verdict}".strip())
        self.report.figures += figures

    def over_http(
        self, web: Web, name: str, requests: Callable[[], Iterator[Request]], *, part: float = 1, status: int = 200
    ) -> Side:
        count = self._count(part)

        def load() -> HttpLoad:
            return HttpLoad(HOST, web.port, list(islice(requests(), count + count // 10)), status, count // 10)

        return Side(name, load, {"web": web.pid, "postgres": self.house.postgres})

    def in_sql(
        self,
        filled: Filled,
        name: str,
        statement: str,
        values: Callable[[], Iterator[Sequence[object]]],
        *,
        part: float = 1,
    ) -> Side:
        count = self._count(part)

        def load() -> SqlLoad:
            return SqlLoad(filled.url, statement, list(islice(values(), count + count // 10)), count // 10)

        return Side(name, load, {"postgres": self.house.postgres})

    def _count(self, part: float) -> int:
        return max(int(self.requests * part), 10)


def web_ms(played: Sequence[Played]) -> float:
    return median(one.each("web") for one in played) / 1000


def ratio(these: Sequence[Played], those: Sequence[Played], cost: Callable[[Played], float]) -> float:
    """The median of the rounds' ratios."""
    return median(cost(this) / cost(that) for this, that in zip(these, those, strict=True))


def whole(played: Played) -> float:
    """CPU of the process and of PostgreSQL together."""
    return played.each(played.worker, "postgres")


def alone(played: Played) -> float:
    """CPU of the web process."""
    return played.each("web")


def one(bench: Bench) -> None:
    """One certificate with its organisation."""
    filled = bench.house.filled(bench.size)
    web = bench.house.served(filled)
    name, peer = "certificate with its organisation", "certificate with its organisation, its SQL alone"
    statement = lookup_statement()

    def values() -> Iterator[Sequence[object]]:
        for key in _keys(filled.size):
            yield statement.values({"key": key, "today": bench.house.today})

    played = bench.play(
        bench.over_http(web, name, partial(_lookups, filled)),
        bench.in_sql(filled, peer, statement.sql, values),
    )
    bench.find(
        Figure("one certificate with its organisation", web_ms(played[name]), "ms", at_most=1.3),
        Figure("… CPU in all against its SQL alone", ratio(played[name], played[peer], whole), "×"),
    )


def lists(bench: Bench) -> None:
    """Pages of 50."""
    filled = bench.house.filled(bench.size)
    web = bench.house.served(filled)
    asking = partial(_asking, filled)
    municipalities = _municipalities(bench.house, filled)

    statement = list_statement()

    def values() -> Iterator[Sequence[object]]:
        random = Random("paths")
        while True:
            given = narrowest(CERTIFICATES, {"status": ["active"], "municipality": [random.choice(municipalities)]})
            yield statement.values({**given, "today": bench.house.today})

    number, deep = _far_page(web, filled)
    main, peer, first, far = (
        "list, filtered and sorted",
        "list, filtered and sorted, its SQL alone",
        "page 1",
        f"page {number:,}",
    )
    others = {
        "list, expired": lambda _: "/v1/certificates?status=expired",
        "list, suspended": lambda _: "/v1/certificates?status=suspended",
        "list, expiring within a month": lambda _: f"/v1/certificates?{_within_a_month(bench.house)}",
        "list, one service": lambda _: "/v1/certificates?service=COUNSELLING",
        "list, by organisation": lambda _: "/v1/certificates?sort=organisation",
        "list, name search": lambda random: f"/v1/certificates?q={quote(_searched(random))}",
        "organisations, name search": lambda random: f"/v1/organisations?q={quote(_searched(random))}",
    }
    played = bench.play(
        bench.over_http(web, main, asking(_filtered(municipalities)), part=0.2),
        bench.in_sql(filled, peer, statement.sql, values, part=0.2),
        bench.over_http(web, first, asking(lambda _: "/v1/certificates?sort=expires_on"), part=1),
        bench.over_http(web, far, asking(lambda _: f"/v1/certificates?sort=expires_on&cursor={deep}"), part=1),
        *(bench.over_http(web, name, asking(path), part=0.02) for name, path in others.items()),
    )
    bench.find(
        Figure("list of 50, filtered and sorted", web_ms(played[main]), "ms", at_most=2),
        Figure("… CPU in all against its SQL alone", ratio(played[main], played[peer], whole), "×"),
        Figure(f"page {number:,} against page 1", ratio(played[first], played[far], whole), at_least=0.9),
    )


def ratings(bench: Bench) -> None:
    """A rating, recorded for the first time, with its event."""
    filled = bench.house.filled(bench.size)
    web = bench.house.served(filled)
    unrated = _unrated(bench.house, filled)
    said = {"rating": "met", "comment": "Tvarkos aprašas patvirtintas ir taikomas."}
    body = json.dumps({**said, "evidence": []}, ensure_ascii=False).encode()
    headers = {"Authorization": f"Bearer {filled.auditor}", "Content-Type": "application/json"}

    def requests() -> Iterator[Request]:
        for assessment, criterion in unrated:
            yield Request(f"/v1/assessments/{assessment}/ratings/{criterion}", "PUT", headers, body)

    def values() -> Iterator[Sequence[object]]:
        for assessment, criterion in unrated:
            yield assessment, criterion, *said.values()

    name, peer = "rating with its event", "rating with its event, in SQL alone"
    played = bench.play(
        bench.over_http(web, name, requests, part=0.4, status=201),
        bench.in_sql(filled, peer, bare.RATE, values, part=0.4),
    )
    bench.find(
        Figure("a rating with its event", web_ms(played[name]), "ms", at_most=2),
        Figure("… CPU in all against its SQL alone", ratio(played[name], played[peer], whole), "×"),
    )


def surroundings(bench: Bench) -> None:
    """What HTTP itself costs: not modified against read, the last route against the first, middleware against none."""
    filled = bench.house.filled(bench.size)
    web = bench.house.served(filled)
    with_middleware = bench.house.served(filled, "benchmarks.probe", "whole")
    without_middleware = bench.house.served(filled, "benchmarks.probe", "bare")
    tags = {path: _tag(web, filled, path) for path in (one.path for one in islice(_lookups(filled), 100))}

    def known() -> Iterator[Request]:
        while True:
            for path, tag in tags.items():
                yield Request(path, headers={**_key(filled), "If-None-Match": tag})

    def again(path: str) -> Callable[[], Iterator[Request]]:
        return lambda: iter(lambda: Request(path), None)

    read, not_modified = "certificate, read (200)", "certificate, not modified (304)"
    first, last, livez, bare_livez = "first route", "last route", "/livez", "/livez without middleware"
    played = bench.play(
        bench.over_http(web, read, partial(_lookups, filled), part=4),
        bench.over_http(web, not_modified, known, part=4, status=304),
        bench.over_http(with_middleware, first, again(probe.FIRST), part=6),
        bench.over_http(with_middleware, last, again(probe.LAST), part=6),
        bench.over_http(with_middleware, livez, again("/livez"), part=6),
        bench.over_http(without_middleware, bare_livez, again("/livez"), part=6),
    )
    bench.find(
        Figure("304 against 200", ratio(played[not_modified], played[read], alone), at_most=0.55),
        Figure("last route against the first", ratio(played[last], played[first], alone), at_most=1.2),
        Figure("all middleware against the bare route", ratio(played[livez], played[bare_livez], alone), at_most=1.25),
    )


def growth(bench: Bench) -> None:
    """Ten times the data: the same requests on a tenth of it."""
    sizes = {size.certificates: bench.house.filled(size) for size in (bench.size.divided(10), bench.size)}
    webs = {count: bench.house.served(filled) for count, filled in sizes.items()}
    path = _filtered(_municipalities(bench.house, bench.house.filled(bench.size)))
    played = bench.play(
        *(
            bench.over_http(webs[count], f"lookup among {count:,}", partial(_lookups, filled))
            for count, filled in sizes.items()
        ),
        *(
            bench.over_http(webs[count], f"list among {count:,}", _asking(filled, path), part=0.2)
            for count, filled in sizes.items()
        ),
    )
    small, large = (f"{count:,}" for count in sizes)
    bench.find(
        Figure(
            "ten times the data: lookup",
            ratio(played[f"lookup among {small}"], played[f"lookup among {large}"], whole),
            at_least=0.9,
        ),
        Figure(
            "ten times the data: list",
            ratio(played[f"list among {small}"], played[f"list among {large}"], whole),
            at_least=0.7,
        ),
    )


def lookup_statement() -> Statement:
    """What the service asks PostgreSQL for a certificate with its organisation."""
    return single_statement(CERTIFICATES, "id", ("organisation",), Sees.EVERYTHING)


def list_statement() -> Statement:
    """What it asks for the filtered list."""
    conditions = frozenset(narrowest(CERTIFICATES, {"status": ["active"], "municipality": ["LT-57"]}))
    return page_statement(
        CERTIFICATES, conditions, (Sort("expires_on", True),), False, None, (), Sees.EVERYTHING, False, PAGE + 1
    )


def _key(filled: Filled) -> dict[str, str]:
    return {"Authorization": f"Bearer {filled.coordinator}", "Accept-Language": "lt"}


def _keys(size: Size) -> Iterator[UUID]:
    random = Random("keys")
    while True:
        yield data.identity(2, random.randrange(size.certificates))


def _lookups(filled: Filled) -> Iterator[Request]:
    for key in _keys(filled.size):
        yield Request(f"/v1/certificates/{key}?expand=organisation", headers=_key(filled))


def _asking(filled: Filled, path: Callable[[Random], str]) -> Callable[[], Iterator[Request]]:
    """The same choices in every round."""

    def requests() -> Iterator[Request]:
        random = Random("paths")
        while True:
            yield Request(path(random), headers=_key(filled))

    return requests


def _filtered(municipalities: Sequence[str]) -> Callable[[Random], str]:
    return lambda random: (
        f"/v1/certificates?status=active&municipality={random.choice(municipalities)}&sort=-expires_on"
    )


def _municipalities(house: House, filled: Filled) -> list[str]:
    return [row["code"] for row in house.ask(filled, "select code from municipality order by code")]


def _within_a_month(house: House) -> str:
    first = house.today + timedelta(days=90)
    return f"expires_on[gte]={first}&expires_on[lte]={first + timedelta(days=30)}&sort=expires_on"


def _searched(random: Random) -> str:
    """A name of which there are some hundreds, as somebody types it."""
    return f"{random.choice(data.PLACES)} {random.choice(data.KINDS)}".lower()


def _tag(web: Web, filled: Filled, path: str) -> str:
    return web.get(path, _key(filled))[1]["etag"]


def _far_page(web: Web, filled: Filled) -> tuple[int, str]:
    """The number of a page far down (1,000, or the middle of a small list) and the cursor that leads to it."""
    number = min(1000, filled.size.certificates // PAGE // 2)
    rows = (number - 1) * PAGE
    path, cursor = "/v1/certificates?sort=expires_on&fields=id", ""
    while rows:
        limit = min(rows, 200)
        page, _ = web.get(f"{path}&limit={limit}{cursor and f'&cursor={cursor}'}", _key(filled))
        cursor, rows = page["next_cursor"], rows - limit
    return number, cursor


def _unrated(house: House, filled: Filled) -> Iterator[tuple[UUID, str]]:
    """Each criterion that is not rated yet, once."""
    for row in house.ask(filled, _UNRATED, filled.size.unrated):
        yield row["id"], row["criterion"]
