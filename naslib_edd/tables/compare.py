"""Where a search's final architecture stands in a table, beside chance: for the record alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from naslib_edd.data.names import CUSTOM, same
from naslib_edd.tables.random_search import better_than, expected

if TYPE_CHECKING:
    from naslib_edd.tables import Table

Row = dict[str, Any]


def ranked_dataset(datasets: list[str], searched: str) -> str | None:
    """The data set of a table that ranks are shown of: that of the search, or the first."""
    return same(searched, datasets) or next(iter(datasets), None)


def standing(table: Table, index: int, *, searched: str, lookups: int) -> Row | None:
    """Rank, regret and noise of one architecture, and random search with as many look-ups.

    Args:
        table: the benchmark table.
        index: the architecture's.
        searched: the data set of the search.
        lookups: of random search; a search that looks one architecture up an epoch has had as
            many as epochs.

    Returns:
        ``dataset``; ``architectures`` (of the table); for ``val`` and ``test``: ``value`` (%),
        ``rank`` (1 is the best), ``better_than`` (% of the table), ``regret`` (percentage points)
        and ``regret_band`` (what of it may be chance, None where the table keeps no seeds); and
        ``random_search``: see :class:`~naslib_edd.tables.random_search.Expected`. None where the
        table lacks either accuracy of the architecture.
    """
    name = ranked_dataset(list(table.datasets), searched)
    columns = {split: table.accuracies.get(f"{name}__{split}") for split in ("val", "test")}
    val, test = columns["val"], columns["test"]
    if name is None or val is None or test is None:
        return None
    found: Row = {"dataset": name, "architectures": len(table)}
    record = table.query(index).datasets[name]
    for split, values in (("val", val), ("test", test)):
        score = getattr(record, split)
        if score.value is None:
            return None
        noise = table.noise(name, split)
        found[split] = {
            **score._asdict(),
            "better_than": float(better_than(values[np.isfinite(values)], score.value)),
            "regret_band": None if noise is None else noise.regret_band,
        }
    return {**found, "random_search": expected(val, test, lookups)._asdict()}


def other_tables(table: Table | None, index: int, *, named: str | None = None) -> Row:
    """What NAS-Bench-201 says of an architecture that was searched on other images.

    Args:
        table: the one that the search looked up in, if any.
        index: the architecture's.
        named: the table that flag or configuration named; after ``none`` nothing is looked up.

    Returns:
        ``{"tables": {"nb201": record}}``, or nothing where the search's table is of
        NAS-Bench-201's data sets itself.
    """
    from naslib_edd.tables import Table as Opened
    from naslib_edd.tables.columns import NB201_DATASETS
    from naslib_edd.tables.locate import NONE

    if named == NONE or (table is not None and set(table.datasets) & set(NB201_DATASETS)):
        return {}
    return {"tables": {"nb201": Opened.open("nb201").query(index).as_dict()}}


def lines_of_others(result: Row) -> list[str]:
    """What a result has of tables of other images, in words, a line each data set."""
    texts = []
    for record in (result.get("tables") or {}).values():
        for name, of in record["datasets"].items():
            scores = ", ".join(
                f"{split} {of[split]['value']:.2f} %, rank {of[split]['rank']}"
                for split in ("val", "test")
                if of[split]["value"] is not None
            )
            texts.append(f"NAS-Bench-201 (other images), {name}: {scores}")
    return texts


def lines(result: Row) -> list[str]:
    """What a result has of the table, in words, a line each.

    Args:
        result: with ``table``, the record of the final architecture, and ``standing``, or neither.
    """
    found, texts = result.get("standing"), []
    # No table belongs to images of one's own.
    table = "table of other images" if result.get("dataset") == CUSTOM else "table"
    for name, record in (result.get("table") or {}).get("datasets", {}).items():
        for split in ("val", "test"):
            if record[split]["value"] is not None:
                more = found[split] if found and found["dataset"] == name else {}
                texts.append(f"{table}, {name} {split}: {_score(record[split] | more)}")
    if found:
        chance = found["random_search"]
        texts.append(
            f"random search with {chance['lookups']} look-ups, expected: "
            f"val {chance['val']:.2f} %, test {chance['test']:.2f} %, "
            f"rank {chance['test_rank']:.0f} (better than {chance['better_than']:.1f} %), "
            f"regret {chance['test_regret']:.2f}"
        )
    return texts + lines_of_others(result)


def _score(score: Row) -> str:
    text = f"{score['value']:.2f} %, rank {score['rank']}"
    if "better_than" in score:
        text += f" (better than {score['better_than']:.1f} %)"
    text += f", regret {score['regret']:.2f}"
    if score.get("regret_band") is not None:
        text += f" (noise band {score['regret_band']:.2f})"
    return text
