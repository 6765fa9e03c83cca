"""Chromium without a window, for tests that look at pages; skipped where there is none."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: What a page tells the one around it: how wide it wants to be, and what a script found.
_TELL = """<script>addEventListener("load", () => setTimeout(() => parent.postMessage(
  JSON.stringify({{wide: document.documentElement.scrollWidth, found: {script}}}), "*"), 300));
</script>"""
_AROUND = """<body style="margin:0"><iframe src="{inner}" style="width:{width}px;height:{height}px;
border:0"></iframe><script>addEventListener("message", (told) => {{
  const pre = document.createElement("pre"); pre.id = "told"; pre.textContent = told.data;
  document.body.append(pre); }});</script>"""


def chromium() -> str:
    """Its path; skips the test where there is none."""
    for name in _NAMES:
        if (path := shutil.which(name)) is not None:
            return path
    pytest.skip("no Chromium on this machine")


def screenshot(page: Path, out: Path, *, width: int, dark: bool, height: int = 1400) -> np.ndarray:
    """A page as a browser of that width shows it; pixels [height, width, 3], from 0 to 1."""
    around = out.with_suffix(".html")
    around.write_text(_AROUND.format(inner=page.as_uri(), width=width, height=height))
    _run(around, out.parent, f"--screenshot={out}", dark=dark, size=(max(width, 600), height))
    image: np.ndarray = matplotlib.image.imread(out)[:, :width, :3]
    return image


def ask(page: Path, script: str, *, width: int) -> str:
    """JSON of ``wide``, the page's own width in pixels, and ``found``, what a script returns."""
    inner, around = page.with_name(f"ask_{page.name}"), page.with_name(f"around_{page.name}")
    text = page.read_text("utf-8")
    inner.write_text(text.replace("</body>", _TELL.format(script=script) + "</body>"), "utf-8")
    around.write_text(_AROUND.format(inner=inner.as_uri(), width=width, height=800))
    dom = _run(around, page.parent, "--dump-dom", dark=False, size=(max(width, 600), 900))
    assert '<pre id="told">' in dom, "the page's script told nothing"
    return dom.split('<pre id="told">')[1].split("</pre>")[0].replace("&quot;", '"')


def _run(page: Path, folder: Path, *options: str, dark: bool, size: tuple[int, int]) -> str:
    done = subprocess.run(
        [
            chromium(), "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            f"--user-data-dir={folder / 'browser'}", f"--window-size={size[0]},{size[1]}",
            f"--blink-settings=preferredColorScheme={0 if dark else 1}",
            "--virtual-time-budget=4000", *options, page.as_uri(),
        ],
        capture_output=True, text=True, timeout=90, check=True,
    )  # fmt: skip
    return done.stdout
