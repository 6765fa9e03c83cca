"""Small runs that tests share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console

from naslib_edd.loop import SearchResult, search


def tiny_settings(out: Path, **top: Any) -> dict[str, Any]:
    """A real EDD search on digits in about a second: C=2, N=1, 96 + 96 images, 3 epochs."""
    settings: dict[str, Any] = {
        "optimizer": "edd_darts",
        "dataset": "digits",
        "out_dir": str(out),
        "threads": 1,
        "device": "cpu",
        "search": {
            "channels": 2,
            "cells": 1,
            "epochs": 3,
            "batch_size": 16,
            "limit_train": 96,
            "limit_val": 96,
        },
    }
    search_settings = top.pop("search", {})
    settings.update(top)
    settings["search"].update(search_settings)
    return settings


def run(settings: dict[str, Any], **options: Any) -> SearchResult:
    """Search in silence and without figures."""
    options = {"figures": False, "console": Console(quiet=True), **options}
    return search(settings, **options)
