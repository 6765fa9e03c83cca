"""The runs of 12 epochs of NAS-Bench-201 beside those of 200: trained by themselves, not cut short.

(The learning rate of a run of 12 epochs falls to 0 within them, so its last accuracy is not that of
the 12th of 200 epochs.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from naslib_edd.errors import UserError
from naslib_edd.tables.columns import ACCURACIES, Array, Source, is_column

_SHORT = "_ep12"


class Renamed(Mapping[str, Array]):
    """Arrays under other names.

    Args:
        arrays: all of them.
        names: new name -> name in ``arrays``.
    """

    def __init__(self, arrays: Mapping[str, Array], names: Mapping[str, str]) -> None:
        self._arrays, self._names = arrays, dict(names)

    def __getitem__(self, name: str) -> Array:
        return self._arrays[self._names[name]]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def of_twelve(source: Source, path: Path) -> Source:
    """What a table says of the runs of 12 epochs.

    Raises:
        UserError: it has no such runs.
    """
    names = {}
    for name in source.arrays:
        _, _, metric = name.partition("__")
        if name.endswith(_SHORT):
            names[name.removesuffix(_SHORT)] = name
        elif not is_column(name) or not metric.startswith((*ACCURACIES, "valtest", "train_time")):
            names[name] = name
    if not any(name.endswith(_SHORT) for name in names.values()):
        raise UserError(
            f"{path} has no runs of 12 epochs (columns such as cifar10__test{_SHORT}); "
            "the built-in nb201 has"
        )
    of_accuracies = ("val", "test", "train_time_s")
    times = {
        f"{dataset}.train_time_s": "the table has no times of the runs of 12 epochs"
        for dataset in {name.partition("__")[0] for name in source.arrays if is_column(name)}
    }
    return replace(
        source,
        arrays=Renamed(source.arrays, names),
        missing={**source.missing, **times},
        notes={
            field: text
            for field, text in source.notes.items()
            if field.partition(".")[2] not in of_accuracies
        },
    )
