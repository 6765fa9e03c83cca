"""The whole fuzz, as a command: every format of :mod:`fuzz.formats`, a table of the outcomes.

python tests/fuzz/campaign.py --count 200 --out benchmarks/results/fuzz
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

sys.path[:0] = [str(Path(__file__).resolve().parents[n]) for n in (1, 2)]

from fuzz.child import OUTCOMES, Child, Outcome, judge  # noqa: E402
from fuzz.formats import FORMATS, Format  # noqa: E402
from fuzz.mutations import mutations  # noqa: E402

#: Outcomes that are a fault in every format.
FAULTS = ("traceback", "crash", "hang", "memory")


class Campaign(NamedTuple):
    """What became of one format's files: those damaged at random, and the crafted ones."""

    format: Format
    damaged: list[Outcome]
    crafted: list[Outcome]

    def faults(self) -> list[Outcome]:
        """Outcomes that must not be."""
        allowed = (
            ("refused", "same") if self.format.has_checksum else ("refused", "same", "different")
        )
        return [
            *(case for case in self.damaged if case.outcome not in allowed),
            *(case for case in self.crafted if case.outcome != "refused"),
        ]


def run(form: Format, folder: Path, child: Child, *, count: int, crafted: bool = True) -> Campaign:
    """Read ``count`` damaged files of a format, and the crafted ones, in an empty folder."""
    path = form.make(folder)
    original = path.read_bytes()

    def outcomes(cases: Iterable[tuple[str, bytes]]) -> list[Outcome]:
        return list(judge(form.reader, original, cases, path=path, child=child))

    return Campaign(
        form,
        outcomes(mutations(original, count=count, seed=0)),
        outcomes(form.crafted()) if crafted else [],
    )


def summary(campaigns: Mapping[str, Campaign]) -> str:
    """The table, in Markdown."""
    lines = [
        "| format | checksum | damaged | " + " | ".join(OUTCOMES) + " | crafted | refused |",
        "| --- | --- |" + " ---: |" * (len(OUTCOMES) + 3),
    ]
    for name, campaign in campaigns.items():
        counts = Counter(case.outcome for case in campaign.damaged)
        refused = sum(case.outcome == "refused" for case in campaign.crafted)
        cells = [
            name,
            "yes" if campaign.format.has_checksum else "no",
            len(campaign.damaged),
            *(counts[outcome] for outcome in OUTCOMES),
            len(campaign.crafted),
            refused,
        ]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"


def as_json(campaigns: Mapping[str, Campaign]) -> dict[str, Any]:
    """Counts of every format, and by name what was not refused."""
    return {
        name: {
            "checksum": campaign.format.has_checksum,
            "damaged": dict(Counter(case.outcome for case in campaign.damaged)),
            "different": [c.case for c in campaign.damaged if c.outcome == "different"],
            "crafted": {case.case: case.outcome for case in campaign.crafted},
            "faults": [case._asdict() for case in campaign.faults()],
        }
        for name, campaign in campaigns.items()
    }


def _all(names: list[str], count: int) -> Iterator[tuple[str, Campaign]]:
    with Child() as child:
        for name in names:
            with tempfile.TemporaryDirectory() as folder:
                campaign = run(FORMATS[name], Path(folder), child, count=count)
            yield name, campaign


def main(words: list[str] | None = None) -> int:
    """Returns 1 where there is a fault."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200, help="damaged files of each format")
    parser.add_argument("--out", type=Path, help="folder of table.md and table.json")
    parser.add_argument("formats", nargs="*", help="names; all if none are given")
    options = parser.parse_args(words)
    campaigns = {}
    for name, campaign in _all(options.formats or list(FORMATS), options.count):
        campaigns[name] = campaign
        print(name, dict(Counter(case.outcome for case in campaign.damaged)), flush=True)
        for case in campaign.faults():
            print(f"  FAULT {case.case}: {case.outcome} {case.detail}", flush=True)
    table = summary(campaigns)
    print(table)
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "table.md").write_text(table)
        text = json.dumps(as_json(campaigns), indent=1, ensure_ascii=False)
        (options.out / "table.json").write_text(f"{text}\n")
    return 1 if any(campaign.faults() for campaign in campaigns.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
