"""How long the page of a result takes to be written and to open, with made-up predictions of many clips.

    python tests/benchmarks/pages.py [CLIPS]

Prints seconds by the clock and of the processor, the page's size, and milliseconds until a browser has loaded it.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from fusion.report import result_page
from tests.support.browser import chromium, opened
from tests.support.results import made_up_result

CLASSES = tuple(["cel", "cla", "flu", "gac", "gel", "org", "pia", "sax", "tru", "vio", "voi"])


def main(clips: int) -> None:
    """Write a page twice, as the first time imports, and open it three times."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "large" / "0123456789ab"
        metrics, files = made_up_result(folder, clips, CLASSES, values=8)
        for name in ("first, with imports", "again"):
            clock, processor = time.perf_counter(), time.process_time()
            result_page.write(folder, metrics, files)
            taken = time.perf_counter() - clock, time.process_time() - processor
            print(f"write, {name}: {taken[0]:.2f} s, {taken[1]:.2f} s of the processor")
        page = folder / "report.html"
        print(f"size: {page.stat().st_size / 1e6:.2f} MB")
        with chromium() as browser:
            for _ in range(3):
                with opened(browser, page) as tab:
                    taken_ms = tab.evaluate("performance.timing.loadEventEnd - performance.timing.navigationStart")
                print(f"open: {taken_ms} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2874)
