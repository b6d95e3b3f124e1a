"""What the pages say is so: links lead somewhere, the README's lines answer with the real programme."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from programme import diagrams
from programme.services.loading import load_programme
from tests.world import World

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/decisions/0*.md")), ids=lambda page: page.stem)
def test_a_decision_says_when_to_look_at_it_again(page: Path) -> None:
    assert "**Revisit when**" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", diagrams.DOCUMENTS)
def test_what_roles_may_do_is_printed_from_the_code(name: str) -> None:
    assert (diagrams.DOCS / name).read_text(encoding="utf-8") == diagrams.DOCUMENTS[name]()


async def test_the_three_lines_of_the_readme_answer_with_the_real_certificates(world: World) -> None:
    await load_programme(world.database)
    lines = re.findall(r"^curl -s '([^']+)'", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    addresses = [line.removeprefix("http://127.0.0.1:8000") for line in lines]
    coordinator = await world.caller("coordinator")
    register, found, owed = [(await coordinator.get(address)).json()["items"] for address in addresses]
    assert [(entry["reference"], entry["expires_on"]) for entry in register] == [("LIT2025-001", "2028-02-21")]
    assert register[0]["organisation"]["name"] == "Vaiko gerovės centras „Gynia“"
    assert [(one["reference"], one["expires_on"], one["status"]) for one in found] == [
        ("LIT2021-044", "2024-11-29", "expired")
    ]
    assert found[0]["organisation"]["name"] == "Utenos rajono savivaldybės Leliūnų socialinės globos namai"
    due = {(one["certificate"]["reference"], one["sequence"]): one["due_on"] for one in owed}
    assert due[("LIT2025-001", 2)] == "2027-02-21"
