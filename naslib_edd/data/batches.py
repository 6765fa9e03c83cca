"""Reading the official pickled batches of CIFAR and ImageNet16, which are not to be trusted."""

from __future__ import annotations

import operator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naslib_edd.errors import DataMissing, UserError
from naslib_edd.storage.broken import BROKEN, first_line, printable
from naslib_edd.storage.pickles import PLAIN, Forbidden, read_pickle

#: What rebuilds arrays; sets, ordered dicts and the like are none of a batch's.
_KNOWN = {
    name: maker
    for name, maker in PLAIN.items()
    if name.startswith(("numpy.", "_codecs.", "builtins.bytes"))
}


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
            content: Any = read_pickle(file, size=path.stat().st_size, known=_KNOWN)
    except FileNotFoundError:
        raise DataMissing(
            f"{path} was not found, though other batches are there; unpack the archive again"
        ) from None
    except Forbidden as error:
        raise UserError(
            f"{path} was refused: as a pickle it asks for {printable(error.wanted)}, which no "
            "batch of images needs; get the official file"
        ) from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}; check the file") from error
    except BROKEN as error:
        raise UserError(
            f"{path} is not a readable batch ({first_line(error)}); get the official file again"
        ) from error
    if not isinstance(content, dict):
        raise UserError(f"{path} holds no dictionary, so it is not an official batch; get it again")
    fields = {k.decode("latin1") if isinstance(k, bytes) else k: v for k, v in content.items()}
    pixels, labels = fields.get("data"), fields.get(label_key)
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
