"""Hostile files by name: what a random change will hardly ever make. All have to be refused."""

from __future__ import annotations

import bz2
import io
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from fuzz import seeds

Cases = Iterator[tuple[str, bytes]]
Wrap = Callable[[bytes], bytes]
_FOUR, _EIGHT = struct.Struct("<I").pack, struct.Struct("<Q").pack


def _dtype(code: str, state: str = "(I3\nS'|'\nNNNI-1\nI-1\nI0\ntb") -> str:
    """NumPy's type, in protocol 0, with a state."""
    return f"cnumpy\ndtype\n(S'{code}'\nI0\nI1\ntR{state}"


def _array(dtype: str, shape: str, raw: str) -> bytes:
    start = "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
    return f"{start}(I1\n{shape}{dtype}I00\nS'{raw}'\ntb.".encode()


def _plain() -> Cases:
    yield "memo number 0x0fffffff", b"\x80\x02}r\xff\xff\xff\x0f."
    yield "memo number in a line", b"}p9999999999999999999\n."
    yield (
        "memo with many gaps",
        b"\x80\x02}" + b"".join(b"r" + _FOUR(500 * i) for i in range(1, 9999)),
    )
    for name, code in (("text", b"\x8d"), ("bytes", b"\x8e"), ("bytearray", b"\x96")):
        for length in (2**32, 2**62, 2**64 - 1):
            yield f"{name} of {length} bytes", b"\x80\x05" + code + _EIGHT(length) + b"abc."
    yield "text of 2 GiB", b"\x80\x02X" + _FOUR(2**31) + b"abc."
    yield "string of -1 bytes", b"\x80\x02T" + _FOUR(2**32 - 1) + b"abc."
    yield "frame of 2**60 bytes", b"\x80\x04\x95" + _EIGHT(2**60) + b"N."
    yield "number of 2 GiB", b"\x80\x02\x8b" + _FOUR(2**31 - 1) + b"\x01."
    yield "number of 5,000 digits", b"\x80\x02I" + b"9" * 5000 + b"\n."
    yield "line without an end", b"\x80\x02S'" + b"a" * 2**21
    yield "a million brackets", b"\x80\x04" + b"(" * 10**6
    yield "a million nested lists", b"\x80\x04" + b"]" * 10**6 + b"a" * (10**6 - 1) + b"."
    yield "a million nested tuples", b"\x80\x04)" + b"\x85" * 10**6 + b"."
    yield "four million sets", b"\x80\x04(" + b"\x8f" * (4 * 10**6) + b"t."
    yield "four million dicts", b"\x80\x04(" + b"}" * (4 * 10**6) + b"t."
    yield "a list in itself", b"\x80\x02]q\x00h\x00a."
    yield "a dict in itself", b"\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s."
    laughs = b"".join(
        b"](h" + bytes([i]) + b"h" + bytes([i]) + b"eq" + bytes([i + 1]) + b"0" for i in range(60)
    )
    keys = b"".join(
        b"U" + bytes([len(key)]) + key + b"h\x3c"
        for key in (b"meta_archs", b"arch2infos", b"data", b"labels", seeds.ARCHS[0].encode())
    )
    yield "2**60 values by reference", b"\x80\x02]q\x000" + laughs + b"}(" + keys + b"u."
    large = b"".join(b"\x8a\x0a" + (i * (2**61 - 1)).to_bytes(10, "little") + b"N"
                     for i in range(20000))  # fmt: skip
    yield "20,000 keys with one hash", b"\x80\x02}(" + large + b"u."
    yield "object type, flags 0", _array(_dtype("O8"), "(I1\nt", "AAAAAAAA")
    claims = "(I3\nS'|'\nNNNI8\nI8\nI63\ntb"
    yield "object type, flags 63", _array(_dtype("O8", claims), "(I1\nt", "AAAAAAAA")
    yield "number type that claims objects", _array(_dtype("i8", claims), "(I1\nt", "AAAAAAAA")
    fields = "(I3\nS'|'\nN(S'a'\nt(dS'a'\n(cnumpy\ndtype\n(S'O8'\ntRI0\ntsI8\nI8\nI16\ntb"
    yield "type with fields", _array(_dtype("V8", fields), "(I1\nt", "AAAAAAAA")
    part = "(I3\nS'|'\n(cnumpy\ndtype\n(S'O8'\ntR(I1\nttNNI8\nI8\nI0\ntb"
    yield "type with a part", _array(_dtype("V8", part), "(I1\nt", "AAAAAAAA")
    yield "type of 10**9 bytes", _array(_dtype("V1000000000"), "(I1\nt", "A")
    good = _dtype("i8", "(I3\nS'<'\nNNNI-1\nI-1\nI0\ntb")
    yield "shape of 2**60", _array(good, "(I1073741824\nI1073741824\nt", "")
    yield "negative shape", _array(good, "(I-1\nI-1\nt", "AAAAAAAA")
    yield "shape of 40 sizes", _array(good, "(" + "I1\n" * 40 + "t", "AAAAAAAA")
    yield "too few bytes", _array(good, "(I2\nt", "AAAAAAAA")
    scalar = f"cnumpy.core.multiarray\nscalar\n({_dtype('O8')}S'AAAAAAAA'\ntR."
    yield "object as a number", scalar.encode()
    yield (
        "type that is never finished",
        b"cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(S'i8'\ntRS'AAAAAAAA'\ntR.",
    )
    for wanted in ("os\nsystem", "builtins\neval", "builtins\ngetattr", "numpy\nload",
                   "numpy\nfrombuffer", "ctypes\nstring_at", "torch\nload",
                   "builtins\nbytearray", "builtins\nbytes"):  # fmt: skip
        yield f"{wanted.replace(chr(10), '.')}", f"c{wanted}\n(S'true'\ntR.".encode()
    yield "set of a range", b"cbuiltins\nset\n(cbuiltins\nrange\n(I1000000000\ntRtR."
    yield "instance", b"(S'true'\nios\nsystem\n."
    yield "object", b"(cos\nsystem\nS'true'\no."
    yield "new object", b"cbuiltins\nint\n(I1\nt\x81."
    yield "extension", b"\x80\x02\x82\x01."
    yield "kept outside, by name", b"\x80\x02Pname\n."
    yield "kept outside", b"\x80\x02U\x01aQ."
    yield "buffer", b"\x80\x05\x97."
    yield "protocol 255", b"\x80\xffN."
    yield "codec bz2", b"c_codecs\nencode\n(Vx\nVbz2_codec\ntR."
    yield from _copies()
    yield "nothing", b"\x80\x02N."


def _copies() -> Cases:
    """Large content once, then a few bytes again and again that ask for a copy of it."""
    text = b"X" + _FOUR(10**6) + b"a" * 10**6
    numbers = b"](" + b"".join(b"J" + _FOUR(number) for number in range(30_000)) + b"e"
    pairs = b"](" + b"".join(b"](J" + _FOUR(number) + b"Ne" for number in range(30_000)) + b"e"
    for name, content in (
        (b"_codecs\nencode", text),
        (b"builtins\nset", numbers),
        (b"builtins\nfrozenset", numbers),
        (b"collections\nOrderedDict", pairs),
    ):
        start = b"\x80\x02c" + name + b"\nq\x000" + content + b"q\x010"
        wanted = name.replace(b"\n", b".").decode()
        yield f"2,000 copies by {wanted}", start + b"](" + b"h\x00h\x01\x85R" * 2000 + b"e."
    curves = b"}(" + b"".join(b"X\x07\0\0\0%05d@0K\0" % number for number in range(20_000)) + b"u"
    again = b"(X\x0b\0\0\0eval_acc1esh\x00X\x06\0\0\0epochsK\x01u"
    yield "one curve in 50,000 runs", b"\x80\x02" + curves + b"q\x000}" + again * 50_000 + b"."


def pickles(wrap: Wrap) -> Cases:
    """As a whole file and as the value of a table's key."""
    for name, data in _plain():
        yield name, wrap(data)


def archives(wrap: Wrap, full: str, less: str) -> Cases:
    """Hostile pickles, and tables with odd values, as NAS-Bench-201's and NATS-Bench's."""
    yield from pickles(wrap)

    def changed(change: Callable[[dict[str, Any]], None]) -> bytes:
        content = seeds.archive(full, less)
        change(content["arch2infos"][0][full])
        return wrap(pickle.dumps(content, 2))

    def run(**values: Any) -> Callable[[dict[str, Any]], None]:
        return lambda state: state["all_results"]["cifar100", 777].update(values)

    seed = {"cifar100": [777] * 10**5}
    yield "100,000 seeds", changed(lambda state: state["dataset_seed"].update(seed))
    infinite = {"cifar100": [float("inf")]}
    yield "an infinite seed", changed(lambda state: state["dataset_seed"].update(infinite))
    yield "infinitely many epochs", changed(run(epochs=float("inf")))
    yield "times beyond all numbers", changed(run(train_times={0: 1e308, 1: 1e308}))
    yield "times of both infinities", changed(run(train_times={0: float("inf"), 1: float("-inf")}))
    yield "a parameter count that is a list", changed(run(params=[1]))
    yield "another architecture", changed(lambda state: state.update(arch_str=seeds.ARCHS[1]))


def naslib() -> Cases:
    """Hostile pickles, and tables with odd values, as NASLib's."""
    yield from pickles(lambda data: data)
    entry = seeds.naslib()[seeds.ARCHS[0]]["cifar100"]
    many = {f"set {i}": entry for i in range(10**5)}
    yield "100,000 data sets", pickle.dumps({seeds.ARCHS[0]: many}, 4)
    for name, curve in (("empty", []), ("of texts", ["x"]), ("of lists", [[1]]), ("none", None)):
        odd = {"cifar100": {**entry, "eval_acc1es": curve}}
        yield f"curve {name}", pickle.dumps({seeds.ARCHS[0]: odd}, 4)


def bzip2(data: bytes) -> bytes:
    return bz2.compress(data, 1)


def packed_tables(cases: Cases) -> Cases:
    """The same, packed, and what only packing makes possible."""
    yield from cases
    yield "64 MiB of zeros", bz2.compress(b"\x80\x04B" + _FOUR(2**26) + bytes(2**26) + b".")
    yield "two streams", bz2.compress(b"\x80\x04]") + bz2.compress(b".")


def _member(shape: str, kind: str, content: bytes) -> bytes:
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + content


def npz() -> Cases:
    """Hostile ``.npz`` files of images."""

    def file(*members: tuple[str, bytes], packed: bool = False) -> bytes:
        buffer = io.BytesIO()
        kind = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        with zipfile.ZipFile(buffer, "w", kind) as archive:
            for name, content in members:
                archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content, kind)
        return buffer.getvalue()

    images = _member("(4, 32, 32, 3)", "|u1", bytes(4 * 3072))
    labels = _member("(4,)", "<i8", bytes(32))
    for shape in ("(2000000000, 32, 32, 3)", "(-4, 32, 32, 3)", "(3, 32, 32, 3)", "(" * 300, "()"):
        yield f"shape {shape[:30]}", file(("x_train", _member(shape, "|u1", bytes(4 * 3072))),
                                          ("y_train", labels))  # fmt: skip
    for kind in ("|O", "|V9", "<i9", "|S0", "x" * 99):
        yield (
            f"type {kind[:9]}",
            file(("x_train", images), ("y_train", _member("(4,)", kind, bytes(32)))),
        )
    evil = pickle.dumps(np.array([print], dtype=object))
    yield "a pickle", file(("x_train", images), ("y_train", evil))
    yield "64 MiB of zeros", file(
        ("x_train", _member("(21845, 32, 32, 3)", "|u1", bytes(21845 * 3072))), ("y_train", labels),
        packed=True,
    )  # fmt: skip
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield (
            "two members of one name",
            file(("x_train", images), ("y_train", labels), ("y_train", labels)),
        )


def _mat_part(kind: int, content: bytes) -> bytes:
    return struct.pack("<II", kind, len(content)) + content + bytes(-len(content) % 8)


def _mat(name: str, shape: tuple[int, ...], content: bytes, *, kind: int = 9) -> bytes:
    sizes = struct.pack(f"<{len(shape)}i", *shape)
    return _mat_part(14, _mat_part(6, struct.pack("<II", kind, 0)) + _mat_part(5, sizes)
                     + _mat_part(1, name.encode()) + _mat_part(2, content))  # fmt: skip


def mat() -> Cases:
    """Hostile MATLAB files."""
    head = b"MATLAB 5.0".ljust(124) + b"\x00\x01IM"
    labels = _mat("y", (3, 1), b"\1\2\3")
    images = _mat("X", (32, 32, 3, 3), bytes(3072 * 3))
    for shape in ((2**30, 2**30), (-32, -32, 3, 3), (32, 32, 3, 4), (1,) * 60, ()):
        yield f"shape {shape[:4]}", head + _mat("X", shape, bytes(3072 * 3)) + labels
    for kind in (1, 2, 3, 4, 5, 17, 255):
        yield f"class {kind}", head + _mat("X", (32, 32, 3, 3), bytes(9216), kind=kind) + labels
    yield "part of 4 GiB", head + struct.pack("<II", 14, 2**32 - 8) + images[8:] + labels
    bomb = zlib.compress(_mat("X", (2**26, 1), bytes(2**26)))
    yield "64 MiB of zeros", head + struct.pack("<II", 15, len(bomb)) + bomb + labels
    inner = zlib.compress(zlib.compress(images))
    yield "packed twice", head + struct.pack("<II", 15, len(inner)) + inner + labels
    yield "two arrays of one name", head + images + labels + labels
    yield "version 4", struct.pack("<5i", 0, 2**15, 2**15, 0, 2) + b"X\0" + bytes(200)
    yield "version 7.3", b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + b"\x89HDF\r\n\x1a\n"
