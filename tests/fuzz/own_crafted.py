"""Hostile files of our own formats, their checksums right where they have any."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np
from fuzz.crafted import Cases

from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.storage import envelope, zip_envelope
from naslib_edd.tables.packing import _signed

_DEEP = 100_000


def broken_json() -> Cases:
    """What is no JSON object, or has no end."""
    yield "nothing", b""
    yield "deep lists", b"[" * _DEEP
    yield "deep objects", b'{"a":' * _DEEP
    yield "deep and whole", b'{"crc":"1-00000000","a":' + b"[" * 900 + b"]" * 900 + b"}"
    yield "a number of 10,000 digits", b'{"crc":"1-00000000","a":' + b"9" * 10_000 + b"}"
    yield "a list", b"[1]"
    yield "no number", b'{"crc":"1-00000000","a":NaN}'
    yield "a checksum that is a list", b'{"crc":[]}'
    yield "a checksum of the future", b'{"crc":"9-00000000"}'
    yield "bytes that are no text", b'{"a":"\xff"}'
    yield "a million spaces", b" " * 10**6


def _sealed(values: dict[str, Any]) -> bytes:
    return json.dumps(envelope.sealed(values)).encode()


def results() -> Cases:
    """Beside a record of three epochs."""
    yield from broken_json()
    for value in (None, 10**400, "3", [3], 4, {}, 3.5):
        yield f"epochs {str(value)[:20]}", _sealed({"epochs": value})


def records() -> Cases:
    """Lines for another one's."""
    for name, line in broken_json():
        if line.strip():
            yield name, line + b"\n{}\n"
    row = {"epoch": 1, "arch_str": "x", "ops": [0] * 6, "index": 0}
    row |= {"t": 1.0, "entropy": 1.0, "logits": [[0.0] * 5] * 6}
    for key, value in (
        ("epoch", 2), ("epoch", "1"), ("epoch", None), ("ops", [0] * 5), ("ops", [9] * 6),
        ("ops", "none"), ("ops", [[0]] * 6), ("ops", 10**400), ("logits", None),
    ):  # fmt: skip
        yield f"{key} {str(value)[:20]}", _sealed({**row, key: value}) + b"\n"


def configs() -> Cases:
    """With a checksum that fits."""

    def sealed(text: str) -> bytes:
        return envelope.seal_config(text).encode()

    bomb = "a0: &a0 [x, x]\n" + "".join(
        f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 40)
    )
    yield "aliases that multiply", sealed(bomb)
    yield "an anchor that holds itself", sealed("search: &a {b: *a}\n")
    yield "deep", sealed("search: " + "[" * 5000 + "]" * 5000 + "\n")
    yield "a tag that makes objects", sealed("search: !!python/object/apply:os.getpid []\n")
    yield "an odd tag", sealed("search: {epochs: !!int ''}\n")
    yield "a number of 5,000 digits", sealed("search: {epochs: 0x" + "f" * 5000 + "}\n")
    yield "a list", sealed("- 1\n")
    yield "a search that is none", sealed("search: 5\n")
    yield "a megabyte", sealed("search: {}\n" + "# x\n" * 300_000)
    yield "bytes that are no text", b"search: \xff\n"
    yield "a checksum of the future", b"search: {}\n# naslib-edd 9-00000000: x\n"


def _npz(members: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytearray:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content, kind)
    return bytearray(buffer.getbuffer())


def _array(value: Any) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(value), allow_pickle=True)
    return buffer.getvalue()


def _claiming(shape: str, kind: str, content: bytes = b"") -> bytes:
    """An array with a header of its own."""
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + content


def compact_tables() -> Cases:
    """With a checksum that fits."""
    whole = {
        "arch_str": _array([nb201.ops_to_str(ops) for ops in nb201.all_ops().tolist()]),
        "arch_ops": _array(nb201.all_ops()),
        "cifar10__val": _array(np.zeros(nb201.SIZE)),
    }

    def file(**changed: bytes) -> bytes:
        content = _npz({**whole, **changed})
        zip_envelope.seal_zip(content, "table")
        return bytes(content)

    yield "a checkpoint's checksum", bytes(_npz(whole)[:-2]) + _comment(whole)
    for shape in ("(2000000000,)", "(15625, 2000000000)", "(-1,)", "(15624,)", "(" * 300, "()"):
        column = _claiming(shape, "<f8", bytes(8 * nb201.SIZE))
        yield f"a column of the shape {shape[:20]}", file(cifar10__val=column)
        yield f"an array of the shape {shape[:20]}", file(other=_claiming(shape, "<f8", b"1234"))
    for kind in ("|O", "<U9", "|V9", "<i9", "x" * 99, "<M8[D]"):
        column = _claiming("(15625,)", kind, bytes(36 * nb201.SIZE))
        yield f"a column of the type {kind[:9]}", file(cifar10__val=column)
    yield "rows in another order", file(arch_ops=_array(nb201.all_ops()[::-1]))
    yield "operations of another order", file(op_names=_array(["a", "b", "c", "d", "e"]))
    yield "notes that are numbers", file(field_notes=_array(np.arange(3)))
    yield "256 MiB of zeros", file(other=_claiming("(33554432,)", "<f8", bytes(1 << 28)))
    yield "a pickle", file(field_notes=_array(np.array([print], dtype=object)))


def _comment(members: dict[str, bytes]) -> bytes:
    content = _npz(members)
    before = len(content)
    zip_envelope.seal_zip(content, "checkpoint")
    return bytes(content[before - 2 :])


def packed_tables() -> Cases:
    """With a checksum that fits."""
    seeds = np.full(nb201.SIZE, 3, np.int8)
    name = "cifar10__val"

    def file(ways: Any, **members: Any) -> bytes:
        text = ways if isinstance(ways, str) else json.dumps(ways)
        return _signed({"packing": np.array(text), "n_seeds": seeds, **members})

    yield "no columns' names", file({"x": {"how": "raw"}})
    yield "no JSON", file("{")
    yield "a list", file([1])
    yield "deep", file("[" * _DEEP)
    yield "ways that are numbers", file({name: 5})
    for how, more in (
        ("magic", {}), ("counts", {}), ("raw", {}), ("mean", {}), ("scaled", {"of": "x"}),
        ("mean", {"of": name}), ("scaled", {"of": name, "factor": 1}), ("params", {}),
        ("params", {"classes": "x"}), ("flops", {"classes": 10, "size": [1]}),
        ("rest_of", {"whole": name, "part": name}),
    ):  # fmt: skip
        yield (
            f"{how} of {', '.join(map(str, more.values())) or 'nothing'}",
            file({name: {"how": how, **more}}),
        )
    raw = {name: {"how": "raw", "shape": [2**40, 2**40]}}
    yield "raw of another shape", file(raw, **{f"{name}.bytes": np.zeros((8, 10), np.uint8)})
    counts = {name: {"how": "counts", "images": 1, "runs": "n_seeds"}}
    yield "counts of another length", file(counts, **{f"{name}.count": np.zeros(3, np.uint16)})
    rest = {f"{name}.count": np.zeros(nb201.SIZE, np.uint16), f"{name}.rests": np.zeros(2)}
    rest[f"{name}.rest"] = np.full(nb201.SIZE, 99, np.uint8)
    yield "rests that there are not", file({name: {**counts[name], "runs": 1}}, **rest)
