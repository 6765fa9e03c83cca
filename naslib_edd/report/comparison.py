"""Methods compared by the seeds they were run with: summaries, pairs, and what can be said.

Which test a pair gets is decided by how many seeds there are, never by their values: signed ranks
(Wilcoxon) where both have the same seeds and so many pairs could be significant after Holm, else
rank sums (Mann–Whitney).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from naslib_edd.errors import UserError, nearest
from naslib_edd.report.friedman import Friedman, friedman
from naslib_edd.report.groups import Group, name_among
from naslib_edd.report.rank_tests import (
    mann_whitney,
    seeds_for_mann_whitney,
    seeds_for_wilcoxon,
    smallest_p_paired,
    wilcoxon,
)
from naslib_edd.report.series import series
from naslib_edd.report.statistics import LEVEL, RESAMPLES, holm, smallest_p
from naslib_edd.report.table import column_name

Draws = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One method's values, by seed.

    Attributes:
        name: of the group.
        values: seed -> what is compared, %.
        mean, std, median: over seeds; std (n - 1) is None of one seed.
        low, high: 95 % percentile bootstrap interval of the mean; None of one seed.
    """

    name: str
    values: dict[int, float]
    mean: float
    std: float | None
    median: float
    low: float | None
    high: float | None

    @property
    def n(self) -> int:
        """Seeds."""
        return len(self.values)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One method against another.

    Attributes:
        one, other: names.
        mean: of one minus other, points.
        low, high: 95 % bootstrap interval of that; None where one of them has one seed.
        paired: whether the interval, and perhaps the test, is by seed.
        test: ``wilcoxon`` or ``mann_whitney``.
        p, adjusted: two-sided and exact; after Holm over all pairs.
        smallest_p: the least p that so many seeds could give.
        comparisons: how many were adjusted together.
        seeds_needed: of each method, to show the difference seen with power .8 among as many
            comparisons; None where neither tends to be better.
    """

    one: str
    other: str
    mean: float
    low: float | None
    high: float | None
    paired: bool
    test: str
    p: float
    adjusted: float
    smallest_p: float
    comparisons: int
    seeds_needed: int | None

    @property
    def too_few(self) -> bool:
        """Whether no values at all could have been significant, with so many seeds."""
        return self.smallest_p * self.comparisons > LEVEL

    @property
    def differ(self) -> bool:
        """Whether the two can be told apart."""
        return self.adjusted < LEVEL

    @property
    def words(self) -> str:
        """The verdict."""
        if self.differ:
            return f"{self.one} is {'better' if self.mean > 0 else 'worse'}"
        if self.too_few:
            return "n too small: no result could be significant"
        return "not distinguishable"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All of it; ``left_out`` names groups whose runs lack the value.

    ``measure`` is what is compared; ``friedman`` has the methods in the order of ``ranked``, and is
    None where fewer than three methods share two seeds.
    """

    measure: str
    samples: list[Sample]
    pairs: list[Pair]
    friedman: Friedman | None
    ranked: list[str]
    left_out: list[str]

    @property
    def hopeless(self) -> bool:
        """Whether no pair could have been significant, whatever its values."""
        return bool(self.pairs) and all(pair.too_few for pair in self.pairs)


def compare_groups(groups: Sequence[Group], *, against: Sequence[str] = ()) -> Comparison | None:
    """Compare groups by the test accuracy of their final architectures.

    Args:
        groups: each with its runs by seed.
        against: names of methods that all others are compared with; by default all pairs are.

    Returns:
        None if no group has such an accuracy.

    Raises:
        UserError: an unknown name in ``against``.
    """
    found = measure(groups)
    if found is None:
        return None
    name, values = found
    names = [name_among(group, groups) for group in groups]
    left_out = [label for label in names if label not in values]
    return compare_values(values, measure=name, against=against, left_out=left_out)


def compare_values(
    values: Mapping[str, Mapping[int, float]],
    *,
    measure: str,
    against: Sequence[str] = (),
    left_out: Sequence[str] = (),
) -> Comparison:
    """:func:`compare_groups` of values that are at hand.

    Args:
        values: method -> seed -> what is compared, where more is better.
        measure: what that is.
        against: see :func:`compare_groups`.
        left_out: names to tell as left out.

    Raises:
        UserError: no method at all, or one without a value; an unknown name in ``against``.
    """
    if not values or not all(values.values()):
        raise UserError("nothing to compare: every method needs a value of one seed at least")
    draws: dict[str, Draws] = {}
    samples = [_sample(label, each, draws) for label, each in values.items()]
    samples.sort(key=lambda sample: -sample.mean)
    pairs = _pairs(samples, draws, _chosen(samples, against))
    common = sorted(set.intersection(*(set(sample.values) for sample in samples)))
    ranked = None
    if len(samples) > 2 and len(common) > 1:
        ranked = friedman([[sample.values[seed] for seed in common] for sample in samples])
    return Comparison(
        measure=measure,
        samples=samples,
        pairs=pairs,
        friedman=ranked,
        ranked=[sample.name for sample in samples] if ranked else [],
        left_out=list(left_out),
    )


def measure(groups: Sequence[Group]) -> tuple[str, dict[str, dict[int, float]]] | None:
    """What the groups can be compared by: its name, and for each group its values by seed.

    The first data set of the table, on its test part; without a table the discretised network's
    test accuracy. A group whose runs do not all have it is left out.
    """
    results = [run.result or {} for group in groups for run in group.runs]
    sets = dict.fromkeys(
        name for result in results for name in ((result.get("table") or {}).get("datasets") or {})
    )
    ways: list[tuple[str, tuple[str, ...]]] = [
        (column_name(name, "test"), ("table", "datasets", name, "test", "value")) for name in sets
    ]
    ways.append(("test accuracy with shared weights", ("net_test_acc_batch",)))
    for name, path in ways:
        found = {}
        for group in groups:
            values = series([run.result or {} for run in group.runs], *path)
            if np.isfinite(values).all():
                seeds = [run.seed for run in group.runs]
                label = name_among(group, groups)
                found[label] = dict(zip(seeds, map(float, values), strict=True))
        if found:
            return name, found
    return None


def _sample(name: str, values: Mapping[int, float], draws: dict[str, Draws]) -> Sample:
    """Its summary; the bootstrap's means go into ``draws``."""
    given = np.array([values[seed] for seed in sorted(values)])
    low = high = std = None
    if len(given) > 1:
        # Methods of the same seeds draw the same seeds: their differences are paired.
        random = np.random.default_rng([len(values), *sorted(values)])
        draws[name] = given[random.integers(len(given), size=(RESAMPLES, len(given)))].mean(axis=1)
        low, high = map(float, np.quantile(draws[name], [0.025, 0.975]))
        std = float(given.std(ddof=1))
    return Sample(
        name=name,
        values=dict(values),
        mean=float(given.mean()),
        std=std,
        median=float(np.median(given)),
        low=low,
        high=high,
    )


def _chosen(samples: Sequence[Sample], against: Sequence[str]) -> list[tuple[Sample, Sample]]:
    if not against:
        return list(itertools.combinations(samples, 2))
    pairs: dict[frozenset[str], tuple[Sample, Sample]] = {}
    for name in against:
        of = [sample for sample in samples if name in (sample.name, sample.name.split(",")[0])]
        if len(of) != 1:
            names = [sample.name for sample in samples]
            raise UserError(
                f"{name!r} is {len(of) or 'none'} of the methods compared"
                f"{nearest(name, names) if not of else ', name it in full: ' + '; '.join(names)}"
            )
        for sample in samples:
            if sample is not of[0]:
                pairs.setdefault(frozenset({sample.name, of[0].name}), (sample, of[0]))
    return list(pairs.values())


def _pairs(
    samples: Sequence[Sample], draws: Mapping[str, Draws], chosen: Sequence[tuple[Sample, Sample]]
) -> list[Pair]:
    count = len(chosen)
    found = [_test(one, other, count) for one, other in chosen]
    adjusted = holm([p for _, p, _, _ in found])
    pairs = []
    for (one, other), (test, p, least, needed), after in zip(chosen, found, adjusted, strict=True):
        low = high = None
        if one.name in draws and other.name in draws:
            gap = draws[one.name] - draws[other.name]
            low, high = map(float, np.quantile(gap, [0.025, 0.975]))
        pairs.append(
            Pair(
                one=one.name,
                other=other.name,
                mean=one.mean - other.mean,
                low=low,
                high=high,
                paired=set(one.values) == set(other.values),
                test=test,
                p=p,
                adjusted=after,
                smallest_p=least,
                comparisons=count,
                seeds_needed=needed,
            )
        )
    return pairs


def _test(one: Sample, other: Sample, count: int) -> tuple[str, float, float, int | None]:
    """Name, p, least p and seeds needed of one pair among ``count``."""
    level = LEVEL / count
    least = smallest_p_paired(one.n)
    if set(one.values) == set(other.values) and least <= level:
        gaps = [one.values[seed] - other.values[seed] for seed in one.values]
        return "wilcoxon", wilcoxon(gaps), least, seeds_for_wilcoxon(gaps, level=level)
    values = list(one.values.values()), list(other.values.values())
    return (
        "mann_whitney",
        mann_whitney(*values),
        smallest_p(one.n, other.n),
        seeds_for_mann_whitney(*values, level=level),
    )
