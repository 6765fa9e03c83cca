"""The table's card, and its short form for the README: every number from the table's own words."""

from __future__ import annotations

from typing import Any

About = dict[str, Any]

_CARD = """# NB201-Digits

*Written by `benchmarks/build_digits_table.py --assemble`; the numbers are those of `digits.json`.*

All 15,625 cells of the NAS-Bench-201 space on scikit-learn's handwritten digits. It is a **test
bench**: a real table to try a search method on within seconds, offline. It is **not
NAS-Bench-201**: other images, a far smaller network, 10 epochs in place of 200. What is good here
need not be good there, and a percentage here means nothing there.

## Protocol

- **Images:** 1,797 of 8 × 8 pixels, split as a search on `digits` splits them: {train} to train,
  {val} for `val`, {test} for `test`. Grey, one channel.
- **Noise:** Gaussian, standard deviation {noise} where ink is 0 to 1. New in every training batch;
  for `val` and `test` {copies} fixed noisy copies of each image, the same for every training. (On
  clean digits nearly all cells are right 19 times in 20, and the seed decides who is best. A search
  on `digits` sees clean ones.)
- **Network:** NAS-Bench-201's skeleton with C = {channels} and one cell a stage: stem, three
  stages of C, 2C, 4C channels, two residual reductions, head; affine norms in the cells, too.
- **Training:** {epochs} epochs of batches of {batch_size} (the last incomplete one left out); SGD
  with Nesterov's momentum {momentum}, learning rate {learning_rate} down half a cosine to 0, weight
  decay {weight_decay}; no other augmentation. Evaluated after the last epoch, with running
  statistics.
- **Architectures:** one of each of the {trained} cells that are unique by the benchmark's own
  naming (`naslib_edd.spaces.nb201.encoding.unique_str`) is trained: the member with most `none`.
  All members of the class have its values. (That naming also merges some cells that
  differ: one convolution used twice, and two convolutions of the same input.)
- **Seeds:** {seed_list}. A seed sets the order of the images and the noise; together with the
  architecture's index, the weights.

## Columns

`digits__val`, `digits__test`: accuracy in %, mean over the seeds. `digits__val_loss`,
`digits__test_loss`: cross-entropy in nats. `…_seeds`: the value of each seed, in the order above.
`about`: the content of `digits.json`.

## Noise and reliability

{table}

- *std of a seed*: standard deviation of one training, pooled over the 15,625 cells (as
  `Table.noise` has it); *of the top half*: over the better half of them.
- *band*: 1.96 · √(2 / seeds) · std of the top half. A smaller difference between two architectures
  of the better half, or a smaller regret, may well be chance.
- *reliability*: Spearman's correlation between the means of two halves of the seeds, averaged over
  the ways to halve them, stepped up to all seeds by Spearman and Brown, over the trained cells.
  *Top half*: the same with pairs of seeds, among the cells that the other seeds put into the better
  half.
- The best values of the table are partly luck: the maximum of many noisy means is too high.
- Spearman's correlation of the means: `val` with `test` {val_test}; `test` with −`test_loss`
  {test_loss}.

## What is good here

- Cells with skip connections beside a convolution or two; pooling and cut paths are bad. So the
  table does **not** punish the collapse of DARTS onto `skip_connect` as NAS-Bench-201 does: the
  cell of six skips has {all_skip[test]:.2f} % on `test`, better than {all_skip[better_than]:.1f} %
  of the trained cells. (Stem and reductions hold enough convolutions for digits.)
{nb201}

## Made by

{hours} core-hours on {processor}; PyTorch {torch}, scikit-learn {sklearn}. Another processor
rounds otherwise, and training carries that on: there a repeated training is one of another seed.

```bash
python benchmarks/build_digits_table.py --seeds {count} --processes 2   # goes on where it was
python benchmarks/build_digits_table.py --assemble
python benchmarks/build_digits_table.py --check 20
```

The build writes a line a training (index, seed, the four values, loss and accuracy of every epoch)
into `runs/nb201_digits/records.jsonl`, which is too large for the repository. Each value of the
`…_seeds` columns is one of these lines, and `--check` trains any of them again.
"""


def card(about: About) -> str:
    """The card as Markdown."""
    seeds = about["seeds"]
    return _CARD.format(
        **about["protocol"],
        **about["images"],
        trained=f"{about['trained']:,}",
        seed_list=", ".join(map(str, seeds)),
        count=len(seeds),
        table=markdown(about),
        val_test=_number(about["spearman"]["val, test"], 3),
        test_loss=_number(-about["spearman"]["test, test_loss"], 3),
        hours=f"{about['core_hours']:.1f}",
        all_skip=about["all_skip"],
        nb201=_nb201(about["beside_nb201"]),
        processor=about["processor"],
        torch=about["torch"],
        sklearn=about["sklearn"],
    )


def summary(about: About) -> str:
    """Noise, reliability and cost for the README."""
    protocol, images = about["protocol"], about["images"]
    return (
        f"{markdown(about)}\n\n"
        f"C = {protocol['channels']}, N = 1, {protocol['epochs']} epochs on {images['train']} "
        f"images with noise of {protocol['noise']}; {about['trained']:,} cells trained, "
        f"{about['core_hours']:.1f} core-hours on {about['processor']}. Reliability: split halves, "
        "Spearman and Brown; top half: among the better half by other seeds.\n"
    )


def _nb201(found: dict[str, float] | None) -> str:
    if found is None:
        return "- Not compared with NAS-Bench-201's own table: it was not at hand."
    return (
        "- Spearman's correlation of `test` with NAS-Bench-201's test accuracy on CIFAR-10:\n"
        f"  {found['all']:.2f} over the trained cells, {found['top_half_here']:.2f} in the better "
        f"half here, {found['top_half_there']:.2f} in\n  the better half there."
    )


def markdown(about: About) -> str:
    """Noise and reliability of each metric as a table."""
    lines = [
        "| column | seeds | std of a seed | of the top half | band | reliability | top half |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for metric, unit, digits in (
        ("val", "%", 2),
        ("test", "%", 2),
        ("val_loss", "nats", 4),
        ("test_loss", "nats", 4),
    ):
        noise = about["noise"].get(metric, {})
        spreads = (noise.get(key) for key in ("seed_std", "seed_std_top", "regret_band"))
        cells = [
            f"`{metric}`, {unit}",
            str(len(about["seeds"])),
            *(_number(value, digits) for value in spreads),
            _number(about["reliability"].get(metric), 3),
            _number(about["reliability_top_half"].get(metric), 3),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
