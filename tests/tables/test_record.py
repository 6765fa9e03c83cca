"""Records: named, unchangeable, and ready for JSON."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from naslib_edd.errors import UserError
from naslib_edd.tables import DatasetRecord, Record, Score, Table

HALF = DatasetRecord(Score(90.0, 1, 0.0), Score(None, None, None), 1.0, None, 2.5)


def test_as_dict_is_json_with_every_field() -> None:
    record = Record(3, "|…|", (0, 1, 2, 3, 4, 0), {"digits": HALF}, {"digits.test": "why"})
    assert json.loads(json.dumps(record.as_dict())) == {
        "index": 3,
        "arch_str": "|…|",
        "ops": [0, 1, 2, 3, 4, 0],
        "datasets": {
            "digits": {
                "val": {"value": 90.0, "rank": 1, "regret": 0.0},
                "test": {"value": None, "rank": None, "regret": None},
                "params_M": 1.0,
                "flops_M": None,
                "train_time_s": 2.5,
            }
        },
        "missing": {"digits.test": "why"},
        "notes": {},
    }


def test_properties_name_the_datasets() -> None:
    other = HALF._replace(params_M=2.0)
    record = Record(0, "", (0,) * 6, {"cifar10": HALF, "cifar100": other})
    assert record.cifar10 is HALF
    assert record.cifar100 is other
    with pytest.raises(UserError, match="says nothing about imagenet16_120; choose one of cifar10"):
        _ = record.imagenet16_120


def test_records_of_a_table_cannot_be_changed(compact_file: Path) -> None:
    record = Table.open(compact_file).query(0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        record.index = 1  # type: ignore[misc]
    with pytest.raises(TypeError):
        record.datasets["cifar10"] = HALF  # type: ignore[index]
    with pytest.raises(TypeError):
        record.missing["x"] = "y"  # type: ignore[index]
    with pytest.raises(AttributeError):
        record.cifar10.val.value = 1.0  # type: ignore[misc]
