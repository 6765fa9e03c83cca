"""Whatever is typed or stands in a config: taken, or refused in one line, and soon."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from odd_texts import files, overrides

from naslib_edd.config.loading import dump, load
from naslib_edd.config.settings import Config
from naslib_edd.engine.start import folder_of
from naslib_edd.errors import UserError
from naslib_edd.storage.literal import LONGEST

SLOWEST = 5.0  # seconds for one; the machine may be busy


def outcome(read: Callable[[], Config], what: object) -> str:
    """``"taken"`` or ``"refused"``; anything else fails the test."""
    began = time.process_time()
    try:
        config = read()
        folder = folder_of(config)
    except UserError as error:
        text, found = str(error), "refused"
        assert len(text) <= LONGEST, what
        assert text.isprintable() and "\n" not in text, what
    else:
        found = "taken"
        parts = folder.relative_to(Path(config.out_dir or ".").expanduser()).parts
        assert len(parts) == 4 and not {"..", "."} & set(parts), what
        written = dump(config)
        written.encode()
        # NaN is not equal to itself: compare what is written.
        assert dump(load(yaml.safe_load(written))) == written, what
        json.dumps(config.evaluation)
    assert time.process_time() - began < SLOWEST, what
    return found


def check_overrides(count: int, seed: int) -> None:
    found = [outcome(partial(load, {}, [text]), text) for text in overrides(count, seed)]
    assert {"taken", "refused"} == set(found)


def check_files(folder: Path, count: int, seed: int) -> None:
    path, found = folder / "odd.yaml", []
    for text in files(count, seed):
        path.write_bytes(text)
        found.append(outcome(lambda: load(path), text))
    assert {"taken", "refused"} == set(found)


def test_odd_overrides() -> None:
    check_overrides(400, 0)


def test_odd_files(tmp_path: Path) -> None:
    check_files(tmp_path, 60, 0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 6))
def test_many_odd_overrides_and_files(tmp_path: Path, seed: int) -> None:
    check_overrides(2_000, seed)
    check_files(tmp_path, 1_000, seed)


def itself() -> dict[str, Any]:
    found: dict[str, Any] = {}
    found["x"] = found
    return found


@pytest.mark.parametrize(
    "value",
    [
        date(2020, 1, 1), np.zeros(3), np.int64(3), {1, 2}, object(), b"x", itself(),
        [[[itself()]]], 10**5000, "\ud800", "x" * 10_000, {date(2020, 1, 1): 1},
        list(range(100_000)), 1j, print,
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_odd_values_of_python(value: Any) -> None:
    assert outcome(lambda: load({"evaluation": {"x": value}}), "") == "refused"
    for key in ("seed", "name", "out_dir", "search"):
        outcome(partial(load, {key: value}), key)
    outcome(lambda: load({"search": {"learning_rate": value, "epochs": value}}), "")


def test_what_is_taken_can_be_read_again() -> None:
    with pytest.raises(UserError, match="would make the run's config unreadable"):
        load({"evaluation": {"x": ["a" * 4000] * 100}})
    with pytest.raises(UserError, match="would make the run's config unreadable"):
        load({"evaluation": {str(key): key for key in range(15_000)}})


def test_what_a_section_that_we_do_not_read_may_hold() -> None:
    given = {"x": [1, (2, 3)], "y": {1: None, "z": True}, "w": np.float64(0.5)}
    found = load({"evaluation": given}, ["evaluation.d=2020-01-01"]).evaluation
    assert found == {"x": [1, [2, 3]], "y": {"1": None, "z": True}, "w": 0.5, "d": "2020-01-01"}
    assert type(found["w"]) is float


@pytest.mark.parametrize("make", ["fifo", "device", "folder", "large", "secret", "missing", "long"])
def test_configs_that_are_no_files_are_refused_at_once(tmp_path: Path, make: str) -> None:
    path = tmp_path / "x.yaml"
    if make == "fifo":
        os.mkfifo(path)
    elif make == "device":
        path = Path("/dev/zero")
    elif make == "folder":
        path.mkdir()
    elif make == "large":
        with path.open("wb") as file:
            file.truncate(100_000_000)
    elif make == "secret":
        path.touch(mode=0)
        if os.access(path, os.R_OK):
            pytest.skip("this user may read anything")
    elif make == "long":
        path = tmp_path / ("x" * 5000)
    assert outcome(lambda: load(path), make) == "refused"
    assert outcome(lambda: load(str(path)), make) == "refused"


@pytest.mark.parametrize("text", ["", "\0", "a\ud800", "~nobody-has-this-name/x", "x/" * 3000])
def test_odd_names_of_configs(text: str) -> None:
    assert outcome(lambda: load(text), text) == "refused"
