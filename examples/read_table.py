"""What the built-in NAS-Bench-201 knows: ranks, the noise of its seeds, the best within limits.

    python examples/read_table.py

A second, without PyTorch or a download.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import kendalltau

import naslib_edd


def short_runs_tell(table: naslib_edd.Table, dataset: str) -> float:
    """Kendall's τ between validation after 12 epochs and test after 200, over all architectures."""
    short = table.at(12).accuracy(dataset, "val")
    return float(kendalltau(short, table.accuracy(dataset, "test")).statistic)


def within(table: naslib_edd.Table, dataset: str) -> list[tuple[float, naslib_edd.Record]]:
    """The best on the test images with at most so many million parameters."""
    return [
        (limit, table.best(dataset, "test", max_params_M=limit)) for limit in (0.1, 0.3, 0.6, 1.0)
    ]


def spread(table: naslib_edd.Table, name: str) -> float:
    """The range of an architecture's runs, in points of %, at the median over architectures."""
    runs = np.array([table.seeds(index)[name] for index in range(0, len(table), 50)], dtype=object)
    return float(np.median([max(values) - min(values) for values in runs if len(values) > 1]))


def main() -> None:
    """Three questions to the table."""
    table = naslib_edd.Table.open("nb201")
    for dataset in table.datasets:
        tau = short_runs_tell(table, dataset)
        print(f"{dataset}: 12 epochs order the architectures as 200 do with τ = {tau:.2f}")
    median = spread(table, "cifar100__test")
    print(f"CIFAR-100: the runs of one architecture lie {median:.2f} points apart (median)")
    for limit, record in within(table, "cifar100"):
        found, params = record.cifar100, record.cifar100.params_M
        print(f"≤ {limit} M: {found.test.value:.2f} % at {params:.2f} M, {record.arch_str}")


if __name__ == "__main__":
    main()
