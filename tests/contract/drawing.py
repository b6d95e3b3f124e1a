"""What schemathesis has to be told before it draws (`SCHEMATHESIS_HOOKS`)."""

import re
from typing import Any

import schemathesis

CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

schemathesis.serializer.alias(
    ["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"], "application/octet-stream"
)


@schemathesis.hook
def filter_headers(_context: Any, headers: dict[str, str]) -> bool:
    """What HTTP takes in a header (RFC 9110, 5.5): a control character is answered by the server with an empty 400, before
    there is a request of which the document could say more."""
    return not any(CONTROL.search(value) for value in (headers or {}).values())
