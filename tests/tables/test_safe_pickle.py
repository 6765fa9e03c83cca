"""No file gets to run code, whichever format it pretends to be."""

from __future__ import annotations

import bz2
import io
import os
import pickle
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from naslib_edd.errors import UserError
from naslib_edd.tables import Table, safe_pickle


class Evil:
    """Makes a folder when it is unpickled by a trusting reader."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.trace),)


def refuses(path: Path, trace: Path, wanted: str = "mkdir") -> None:
    with pytest.raises(UserError, match=f"wants the global '[a-z_]+.{wanted}'") as caught:
        Table.open(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)
    assert not trace.exists()


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return tmp_path / "trace-of-evil"


def test_the_danger_is_real(trace: Path) -> None:
    pickle.loads(pickle.dumps(Evil(trace)))
    assert trace.is_dir()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_plain_pickle(tmp_path: Path, trace: Path, protocol: int) -> None:
    path = tmp_path / "nb201_cifar10_full_training.pickle"
    path.write_bytes(pickle.dumps({"|…|": Evil(trace)}, protocol=protocol))
    refuses(path, trace)


def test_a_packed_pickle(tmp_path: Path, trace: Path) -> None:
    path = tmp_path / "x.pickle.pbz2"
    path.write_bytes(bz2.compress(pickle.dumps(Evil(trace))))
    refuses(path, trace)


@pytest.mark.parametrize("name", ["meta", "000000"])
def test_a_folder(nats_folder: Path, trace: Path, name: str) -> None:
    path = nats_folder / f"{name}.pickle.pbz2"
    path.write_bytes(bz2.compress(pickle.dumps({"meta_archs": Evil(trace)})))
    with pytest.raises(UserError, match=rf"{name}\.pickle\.pbz2 wants the global '[a-z_]+.mkdir'"):
        Table.open(nats_folder)
    assert not trace.exists()


@pytest.mark.parametrize("zipped", [True, False])
def test_a_torch_file(write_pth: Callable[..., Path], trace: Path, zipped: bool) -> None:
    refuses(write_pth(content={"meta_archs": Evil(trace)}, zipped=zipped), trace)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_torch_file_with_a_class_of_its_own(
    write_pth: Callable[..., Path], trace: Path, zipped: bool
) -> None:
    refuses(write_pth(content={"meta_archs": io.BytesIO(b"")}, zipped=zipped), trace, "BytesIO")


def test_an_array_file(tmp_path: Path, trace: Path, arrays: dict[str, np.ndarray]) -> None:
    path = tmp_path / "t.npz"
    np.savez(path, **arrays, evil=np.array([Evil(trace)]))
    with pytest.raises(UserError, match="Python objects in 'evil'"):
        Table.open(path)
    assert not trace.exists()


@pytest.mark.parametrize("wanted", ["eval", "getattr", "__import__", "exec", "open"])
def test_builtins_that_are_not_data(wanted: str) -> None:
    data = f"cbuiltins\n{wanted}\n.".encode()
    with pytest.raises(UserError, match=f"'builtins.{wanted}'"):
        safe_pickle.load(io.BytesIO(data), Path("x"))


def test_a_name_with_line_breaks_stays_on_one_line() -> None:
    data = b"\x80\x04\x8c\x02os\x8c\x07sys\ntem\x93."
    with pytest.raises(UserError, match=r"'os\.sys tem'") as caught:
        safe_pickle.load(io.BytesIO(data), Path("x"))
    assert "\n" not in str(caught.value)


def test_weights_get_a_hint(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    path = tmp_path / "full"
    path.write_bytes(pickle.dumps({"net_state_dict": torch.zeros(2)}))
    with pytest.raises(UserError, match=r"'torch\..*the '-simple' ones"):
        Table.open(path)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_data_comes_back(protocol: int) -> None:
    factory: defaultdict[str, list[int]] = defaultdict(list, {"a": [1]})
    content = {
        "dict": {("cifar10", 777): [1.5, None, True, b"bytes", {"x"}, frozenset({2})]},
        "ordered": OrderedDict([("200", 1), ("12", 2)]),
        "default": factory,
        "scalars": [np.float64(1.25), np.float32(0.5), np.int64(3), np.bool_(True)],
        "array": np.arange(6.0).reshape(2, 3),
        "strings": np.array(["a", "bc"]),
    }
    data = pickle.dumps(content, protocol=protocol)
    found = safe_pickle.load(io.BytesIO(data), Path("x"))
    for name in ("dict", "ordered", "default", "scalars"):
        assert found[name] == content[name]
        assert type(found[name]) is type(content[name])
    assert [type(value) for value in found["scalars"]] == [
        type(value)
        for value in content["scalars"]  # type: ignore[attr-defined]
    ]
    np.testing.assert_array_equal(found["array"], content["array"])
    np.testing.assert_array_equal(found["strings"], content["strings"])


def test_numpy_by_its_old_name() -> None:
    # As NumPy 1 wrote it: numpy.core, where NumPy 2 has numpy._core.
    data = pickle.dumps(np.float64(0.1), protocol=2).replace(b"numpy._core", b"numpy.core")
    assert b"numpy.core" in data
    assert safe_pickle.load(io.BytesIO(data), Path("x")) == 0.1


def test_only_one_codec() -> None:
    data = b"c_codecs\nencode\n(Vtext\nVrot13\ntR."
    with pytest.raises(UserError, match="encoding 'rot13'"):
        safe_pickle.load(io.BytesIO(data), Path("x"))
