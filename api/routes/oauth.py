"""/oauth/token: a key for a short-lived token (RFC 6749, client credentials)."""

from __future__ import annotations

from base64 import b64decode
from urllib.parse import parse_qsl, unquote_plus

from fastapi import Request
from pydantic import Field
from starlette.responses import Response

from api.access import LONGEST, identify, keys
from api.access.lookup import unknown
from api.access.tokens import Tokens
from api.resources import Resource
from programme.database import Database
from programme.errors import Unauthenticated
from programme.rules.permissions import permissions_of
from programme.sentences import Sentence
from schemas.base import Answer

router = Resource("/oauth", "callers")

_FORM = "application/x-www-form-urlencoded"


class NoToken(Exception):
    """A refusal in the words of RFC 6749, section 5.2: `error` is one of its codes."""

    def __init__(self, error: str, sentence: Sentence) -> None:
        super().__init__(error)
        self.error = error
        self.sentence = sentence


class Token(Answer):
    """A token that stands for the key for a quarter of an hour."""

    access_token: str = Field(description="Send it as `Authorization: Bearer …`.", examples=["eyJhbGciOiJIUzI1NiIs…"])
    token_type: str = Field(default="Bearer", examples=["Bearer"])
    expires_in: int = Field(description="Seconds; fewer than 900 where the key ends before.", examples=[900])
    scope: str = Field(description="The permissions, separated by spaces.", examples=["certificates.read me.read"])


NOT_A_FORM = Sentence(
    lt="Reikia application/x-www-form-urlencoded turinio, kuriame kiekvienas laukas yra vieną kartą.",
    en="An application/x-www-form-urlencoded body is needed in which each field stands once.",
)
NO_GRANT_TYPE = Sentence(lt="Nenurodytas grant_type.", en="grant_type is missing.")
OTHER_GRANT_TYPE = Sentence(
    lt="Galimas tik grant_type=client_credentials.", en="Only grant_type=client_credentials is taken."
)
TWO_WAYS = Sentence(
    lt="Raktą nurodykite vienu būdu: antraštėje Authorization arba turinyje.",
    en="Give the key in one way: in the Authorization header or in the body.",
)
BAD_CLIENT = Sentence(
    lt="Kliento ir rakto pora nežinoma, arba raktas pasibaigęs ar atšauktas.",
    en="This pair of client and key is not known, or the key has expired or was revoked.",
)

_BODY = {
    "required": True,
    "content": {
        _FORM: {
            "schema": {
                "type": "object",
                "required": ["grant_type"],
                "properties": {
                    "grant_type": {"type": "string", "const": "client_credentials", "examples": ["client_credentials"]},
                    "client_id": {
                        "type": "string",
                        "description": "The client's id.",
                        "examples": ["019ab2c4-0000-7000-8000-000000000001"],
                    },
                    "client_secret": {
                        "type": "string",
                        "description": "The whole key, `kk_<id>_<secret>`.",
                        "examples": ["kk_3f9k2m8x1c7q_…"],
                    },
                    "scope": {"type": "string", "description": "Taken, and answered with what the client has."},
                },
            }
        }
    },
}


@router.post(
    "/token",
    response_model=Token,
    summary="Get a short-lived token",
    openapi_extra={"requestBody": _BODY, "security": [{}, {"Basic": []}]},
)
async def get_token(request: Request) -> Response:
    """Gives a token for a key (RFC 6749, client credentials): `client_secret` is the whole key, in the form or, with the
    client's id as the name, by HTTP Basic. The token is looked up with the key behind it at each request, so revoking
    the key or disabling the client ends it at once. Refusals carry `error` and `error_description` as the RFC has them,
    besides what every problem has."""
    client_id, key = _client(request, await _form(request))
    database: Database = request.app.state.database
    try:
        shown = keys.read(key)
        async with database.reading() as connection:
            found = await identify(connection, shown)
        if found.actor.id != client_id.lower():
            raise unknown()
    except Unauthenticated:
        raise NoToken("invalid_client", BAD_CLIENT) from None
    await keys.note_use(database, found.unnoted_key)
    tokens: Tokens = request.app.state.tokens
    token, life = tokens.make(found.actor.id, shown.key_id, found.clock, found.until)
    scope = " ".join(sorted(permissions_of(found.actor.role, found.actor.scopes)))
    answer = Token(access_token=token, expires_in=life, scope=scope)
    headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
    return Response(answer.model_dump_json(), 200, headers, "application/json")


async def _form(request: Request) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    try:
        if kind != _FORM or len(body) > 4 * LONGEST:
            raise ValueError
        fields = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=20
        )
        given = dict(fields)
        if len(given) != len(fields):
            raise ValueError
    except ValueError:
        raise NoToken("invalid_request", NOT_A_FORM) from None
    if not given.get("grant_type"):
        raise NoToken("invalid_request", NO_GRANT_TYPE)
    if given["grant_type"] != "client_credentials":
        raise NoToken("unsupported_grant_type", OTHER_GRANT_TYPE)
    return given


def _client(request: Request, form: dict[str, str]) -> tuple[str, str]:
    """The client's id and the key, from the header or from the form."""
    given = request.headers.getlist("authorization")
    if not given:
        return form.get("client_id", ""), form.get("client_secret", "")
    if "client_secret" in form or len(given) > 1:
        raise NoToken("invalid_request", TWO_WAYS)
    scheme, _, pair = given[0].partition(" ")
    try:
        if scheme.lower() != "basic":
            raise ValueError
        name, colon, key = b64decode(pair, validate=True).decode("ascii").partition(":")
    except ValueError:
        raise NoToken("invalid_client", BAD_CLIENT) from None
    client_id = unquote_plus(name)
    if not colon or form.get("client_id", client_id) != client_id:
        raise NoToken("invalid_client", BAD_CLIENT)
    return client_id, unquote_plus(key)
