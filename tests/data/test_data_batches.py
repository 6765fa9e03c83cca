"""The restricted reader of pickled batches."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from naslib_edd.data.batches import read_batch
from naslib_edd.errors import DataMissing, UserError


@pytest.mark.parametrize("style", ["python2", "2", "3", "4"])
def test_reads_what_pickle_reads(
    tmp_path: Path, write_batch: Callable[..., None], style: str
) -> None:
    rng = np.random.default_rng(1)
    data = rng.integers(0, 256, (5, 48), dtype=np.uint8)
    path = tmp_path / "batch"
    write_batch(path, data, [3, 1, 4, 1, 5], "labels", style)
    with path.open("rb") as file:
        trusted = pickle.load(file, encoding="latin1")
    np.testing.assert_array_equal(trusted["data"], data)  # the writer of the test is right
    pixels, labels = read_batch(path, "labels")
    np.testing.assert_array_equal(pixels, data)
    assert labels.tolist() == trusted["labels"] == [3, 1, 4, 1, 5]
    assert labels.dtype == np.int64


def test_fortran_order(tmp_path: Path) -> None:
    data = np.asfortranarray(np.arange(12, dtype=np.uint8).reshape(3, 4))
    path = tmp_path / "batch"
    path.write_bytes(pickle.dumps({b"data": data, b"labels": np.arange(3, dtype=">i4")}, 4))
    pixels, labels = read_batch(path, "labels")
    np.testing.assert_array_equal(pixels, data)
    assert labels.tolist() == [0, 1, 2]


class _Attack:
    def __init__(self, call: object, *arguments: object) -> None:
        self.call = (call, arguments)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.call


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_malicious_pickle_is_refused(tmp_path: Path, protocol: int) -> None:
    mark = tmp_path / "mark"
    path = tmp_path / "batch"
    content = {"data": _Attack(os.system, f"touch {mark}"), "labels": [1]}
    path.write_bytes(pickle.dumps(content, protocol))
    with pytest.raises(UserError, match=r"refused.*system"):
        read_batch(path, "labels")
    assert not mark.exists()
    pickle.loads(path.read_bytes())  # the attack does work on a reader without the list
    assert mark.exists()


@pytest.mark.parametrize(
    "call", [(eval, "1"), (getattr, 1, "real"), (np.load, "x"), (np.frombuffer, b"ab")]
)
def test_only_the_list_is_callable(tmp_path: Path, call: tuple[object, ...]) -> None:
    path = tmp_path / "batch"
    path.write_bytes(pickle.dumps({"data": _Attack(*call), "labels": []}, 4))
    with pytest.raises(UserError, match="refused"):
        read_batch(path, "labels")


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "not a readable batch"),
        (b"\x80\x04 nonsense", "not a readable batch"),
        (pickle.dumps([1, 2]), "no dictionary"),
        (pickle.dumps({"labels": [1]}), "no 'data'"),
        (pickle.dumps({"data": np.zeros((2, 3), np.uint8)}, 4), "no 'labels' for its 2"),
        (pickle.dumps({"data": np.zeros((2, 3), np.uint8), "labels": [1]}, 4), "no 'labels'"),
        (pickle.dumps({"data": np.zeros((2, 3)), "labels": [1, 2]}, 4), "no 'data'"),
        (pickle.dumps({"data": np.array([[None]]), "labels": [1]}, 4), "an array of type 'O8'"),
        (pickle.dumps({"data": np.zeros((1, 3), np.uint8), "labels": ["a"]}, 4), "integers"),
        (pickle.dumps({"data": np.zeros((1, 3), np.uint8), "labels": [2**70]}, 4), "integers"),
        # Cut short in the middle of the pixels.
        (pickle.dumps({"data": np.zeros((9, 3), np.uint8)}, 4)[:-20], "not a readable batch"),
    ],
)
def test_other_files_are_explained(tmp_path: Path, content: bytes, match: str) -> None:
    path = tmp_path / "batch"
    path.write_bytes(content)
    with pytest.raises(UserError, match=match) as caught:
        read_batch(path, "labels")
    assert str(path) in str(caught.value)


def test_wrong_shape_for_the_bytes(tmp_path: Path) -> None:
    good = pickle.dumps({"data": np.zeros((2, 3), np.uint8), "labels": [1, 2]}, 4)
    assert good.count(b"K\x02K\x03\x86") == 1  # the shape
    path = tmp_path / "batch"
    path.write_bytes(good.replace(b"K\x02K\x03\x86", b"K\x09K\x09\x86"))
    with pytest.raises(UserError, match="not a readable batch"):
        read_batch(path, "labels")


def test_missing_batch(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="data_batch_3"):
        read_batch(tmp_path / "data_batch_3", "labels")
