"""The paper's rows for NB201: facts to set beside our own, never mixed with them.

Source: the EDD-DARTS paper (2023), Tables 1, 5 and 7. Accuracies in %, mean and standard deviation
over its seeds, looked up in NAS-Bench-201 for the final architecture of each search.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from naslib_edd.config.settings import Config, SearchSettings
from naslib_edd.data.names import canonical

#: The six columns: (data set of the table, part).
COLUMNS = tuple(
    (dataset, part)
    for dataset in ("cifar10", "cifar100", "imagenet16_120")
    for part in ("val", "test")
)


@dataclass(frozen=True)
class PaperRow:
    """One row of the paper.

    Attributes:
        name: the method, as the paper calls it.
        table: number of the paper's table.
        accuracies: (mean, standard deviation or None) for each of :data:`COLUMNS`.
        seconds: of one search, on the paper's machine; None where it is not given.
    """

    name: str
    table: int
    accuracies: tuple[tuple[float, float | None], ...]
    seconds: float | None = None

    @property
    def title(self) -> str:
        """The row's name in a table of ours."""
        return f"paper, Table {self.table}: {self.name}"


def _row(name: str, table: int, numbers: str, seconds: float | None = None) -> PaperRow:
    pairs = []
    for text in numbers.split():
        mean, _, std = text.partition("±")
        pairs.append((float(mean), float(std) if std else None))
    return PaperRow(name, table, tuple(pairs), seconds)


_DARTS = "39.77±0.00 54.30±0.00 15.03±0.00 15.61±0.00 16.43±0.00 16.32±0.00"

#: Table 1, searched on CIFAR-10.
TABLE_1 = {
    row.name: row
    for row in (
        _row("DARTS-V2", 1, _DARTS, 22323),
        _row("DARTS-V1", 1, _DARTS, 7253),
        _row("GDAS", 1, "90.00±0.21 93.51±0.13 71.14±0.27 70.61±0.26 41.70±1.26 41.84±0.90", 19720),
        _row(
            "ETS-GDAS",
            1,
            "90.57±0.35 93.75±0.22 71.45±0.64 71.39±0.66 42.96±0.93 42.92±0.87",
            19755,
        ),
        _row("DrNAS", 1, "90.15±0.10 93.74±0.03 70.82±0.27 71.07±0.08 40.76±0.05 41.37±0.17", 7544),
        _row(
            "GAEA-Bilevel",
            1,
            "82.80±1.01 84.64±1.00 55.24±1.47 55.35±1.72 27.72±1.35 26.40±0.85",
            8280,
        ),
        _row(
            "GAEA-ERM",
            1,
            "84.59±0.00 86.59±0.00 58.12±0.00 58.43±0.00 29.54±0.00 28.19±0.00",
            14464,
        ),
        _row(
            "GAEA-ERM without none",
            1,
            "91.50±0.06 94.34±0.06 73.12±0.26 73.11±0.06 45.71±0.28 46.38±0.18",
            14464,
        ),
        _row("GibbsNAS", 1, "90.02±0.60 92.72±0.60 68.88±1.43 69.20±1.44 42.31±1.69 42.08±1.95"),
        _row("DARTS-", 1, "91.03±0.44 93.80±0.40 71.36±1.51 71.53±1.51 44.87±1.46 45.12±0.82"),
        _row("SurgeNAS", 1, "90.2 93.7 71.2 71.6 44.5 45.2"),
        _row(
            "EDD-DARTS",
            1,
            "90.95±0.44 93.80±0.33 71.44±1.21 71.42±1.25 45.14±0.78 45.12±0.56",
            7392,
        ),
        _row(
            "EDD-DARTS (clip)",
            1,
            "91.12±0.19 94.05±0.11 72.59±0.62 72.43±0.64 45.89±0.41 45.80±0.29",
            7400,
        ),
    )
}

#: Table 5, EDD-DARTS searched on CIFAR-10: (softmax, s, λ) -> row.
TABLE_5 = {
    key: _row(f"EDD-DARTS, {key[0]}{f' s={key[1]}' if key[1] else ''}, λ={key[2]:g}", 5, numbers)
    for key, numbers in {
        (
            "softmax",
            None,
            0.06,
        ): "90.56±0.75 93.29±0.70 70.03±1.48 70.21±1.54 43.59±2.05 43.33±1.80",
        (
            "softmax",
            None,
            0.12,
        ): "90.74±0.31 93.60±0.29 70.46±0.84 70.45±0.96 44.17±0.92 44.34±1.23",
        (
            "softmax",
            None,
            0.24,
        ): "89.93±1.44 92.82±1.16 69.38±2.05 69.60±1.49 43.01±2.16 43.07±2.14",
        ("sn", "1/t", 0.06): "90.95±0.44 93.80±0.33 71.44±1.21 71.42±1.25 45.14±0.78 45.12±0.56",
        ("sn", "1/t", 0.12): "90.57±0.58 93.38±0.52 70.06±1.46 69.86±1.42 43.87±1.92 43.89±2.33",
        ("sn", "1/t", 0.24): "90.06±0.81 92.83±0.52 69.07±1.35 69.26±1.29 42.28±2.07 42.43±1.83",
        ("sn", "100", 0.06): "90.68±0.71 93.44±0.54 70.45±1.69 70.43±1.61 43.98±1.85 44.08±2.17",
        ("sn", "100", 0.12): "91.02±0.30 93.75±0.31 71.36±0.96 71.33±1.21 44.73±0.64 44.95±0.62",
        ("sn", "100", 0.24): "90.54±0.74 93.22±0.58 69.90±1.60 70.19±1.88 43.43±1.82 43.49±1.68",
    }.items()
}

#: Table 7: (method, data set of the search) -> row.
TABLE_7 = {
    (method, dataset): _row(f"{name}, searched on CIFAR-{dataset[5:]}", 7, numbers)
    for method, name, dataset, numbers in (
        ("pcd_darts", "PCD", "cifar10",
         "91.06±0.49 93.78±0.43 71.61±1.30 72.00±1.48 45.17±0.84 45.63±0.86"),
        ("pcd_darts", "PCD", "cifar100",
         "90.04±1.35 92.97±1.78 69.97±1.82 70.02±2.00 42.34±2.16 42.79±2.01"),
        ("edd_darts", "EDD", "cifar100",
         "90.27±0.81 93.44±0.49 70.46±1.52 70.57±1.40 42.43±1.80 42.88±1.81"),
    )
}  # fmt: skip

#: A method of ours -> its row of Table 1.
_IN_TABLE_1 = {
    "darts_v1": "DARTS-V1",
    "edd_darts": "EDD-DARTS",
    "edd_darts_clip": "EDD-DARTS (clip)",
}


def paper_row(config: Mapping[str, Any]) -> PaperRow | None:
    """The paper's row for the method, data set and (for EDD) softmax and λ of a config, if any.

    There is none for another space than NAS-Bench-201.
    """
    if config.get("search_space", Config.search_space) != Config.search_space:
        return None
    method, dataset = str(config.get("optimizer")), canonical(str(config.get("dataset")))
    search = config.get("search") or {}
    if (method, dataset) in TABLE_7:
        return TABLE_7[method, dataset]
    if dataset != "cifar10":
        return None
    if method == "edd_darts" and search.get("variant", SearchSettings.variant) == "paper":
        sn = search.get("relaxation", "sn_softmax") == "sn_softmax"
        s = search.get("s", SearchSettings.s)
        shown = ("1/t" if s == "unit" else f"{s:g}") if sn else None
        lamda = search.get("edd_lambda", SearchSettings.edd_lambda)
        key = ("sn" if sn else "softmax", shown, lamda)
        if key != ("sn", "1/t", 0.06):  # Table 1's own
            return TABLE_5.get(key)
    name = _IN_TABLE_1.get(method)
    return TABLE_1[name] if name is not None else None
