"""Arrays and numbers are built by us, from what was checked, as NumPy builds them."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from naslib_edd.storage.pickles import (
    PLAIN,
    Forbidden,
    Holder,
    Maker,
    PickleFault,
    holder,
    read_pickle,
)
from naslib_edd.storage.pickles.standins import check_key

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
TYPES = ["?", "i1", "u1", "<i2", ">u2", "<i4", ">i4", "<u4", "<i8", "<u8", "<f2", "<f4", ">f8",
         "<U5", ">U3", "S4"]  # fmt: skip


def read(data: bytes) -> Any:
    return read_pickle(io.BytesIO(data), size=len(data))


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", TYPES)
def test_arrays_and_numbers_of_every_type(kind: str, protocol: int) -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(0, 2 if kind == "?" else 100, (3, 4)).astype(kind)
    strided = np.asfortranarray(values)
    content = [values, strided, values[1:, ::2], values[:0], values[0, 0], values.reshape(1, 12)[0]]
    for wanted, found in zip(content, read(pickle.dumps(content, protocol)), strict=True):
        np.testing.assert_array_equal(found, wanted)
        assert found.dtype == wanted.dtype and type(found) is type(wanted)
        assert np.isfortran(found) == np.isfortran(wanted)


def test_an_array_that_occurs_twice() -> None:
    values = np.arange(5)
    first, second = read(pickle.dumps([values, {"again": values}]))
    assert second["again"] is first


@pytest.mark.parametrize(
    "value",
    [
        np.array([print]),
        np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        np.zeros(2, "M8[s]"),
        np.zeros(2, "c16"),
        np.zeros(2, "g"),
        np.zeros(2, "V3"),
        np.void(b"abc"),
        np.dtype(("i4", (2,))),
        np.zeros(3).view(np.recarray),
        np.ma.masked_array([1, 2], [0, 1]),
        np.random.default_rng(0),
    ],
    ids=lambda value: f"{type(value).__name__} {getattr(value, 'dtype', '')}",
)
@pytest.mark.parametrize("protocol", [2, 4])
def test_other_types_are_refused(value: Any, protocol: int) -> None:
    with pytest.raises(PickleFault):
        read(pickle.dumps(value, protocol))


def _object_array(flags: int) -> bytes:
    dtype = b"cnumpy\ndtype\n(S'%s'\nI0\nI1\ntR(I3\nS'|'\nNNNI%d\nI%d\nI%d\ntb"
    kind = dtype % ((b"O8", -1, -1, 63) if flags else (b"O8", 8, 8, 0))
    start = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
    return start + b"(I1\n(I1\nt" + kind + b"I00\nS'AAAAAAAA'\ntb."


@pytest.mark.parametrize("flags", [0, 63])
def test_bytes_are_never_object_pointers(flags: int) -> None:
    with pytest.raises(PickleFault, match="an array of type 'O8'"):
        read(_object_array(flags))


def test_the_state_of_a_number_type_cannot_claim_more() -> None:
    data = pickle.dumps(np.dtype("<i8"), 2)
    assert read(data).dtype == np.dtype("<i8")
    for wrong in (data.replace(b"J\xff\xff\xff\xff", b"K\x08", 1), data[:-3] + b"K?tb."):
        assert wrong != data
        with pytest.raises((PickleFault, IndexError)):
            read(wrong)


@pytest.mark.parametrize("letter", [b"\x00\x00\x11\x00", b"\xff\xff\xff\xff"])
def test_texts_have_letters_that_there_are(letter: bytes) -> None:
    data = pickle.dumps(np.array(["ab"]), 4)
    with pytest.raises(PickleFault, match="letters"):
        read(data.replace(b"b\0\0\0", letter))


def test_truth_values_are_0_and_1() -> None:
    found = read(
        pickle.dumps(np.array([True, False]), 4).replace(
            b"\x01\x00\x94t\x94b", b"\x07\x00\x94t\x94b"
        )
    )
    assert found.view(np.uint8).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("key", "good"),
    [
        ("a", True),
        (5, True),
        (2**61 - 1, False),
        (-(2**70), False),
        (("cifar10", 777), True),
        ((777, "cifar10"), False),
        ((0, 1, 4, 4, 2, 3), True),
        ((0, 1, 256), False),
        (("a", ("b",)), False),
        ((), False),
        (("a",) * 9, False),
        (np.int64(3), True),
        (frozenset({1}), False),
    ],
)
def test_keys_hash_quickly(key: Any, good: bool) -> None:
    if good:
        check_key(key)
        return
    with pytest.raises(PickleFault, match="a dict with"):
        check_key(key)


def test_objects_become_their_attributes_where_their_class_may_be_named() -> None:
    data = b"\x80\x02cmodule\nName\n)\x81}U\x01aK\x05sb."
    known = PLAIN | {"module.Name": Maker(holder)}
    found = read_pickle(io.BytesIO(data), known=known)
    assert type(found) is Holder and found.attributes == {"a": 5}
    with pytest.raises(Forbidden):
        read(data)
    for other in (data.replace(b")", b"K\x05\x85"), data.replace(b"}U\x01aK\x05s", b"]"),
                  data.replace(b"module\nName", b"builtins\ndict")):  # fmt: skip
        assert other != data
        with pytest.raises(PickleFault):
            read_pickle(io.BytesIO(other), known=known)


def test_nothing_real_is_handed_out() -> None:
    for name, maker in PLAIN.items():
        assert not name.startswith("numpy") or maker.type is None
    with pytest.raises(PickleFault):
        read(b"cbuiltins\nint\n(S'12'\ntR.")
    with pytest.raises(Forbidden):
        read(pickle.dumps(np.load))


def test_a_type_is_no_value() -> None:
    used: Callable[..., Any] = float
    with pytest.raises(TypeError):
        used(read(b"cnumpy\ndtype\n."))
