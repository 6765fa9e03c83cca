"""Small sweeps that tests cut off, and what their records say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from helpers import tiny_settings

from naslib_edd.storage.record import read_rows, without_timings


def write(folder: Path, out: str, **keys: Any) -> Path:
    """A sweep of two tiny searches, whose records go below ``folder/out``."""
    search = {"checkpoint_seconds": 0, "epochs": 3}
    (folder / "base.yaml").write_text(yaml.safe_dump(tiny_settings(folder / out, search=search)))
    path = folder / f"{out}.yaml"
    given = {"config": "base.yaml", "seeds": 2, "jobs": 2, "out_dir": str(folder / out), **keys}
    path.write_text(yaml.safe_dump(given))
    return path


def records(out: Path) -> dict[str, Any]:
    """Folder of a run -> its rows but for the seconds."""
    return {
        str(path.parent.relative_to(out)): [without_timings(row) for row in read_rows(path)]
        for path in sorted(out.glob("**/record.jsonl"))
    }


def searches_of(out: Path) -> list[int]:
    """Process ids of the searches that write below a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if f"out_dir={out}".encode() in words:
            found.append(int(entry.name))
    return found
