"""C++ kernels or PyTorch's passes: by setting, by measurement, or as a run began.

And with the kernels, our own convolutions or PyTorch's: by measurement, or as a run began.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any, Literal

import torch
import torch.nn.functional as F

from naslib_edd.config.settings import SearchSettings
from naslib_edd.config.settings.relaxation import SAMPLED
from naslib_edd.engine.build.network import make_supernet
from naslib_edd.errors import UserError
from naslib_edd.storage.version import __version__
from naslib_edd.supernet.native import build, cache, taking
from naslib_edd.supernet.native.choice import VARIABLE, override
from naslib_edd.supernet.native.targets import AVX512, target

#: The usual choice is left only for a gain of so much, so that noise does not decide.
GAIN = 1.1
#: Numbers in a node's value from which on both are measured. Below, calls count for more than
#: passes, and the kernels need fewer: 1.34 to 1.56 times as fast wherever it was measured,
#: in fp32.
LEAST = 2**18
#: What checkpoints say that were written before the kernels took bf16, whatever was asked for.
NO_BF16 = "the C++ kernels know no bf16"
#: What is measured; see :func:`race`.
NAMES = ("own", "on", "off")
#: Rounds of a measurement, and the seconds after which it ends if it has three.
ROUNDS, SECONDS = 9, 1.5


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Whether a search's steps run on the C++ kernels.

    Attributes:
        on: they do.
        instructions: what they are built for (or would be).
        why: what decided.
        convolutions: with the kernels, whose: our own where there are such, or PyTorch's.
    """

    on: bool
    instructions: str
    why: str
    convolutions: Literal["own", "pytorch"] = "pytorch"

    def taken(self) -> AbstractContextManager[None]:
        """Inside it steps run so."""
        return taking(self.on, own=self.convolutions == "own")

    def as_dict(self) -> dict[str, Any]:
        """For records and checkpoints."""
        return asdict(self)

    def __str__(self) -> str:
        if not self.on:
            return f"PyTorch only, no C++ kernels: {self.why}"
        own = " and convolutions" if self.convolutions == "own" else ""
        return f"C++ kernels{own}, {self.instructions}: {self.why}"


def choose(
    search: SearchSettings,
    *,
    device: torch.device,
    size: int,
    usable: bool = True,
    raced: bool = True,
) -> Choice:
    """What a search takes.

    Args:
        search: its settings.
        device: where it runs.
        size: height and width of its images.
        usable: whether the space's networks have kernels.
        raced: whether the network that is measured, NAS-Bench-201's, is the search's.

    Raises:
        UserError: kernels are asked for that are not to be had.
    """
    if device.type != "cpu":
        return _made(False, "they are a CPU's")
    if not usable:
        return _made(False, "this space's networks have none")
    halved = search.precision != "fp32"
    if halved and not (raced and _whole(search) and search.drop_path == 0):
        return _made(False, "with bf16 they run whole steps of NAS-Bench-201's supernet only")
    wanted, by = override(), VARIABLE
    if wanted is None and search.kernels != "auto":
        wanted, by = search.kernels == "on", "search.kernels"
    if wanted is False:
        return _made(False, by)
    if build.built() is None:
        if by == "search.kernels" and wanted:
            raise UserError(f"search.kernels: on: they cannot be had ({build.why_not()}); use auto")
        return _made(False, build.why_not())
    if wanted:
        return _made(True, by)
    if not raced or not _measurable(search, size):
        return _made(target().usual, "usual")
    return _measured(search, size)


def gone_on(now: Choice, saved: Mapping[str, Any] | None, *, precision: str = "fp32") -> Choice:
    """What a resumed search takes: as its checkpoint has it, so that it stays equal bit for bit.

    Args:
        now: what it would take.
        saved: :meth:`Choice.as_dict` of the checkpoint; None in those of before there was a choice.
        precision: of the search.
    """
    if precision != "fp32" and (saved is None or saved["why"] == NO_BF16):
        return now if not now.on else _made(False, f"{NO_BF16} when the run began")
    if saved is None:
        saved = _made(target() is AVX512 and build.built() is not None, "usual").as_dict()
    if now.on == saved["on"]:
        return now if now.instructions != saved["instructions"] else _restored(saved)
    if now.why in (VARIABLE, "search.kernels") or build.built() is None:
        with_them = "with" if saved["on"] else "without"
        return replace(now, why=f"{now.why}; the run began {with_them} C++ kernels")
    return replace(_restored(saved), instructions=target().name)


def _restored(saved: Mapping[str, Any]) -> Choice:
    return Choice(
        on=saved["on"], instructions=saved["instructions"], why=saved["why"],
        convolutions=saved.get("convolutions", "pytorch"),  # of before there were others
    )  # fmt: skip


def _made(on: bool, why: str, *, own: bool | None = None) -> Choice:
    own = on and (target().convolves if own is None else own)
    convolutions: Literal["own", "pytorch"] = "own" if own else "pytorch"
    return Choice(on=on, instructions=target().name, why=why, convolutions=convolutions)


def _measurable(search: SearchSettings, size: int) -> bool:
    """Whether the race below stands for the search's steps, and they are long enough to matter."""
    return _whole(search) and search.batch_size * search.channels * size**2 >= LEAST


def _whole(search: SearchSettings) -> bool:
    """Whether a step goes through all of the fast supernet."""
    whole = search.supernet == "fast" and search.partial_channels == 1
    return whole and search.relaxation not in SAMPLED


def _measured(search: SearchSettings, size: int) -> Choice:
    threads = torch.get_num_threads()
    about = [__version__, build.key(target()), threads, search.channels, search.batch_size, size]
    about += [] if search.precision == "fp32" else [search.precision]
    try:
        name = hashlib.sha256(json.dumps(about).encode()).hexdigest()[:16]
        path = cache.folder() / f"choice_{name}.json"
    except OSError:
        return _verdict(race(search, size))
    seconds = _kept(path, about)
    if seconds is None:
        seconds = race(search, size)
        _keep(path, about, seconds)
    return _verdict(seconds)


def _verdict(seconds: Mapping[str, list[float]]) -> Choice:
    def gain(name: str, over: str) -> float:
        return median(other / one for one, other in zip(seconds[name], seconds[over], strict=True))

    with_them = [name for name in seconds if name != "off"]
    usual = "off" if not target().usual else with_them[0 if target().convolves else -1]
    best = max(seconds, key=lambda name: gain(name, usual))
    chosen = best if gain(best, usual) > GAIN else usual
    if chosen == "off":
        ratio, other = min(gain(chosen, name) for name in with_them), "they"
    else:
        ratio, other = gain(chosen, "off"), "PyTorch's passes"
    return _made(chosen != "off", f"measured {ratio:.2f} times as fast as {other}",
                 own=chosen == "own")  # fmt: skip


def race(search: SearchSettings, size: int) -> dict[str, list[float]]:
    """Seconds of training passes in turn, of one cell a stage.

    ``own``: kernels with our own convolutions, which know no half precision; ``on``: with
    PyTorch's; ``off``: PyTorch's passes.
    """
    names = NAMES if search.precision == "fp32" else NAMES[1:]
    seconds: dict[str, list[float]] = {name: [] for name in names}
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(0)
        supernet = make_supernet(replace(search, cells=1), classes=10)
        supernet.to(memory_format=supernet.memory_format)  # type: ignore[call-overload]
        x = torch.randn(search.batch_size, 3, size, size)
        x = x.contiguous(memory_format=supernet.memory_format)
        labels = torch.zeros(search.batch_size, dtype=torch.int64)
        beta = torch.full((6, 5), 0.2, requires_grad=True)

        def step() -> None:
            F.cross_entropy(supernet(x, beta), labels).backward()

        began = time.perf_counter()
        for number in range(ROUNDS + 1):  # the first warms up
            for name in names if number % 2 else names[::-1]:
                with taking(name != "off", own=name == "own"):
                    started = time.perf_counter()
                    step()
                    if number:
                        seconds[name].append(time.perf_counter() - started)
            if number >= 3 and time.perf_counter() - began > SECONDS:
                break
    return seconds


def _kept(path: Path, about: list[Any]) -> dict[str, list[float]] | None:
    """A measurement of before; None where there is none that is whole."""
    try:
        cache.check_private(path)
        content = json.loads(path.read_bytes())
        body = content["measured"]
        if content["sha256"] != _digest(body) or body["about"] != about:
            return None
        seconds = body["seconds"]
        names = [name for name in NAMES if name in seconds or name != "own"]
        return {name: [float(one) for one in seconds[name]] for name in names}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _keep(path: Path, about: list[Any], seconds: Mapping[str, list[float]]) -> None:
    body = {"about": about, "seconds": dict(seconds)}
    content = json.dumps({"measured": body, "sha256": _digest(body)}, indent=1)
    with suppress(OSError):  # it is measured anew next time
        cache.write_private(path, content.encode() + b"\n")


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
