"""Short-lived tokens for keys: RFC 6749, and no better than the key behind them."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from sqlalchemy import text

from api.access.tokens import Tokens
from programme.services import clients
from tests.world import Caller, World

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def ask(world: World, form: Any, **headers: str) -> Any:
    body = form if isinstance(form, bytes) else urlencode(form).encode()
    return await world.nobody.request("POST", "/oauth/token", content=body, headers=FORM | headers)


def shown(caller: Caller, **more: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": str(caller.client_id),
        "client_secret": str(caller.key),
        **more,
    }


def basic(name: str | None, password: str | None) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{name}:{password}".encode()).decode()}


async def test_a_key_gives_a_token_that_calls_for_a_quarter_of_an_hour(world: World) -> None:
    supervisor = await world.caller("supervisor")
    for given in (
        await ask(world, shown(supervisor, scope="certificates.read")),
        await ask(world, {"grant_type": "client_credentials"}, **basic(supervisor.client_id, supervisor.key)),
    ):
        assert (given.status_code, given.headers["cache-control"], given.headers["pragma"]) == (
            200,
            "no-store",
            "no-cache",
        )
        token = given.json()
        assert (token["token_type"], token["expires_in"]) == ("Bearer", 900)
        me = (await Caller(world.http, token["access_token"], None).get("/v1/me")).json()
        assert (me["client_id"], me["credential"]) == (supervisor.client_id, "access_token")
        assert token["scope"].split() == me["permissions"]


async def test_a_token_ends_with_its_key_and_with_its_client(world: World) -> None:
    ops = await world.caller("ops")
    for end in ("revoke", "disable"):
        partner = await world.caller("partner", another=len(end))
        token = Caller(world.http, (await ask(world, shown(partner))).json()["access_token"], None)
        assert (await token.get("/v1/me")).status_code == 200
        if end == "revoke":
            key_id = str(partner.key).split("_")[1]
            await ops.post(f"/v1/clients/{partner.client_id}/keys/{key_id}/revoke")
        else:
            await ops.move(f"/v1/clients/{partner.client_id}", "disable")
        assert (await token.get("/v1/me")).status_code == 401
        assert (await ask(world, shown(partner))).json()["error"] == "invalid_client"


async def test_a_token_lives_no_longer_than_its_key(world: World) -> None:
    partner = await world.caller("partner")
    async with world.at_work() as work:
        await work.session.execute(
            text("update api_key set expires_at = clock_timestamp() + interval '1 minute' where client_id = :id"),
            {"id": UUID(str(partner.client_id))},
        )
    assert 50 <= (await ask(world, shown(partner))).json()["expires_in"] <= 60


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        (b"grant_type", 400, "invalid_request"),
        (b"grant_type=%ff", 400, "invalid_request"),
        (b"grant_type=\xff", 400, "invalid_request"),
        (b"grant_type=client_credentials&grant_type=client_credentials", 400, "invalid_request"),
        (b"&".join([b"a=b"] * 30), 400, "invalid_request"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"}, 401, "invalid_client"),
        (
            {"grant_type": "client_credentials", "client_id": "x", "client_secret": "kk_000000000000_" + "A" * 43},
            401,
            "invalid_client",
        ),
    ],
)
async def test_refusals_speak_the_words_of_the_rfc(world: World, form: Any, status: int, error: str) -> None:
    refused = await ask(world, form)
    problem = refused.json()
    assert (refused.status_code, problem["error"], problem["code"]) == (status, error, error)
    assert problem["error_description"]
    assert refused.headers["cache-control"] == "no-store"
    assert refused.headers.get("www-authenticate") == ('Basic realm="kokybe"' if status == 401 else None)


async def test_a_key_shown_oddly_gives_no_token(world: World) -> None:
    partner, other = await world.caller("partner"), await world.caller("partner", another=1)
    wanted = {"grant_type": "client_credentials"}
    for form, headers, error in (
        (shown(partner) | {"client_id": str(other.client_id)}, {}, "invalid_client"),
        (shown(partner), basic(partner.client_id, partner.key), "invalid_request"),
        (wanted, {"Authorization": f"Bearer {partner.key}"}, "invalid_client"),
        (wanted, {"Authorization": "Basic ???"}, "invalid_client"),
        (wanted, {"Authorization": "Basic " + b64encode(b"alone").decode()}, "invalid_client"),
        (wanted | {"client_id": str(other.client_id)}, basic(partner.client_id, partner.key), "invalid_client"),
        (wanted, {"Content-Type": "application/json"}, "invalid_request"),
    ):
        assert (await ask(world, form, **headers)).json()["error"] == error
    in_the_address = await world.nobody.request(
        "POST", f"/oauth/token?{urlencode(shown(partner))}", content=b"", headers=FORM
    )
    assert in_the_address.json()["error"] == "invalid_request"
    token = (await ask(world, shown(partner))).json()["access_token"]
    assert (await ask(world, shown(partner) | {"client_secret": token})).json()["error"] == "invalid_client"


async def test_a_token_that_is_not_ours_or_not_now_is_refused(world: World) -> None:
    partner = await world.caller("partner")
    other = await clients.create_client(world.database, "coordinator", "Kita")
    key_id = str(partner.key).split("_")[1]
    async with world.at_work() as work:
        now = int((await work.session.execute(text("select extract(epoch from clock_timestamp())"))).scalar_one())
    ours: OctKey = Tokens(world.app.state.settings.secret)._key
    good = {"iss": "kokybe", "sub": str(partner.client_id), "key": key_id, "iat": now, "exp": now + 60}
    header = {"alg": "HS256", "typ": "at+jwt"}

    async def status(claims: dict[str, Any], key: OctKey = ours, **more: Any) -> int:
        algorithms = ["HS256", "HS512"]
        made = jwt.encode(header | more, claims, key, algorithms=algorithms, default_type=None)
        return int((await Caller(world.http, made, None).get("/v1/me")).status_code)

    assert await status(good) == 200
    assert await status(good, OctKey.import_key(b"another key of the right length!")) == 401
    assert await status(good, alg="HS512") == 401
    assert await status(good, typ="JWT") == 401
    assert await status(good, kid="1") == 401
    for change in (
        {"exp": now - 1}, {"exp": None}, {"exp": "later"}, {"exp": float(now) * 1e30, "nbf": now + 60}, {"iat": now + 60},
        {"sub": other["client_id"]}, {"key": other["key_id"]}, {"key": "nothing"},
    ):  # fmt: skip
        assert await status(good | change) == 401, change
    assert await status({name: value for name, value in good.items() if name != "exp"}) == 401


@pytest.mark.parametrize(("header", "claims"), [("[]", "{}"), ("{}", "[]"), ("1", "{}"), ("{}", "null")])
async def test_what_only_looks_like_a_token_is_nobodys(world: World, header: str, claims: str) -> None:
    parts = [urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in (header, claims, "signature")]
    answer = await world.http.get("/v1/me", headers={"Authorization": f"Bearer {'.'.join(parts)}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credential")
