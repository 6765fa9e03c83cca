"""A comparison in words and tables: Markdown, and plain values for JSON and CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from naslib_edd.report.comparison import Comparison, Pair, Sample
from naslib_edd.report.statistics import LEVEL
from naslib_edd.report.table import escape

#: Pairs up to which Markdown lists all; of more it lists those that differ.
_LISTED = 60
_TESTS = {"wilcoxon": "signed ranks", "mann_whitney": "rank sums"}


def markdown(found: Comparison) -> str:
    """The summaries, the pairs and the ranks, each with what it means."""
    parts = [f"# Statistics of {escape(found.measure)}, %", _samples(found.samples)]
    parts.append(verdict(found))
    if found.pairs:
        parts += ["## Pairs", _pairs(found.pairs)]
    if found.friedman is not None:
        parts += ["## Ranks over seeds", _ranks(found), rank_words(found)]
    if found.left_out:
        names = ", ".join(map(escape, found.left_out))
        parts.append(f"Left out, without {escape(found.measure)} in every run: {names}.")
    parts.append(METHOD)
    return "\n\n".join(parts) + "\n"


#: What was computed, and how.
METHOD = (
    "Intervals: 95 %, percentile bootstrap over seeds (20,000 draws; too narrow below ten seeds). "
    "p: two-sided, counted exactly with ties; signed ranks (Wilcoxon) where both methods have the "
    "same seeds and so many pairs could be significant, else rank sums (Mann–Whitney); then Holm "
    f"over all pairs; level {LEVEL:g}. Seeds needed: of each method, for the difference seen with "
    "power 0.8 among as many comparisons (Noether); a rough number, for it rests on the seeds "
    "there are."
)


def verdict(found: Comparison) -> str:
    """What can be said of the pairs, in a sentence or two."""
    pairs = found.pairs
    if not pairs:
        return "One method alone: there is nothing to compare."
    told = f"{len(pairs)} comparisons" if len(pairs) > 1 else "One comparison"
    few, differ = sum(pair.too_few for pair in pairs), sum(pair.differ for pair in pairs)
    if found.hopeless:
        least = min(pair.smallest_p for pair in pairs)
        return (
            f"{told}: **n too small: no result could be significant.** The smallest p that so many "
            f"seeds can give is {p_text(least)}; times {len(pairs)} it is "
            f"{p_text(min(1.0, least * len(pairs)))}, above {LEVEL:g}. "
            f"{least_seeds(len(pairs))} seeds of each method are the fewest that could tell."
        )
    rest = len(pairs) - differ - sum(pair.too_few and not pair.differ for pair in pairs)
    parts = [f"{differ} can be told apart", f"{rest} not distinguishable"]
    if few:
        parts.append(f"of {few} n is too small: no result could be significant")
    return f"{told}: {'; '.join(parts)}."


def least_seeds(comparisons: int) -> int:
    """The fewest seeds of each of two methods with which rank sums can pass Holm's first step."""
    n = 2
    while 2 / math.comb(2 * n, n) * comparisons > LEVEL:
        n += 1
    return n


def rank_words(found: Comparison) -> str:
    """Friedman, Nemenyi and how stable the ranks are, in words."""
    test = found.friedman
    assert test is not None
    k, alike = len(found.ranked), test.agreement
    how = "hardly" if alike < 0.3 else "partly" if alike < 0.7 else "largely"
    some = "differ somewhere" if test.p < LEVEL else "cannot be told apart"
    return (
        f"Friedman over {test.seeds} shared seeds: χ² = {test.chi2:.2f}, p = {p_text(test.p)}: the "
        f"{k} methods {some}. Two mean ranks differ if they are more than "
        f"{test.critical:.2f} apart (Nemenyi). Seeds agree {how} on the order: Kendall's W = "
        f"{alike:.2f}, mean Spearman of two seeds {test.spearman:.2f}."
    )


def as_json(found: Comparison) -> dict[str, Any]:
    """Everything unrounded."""
    test = found.friedman
    ranks = None
    if test is not None:
        ranks = {
            **{key: value for key, value in vars(test).items() if isinstance(value, int | float)},
            "f": test.f,
            "f_p": test.f_p,
            "methods": [
                {"name": name, "rank": float(rank), "interval": list(map(float, place)),
                 "first": float(first)}
                for name, rank, place, first in zip(
                    found.ranked, test.ranks, test.places, test.first, strict=True
                )
            ],
        }  # fmt: skip
    return {
        "measure": found.measure,
        "verdict": verdict(found).replace("*", ""),
        "samples": [
            {**asdict(sample), "n": sample.n,
             "values": {str(seed): value for seed, value in sorted(sample.values.items())}}
            for sample in found.samples
        ],
        "pairs": [{**asdict(pair), "words": pair.words} for pair in found.pairs],
        "friedman": ranks,
        "left_out": found.left_out,
    }  # fmt: skip


def pairs_csv(found: Comparison) -> str:
    """A line a pair."""
    out = io.StringIO()
    names = [*Pair.__dataclass_fields__, "words"]
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    for pair in found.pairs:
        writer.writerow({**asdict(pair), "words": pair.words})
    return out.getvalue()


def interval(low: float | None, high: float | None, *, sign: bool = False) -> str:
    """``[low, high]``, or a dash."""
    if low is None or high is None:
        return "–"
    return f"[{low:+.2f}, {high:+.2f}]" if sign else f"[{low:.2f}, {high:.2f}]"


def _samples(samples: Sequence[Sample]) -> str:
    rows = [
        [escape(each.name), str(each.n), f"{each.mean:.2f}",
         "–" if each.std is None else f"{each.std:.2f}", f"{each.median:.2f}",
         interval(each.low, each.high)]
        for each in samples
    ]  # fmt: skip
    return _table(["method", "n", "mean", "std", "median", "95 % of the mean"], rows)


def _pairs(pairs: Sequence[Pair]) -> str:
    shown = pairs if len(pairs) <= _LISTED else [pair for pair in pairs if pair.differ]
    rows = [
        [escape(pair.one), escape(pair.other), f"{pair.mean:+.2f}",
         interval(pair.low, pair.high, sign=True), _TESTS[pair.test], p_text(pair.p),
         p_text(pair.adjusted), "–" if pair.seeds_needed is None else str(pair.seeds_needed),
         escape(pair.words)]
        for pair in shown
    ]  # fmt: skip
    header = ["one", "other", "one − other", "95 %", "test", "p", "after Holm", "seeds needed",
              "verdict"]  # fmt: skip
    text = _table(header, rows)
    if len(shown) == len(pairs):
        return text
    hidden = f"{len(pairs) - len(shown)} pairs that do not differ are in statistics.json."
    return f"{text}\n\n{hidden}" if shown else hidden


def _ranks(found: Comparison) -> str:
    test = found.friedman
    assert test is not None
    order = sorted(range(len(found.ranked)), key=lambda place: test.ranks[place])
    rows = [
        [escape(found.ranked[place]), f"{test.ranks[place]:.2f}",
         interval(*test.places[place]), f"{100 * test.first[place]:.0f}"]
        for place in order
    ]  # fmt: skip
    return _table(["method", "mean rank", "95 % over seeds", "first, % of draws"], rows)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    text = {"method", "one", "other", "test", "verdict"}
    lines = [header, ["---" if name in text else "---:" for name in header], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def p_text(p: float) -> str:
    """A p with three digits behind the point, or its power of ten."""
    return f"{p:.3f}" if p >= 0.001 else f"{p:.1e}"
