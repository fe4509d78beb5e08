"""Pages in headless Chromium, as people open them from the disk; axe-core says what keeps people from using them.

axe-core 4.14.1 (``axe``, from npm, MPL 2.0) checks a page against WCAG and good practice; it is part of the tests alone.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

AXE = Path(__file__).parent / "axe" / "axe.min.js"
WIDTHS = (360, 768, 1280)


@contextmanager
def chromium() -> Iterator[Any]:
    """Give a headless browser; skip the test where the system has no Chromium or Python no playwright."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra `test`)")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium here; .ci/run installs it")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        )
        yield browser
        browser.close()


@contextmanager
def opened(browser: Any, page: Path, width: int = 1280, dark: bool = False) -> Iterator[Any]:
    """Open a page from the disk without a network; nothing that it says on the console may be an error or a warning."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light", offline=True
    )
    tab = context.new_page()
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("request", lambda request: None if request.url.startswith(("file:", "data:")) else said.append(request.url))
    tab.goto(page.resolve().as_uri())
    yield tab
    context.close()
    assert said == []


def overflow(tab: Any) -> int:
    """Return by how many pixels a page is wider than the screen."""
    return int(tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def hindrances(tab: Any) -> list[str]:
    """Return what axe-core finds that is serious or worse."""
    tab.add_script_tag(path=str(AXE))
    found = tab.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
    return [
        f"{rule['id']}: {rule['help']}: {rule['nodes'][0]['html'][:200]}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ]
