"""What stands in for the few functions and types that plain data name.

Nothing of NumPy's or Python's is handed to a pickle: NumPy's own ``dtype``, for one, believes a
pickled state that calls plain bytes Python objects, and then follows addresses from the file. The
stand-ins take the same arguments, check them, and build numbers and arrays from bytes themselves.
"""

from __future__ import annotations

import math
import re
import struct
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from naslib_edd.storage.pickles.faults import PickleFault

#: Types that may be a dict's key or a set's member as they are: hashed quickly, never nested.
_KEYS = frozenset({str, bytes, float, bool, type(None)})
#: Integers from here on have hashes that can be made equal on purpose.
_LARGEST_KEY = 2**61 - 1
_LONGEST_KEY = 8
_NUMBER = re.compile(r"b1|[iu][1248]|f[248]")
_TEXT = re.compile(r"[US](\d{1,5})")
_ORDERS = ("<", ">", "|", "=")
_DIMENSIONS = 8
_DOUBLE, _UNPACK_DOUBLE = np.dtype("<f8"), struct.Struct("<d").unpack


class Maker(NamedTuple):
    """Stands for a function or a type: what is made of its arguments; its type, if it is one.

    ``copies`` says that what is made may be as large as the arguments: the machine counts it.
    """

    make: Callable[[tuple[Any, ...]], Any]
    type: type | None = None
    copies: bool = False


class Foreign(NamedTuple):
    """Stands for something that is not read; using it as a value is an error."""

    what: str


class Holder:
    """What an object becomes whose class may be named: its attributes, and nothing that runs."""

    def __init__(self) -> None:
        self.attributes: dict[str, Any] = {}

    def set_state(self, state: Any) -> None:
        """Take the attributes of a pickled state."""
        if type(state) is not dict:
            raise PickleFault("the state of an object that is no dict")
        self.attributes = state


def holder(args: tuple[Any, ...]) -> Holder:
    """A new :class:`Holder`, as a :class:`Maker` makes it."""
    if args:
        raise PickleFault("an object made of something")
    return Holder()


class Kind:
    """Stands for a ``numpy.dtype``: numbers, or texts of a fixed width."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.dtype: np.dtype[Any] | None = None

    def set_state(self, state: Any) -> None:
        """Take the byte order of a pickled state, and refuse all that it might claim beyond."""
        if not isinstance(state, tuple) or len(state) != 8 or state[1] not in _ORDERS:
            raise PickleFault("an array type of unknown byte order")
        version, order, sub, names, fields, size, alignment, flags = state
        text = self.code[0] in "US"
        plain = version == 3 and sub is None and names is None and fields is None
        if not plain or flags != (8 if self.code[0] == "U" else 0):
            raise PickleFault(f"an array type '{self.code}' with objects, fields or parts")
        dtype = np.dtype(("" if order == "|" else order) + self.code)
        sizes = (dtype.itemsize, dtype.alignment)
        if (size, alignment) != (sizes if text else (-1, -1)):
            raise PickleFault(f"an array type '{self.code}' of another size")
        self.dtype = dtype


class Array:
    """Stands for a ``numpy.ndarray`` until its state is read."""

    def set_state(self, state: Any) -> NDArray[Any]:
        """The array of a pickled state."""
        if not isinstance(state, tuple) or len(state) != 5:
            raise PickleFault("an array that is not rebuilt the usual way")
        _, shape, kind, fortran, raw = state
        return build(raw, kind, shape, order="F" if fortran else "C")


def build(raw: Any, kind: Any, shape: Any, *, order: Literal["C", "F"]) -> NDArray[Any]:
    """An array of these bytes.

    Raises:
        PickleFault: the shape is no shape, or does not fit the bytes exactly.
    """
    dtype = _dtype_of(kind)
    content = _bytes_of(raw)
    if (
        not isinstance(shape, tuple)
        or len(shape) > _DIMENSIONS
        or not all(type(length) is int and 0 <= length < 2**31 for length in shape)
    ):
        raise PickleFault("an array without a proper shape")
    if math.prod(shape) * dtype.itemsize != len(content):
        raise PickleFault(f"an array whose {len(content)} bytes do not fit its shape")
    if not len(content):
        return np.zeros(shape, dtype)
    return _checked(np.frombuffer(content, dtype)).reshape(shape, order=order)


def check_keys(keys: Sequence[Any]) -> None:
    """Refuse keys whose hashes take long: nested ones, and numbers made to collide."""
    kinds = set(map(type, keys))
    if kinds <= _KEYS:
        return
    if kinds == {int}:
        check_key(min(keys))
        check_key(max(keys))
        return
    for key in keys:
        check_key(key)


def check_key(key: Any) -> None:
    """:func:`check_keys` of one."""
    kind = type(key)
    if kind is int:
        if not -_LARGEST_KEY < key < _LARGEST_KEY:
            raise PickleFault("a dict with a huge number as a key")
    elif kind is tuple:
        if 0 < len(key) <= _LONGEST_KEY and all(type(i) is int and 0 <= i < 256 for i in key):
            return  # too few of them to make many equal hashes
        # With a text first: Python's hash of a text differs from one process to the next.
        if not 0 < len(key) <= _LONGEST_KEY or type(key[0]) is not str:
            raise PickleFault("a dict with a tuple as a key that does not begin with a text")
        for item in key:
            if type(item) is tuple:
                raise PickleFault("a dict with a nested tuple as a key")
            check_key(item)
    elif kind not in _KEYS and not isinstance(key, np.number | np.bool_ | np.str_):
        raise PickleFault(f"a dict with a {kind.__name__} as a key")


def _checked(values: NDArray[Any]) -> NDArray[Any]:
    """The same values, where the bytes are any of this type."""
    if values.dtype.kind == "b":
        return values.view(np.uint8) != 0
    if values.dtype.kind == "U" and values.view(values.dtype.byteorder + "u4").max() > 0x10FFFF:
        raise PickleFault("an array of texts with letters that there are not")
    return values


def _dtype_of(kind: Any) -> np.dtype[Any]:
    if type(kind) is not Kind or kind.dtype is None:
        raise PickleFault("an array without a plain type")
    return kind.dtype


def _bytes_of(raw: Any) -> bytes | bytearray:
    """Python 2 wrote bytes as texts, which are read as Latin-1."""
    if type(raw) is str:
        try:
            return raw.encode("latin1")
        except UnicodeEncodeError:
            raise PickleFault("an array whose content is a text") from None
    if not isinstance(raw, bytes | bytearray):
        raise PickleFault("an array whose content is not bytes")
    return raw


def _make_kind(args: tuple[Any, ...]) -> Kind:
    code = args[0] if args else None
    if not isinstance(code, str):
        raise PickleFault("an array type without a name")
    text = _TEXT.fullmatch(code)
    if not (_NUMBER.fullmatch(code) or (text and int(text[1]))):
        raise PickleFault(f"an array of type {code[:20]!r}")
    return Kind(code)


def _make_scalar(args: tuple[Any, ...]) -> Any:
    if len(args) != 2:
        raise PickleFault("a number that is not rebuilt the usual way")
    kind, content = args
    if type(kind) is Kind and kind.dtype is _DOUBLE and type(content) is bytes:
        return np.float64(_UNPACK_DOUBLE(content)[0])  # by the million, so quickly
    dtype, content = _dtype_of(kind), _bytes_of(content)
    if len(content) != dtype.itemsize:
        raise PickleFault("a number whose bytes do not fit its type")
    return _checked(np.frombuffer(content, dtype))[0]


def _make_array(args: tuple[Any, ...]) -> Array:
    return Array()


def _make_from_buffer(args: tuple[Any, ...]) -> NDArray[Any]:
    if len(args) != 4 or args[3] not in ("C", "F"):
        raise PickleFault("an array that is not rebuilt the usual way")
    return build(args[0], args[1], args[2], order=args[3])


def _make_set(args: tuple[Any, ...]) -> set[Any]:
    items = args[0] if args else []
    if len(args) > 1 or not isinstance(items, list | tuple):
        raise PickleFault("a set of something else than a list")
    check_keys(items)
    return set(items)


def _make_ordered(args: tuple[Any, ...]) -> OrderedDict[Any, Any]:
    pairs = args[0] if args else []
    if len(args) > 1 or not isinstance(pairs, list):
        raise PickleFault("an OrderedDict of something else than a list")
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise PickleFault("an OrderedDict of something else than pairs")
        check_key(pair[0])
    return OrderedDict((key, value) for key, value in pairs)


def _make_default(args: tuple[Any, ...]) -> defaultdict[Any, Any]:
    factory = args[0] if args else None
    if len(args) > 1 or not (factory is None or isinstance(factory, Maker)):
        raise PickleFault("a defaultdict of something else than a type")
    return defaultdict(factory.type if factory else None)


def _make_bytes(args: tuple[Any, ...]) -> bytes:
    """What protocol 2 calls to make bytes; the real one would take any codec."""
    encoding = args[1] if len(args) == 2 else "latin1" if len(args) == 1 else None
    if encoding not in ("latin1", "latin-1"):
        name = encoding[:20] if isinstance(encoding, str) else type(encoding).__name__
        raise PickleFault(f"bytes in the encoding {name!r}")
    if not isinstance(args[0], str):
        raise PickleFault("bytes of something else than a text")
    return args[0].encode("latin1")


def _only_empty(kind: type) -> Callable[[tuple[Any, ...]], Any]:
    def make(args: tuple[Any, ...]) -> Any:
        if args:
            raise PickleFault(f"a {kind.__name__} made of something")
        return kind()

    return make


#: Full name -> its stand-in; NumPy's modules by their names before and since version 2.
PLAIN: dict[str, Maker] = {
    **{
        f"builtins.{kind.__name__}": Maker(_only_empty(kind), kind)
        for kind in (list, dict, int, float, bytes)  # bytes: protocol 2 calls it for empty ones
    },
    "builtins.set": Maker(_make_set, set, copies=True),
    "builtins.frozenset": Maker(lambda args: frozenset(_make_set(args)), frozenset, copies=True),
    "collections.OrderedDict": Maker(_make_ordered, OrderedDict, copies=True),
    "collections.defaultdict": Maker(_make_default, defaultdict),
    "_codecs.encode": Maker(_make_bytes, copies=True),
    "numpy.dtype": Maker(_make_kind),
    "numpy.ndarray": Maker(_make_array),
}
for _core in ("numpy.core", "numpy._core"):
    PLAIN[f"{_core}.multiarray.scalar"] = Maker(_make_scalar, copies=True)
    PLAIN[f"{_core}.multiarray._reconstruct"] = Maker(_make_array)
    PLAIN[f"{_core}.numeric._frombuffer"] = Maker(_make_from_buffer, copies=True)
