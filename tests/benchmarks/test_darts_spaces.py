"""The table of docs/darts.md is what the committed searches on the DARTS spaces hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from naslib_edd.storage.lines import read_rows

pytestmark = pytest.mark.benchmark

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "darts_spaces"
TITLES = {
    "darts_v1": "DARTS-V1",
    "edd_darts": "EDD-DARTS",
    "pc_darts": "PC-DARTS",
    "edd_pc_darts": "EDD-PC-DARTS",
}


def test_the_page_has_every_run() -> None:
    lines = (ROOT / "docs" / "darts.md").read_text("utf-8").splitlines()
    records = sorted(RESULTS.glob("*/cifar10/*/*/record.jsonl"))
    assert records
    shown = []
    for path in records:
        space, _, name, seed = path.parent.relative_to(RESULTS).parts
        rows = read_rows(path)
        assert len(rows) == 50 and (path.parent / "result.json").exists()
        last = rows[-1]
        gap = f"{last['val_acc']:.1f} → {last['net_val_acc_batch']:.1f}"
        title = TITLES[name.partition(",")[0]]
        row = f"| `{space}` | {title} | {seed} | {last['entropy']:.2f} | {gap} |"
        shown.append(f"{row} {last['skip_count']} |")
    table = [line for line in lines if line.startswith(("| `s", "| `darts`")) and "→" in line]
    assert sorted(table) == sorted(shown)


def test_the_gap_is_widest_with_darts_in_as_many_pairs_as_the_page_says() -> None:
    gaps: dict[tuple[str, str], dict[str, float]] = {}
    for path in RESULTS.glob("*/cifar10/*/*/record.jsonl"):
        space, _, name, seed = path.parent.relative_to(RESULTS).parts
        last = read_rows(path)[-1]
        gap = last["val_acc"] - last["net_val_acc_batch"]
        gaps.setdefault((space, seed), {})[name.partition(",")[0]] = gap
    whole = [pair for pair in gaps.values() if len(pair) == len(TITLES)]
    widest = sum(max(pair, key=lambda name: pair[name]) == "darts_v1" for pair in whole)
    number = {5: "five", 6: "six"}[len(whole)]
    text = (ROOT / "docs" / "darts.md").read_text("utf-8").replace("\n", " ")
    assert widest == len(whole)
    assert f"widest with DARTS in all {number} pairs of space and seed" in text
