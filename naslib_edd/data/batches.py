"""Reading the official pickled batches of CIFAR and ImageNet16, which are not to be trusted.

A pickle can name any function to be called on loading. These files need only what rebuilds a
NumPy array, so only that is answered, and by the plain stand-ins below, not by NumPy itself.
"""

from __future__ import annotations

import operator
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_edd.errors import DataMissing, UserError

_KINDS = ("u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f4", "f8")


class _Kind:
    """Stands for a ``numpy.dtype`` being rebuilt: the type of plain numbers."""

    def __init__(self, kind: object, *_: object) -> None:
        if kind not in _KINDS:
            raise pickle.UnpicklingError(f"an array of type {kind!r}")
        self.text = str(kind)

    def __setstate__(self, state: object) -> None:
        order = state[1] if isinstance(state, tuple) and len(state) > 1 else None
        if order not in ("<", ">", "|", "="):
            raise pickle.UnpicklingError("an array type of unknown byte order")
        self.text = order + self.text.lstrip("<>|=")


class _Array:
    """Stands for a ``numpy.ndarray`` being rebuilt: first empty, then given its content."""

    content: NDArray[Any] | None = None

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise pickle.UnpicklingError("an array that is not rebuilt the usual way")
        _, shape, kind, fortran, raw = state
        raw = raw.encode("latin1") if isinstance(raw, str) else raw
        if not isinstance(kind, _Kind) or not isinstance(raw, bytes):
            raise pickle.UnpicklingError("an array that is not of plain numbers")
        # Fails where the shape does not match the bytes.
        flat = np.frombuffer(raw, dtype=np.dtype(kind.text))
        self.content = flat.reshape(shape, order="F" if fortran else "C")


def _reconstruct(*_: object) -> _Array:
    return _Array()


def _encode(text: object, encoding: object = "latin1") -> bytes:
    # How Python 3 writes bytes for protocols before 3.
    if not isinstance(text, str) or encoding != "latin1":
        raise pickle.UnpicklingError(f"text in the encoding {encoding!r}")
    return text.encode("latin1")


_ALLOWED: dict[tuple[str, str], object] = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Kind,
    ("_codecs", "encode"): _encode,
}


class _Forbidden(pickle.UnpicklingError):
    """The pickle names something that a batch of images has no use for."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise _Forbidden(f"{module}.{name}") from None


def read_batch(path: Path, label_key: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """One official batch.

    Args:
        path: the file.
        label_key: ``"labels"``, or ``"fine_labels"`` for CIFAR-100.

    Returns:
        Pixels, uint8 ``[n, 3 * H * W]``, a channel after the other; labels, int64 ``[n]``.

    Raises:
        DataMissing: the file is not there.
        UserError: it is no such batch, or it is a pickle that asks for anything else.
    """
    try:
        with path.open("rb") as file:
            # Python 2 wrote CIFAR's batches: its byte strings load as Latin-1 text.
            content = _Unpickler(file, encoding="latin1").load()
    except FileNotFoundError:
        raise DataMissing(
            f"{path} was not found, though other batches are there; unpack the archive again"
        ) from None
    except _Forbidden as error:
        raise UserError(
            f"{path} was refused: as a pickle it asks for {error}, which no batch of images needs; "
            "get the official file"
        ) from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}; check the file") from error
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise UserError(
            f"{path} is not a readable batch ({type(error).__name__}: {error}); get the official "
            "file again"
        ) from error
    if not isinstance(content, dict):
        raise UserError(f"{path} holds no dictionary, so it is not an official batch; get it again")
    fields = {k.decode("latin1") if isinstance(k, bytes) else k: v for k, v in content.items()}
    pixels, labels = (
        value.content if isinstance(value, _Array) else value
        for value in (fields.get("data"), fields.get(label_key))
    )
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.ndim != 2:
        raise UserError(f"{path} has no 'data' of two-dimensional uint8; get the official file")
    if not isinstance(labels, list | np.ndarray) or len(labels) != len(pixels):
        raise UserError(
            f"{path} has no '{label_key}' for its {len(pixels)} images; get the official file"
        )
    try:
        numbers = [operator.index(label) for label in labels]
        return pixels, np.array(numbers, dtype=np.int64)
    except (TypeError, OverflowError):
        raise UserError(
            f"{path} has labels that are not small integers; get the official file"
        ) from None
