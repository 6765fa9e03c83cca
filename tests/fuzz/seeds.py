"""Small undamaged files of the foreign formats, written without the code under test.

Each function writes its file, and what belongs beside it, into an empty folder, and returns the
file that is to be damaged.
"""

from __future__ import annotations

import bz2
import pickle
import struct
import sys
import types
import zipfile
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

#: Rows 0 to 2 of NAS-Bench-201.
ARCHS = tuple(
    f"|{last}~0|+|avg_pool_3x3~0|avg_pool_3x3~1|+|avg_pool_3x3~0|avg_pool_3x3~1|avg_pool_3x3~2|"
    for last in ("skip_connect", "nor_conv_1x1", "nor_conv_3x3")
)
_EPOCHS = {"12": 3, "200": 4}  # short curves: small files, of which more is structure
_SETS = {
    "cifar10-valid": ("x-valid", "ori-test"),
    "cifar10": ("ori-test",),
    "cifar100": ("x-valid", "x-test", "ori-test"),
    "ImageNet16-120": ("x-valid", "x-test", "ori-test"),
}
_MAGIC, _LAYOUT = 0x1950A86A20F9469CFC6C, 1001


def results(position: int, epochs: str) -> dict[str, Any]:
    """The state of an official ``ArchResults``."""
    rng = np.random.default_rng([position, int(epochs)])
    count = _EPOCHS[epochs]
    runs = {}
    for dataset, sets in _SETS.items():
        for seed in (777, 888)[: 1 + position % 2]:
            runs[dataset, seed] = {
                "name": dataset,
                "seed": seed,
                "epochs": count,
                "params": float(rng.uniform(0.1, 1.5)),
                "flop": float(rng.uniform(8, 200)),
                "net_state_dict": None,
                "train_acc1es": dict(enumerate(rng.uniform(0, 100, count).tolist())),
                "train_times": dict(enumerate(rng.uniform(5, 20, count))),  # NumPy's numbers
                "eval_names": list(sets),
                "eval_acc1es": {
                    f"{name}@{epoch}": float(rng.uniform(0, 100))
                    for name in sets
                    for epoch in range(count)
                },
                "latency": [np.float64(0.01)],
            }
    seeds = {dataset: [seed for name, seed in runs if name == dataset] for dataset in _SETS}
    return {
        "arch_index": position,
        "arch_str": ARCHS[position],
        "all_results": runs,
        "dataset_seed": seeds,
        "clear_net_done": True,
    }


def archive(full: str, less: str) -> dict[str, Any]:
    """What NAS-Bench-201's file and NATS-Bench's big one hold."""
    infos = {i: {full: results(i, "200"), less: results(i, "12")} for i in range(2)}
    return {
        "meta_archs": list(ARCHS),
        "total_archs": len(ARCHS),
        "arch2infos": infos,
        "evaluated_indexes": {0, 1},
    }


def naslib() -> dict[str, Any]:
    """What NASLib's pickle holds."""
    content = {}
    for position, arch in enumerate(ARCHS):
        rng = np.random.default_rng(position)
        content[arch] = {
            dataset: {
                "train_losses": rng.uniform(0, 4, 4).tolist(),
                "eval_acc1es": rng.uniform(0, 100, 4).tolist(),
                "cost_info": {
                    "flops": float(rng.uniform(8, 200)),
                    "params": float(rng.uniform(0.1, 1.5)),
                    "latency": np.float64(0.01),
                    "train_time": np.float64(rng.uniform(5, 20)),
                },
            }
            for dataset in ("cifar10-valid", "cifar100", "ImageNet16-120")
        }
    return content


def torch_zip(data: bytes) -> bytes:
    """A pickle as torch packs it: a zip file with nothing compressed."""
    import io

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in (("data.pkl", data), ("byteorder", b"little"), ("version", b"3\n")):
            file.writestr(zipfile.ZipInfo(f"archive/{name}"), content)
    return buffer.getvalue()


def torch_legacy(data: bytes) -> bytes:
    """A pickle as torch wrote it before version 1.6: the fourth of five."""
    sizes = {"protocol_version": _LAYOUT, "little_endian": True, "type_sizes": {"int": 4}}
    before = b"".join(pickle.dumps(part, 2) for part in (_MAGIC, _LAYOUT, sizes))
    return before + data + pickle.dumps([], 2)


def nb201_pth(folder: Path) -> Path:
    return _write(folder / "nb201.pth", torch_zip(pickle.dumps(archive("full", "less"), 2)))


def nb201_legacy(folder: Path) -> Path:
    return _write(folder / "nb201.pth", torch_legacy(pickle.dumps(archive("full", "less"), 2)))


def naslib_pickle(folder: Path) -> Path:
    return _write(folder / "nb201_full_training.pickle", pickle.dumps(naslib(), 4))


class Architecture:
    """An object of analog-nasbench, by its attributes alone."""


class DriftMeasurement:
    """Likewise."""


def analog(folder: Path) -> Path:
    """What analog-nasbench's ``data.anb`` holds: objects of two classes of its module."""
    content = {}
    for index, ops in enumerate([(1, 0, 2, 3, 4, 0), (2, 2, 2, 2, 2, 2)]):
        item = Architecture()
        for kind in ("baseline", "ptq", "qat", "noisy", "analog"):
            setattr(item, f"{kind}_accuracy", 90.5 + index)
        item.architecture = ops  # type: ignore[attr-defined]
        for kind in ("baseline", "analog"):
            for seconds in (60, 3600, 86400, 2592000):
                drift = DriftMeasurement()
                drift.__dict__ |= {"value": 80.25, "uncertainty": 0.5}
                setattr(item, f"{kind}_drift_{seconds}", drift)
        content[ops] = item
    name = "analognasbench.data"
    module = types.ModuleType(name)
    for made in (Architecture, DriftMeasurement):
        setattr(module, made.__name__, made)
    with (
        mock.patch.dict(sys.modules, {"analognasbench": types.ModuleType("x"), name: module}),
        mock.patch.object(Architecture, "__module__", name),
        mock.patch.object(DriftMeasurement, "__module__", name),
    ):
        return _write(folder / "data.anb", pickle.dumps(content, 4))


def nats_file(folder: Path) -> Path:
    return _write(folder / "nats.pickle.pbz2", bz2.compress(pickle.dumps(archive("200", "12"), 4)))


def nats_architecture(folder: Path) -> Path:
    meta = {"meta_archs": list(ARCHS), "total_archs": len(ARCHS), "arch2infos": None}
    _write(folder / "meta.pickle.pbz2", bz2.compress(pickle.dumps(meta, 4)))
    both = {epochs: results(0, epochs) for epochs in ("12", "200")}
    return _write(folder / "000000.pickle.pbz2", bz2.compress(pickle.dumps(both, 4)))


def nats_meta(folder: Path) -> Path:
    return nats_architecture(folder).with_name("meta.pickle.pbz2")


def _python2(value: Any) -> bytes:
    """A value as Python 2 pickled it in protocol 2, with byte strings."""
    if isinstance(value, str):
        return b"U" + bytes([len(value)]) + value.encode()
    if isinstance(value, int):
        return b"J" + struct.pack("<i", value)
    if isinstance(value, list):
        return b"](" + b"".join(map(_python2, value)) + b"e"
    if isinstance(value, dict):
        return b"}(" + b"".join(_python2(k) + _python2(v) for k, v in value.items()) + b"u"
    raw = value.tobytes()
    return (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n"
        + (_python2(0) + b"\x85" + _python2("b") + b"tR(" + _python2(1))
        + b"".join(map(_python2, value.shape))
        + (b"\x86cnumpy\ndtype\n" + _python2("u1") + _python2(0) + _python2(1) + b"\x87R(")
        + (_python2(3) + _python2("|") + b"NNN" + _python2(-1) + _python2(-1) + _python2(0) + b"tb")
        + (b"\x89T" + struct.pack("<i", len(raw)) + raw + b"tb")
    )


def _batch(size: int, first_label: int, number: int) -> dict[str, Any]:
    rng = np.random.default_rng(number)
    data = rng.integers(0, 256, (2, 3 * size * size), dtype=np.uint8)
    return {"data": data, "labels": [first_label + 2 * number, first_label + 2 * number + 1]}


def cifar10_python2(folder: Path) -> Path:
    for i in range(5):
        content = {**_batch(32, 0, i), "batch_label": "a batch"}
        _write(folder / f"data_batch_{i + 1}", b"\x80\x02" + _python2(content) + b".")
    return folder / "data_batch_1"


def cifar10_python3(folder: Path) -> Path:
    for i in range(5):
        _write(folder / f"data_batch_{i + 1}", pickle.dumps(_batch(32, 0, i), 4))
    return folder / "data_batch_1"


def imagenet16(folder: Path) -> Path:
    for i in range(10):
        content = {**_batch(16, 1, i), "mean": np.zeros(768)}
        _write(folder / f"train_data_batch_{i + 1}", pickle.dumps(content, 2))
    return folder / "train_data_batch_1"


def _svhn(folder: Path, *, packed: bool) -> Path:
    from scipy.io import savemat

    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (32, 32, 3, 3), dtype=np.uint8)
    path = folder / "train_32x32.mat"
    savemat(path, {"X": images, "y": np.array([[1], [10], [3]])}, do_compression=packed)
    return path


def svhn(folder: Path) -> Path:
    return _svhn(folder, packed=False)


def svhn_packed(folder: Path) -> Path:
    return _svhn(folder, packed=True)


def _npz(folder: Path, *, packed: bool) -> Path:
    rng = np.random.default_rng(0)
    path = folder / "images.npz"
    save = np.savez_compressed if packed else np.savez
    save(path, x_train=rng.integers(0, 256, (4, 32, 32, 3), dtype=np.uint8), y_train=np.arange(4))
    return path


def npz(folder: Path) -> Path:
    return _npz(folder, packed=False)


def npz_packed(folder: Path) -> Path:
    return _npz(folder, packed=True)


def _write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
