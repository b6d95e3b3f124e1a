"""People's tokens: believed when an issuer that we trust signed them for us, and then only about who somebody is."""

from __future__ import annotations

import asyncio
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from hmac import digest
from types import SimpleNamespace
from typing import Any

import pytest
from joserfc.errors import SecurityWarning
from joserfc.jwk import RSAKey

from api.access import oidc
from api.access.oidc import Issuer, Issuers
from api.app import create_app
from api.openapi import DOCUMENT
from programme.settings import Settings
from tests.issuer import AUDIENCE, TestIssuer, issuing
from tests.world import Caller, World


@pytest.fixture(scope="module")
def issuer() -> Iterator[TestIssuer]:
    with issuing() as one:
        yield one


@pytest.fixture(scope="module")
def another() -> Iterator[TestIssuer]:
    with issuing() as one:
        yield one


@pytest.fixture
async def trusting(world: World, issuer: TestIssuer, another: TestIssuer, monkeypatch: pytest.MonkeyPatch) -> World:
    """The service as it trusts both issuers and knows Ona, of the first, as a supervisor."""
    monkeypatch.setitem(world.app.state._state, "issuers", Issuers(AUDIENCE, Issuer(issuer.url), Issuer(another.url)))
    ops = await world.caller("ops")
    body = {"name": "Ona", "role": "supervisor", "oidc": {"issuer": issuer.url, "subject": "ona"}}
    made = await ops.post("/v1/clients", body)
    assert made.status_code == 201
    world.ona = made.json()["id"]  # type: ignore[attr-defined]
    issuer.asked = another.asked = 0
    return world


async def who(world: World, token: str) -> Any:
    return await Caller(world.http, token, None).get("/v1/me")


def b64(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.mark.parametrize(("kid", "alg"), [("rsa", "RS256"), ("ec", "ES256"), ("ed", "EdDSA")])
async def test_a_person_comes_with_a_token_and_is_who_our_table_says(
    trusting: World, issuer: TestIssuer, kid: str, alg: str
) -> None:
    token = issuer.token(
        kid, alg, {"typ": "at+jwt"}, role="ops", roles=["ops"], organisation_id="all", aud=["x", AUDIENCE]
    )
    me = (await who(trusting, token)).json()
    assert (me["client_id"], me["role"], me["credential"]) == (trusting.ona, "supervisor", "oidc")  # type: ignore[attr-defined]
    assert (
        await Caller(trusting.http, token, None).post("/v1/clients", {"name": "A", "role": "awarder"})
    ).status_code == 403


async def test_disabling_the_client_ends_the_tokens_of_the_person(trusting: World, issuer: TestIssuer) -> None:
    token = issuer.token()
    assert (await who(trusting, token)).status_code == 200
    await (await trusting.caller("ops")).move(f"/v1/clients/{trusting.ona}", "disable")  # type: ignore[attr-defined]
    assert (await who(trusting, token)).status_code == 401


CLAIMS: list[dict[str, Any]] = [
    {"aud": "another service"}, {"aud": None}, {"aud": []}, {"aud": ["x"]}, {"aud": {AUDIENCE: 1}}, {"aud": 7},
    {"iss": "https://elsewhere.example"}, {"iss": None}, {"iss": 7}, {"iss": ["a"]}, {"iss": "kokybe"},
    {"sub": "jonas"}, {"sub": None}, {"sub": 7}, {"sub": ""}, {"sub": "a\u0000b"},
    {"exp": None}, {"exp": "2030-01-01"}, {"exp": True}, {"exp": 0}, {"exp": -1}, {"exp": time.time() - 31},
    {"nbf": time.time() + 86_400}, {"nbf": "now"}, {"iat": time.time() + 86_400}, {"iat": []},
]  # fmt: skip


@pytest.mark.parametrize("claims", CLAIMS, ids=[str(place) for place in range(len(CLAIMS))])
async def test_a_token_with_other_claims_is_refused(
    trusting: World, issuer: TestIssuer, claims: dict[str, Any]
) -> None:
    assert (await who(trusting, issuer.token(**claims))).status_code == 401


async def test_clocks_may_differ_by_half_a_minute(trusting: World, issuer: TestIssuer) -> None:
    now = time.time()
    for claims in ({"exp": now - 20}, {"nbf": now + 20}, {"iat": now + 20}):
        assert (await who(trusting, issuer.token(**claims))).status_code == 200, claims


HEADERS: list[dict[str, Any]] = [
    {"typ": "dpop+jwt"}, {"typ": "logout+jwt"}, {"typ": 7}, {"kid": 7}, {"kid": None}, {"kid": "nobody's"}, {"kid": ""},
    {"kid": "ec"}, {"kid": "ed"}, {"jku": "http://evil.example/jwks"}, {"x5u": "http://evil.example/x"}, {"x5c": ["a"]},
    {"crit": ["exp"]}, {"crit": ["b64"], "b64": False}, {"zip": "DEF"}, {"cty": "JWT"}, {"alg": "none"}, {"alg": "None"},
    {"alg": "HS256"}, {"alg": "PS256"}, {"alg": "RS512"}, {"alg": ["RS256"]}, {"alg": None}, {"alg": "ES256"},
]  # fmt: skip


async def test_a_token_may_say_all_of_itself_that_leads_nowhere_else(trusting: World, issuer: TestIssuer) -> None:
    token = issuer.token(header={"typ": "at+jwt", "x5t": "c2FtcGxl", "x5t#S256": "c2FtcGxl"})
    assert (await trusting.http.get("/v1/me", headers={"Authorization": f"Bearer {token}"})).status_code == 200


async def test_keys_that_cannot_be_read_anew_are_believed_for_a_day(
    trusting: World, issuer: TestIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await who(trusting, issuer.token())).status_code == 200
    monkeypatch.setattr(issuer, "status", 500)
    read_at = time.monotonic()
    for later, status in ((24 * 3600 - 60, 200), (24 * 3600 + 60, 401)):
        monkeypatch.setattr(oidc, "time", SimpleNamespace(monotonic=lambda later=later: read_at + later))
        assert (await who(trusting, issuer.token())).status_code == status


def test_clocks_differ_by_half_a_minute_and_keys_are_believed_for_a_day() -> None:
    assert oidc.LEEWAY == 30
    assert oidc.REFRESH_AT_MOST_EVERY == 60
    assert oidc.FRESH_FOR == 10 * 60
    assert oidc.KEPT_FOR == 24 * 60 * 60


@pytest.mark.parametrize("header", HEADERS, ids=str)
async def test_a_token_with_another_header_is_refused(
    trusting: World, issuer: TestIssuer, header: dict[str, Any]
) -> None:
    """Signed by the right key in spite of what the header says."""
    key = issuer.keys["rsa"]
    full = {"alg": "RS256", "kid": "rsa", "typ": "JWT", **header}
    if header == {"kid": None}:
        del full["kid"]
    signed = f"{b64(full)}.{b64(issuer.claims())}"
    signature = oidc.JWSRegistry.algorithms["RS256"].sign(signed.encode(), key)
    assert (await who(trusting, f"{signed}.{b64(signature)}")).status_code == 401


async def test_a_token_signed_with_what_everybody_has_is_refused(trusting: World, issuer: TestIssuer) -> None:
    """The public key as a shared secret, a key of one's own in the header, no signature at all."""
    body, public = b64(issuer.claims()), issuer.keys["rsa"].as_pem(private=False)
    confused = f"{b64({'alg': 'HS256', 'kid': 'rsa', 'typ': 'JWT'})}.{body}"
    mine = RSAKey.generate_key(2048, {"kid": "rsa"})
    jwk = f"{b64({'alg': 'RS256', 'kid': 'rsa', 'jwk': mine.as_dict(private=False)})}.{body}"
    plain = f"{b64({'alg': 'RS256', 'kid': 'rsa'})}.{body}"
    lone = f"{b64({'alg': 'RS256', 'kid': 'rsa'})}." + b64(b'{"sub": "\\ud800"}') + ".x"
    sign = oidc.JWSRegistry.algorithms["RS256"].sign
    for token in (
        f"{confused}.{b64(digest(public, confused.encode(), 'sha256'))}",
        f"{jwk}.{b64(sign(jwk.encode(), mine))}",
        f"{plain}.{b64(sign(plain.encode(), mine))}",
        f"{b64({'alg': 'none', 'kid': 'rsa'})}.{body}.",
        f"{plain}.",
        f"{plain}.{b64(b'x' * 256)}",
        issuer.token() + ".x",
        issuer.token()[:-3],
        issuer.token(padding="x" * 9000),
        "a" * 2000 + "." + "b" * 2000 + "." + "c" * 2000,
        f"{b64(b'[' * 3000)}.{body}.x",
        f"{b64(b'not json')}.{body}.x",
        lone,
    ):
        assert (await who(trusting, token)).status_code == 401, token[:80]


async def test_a_key_is_its_issuers_alone(trusting: World, issuer: TestIssuer, another: TestIssuer) -> None:
    """Two issuers with a key of the same name: a token is looked up with the keys of the issuer that it names."""
    assert (await who(trusting, another.token())).status_code == 401, "nobody of ours"
    assert (await who(trusting, another.token(iss=issuer.url))).status_code == 401, "not signed by whom it says"
    assert (await who(trusting, issuer.token())).status_code == 200
    assert (issuer.asked, another.asked) == (1, 1)


async def test_an_issuer_is_asked_once_for_all_who_wait_and_at_most_once_a_minute(
    trusting: World, issuer: TestIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuer, "pause", 0.3)
    began = time.monotonic()
    first = [asyncio.create_task(trusting.app.state.issuers._issuers[issuer.url].key("rsa")) for _ in range(20)]
    await asyncio.sleep(0)
    first[0].cancel()  # who goes away does not take the reading along
    await asyncio.sleep(0.05)
    assert time.monotonic() - began < 0.25, "others are served meanwhile"
    assert all(isinstance(one, RSAKey) for one in await asyncio.gather(*first[1:]))
    issuer.pause = 0.0
    assert issuer.asked == 1
    issuer.keys["new"] = RSAKey.generate_key(2048, {"kid": "new"})
    for _ in range(5):
        assert (await who(trusting, issuer.token("new"))).status_code == 401
    assert issuer.asked == 1, "a name that is not known makes nobody ask sooner"
    monkeypatch.setattr(oidc, "REFRESH_AT_MOST_EVERY", 0.0)
    assert (await who(trusting, issuer.token("new"))).status_code == 200
    assert issuer.asked == 2
    assert (await who(trusting, issuer.token())).status_code == 200
    await asyncio.sleep(0.05)
    assert issuer.asked == 2, "fresh keys are not read anew"
    removed = issuer.keys.pop("new")
    monkeypatch.setattr(oidc, "FRESH_FOR", -1.0)
    old = trusting.app.state.issuers._issuers[issuer.url]
    assert await old.key("rsa") is not None, "aged keys serve while they are read anew"
    await old._reading
    issuer.keys["new"] = removed
    token = issuer.token("new")
    del issuer.keys["new"]
    assert (await who(trusting, token)).status_code == 401


async def test_without_its_issuer_a_token_waits_and_keys_that_are_known_go_on(
    trusting: World, issuer: TestIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 while an issuer was never reached: it may be the right key. Known keys are believed for a day."""
    monkeypatch.setattr(oidc, "REFRESH_AT_MOST_EVERY", 0.0)
    monkeypatch.setattr(issuer, "status", 302)
    refused = await who(trusting, issuer.token())
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    issuer.status = 200
    assert (await who(trusting, issuer.token())).status_code == 200
    issuer.status = 500
    monkeypatch.setattr(oidc, "FRESH_FOR", -1.0)
    assert (await who(trusting, issuer.token())).status_code == 200
    monkeypatch.setattr(oidc, "KEPT_FOR", -1.0)
    assert (await who(trusting, issuer.token())).status_code == 401
    issuer.status = 200


@pytest.mark.parametrize(
    "about",
    [
        {"issuer": "https://elsewhere.example"}, {"jwks_uri": None}, {"jwks_uri": "file:///etc/passwd"}, {"jwks_uri": "http://"},
        {"jwks_uri": 7},
    ],
    ids=str,
)  # fmt: skip
async def test_an_issuer_that_is_not_what_it_should_be_is_not_read(
    trusting: World, issuer: TestIssuer, about: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuer, "about", issuer.about | about)
    assert (await who(trusting, issuer.token())).status_code == 503


@pytest.mark.parametrize(
    "answer", [[], {"keys": 7}, {"keys": [], "more": "a" * 300_000}, "text"], ids=lambda one: str(one)[:20]
)
async def test_what_is_no_key_set_is_not_read(
    trusting: World, issuer: TestIssuer, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuer, "answer", answer or {"none": 1})
    assert (await who(trusting, issuer.token())).status_code == 503


async def test_keys_that_are_weak_or_not_for_signing_are_passed_over(
    trusting: World, issuer: TestIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.warns(SecurityWarning):
        weak = RSAKey.generate_key(1024, {"kid": "weak"})
    others = [
        7, {}, {"kid": "rsa"}, {"kid": "rsa", "kty": "RSA"}, {"kid": "o", "kty": "oct", "k": "AAAA"}, {"kid": "x", "kty": "new"},
        {**issuer.keys["rsa"].as_dict(private=False), "kid": "enc", "use": "enc"}, weak.as_dict(private=False),
        {"kid": "torn", "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
    ]  # fmt: skip
    monkeypatch.setattr(issuer, "answer", {"keys": [*others, *issuer.key_set["keys"]]})
    assert (await who(trusting, issuer.token())).status_code == 200
    assert set(trusting.app.state.issuers._issuers[issuer.url]._keys) == {"rsa", "ec", "ed"}


async def test_a_key_is_used_only_as_its_issuer_means_it(
    trusting: World, issuer: TestIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for_another = {**issuer.keys["rsa"].as_dict(private=False), "kid": "rsa", "alg": "RS512"}
    monkeypatch.setattr(issuer, "answer", {"keys": [for_another]})
    assert (await who(trusting, issuer.token())).status_code == 401


async def test_only_what_an_issuer_says_it_signs_with_is_taken(
    trusting: World, issuer: TestIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    announced = {"id_token_signing_alg_values_supported": ["ES256", "HS256", 7]}
    monkeypatch.setattr(issuer, "about", issuer.about | announced)
    assert (await who(trusting, issuer.token())).status_code == 401
    assert (await who(trusting, issuer.token("ec", "ES256"))).status_code == 200


async def test_waiting_for_an_issuer_holds_no_connection(
    racing_world: World, issuer: TestIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forty callers wait for keys while another is served from a pool of twenty."""
    monkeypatch.setitem(racing_world.app.state._state, "issuers", Issuers(AUDIENCE, Issuer(issuer.url)))
    coordinator = await racing_world.caller("coordinator")
    monkeypatch.setattr(issuer, "pause", 1.0)
    waiting = [asyncio.create_task(who(racing_world, issuer.token())) for _ in range(40)]
    await asyncio.sleep(0.1)
    assert (await coordinator.get("/v1/me")).status_code == 200
    assert not any(one.done() for one in waiting)
    issuer.pause = 0.0
    assert {one.status_code for one in await asyncio.gather(*waiting)} == {401}


async def test_the_issuer_for_trying_out_serves_development(world: World) -> None:
    about = (await world.http.get("/dev/issuer/.well-known/openid-configuration")).json()
    keys = (await world.http.get("/dev/issuer/jwks")).json()["keys"]
    assert [(one["kty"], "d" in one) for one in keys] == [("OKP", False)]
    ops = await world.caller("ops")
    body = {"name": "Ona", "role": "awarder", "oidc": {"issuer": about["issuer"], "subject": "ona"}}
    made = (await ops.post("/v1/clients", body)).json()
    for subject, status in (("ona", 200), ("jonas", 401)):
        token = (await world.http.post("/dev/issuer/token", json={"subject": subject})).json()["access_token"]
        answer = await who(world, token)
        assert answer.status_code == status
        if status == 200:
            assert answer.json()["client_id"] == made["id"]


async def test_production_has_no_such_issuer_and_trusts_none_of_its_tokens(world: World) -> None:
    settings = Settings(
        environment="production", secret_key="nQ7-vT2_xL9rWb4ZkP0sYd6GhJ3mCf8A", database_url="postgresql://db/kokybe",
        redis_url="redis://queue", allowed_hosts=("kokybe.test",),
    )  # fmt: skip
    production = create_app(settings)
    token = (await world.http.post("/dev/issuer/token", json={"subject": "ona"})).json()["access_token"]
    async with World.of(production, world.database) as there:
        for path in ("/dev/issuer/jwks", "/dev/issuer/.well-known/openid-configuration"):
            assert (await there.nobody.get(path)).status_code == 404
        assert (await there.nobody.post("/dev/issuer/token", {"subject": "ona"})).status_code == 404
        assert (await who(there, token)).status_code == 401
    assert "/dev/" not in DOCUMENT.read_text(encoding="utf-8")
