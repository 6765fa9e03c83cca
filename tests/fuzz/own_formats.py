"""The formats that this program writes and reads again. Each has a checksum."""

from __future__ import annotations

from functools import partial

from fuzz import crafted, own_crafted, own_seeds, seeds
from fuzz.entry import Format

_TABLE = "fuzz.readers:table"


def _own(reader: str) -> str:
    return f"fuzz.own_readers:{reader}"


OWN_FORMATS: dict[str, Format] = {
    "checkpoint": Format(
        own_seeds.checkpoint,
        _own("checkpoint"),
        True,
        partial(crafted.pickles, seeds.torch_zip),
    ),
    "NASLib run's checkpoint": Format(
        own_seeds.naslib_checkpoint,
        _own("naslib_checkpoint"),
        True,
        partial(crafted.pickles, seeds.torch_zip),
    ),
    "record.jsonl → report": Format(own_seeds.record, _own("run"), True, own_crafted.records),
    "record.jsonl → resume": Format(
        own_seeds.record_only_the_checkpoint_vouches_for,
        _own("record_on_resume"),
        True,
        own_crafted.records,
    ),
    "result.json → report": Format(own_seeds.result, _own("run"), True, own_crafted.results),
    "result.json → sweep": Format(
        own_seeds.result, _own("result_in_a_sweep"), True, own_crafted.broken_json
    ),
    "config.yaml → report": Format(own_seeds.config, _own("run"), True, own_crafted.configs),
    "config.yaml → search": Format(
        own_seeds.config, _own("config_of_another_search"), True, own_crafted.configs
    ),
    "sweep's failed.json": Format(
        own_seeds.given_up, _own("given_up"), True, own_crafted.broken_json
    ),
    "run.lock": Format(own_seeds.run_lock, _own("run_lock"), True, own_crafted.broken_json),
    "compact table": Format(own_seeds.compact_table, _TABLE, True, own_crafted.compact_tables),
    "built-in digits.npz": Format(own_seeds.built_in_digits, _TABLE, True),
    "built-in nb201.npz, packed": Format(
        own_seeds.built_in_nb201, _TABLE, True, own_crafted.packed_tables
    ),
    "kernel library": Format(own_seeds.kernel_library, _own("kernel_library"), True),
    "kernel library's hash": Format(own_seeds.kernel_hash, _own("kernel_library"), True),
    "kernels' measured speed": Format(
        own_seeds.kernel_choice, _own("kernel_choice"), True, own_crafted.broken_json
    ),
}
