"""Small files in the official formats, written without the code under test."""

from __future__ import annotations

import json
import pickle
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Array = np.ndarray[Any, Any]


@pytest.fixture(autouse=True)
def _no_real_data(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    # What this machine's user has set must not change what a test sees.
    if request.node.get_closest_marker("data") is None:
        for name in ("DATA", "SPLIT", "CIFAR10", "CIFAR100", "SVHN", "IMAGENET16"):
            monkeypatch.delenv(f"NASLIB_EDD_{name}", raising=False)


def _python2(data: Array, labels: list[int], key: str) -> bytes:
    """The pickle that Python 2 wrote for CIFAR: byte strings, protocol 2, by hand."""

    def text(value: bytes) -> bytes:
        return b"U" + bytes([len(value)]) + value

    def number(value: int) -> bytes:
        return b"J" + struct.pack("<i", value)

    raw = data.tobytes()
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\n"
        + (b"cnumpy\nndarray\n" + number(0) + b"\x85" + text(b"b") + b"\x87R")
        + (b"(" + number(1) + number(data.shape[0]) + number(data.shape[1]) + b"\x86")
        + (b"cnumpy\ndtype\n" + text(b"u1") + number(0) + number(1) + b"\x87R")
        + (b"(" + number(3) + text(b"|") + b"NNN" + number(-1) + number(-1) + number(0) + b"tb")
        + (b"\x89T" + struct.pack("<i", len(raw)) + raw + b"tb")
    )
    numbers = b"](" + b"".join(number(label) for label in labels) + b"e"
    return (
        b"\x80\x02}(" + text(b"data") + array + text(key.encode()) + numbers
        + text(b"batch_label") + text(b"a batch") + b"u."
    )  # fmt: skip


@pytest.fixture
def write_batch() -> Callable[..., None]:
    """Write a batch: ``(path, data [n, d], labels, key, style)``."""

    def write(path: Path, data: Array, labels: list[int], key: str, style: str = "python2") -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if style == "python2":
            path.write_bytes(_python2(data, labels, key))
        else:
            content = {"data": data, key: labels, "mean": np.zeros(3)}
            path.write_bytes(pickle.dumps(content, protocol=int(style)))

    return write


@pytest.fixture
def cifar10(tmp_path: Path, write_batch: Callable[..., None]) -> tuple[Path, dict[str, Array]]:
    """A folder with ``cifar-10-batches-py`` (5 x 8 images, 6 to test) and its content NCHW."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "cifar-10-batches-py"
    data = rng.integers(0, 256, (46, 3072), dtype=np.uint8)
    labels = rng.integers(0, 10, 46)
    for i in range(5):
        part = slice(8 * i, 8 * i + 8)
        write_batch(folder / f"data_batch_{i + 1}", data[part], labels[part].tolist(), "labels")
    write_batch(folder / "test_batch", data[40:], labels[40:].tolist(), "labels")
    images = data.reshape(-1, 3, 32, 32)
    return tmp_path, {
        "x_train": images[:40],
        "y_train": labels[:40],
        "x_test": images[40:],
        "y_test": labels[40:],
    }


@pytest.fixture
def write_split() -> Callable[[Path, Mapping[str, list[int]]], str]:
    """Write a split file in NAS-Bench-201's format; returns its path."""

    def write(path: Path, lists: Mapping[str, list[int]]) -> str:
        path.write_text(json.dumps({k: ["int", [str(i) for i in v]] for k, v in lists.items()}))
        return str(path)

    return write
