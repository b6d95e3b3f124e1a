"""The code of the guides does what they say."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook

GUIDE = (Path(__file__).parents[2] / "docs" / "partners.md").read_text(encoding="utf-8")
SECRET = "whsec_" + "q" * 43 + "="
EVENT = {"type": "certificate.granted", "data": {"reference": "LIT2026-101", "scope": "Leliūnų namai"}}


def code(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)
    assert found, language
    return found[1]


def signed(*secrets: str, at: datetime | None = None) -> tuple[dict[str, str], bytes]:
    body = json.dumps(EVENT, ensure_ascii=False)
    now = at or datetime.now(UTC)
    signatures = " ".join(Webhook(one).sign("019a", now, body) for one in secrets)
    headers = {
        "webhook-id": "019a",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signatures,
    }
    return headers, body.encode()


OTHER = "whsec_" + "z" * 43 + "="


def cases() -> list[tuple[dict[str, str], bytes, bool]]:
    """Messages, and whether each is to be believed."""
    return [
        (*signed(SECRET), True),
        (*signed(OTHER, SECRET), True),
        (*signed(OTHER), False),
        (signed(SECRET)[0], b"{}", False),
        (*signed(SECRET, at=datetime.now(UTC) - timedelta(hours=1)), False),
    ]


def test_the_signature_is_checked_in_python_as_the_guide_says() -> None:
    names: dict[str, Any] = {}
    exec(code("python"), names)
    for headers, body, good in cases():
        assert names["received"](SECRET, headers, body) == (EVENT if good else None)


def test_the_signature_is_checked_in_javascript_as_the_guide_says(tmp_path: Path) -> None:
    node = shutil.which("node")
    assert node, "the guide's JavaScript needs Node"
    (tmp_path / "received.mjs").write_text(code("javascript"), encoding="utf-8")
    asked = [(headers, body.decode()) for headers, body, _ in cases()]
    (tmp_path / "ask.mjs").write_text(
        'import { received } from "./received.mjs";\n'
        f"const asked = {json.dumps(asked)};\n"
        f"console.log(JSON.stringify(asked.map(([headers, body]) => received({json.dumps(SECRET)}, headers, body))));\n",
        encoding="utf-8",
    )
    printed = subprocess.run([node, str(tmp_path / "ask.mjs")], capture_output=True, check=True, text=True).stdout
    assert json.loads(printed) == [EVENT if good else None for *_, good in cases()]
