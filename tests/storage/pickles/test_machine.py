"""The machine takes what Python's own takes, of plain data, and refuses what asks for too much."""

from __future__ import annotations

import io
import math
import pickle
import random
import string
import struct
import tracemalloc
from collections import OrderedDict, defaultdict
from typing import Any

import pytest

from naslib_edd.storage.broken import BROKEN
from naslib_edd.storage.pickles import Forbidden, Machine, PickleFault, Stream, read_pickle
from naslib_edd.storage.pickles.stream import from_bytes

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def read(data: bytes, **options: Any) -> Any:
    return read_pickle(io.BytesIO(data), size=len(data), **options)


def anything(rng: random.Random, depth: int = 0) -> Any:
    """Plain data, of any kind that the machine knows."""
    kind = rng.randrange(13 if depth < 4 else 7)
    if kind == 0:
        return rng.choice([None, True, False])
    if kind == 1:
        return rng.choice([0, 1, 255, 256, 65535, 65536, -1, 2**31, -(2**31), 2**200, -(2**90)])
    if kind == 2:
        return rng.uniform(-1e9, 1e9)
    if kind == 3:
        return "".join(rng.choices(string.printable + "äé漢🙂", k=rng.choice([0, 3, 99, 300])))
    if kind == 4:
        return rng.randbytes(rng.choice([0, 3, 255, 300]))
    if kind == 5:
        return frozenset(rng.sample(range(1000), 5))
    if kind == 6:
        return {rng.random() for _ in range(5)}
    if kind == 7:
        return [anything(rng, depth + 1) for _ in range(rng.randrange(6))]
    if kind == 8:
        return tuple(anything(rng, depth + 1) for _ in range(rng.randrange(6)))
    if kind == 9:
        return {f"x-valid@{i}": rng.random() for i in range(rng.choice([1, 12, 1200]))}
    if kind == 10:
        return {i: rng.random() for i in range(rng.choice([1, 12, 300]))}
    if kind == 11:
        return OrderedDict((str(i), anything(rng, depth + 1)) for i in range(3))
    return defaultdict(list, {("a", 777): [anything(rng, depth + 1)]})


def in_order(value: Any) -> str:
    """A text of a value's types and content; sets have no order of their own."""
    if isinstance(value, set | frozenset):
        return f"{type(value).__name__}{sorted(value)}"
    if isinstance(value, list | tuple):
        return f"{type(value).__name__}[{', '.join(map(in_order, value))}]"
    if isinstance(value, dict):
        items = [f"{key!r}: {in_order(item)}" for key, item in value.items()]
        return f"{type(value).__name__}[{', '.join(items)}]"
    return repr(value)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_plain_data_as_python_reads_it(protocol: int) -> None:
    rng = random.Random(protocol)
    for _ in range(60):
        value = anything(rng)
        data = pickle.dumps([value, value], protocol)
        found = read(data)
        assert in_order(found) == in_order(pickle.loads(data))
        assert type(found[0]) is type(value)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_occurs_twice_is_one_object(protocol: int) -> None:
    shared = {"a": [1.0]}
    first, second = read(pickle.dumps([shared, shared], protocol))
    assert first is second


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("shift", range(0, 40, 3))
def test_windows_end_anywhere(protocol: int, shift: int) -> None:
    """Curves longer than a window, with the windows' borders at every place of an instruction."""
    runs = [{f"x-test@{i}": i / 7 for i in range(j, j + 900)} for j in range(0, 9000, 300)]
    value = [
        "s" * shift,
        runs,
        [{i: i / 3 for i in range(200)}] * 3,
        [float(i) for i in range(2000)],
    ]
    data = pickle.dumps(value, protocol)
    assert len(data) > 2**18
    assert read(data) == value


def test_a_special_float_stays() -> None:
    found = read(pickle.dumps([math.inf, -0.0, math.nan, 5e-324], 2))
    assert [struct.pack("d", value) for value in found] == [
        struct.pack("d", value) for value in (math.inf, -0.0, math.nan, 5e-324)
    ]


@pytest.mark.parametrize("number", [b"\xff\xff\xff\x0f", b"\xff\xff\xff\xff"])
def test_a_bomb_of_nine_bytes_takes_no_memory(number: bytes) -> None:
    data = b"\x80\x02}r" + number + b"."
    assert len(data) == 9
    tracemalloc.start()
    try:
        with pytest.raises(PickleFault, match=r"a memo of \d+ values for 0"):
            read(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2**20


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"\x80\x04" + b"(" * 10**6, "nested brackets"),
        (b"\x80\x04(" + b"}" * 10**6 + b"t.", "in one bracket"),
        (b"\x80\x04)" + b"\x85" * 3 * 10**6 + b".", "far more values"),
        (b"\x80\x04\x8d" + struct.pack("<Q", 2**62) + b".", "a string of"),
        (b"\x80\x04X" + struct.pack("<I", 1000) + b"a.", "1000 bytes where 2 are left"),
        (b"\x80\x04\x95" + struct.pack("<Q", 2**60) + b".", "a string of"),
        (b"\x80\x04\x8b" + struct.pack("<i", 2**31 - 1) + b".", "a number of"),
        (b"L" + b"9" * 500 + b"L\n.", "a line of"),
        (b"\x80\x06N.", "protocol 6"),
        (b"\x80\x04]}}s.", "a dict that is none"),
        (b"\x80\x04}Na.", "a list that is none"),
        (b"\x80\x04NN.", "an end where there should be more"),
        (b"\x80\x04)R.", "list index out of range|a call"),
        (b"\x80\x04N)R.", "a call of what is no function"),
        (b"\x80\x04cos\nsystem\n.", "os.system"),
        (b"\x80\x04h\x05.", "index out of range"),
        (b"\x80\x02Nq\x05h\x03.", "never given"),
    ],
)
def test_what_is_refused(data: bytes, match: str) -> None:
    with pytest.raises(BROKEN, match=match):
        read(data)


def test_a_string_without_a_known_size_is_bounded_by_what_may_be_read() -> None:
    data = b"\x80\x04B" + struct.pack("<I", 2**29) + bytes(10**6)
    with pytest.raises(PickleFault, match="unpacks to more than 100000 bytes"):
        Machine(Stream(io.BytesIO(data), largest=10**5)).load()


def test_forbidden_names_are_told() -> None:
    with pytest.raises(Forbidden) as caught:
        read(pickle.dumps(print))
    assert caught.value.wanted == "builtins.print"


def test_pickles_one_after_the_other() -> None:
    machine = Machine(from_bytes(b"".join(pickle.dumps([i], 2) for i in range(5))))
    assert [machine.load() for _ in range(5)] == [[i] for i in range(5)]
    with pytest.raises(BROKEN):
        machine.load()


@pytest.mark.parametrize("protocol", [2, 4])
def test_parts_can_be_let_go_of(protocol: int) -> None:
    """What was made use of is dropped from the memo, but names that come again stay known."""
    runs = [{"epochs": 2, "curve": {f"x@{i}": 1.5 for i in range(20)}} for _ in range(4)]
    seen = []

    def filled(value: dict[Any, Any]) -> bool:
        if "epochs" not in value:
            return False
        seen.append(len(value.pop("curve")))
        return True

    found = read(pickle.dumps(runs, protocol), filled=filled)
    assert seen == [20] * 4 and found == [{"epochs": 2}] * 4


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_cut_is_never_a_value(protocol: int) -> None:
    data = pickle.dumps({"a": [1.5, "x", b"yz"], "b": {i: i / 3 for i in range(20)}}, protocol)
    for length in range(len(data)):
        with pytest.raises(BROKEN):
            read(data[:length])
