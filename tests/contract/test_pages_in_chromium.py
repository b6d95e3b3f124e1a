"""The pages in a real browser: they draw, search and send under their own policy, and ask no other host."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.contract.chromium import Browser, Page, executable

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    executable() is None and "CI" not in os.environ, reason="Chromium is not on this machine; CI installs it"
)


@pytest.fixture(scope="module")
def address(own_database: str) -> Iterator[str]:
    """Where the service is served, by the server that serves it in production."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "KOKYBE_DATABASE_URL": own_database,
        "KOKYBE_SECRET_KEY": "for tests only, not a secret at all",
        "KOKYBE_PORT": str(port),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "api"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            deadline = time.monotonic() + 20
            while not listens(port):
                assert server.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = executable()
    assert program is not None, "Chromium is missing"
    with Browser(program, tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.settle()
    elsewhere = [
        url for url in page.requested if urlsplit(url).scheme not in ("data", "blob") and not url.startswith(address)
    ]
    assert elsewhere == []
    assert page.complaints == []


def test_swagger_ui_draws_and_sends(page: Page, address: str) -> None:
    page.open(f"{address}/docs")
    operation = "document.querySelector('[data-path=\"/public/v1/certificates\"]')"
    page.wait_for(f"!!{operation}")
    assert page.evaluate("document.title") == "Kokybė"
    page.wait_for("getComputedStyle(document.querySelector('.info .title')).fontFamily.includes('system-ui')")
    page.evaluate(f"{operation}.closest('.opblock-summary-control').click()")
    # The answers appear when the operation is resolved; before that the button knows no operation.
    page.wait_for("!!document.querySelector('.opblock-body .responses-table tbody .response')")
    page.evaluate("document.querySelector('.btn.execute').click()")
    assert (
        page.wait_for("document.querySelector('.live-responses-table tbody .response-col_status')?.innerText") == "200"
    )
    assert f"{address}/public/v1/certificates" in {url.partition("?")[0] for url in page.requested}


def test_redoc_draws_and_searches(page: Page, address: str) -> None:
    page.open(f"{address}/redoc")
    page.wait_for("!!document.querySelector('.api-content h1')")
    assert page.evaluate("document.title") == "Kokybė"
    page.wait_for("getComputedStyle(document.querySelector('h1')).fontFamily.includes('system-ui')")
    # React hears a value only when it is set through the element's own setter.
    page.evaluate("""(() => {
        const box = document.querySelector('.search-input');
        Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(box, 'certificates');
        box.dispatchEvent(new Event('input', {bubbles: true}));
    })()""")
    page.wait_for("document.querySelectorAll('[data-role=\"search:results\"] li').length > 0")


def test_a_problem_page_draws(page: Page, address: str) -> None:
    page.open(f"{address}/problems/not_found")
    page.wait_for("document.querySelectorAll('h1').length === 2")
    page.wait_for("getComputedStyle(document.body).fontFamily.includes('system-ui')")


def test_the_browser_would_have_complained(browser: Browser, address: str) -> None:
    """The fixture above is worth something only if a breach is heard."""
    page = browser.new_page()
    page.open(f"{address}/docs")
    page.wait_for("!!document.querySelector('.info .title')")
    page.evaluate("document.head.append(Object.assign(document.createElement('style'), {textContent: 'a{}'}))")
    page.evaluate("void fetch('http://127.0.0.2:9/').catch(() => {})")
    page.settle()
    assert any("style-src" in complaint for complaint in page.complaints)
    assert any("connect-src" in complaint for complaint in page.complaints)
