"""On what a run ran: program, processor, threads. A resumed run may have ran on several.

What may change a run's rounding is told and recorded (:func:`here`, :func:`went_on`). What would
make its record one of two searches, other images or another table, is compared
(:func:`depends_on`), and then the run is not gone on with.
"""

from __future__ import annotations

import platform
import subprocess
import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from naslib_edd.errors import UserError
from naslib_edd.storage.version import __version__

if TYPE_CHECKING:
    from naslib_edd.data import SearchData
    from naslib_edd.tables import Table

Place = dict[str, Any]
#: ``images`` and ``table``: a digest of each; None where a run has none.
Digests = dict[str, str | None]


def here(device: torch.device, kernels: Mapping[str, Any] | None = None) -> Place:
    """What may change a run's rounding, or its seconds, beside its config.

    Args:
        device: where the run is.
        kernels: a run's choice of C++ kernels or PyTorch's passes; None where it has none.
    """
    return {
        "version": __version__,
        "commit": _commit(),
        "torch": str(torch.__version__),
        "python": platform.python_version(),
        "processor": _processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "threads": torch.get_num_threads(),
        "kernels": None if kernels is None else dict(kernels),
    }


def went_on(before: Sequence[Mapping[str, Any]], place: Place, *, epoch: int) -> list[Place]:
    """The places of a run so far, and this one from `epoch` (0-based) on, if it is another."""
    places = [dict(one) for one in before]
    last = (
        {key: value for key, value in places[-1].items() if key != "from_epoch"} if places else None
    )
    return places if last == place else [*places, {"from_epoch": epoch, **place}]


def moved(places: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line that says what is other in the last place than in the one before; none for one."""
    if len(places) < 2:
        return []
    before, now = places[-2], places[-1]
    keys = [key for key in now if key != "from_epoch" and before.get(key) != now[key]]
    told = ", ".join(f"{key} {_shown(before.get(key))} → {_shown(now[key])}" for key in keys)
    return [f"goes on elsewhere, so not bit for bit as it would have: {told}"] if keys else []


def _shown(value: Any) -> Any:
    """A choice of kernels in a few words; anything else as it is."""
    if not isinstance(value, Mapping):
        return value
    own = ["own convolutions"] if value.get("convolutions") == "own" else []
    words = [value.get("instructions"), *own, value.get("why")]
    return f"{'on' if value.get('on') else 'off'} ({', '.join(map(str, words))})"


def depends_on(data: SearchData | None, table: Table | None) -> Digests:
    """What a run's record is made from beside its settings, to be compared when it goes on.

    Args:
        data: the images and labels of the search, in its order.
        table: of its accuracies only; other columns may be added to a table.
    """
    return {
        "images": None if data is None else _of_images(data),
        "table": None if table is None else _of_table(table),
    }


def check_depends(before: Mapping[str, Any], now: Digests, path: Path) -> list[str]:
    """Lines about a table that is new or gone.

    Args:
        before: what a checkpoint has; empty of older versions, which compare nothing.
        now: what the run has now.
        path: the checkpoint, for messages.

    Raises:
        UserError: the images are others, or the table has other accuracies.
    """
    if not before:
        return []
    named = (("images", "images", "data"), ("table", "table's accuracies", "table"))
    for key, words, option in named:
        told, found = before.get(key), now[key]
        if told != found and None not in (told, found):
            raise UserError(
                f"cannot resume from {path}: the {words} are not those that the run began with "
                f"(digest {told} there, {found} now); give those with {option}=…, or start over "
                "with --force"
            )
    if before.get("table") == now["table"]:
        return []
    last = "from here on nothing is looked up" if now["table"] is None else "looked up from here on"
    return [f"the run began {'with' if now['table'] is None else 'without'} a table: {last}"]


def _of_images(data: SearchData) -> str:
    found = 0
    for part in (data.train, data.val, data.test):
        for tensor in () if part is None else (part.images, part.labels):
            array = np.ascontiguousarray(tensor.cpu().numpy())
            found = zlib.crc32(array.data, zlib.crc32(repr(array.shape).encode(), found))
    return f"{found:08x}"


def _of_table(table: Table) -> str:
    found = 0
    for name in sorted(table.columns):
        if name.partition("__")[2] in ("val", "test"):
            values = np.ascontiguousarray(table.column(name), dtype=np.float64)
            found = zlib.crc32(values.data, zlib.crc32(name.encode(), found))
    return f"{found:08x}"


@lru_cache(maxsize=1)
def _commit() -> str | None:
    """The commit of the checkout that the package lies in, "+" behind it where it is changed."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    told = [
        _run(["git", "-C", str(root), *command])
        for command in (["rev-parse", "HEAD"], ["status", "--porcelain", "--", "naslib_edd"])
    ]
    return None if told[0] is None else told[0] + "+" * bool(told[1])


@lru_cache(maxsize=1)
def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    if names:
        return names[0]
    if platform.system() == "Darwin":
        return _run(["sysctl", "-n", "machdep.cpu.brand_string"]) or platform.machine()
    return platform.processor() or platform.machine()


def _run(command: list[str]) -> str | None:
    try:
        return subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
