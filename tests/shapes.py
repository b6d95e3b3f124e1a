"""Bad input by the hundred: bodies that cannot be read, values of no field, texts in places where others are meant.

Each table names its shapes, so that a failing one is found. `CANARY` stands in whatever has room for it: no answer may
repeat what was sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from random import Random
from typing import Any, TypeVar
from urllib.parse import quote

from tests.soak import SOAK

T = TypeVar("T")

CANARY = "kanarėlė-7f3a"
ANY_ID = "019ab2c4-0000-7000-8000-000000000001"


def some(shapes: Iterable[T], share: int, of: str) -> list[T]:
    """All shapes in a soak; otherwise one in `share`, others for each operation, the same ones each time."""
    every = list(shapes)
    return every if SOAK else Random(of).sample(every, len(every) // share)


_NUMBERS = [
    "NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e130000", "nan", "inf", "+1", "01", "1.", ".5", "0x10", "1_0", "٣",
    "9" * 400, "9" * 5000, "--1", "1e", "undefined", "True", "None", "'a'", "`a`", "-",
]  # fmt: skip
_BROKEN_TEXTS = [
    '"\\udc00"', '"\\ud800"', '"\\ud800\\ud800"', '"\\u0000"', '"a\\u0000b"', '"\\x41"', '"\\u12"', '"\\u+123"', '"\n"', '"\t"', '"\x01"',
    '"unended', '"\\', "\"a\" \"b\"",
]  # fmt: skip
_BROKEN_WHOLES = {
    "nothing but a space": b" ", "trailing object": b"{}{}", "trailing comma": b'{"a": 1,}', "no value": b'{"a": }',
    "no colon": b'{"a" 1}', "no key": b'{: 1}', "bare key": b"{a: 1}", "single quotes": b"{'a': 1}", "a comment": b"{} // a",
    "a block comment": b"{/* a */}", "cut off": b'{"a": ', "cut off in a text": b'{"a": "b', "wrong bracket": b'{"a": [1}',
    "too many brackets": b"{}}", "byte order mark": b"\xef\xbb\xbf{}", "utf-16": '{"a": 1}'.encode("utf-16"),
    "utf-16 without mark": '{"a": 1}'.encode("utf-16-le"), "utf-32": '{"a": 1}'.encode("utf-32"), "broken utf-8": b'{"a": "\xc3"}',
    "overlong utf-8": b'{"a": "\xc0\xaf"}', "surrogate in utf-8": b'{"a": "\xed\xa0\x80"}', "beyond unicode": b'{"a": "\xf5\x80\x80\x80"}',
    "latin-1": '{"a": "ą"}'.encode("iso-8859-13"), "NUL bytes": b"\0\0\0\0", "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "pickle": b"\x80\x04\x95", "xml": b"<a/>", "a form": b"a=1&b=2", "yaml": b"a: 1\n", "csv": b"a;b\n", "a script": b"alert(1)",
    "duplicate key": b'{"a": 1, "a": 2}', "duplicate key by escape": b'{"a": 1, "\\u0061": 2}',
    "duplicate key below": b'{"a": {"b": 1, "b": 2}}', "lone surrogate as a key": b'{"\\ud800": 1}', "NUL as a key": b'{"\\u0000": 1}',
    "a thousand levels": b"[" * 1000 + b"]" * 1000, "a hundred thousand levels": b"[" * 100_000 + b"]" * 100_000,
    "a thousand objects deep": b'{"a":' * 1000 + b"1" + b"}" * 1000, "endless opening": b"[" * 200_000, "33 levels": b"[" * 33 + b"]" * 33,
}  # fmt: skip
UNREADABLE: dict[str, bytes] = (
    {f"the number {text[:12]}": f'{{"a": {text}}}'.encode() for text in _NUMBERS}
    | {f"the text {text[:12]!r}": f'{{"a": {text}}}'.encode() for text in _BROKEN_TEXTS}
    | _BROKEN_WHOLES
)
"""Bodies that are no JSON that can be kept: 400."""

NO_OBJECTS: dict[str, Any] = {
    "a list": [], "a list of objects": [{}], "a text": CANARY, "an empty text": "", "a number": 7, "a fraction": 0.5, "true": True,
    "false": False, "null": None, "an unknown field": {CANARY: CANARY}, "a prototype": {"__proto__": {"a": 1}},
    "a constructor": {"constructor": {"prototype": {}}}, "a dunder": {"__class__": "x"}, "an empty name": {"": 1},
    "two thousand fields": {f"k{number}": number for number in range(2000)}, "a name of 5000": {"a" * 5000: 1},
    "a pointer": {"a/b~c": 1}, "what is not theirs to say": {"id": ANY_ID, "version": 9, "created_by": CANARY, "actor": {}},
}  # fmt: skip
"""JSON that is not the body of any operation: 422."""

_INVISIBLE = [*range(0x01, 0x09), *range(0x0B, 0x20), *range(0x7F, 0x86), 0xAD, *range(0x200B, 0x2010), *range(0x2028, 0x202F),
              *range(0x2060, 0x2065), *range(0x2066, 0x206A), 0xFEFF, 0xFFF9, 0xFFFE, 0xFFFF, 0x1FFFE, 0xE0001, 0x10FFFF]  # fmt: skip
_DATES = [
    "infinity", "-infinity", "now", "today", "epoch", "0000-00-00", "0001-01-01", "1989-12-31", "2200-01-01", "9999-12-31", "10000-01-01",
    "2026-02-30", "2027-02-29", "2026-13-01", "2026-00-10", "2026-11-00", "2026-11-31", "20261122", "2026-W47-7", "2026-326", "2026-1-2",
    "22.11.2026", "11/22/2026", "2026-11-22T00:00:00Z", "2026-11-22 ", " 2026-11-22", "2026−11−22", "２０２６-11-22", "2026-11-22\n",
    "-2026-11-22", "1763769600",
]  # fmt: skip
_IDS = [
    "0", "1", "-1", "null", "undefined", ANY_ID[:-1], ANY_ID + "0", ANY_ID.replace("-", ""), "{" + ANY_ID + "}", f"urn:uuid:{ANY_ID}",
    ANY_ID.replace("0", "O", 1), "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", f"{ANY_ID}\n", f" {ANY_ID}",
    ANY_ID.replace("0", "０", 1), "LIT2021-044", "lit2021-044'", "EQUASS-2018;", "../EQUASS-2018",
]  # fmt: skip
_ATTACKS = [
    "'; drop table certificate; --", "' or '1'='1", "1; select pg_sleep(10)", "%", "_", "%%%%%%", "\\", "\\%", "\\_", "a' || pg_sleep(9) || 'a",
    "{{7*7}}", "${7*7}", "#{7*7}", "{0.__class__}", "{name}", "%s%s%n", "%(a)s", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>",
    "javascript:alert(1)", "../../etc/passwd", "..\\..\\windows", "/etc/passwd", "file:///etc/passwd", "http://169.254.169.254/", "|id", "`id`",
    "$(id)", "a\r\nSet-Cookie: x=1", "a\nb", "a\tb", "=1+1", "@SUM(A1)", "+1", "-1+1", "(a+)+$", "a" * 5000 + "!", "^(a|a)*$", "[", "(", "*",
    "\\u0000", "%00", "%ff", "%0d%0a", "&lt;", "]]>", "<!--", "<?xml?>", "*)(uid=*", "\U0001f600" * 100, "e\u0301" * 200, "Z\u0351\u036b" * 500,
    "ﷺ" * 50, "İstanbul", "ß", "ﬁ", "Ⅷ", "①",
]  # fmt: skip
_TEXTS = [
    "",
    " ",
    "\u3000",
    "\u00a0",
    "a" * 201,
    "a" * 301,
    "a" * 2001,
    "a" * 20_000,
    "ą" * 10_001,
    "true",
    "false",
    "12",
    "1.5",
    "٣",
    "1_0",
    "1e3",
]
_PLAIN: list[Any] = [
    None, True, False, 0, -0.0, -1, 1, 0.1, 1e308, 5e-324, *(sign * 2**power + more for power, sign, more in product((15, 31, 32, 53, 63, 64), (1, -1), (0, -1))),
    10**300, [], [None], [[]], [[[]]], [{}], {}, {"a": 1}, {"": ""}, {"lt": ""}, {"lt": 1, "en": None}, {"lt": "a"}, {"en": "a"}, {"services": "x"},
    {"services": [], "sites": ["x"]}, {"sites": [None]}, {"unit": 1}, {"$ne": None}, {"$gt": ""}, ["LONG_TERM_CARE"] * 500, ["a"] * 1000, [CANARY],
    {CANARY: CANARY}, [ANY_ID, ANY_ID], [True, 1, "1"],
]  # fmt: skip
VALUES: list[Any] = [
    *_PLAIN, *_TEXTS, *_DATES, *_IDS, *_ATTACKS, *(f"a{chr(code)}b" for code in _INVISIBLE), CANARY, f"{CANARY}@{CANARY}", f"https://{CANARY}/",
]  # fmt: skip
"""JSON values that some field may take and most must not: refused, or no such record."""

TEXTS: list[str] = [
    *(quote(text, safe="") for text in (*_TEXTS[1:], *_DATES, *_IDS, *_ATTACKS) if len(text) < 4000),
    *(quote(f"a{chr(code)}b") for code in _INVISIBLE),
    "%00", "%ff", "%c3", "%c0%af", "%ed%a0%80", "%", "%zz", "%u0041", "a%2fb", "..%2f..", "%2e%2e", ";a=1", "a;b", "+", "%20", "a,,b", ",", quote(CANARY),
]  # fmt: skip
"""Texts as they stand in an address, in the place of an id or of a parameter's value."""

QUERIES: list[str] = [
    "a", "=", "&", "&&", "=1", "a=1&a=2", "%00=1", "%ff=1", quote(CANARY) + "=1", "a[]=1", "a[b]=1", "a[gte]=1", "a[b][c]=1", "[gte]=1", "__proto__=1",
    "limit[gte]=1", "validate_only=true&validate_only=false", "validate_only=maybe", "validate_only", "limit=1&limit=2", "LIMIT=1", "limit%00=1",
    "a" * 2000 + "=1", "&".join(f"a{number}=1" for number in range(500)), "?a=1", "#a", "a=1;b=2", "callback=alert", "_method=DELETE", "page=1", "offset=1",
    "access_token=" + quote(CANARY), "format=xml", "lang=lt", "debug=true", "id=" + ANY_ID, "organisation_id=" + quote(CANARY),
]  # fmt: skip
"""Whole queries that hardly any operation takes."""

_TAGS = [
    b"",
    b"*",
    b"1",
    b'"',
    b'""',
    b'"x"',
    b'W/"1"',
    b'"1", "2"',
    b'"99999999999999999999"',
    b'"-1"',
    b'"1.zz"',
    b'"\xff"',
    b'"1"x',
    b"'1'",
    b'"1" ' * 500,
]
_KEYS = [
    b"", b" ", b"Bearer", b"Bearer ", b"Basic YTpi", b"Digest x", b"bearer kk_", b"Bearer kk_000000000000_" + b"A" * 43, b"Bearer " + b"a" * 7000,
    b"Bearer kk_000000000000_" + b"A" * 42, b"Bearer kk_000000000000_" + b"A" * 44, b"Bearer  kk_a_b", b"Bearer eyJhbGciOiJub25lIn0.e30.",
    b"Bearer a.b.c", b"Bearer a.b.c.d.e", b"Bearer \xff\xfe", b"Bearer kk_%00", b"Bearer " + CANARY.encode(), b"Token x", b"Bearer a, Bearer b",
    b"\xc4\x85 x", b"Bearer kk_" + "ą".encode() * 12 + b"_" + b"A" * 43,
]  # fmt: skip
HEADERS: list[tuple[bytes, bytes]] = [
    *((b"authorization", value) for value in _KEYS),
    *((b"if-match", value) for value in _TAGS),
    *((b"if-none-match", value) for value in _TAGS),
    *((b"idempotency-key", value) for value in (b"", b" ", b"a" * 256, b"a b", b"\xc4\x85", b"a\tb", CANARY.encode(), b"a" * 6000)),
    *((b"accept-language", value) for value in (b"", b"*", b"xx", b"lt;q=x", b"en;q=1e400", b"en;q=nan", b";", b",,,", b"\xff", b"en;q=-1", b"en-" * 1000)),
    *((b"content-type", value) for value in (
        b"", b"text/plain", b"application/xml", b"multipart/form-data; boundary=x", b"multipart/form-data", b"application/x-www-form-urlencoded",
        b"application/json; charset=utf-16", b"application/json; charset=utf-7", b"application/json, text/plain", b"application/problem+json", b"*/*",
        b"application/", b"json", b"\xff", b"application/json;charset", b"image/png")),
    *((b"content-encoding", value) for value in (b"gzip", b"br", b"deflate", b"zstd", b"identity, gzip", b"x", b"\xff")),
    *((b"accept", value) for value in (b"", b"text/html", b"application/xml", b"*/*;q=0", b"\xff", b"a" * 5000)),
    *((b"host", value) for value in (b"", b"evil.example", b"[", b"kokybe.test@evil.example", b"kokybe.test:x", b"kokybe.test:99999999", b"\xff", b"a" * 5000)),
    *((b"x-forwarded-for", value) for value in (b"", b"x", b"1.1.1.1", b"1.1.1.1, " * 500, b"[::1", b"\xff")),
    *((b"forwarded", value) for value in (b"", b"for", b'for="', b"for=1.1.1.1;" * 500, b"host=evil.example", b"\xff")),
    (b"x-forwarded-host", b"evil.example"), (b"x-forwarded-proto", b"javascript"), (b"x-original-url", b"/v1/me"), (b"x-rewrite-url", b"/v1/me"),
    (b"x-http-method-override", b"DELETE"), (b"x-request-id", CANARY.encode()), (b"traceparent", b"x"), (b"traceparent", b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-00"),
    (b"range", b"bytes=0-1"), (b"range", b"bytes=5-1"), (b"cookie", b"a=" + CANARY.encode()), (b"origin", b"https://evil.example"), (b"origin", b"null"),
    (b"expect", b"100-continue"), (b"te", b"trailers"), (b"upgrade", b"h2c"), (b"connection", b"upgrade"), (b"prefer", b"return=minimal"),
    (b"content-length", b"-1"), (b"content-length", b"x"), (b"content-length", b"9" * 30), (b"if-modified-since", b"x"), (b"date", b"x"), (b"max-forwards", b"x"),
]  # fmt: skip

COUNT = len(UNREADABLE) + len(NO_OBJECTS) + len(VALUES) + len(TEXTS) + len(QUERIES) + len(HEADERS)
