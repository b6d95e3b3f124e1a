"""`python -m api` against those who are slow, too large, ambiguous or ask for somebody else, over bare sockets."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import psutil
import pytest

from api.middleware import LONGEST_ADDRESS
from api.strict_json import LARGEST
from tests.conftest import TEMPLATE, administer, url_of
from tests.platform.processes import family, until
from tests.platform.serving import Server, serving

HEADER_TIMEOUT = 1.0
BODY_TIMEOUT = 1.5
"""Seconds; ten and thirty by default."""

HOST = b"Host: localhost\r\n"
ALIVE = b"GET /livez HTTP/1.1\r\n" + HOST
ME = b"GET /v1/me HTTP/1.1\r\n"
POST = b"POST /v1/organisations HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\nAuthorization: Bearer x\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNK = b"10000\r\n" + b" " * 0x10000 + b"\r\n"


@pytest.fixture(scope="module")
async def database_url() -> AsyncIterator[str]:
    name = f"server_{uuid4().hex}"
    await administer(f"create database {name} template {TEMPLATE} strategy wal_log")
    yield url_of(name)
    await administer(f"drop database {name} with (force)")


@pytest.fixture(scope="module")
def server(database_url: str) -> Iterator[Server]:
    limits = {"HEADER_TIMEOUT": str(HEADER_TIMEOUT), "BODY_TIMEOUT": str(BODY_TIMEOUT), "RATE_LIMIT_ADDRESS": "100000"}
    with serving(database_url, **limits) as made:
        yield made


def talk(server: Server, *parts: bytes, pause: float = 0.0) -> bytes:
    """What the server says to these bytes, sent with pauses, until it closes the connection."""
    said = b""
    with server.connect() as connection:
        for number, part in enumerate(parts):
            if number:
                time.sleep(pause)
            try:
                connection.sendall(part)
            except OSError:
                break
        try:
            while received := connection.recv(65_536):
                said += received
        except ConnectionResetError:
            pass
    return said


def status_of(said: bytes) -> int:
    assert said.count(b"HTTP/1.") == 1, said
    return int(said.split(b" ", 2)[1])


def assert_problem(said: bytes, status: int, code: str) -> None:
    """Our own refusal, after which the server closes."""
    assert status_of(said) == status
    head, body = said.split(b"\r\n\r\n", 1)
    assert b"content-type: application/problem+json" in head
    assert b"connection: close" in head
    assert json.loads(body)["code"] == code


CLOSED_BY_THE_SERVER = {
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "a list of lengths": POST + b"Content-Length: 2, 2\r\n\r\n{}",
    "a signed length": POST + b"Content-Length: +2\r\n\r\n{}",
    "a negative length": POST + b"Content-Length: -2\r\n\r\n{}",
    "a length in words": POST + b"Content-Length: two\r\n\r\n{}",
    "a coding that is not chunked": POST + b"Transfer-Encoding: gzip\r\n\r\n{}",
    "nearly chunked": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked in HTTP/1.0": POST.replace(b"HTTP/1.1", b"HTTP/1.0") + CHUNKED + b"\r\n0\r\n\r\n",
    "a folded header": ALIVE + b"X: a\r\n b\r\n\r\n",
    "a space before the colon": b"GET /livez HTTP/1.1\r\nHost : localhost\r\n\r\n",
    "a header with NUL": ALIVE + b"X: a\0b\r\n\r\n",
    "a header with a bare CR": ALIVE + b"X: a\rb\r\n\r\n",
    "HTTP/0.9": b"GET /livez\r\n\r\n",
    "an unknown version": b"GET /livez HTTP/3.0\r\n" + HOST + b"\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}


@pytest.mark.parametrize("said", CLOSED_BY_THE_SERVER.values(), ids=CLOSED_BY_THE_SERVER)
def test_what_two_readers_could_understand_differently_is_refused(server: Server, said: bytes) -> None:
    assert status_of(talk(server, said)) == 400


@pytest.mark.parametrize("order", [0, 1])
def test_of_two_framings_chunks_count_and_nothing_after_them(server: Server, order: int) -> None:
    """RFC 9112, 6.3: the length is not believed, and the connection ends, so that nothing can be smuggled behind."""
    both = [CHUNKED, b"Content-Length: 5\r\n"]
    smuggled = ALIVE + b"\r\n"
    answer = talk(server, POST + both[order] + both[1 - order] + b"\r\n2\r\n{}\r\n0\r\n\r\n" + smuggled)
    assert status_of(answer) == 401
    assert b"connection: close" in answer


@pytest.mark.parametrize(
    "hosts", [b"", HOST + HOST, b"Host: evil.example\r\n", b"Host: [\r\n", b"Host: localhost@evil.example\r\n"]
)
@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
def test_one_host_is_needed_and_it_is_ours(server: Server, hosts: bytes, version: bytes) -> None:
    asked = ME.replace(b"1.1", version) + hosts + b"\r\n"
    assert_problem(talk(server, asked), 400, "invalid_host")


@pytest.mark.parametrize(
    "large",
    [
        ALIVE + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n",
        ALIVE + b"".join(b"X-%d: a\r\n" % number for number in range(20_000)) + b"\r\n",
        ALIVE + b"".join(b"X-%d: a\r\n" % number for number in range(101)) + b"\r\n",
        b"GET /livez?" + b"a" * 80_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    ],
    ids=["a megabyte", "20,000 headers", "101 headers", "an address of 80 kB"],
)
def test_a_large_head_is_not_read_to_its_end(server: Server, large: bytes) -> None:
    said = talk(server, large)
    assert said == b"" or status_of(said) in (414, 431)  # a reset may overtake the answer


def test_a_long_address_is_refused_in_words(server: Server) -> None:
    address = b"/v1/me?" + b"a" * LONGEST_ADDRESS
    assert_problem(talk(server, b"GET " + address + b" HTTP/1.1\r\n" + HOST + b"\r\n"), 414, "uri_too_long")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("TRACE", "/v1/me", "GET, HEAD"), ("FOO", "/v1/organisations", "GET, HEAD, POST"), ("OPTIONS", "/livez", "GET, HEAD"),
        ("DELETE", "/v1/certificates", "GET, HEAD, POST"), ("POST", "/docs", "GET, HEAD"),
    ],
)  # fmt: skip
def test_another_method_is_told_which_there_are(server: Server, method: str, path: str, allow: str) -> None:
    said = talk(server, f"{method} {path} HTTP/1.1\r\nConnection: close\r\n".encode() + HOST + b"\r\n")
    assert status_of(said) == 405
    assert f"\r\nallow: {allow}\r\n".encode() in said


def test_no_other_protocol_is_spoken(server: Server) -> None:
    assert talk(server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == b""
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbQ==\r\n\r\n"
    assert status_of(talk(server, ALIVE + upgrade)) == 200


def test_a_body_over_the_limit_ends_the_connection_and_takes_no_memory(server: Server) -> None:
    assert_problem(talk(server, POST + f"Content-Length: {LARGEST + 1}\r\n\r\n".encode()), 413, "content_too_large")
    expecting = POST + b"Expect: 100-continue\r\nContent-Length: 100000000\r\n\r\n"
    assert_problem(talk(server, expecting), 413, "content_too_large")
    before = server.memory()
    endless = [POST + CHUNKED + b"\r\n", *[CHUNK] * 800]
    declared = [POST + b"Content-Length: 52428800\r\n\r\n", *[CHUNK] * 800]
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda parts: talk(server, *parts), [endless, declared] * 10))
    assert server.memory() - before < 20 * 2**20
    for said in answers:
        assert said == b"" or status_of(said) == 413  # a reset may overtake the answer
    assert any(answers)


def test_a_read_that_brings_a_body_is_closed_with_its_answer(server: Server) -> None:
    said = talk(server, ME + HOST + CHUNKED + b"\r\n", *[CHUNK] * 100)
    assert said == b"" or status_of(said) == 401


def drip(server: Server, first: bytes, more: bytes, seconds: float) -> float:
    """Seconds until the server closes on one who sends a byte every tenth of a second."""
    started = time.monotonic()
    with server.connect() as connection:
        connection.sendall(first)
        connection.settimeout(0.1)
        while (passed := time.monotonic() - started) < seconds:
            try:
                connection.sendall(more)
                if not connection.recv(65_536):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
    return passed


def test_the_slow_are_closed_while_others_are_served(server: Server) -> None:
    slow: Iterable[tuple[bytes, bytes, float]] = [
        (b"", b"", HEADER_TIMEOUT),  # says nothing
        (b"GET /livez HTTP/1.1\r\nX: ", b"a", HEADER_TIMEOUT),
        (ALIVE + b"\r\n", b"", HEADER_TIMEOUT),  # was answered and stays
        (POST + b"Content-Length: 1000\r\n\r\n{", b" ", BODY_TIMEOUT),
        (POST + CHUNKED + b"\r\n1\r\n{\r\n", b"1\r\n \r\n", BODY_TIMEOUT),
    ]
    alone = sorted(_time_of_a_request(server) for _ in range(50))
    with ThreadPoolExecutor(100) as pool:
        waiting = [(pool.submit(drip, server, first, more, 15), limit) for first, more, limit in [*slow] * 20]
        time.sleep(0.3)
        beside = sorted(_time_of_a_request(server) for _ in range(50))
        took = [(one.result(), limit) for one, limit in waiting]
    assert beside[45] < max(2 * alone[45], 0.25)
    for seconds, limit in took:
        assert seconds < limit + 3
    until(lambda: len(_connections(server)) == 0, 5, "no connection left")


def _time_of_a_request(server: Server) -> float:
    started = time.perf_counter()
    assert server.is_alive()
    return time.perf_counter() - started


def _connections(server: Server) -> list[object]:
    return [
        one
        for process in family(server.pid)
        for one in process.net_connections("tcp")
        if one.status == psutil.CONN_ESTABLISHED and one.laddr.port == server.port
    ]


def test_a_slow_body_is_told_why(server: Server) -> None:
    assert_problem(talk(server, POST + b"Content-Length: 10\r\n\r\n{"), 408, "request_timeout")
