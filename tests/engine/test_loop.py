"""The loop: what it records, that it resumes bit for bit, and how it ends when it must."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from helpers import FOLDER, rows_of, run, tiny_settings, write_table
from rich.console import Console

from naslib_edd.config.loading import as_dict, load
from naslib_edd.engine import checkpoint, epochs, loop
from naslib_edd.engine.engine import Engine
from naslib_edd.engine.loop import Interrupted, SearchResult
from naslib_edd.errors import Diverged, UserError
from naslib_edd.spaces.nb201.collapse import warning_of
from naslib_edd.spaces.nb201.encoding import SIZE, ops_to_index, ops_to_str
from naslib_edd.storage.record import read_rows, without_timings
from naslib_edd.tables import Table

EVERYWHERE = ("edd_darts", "gdas")
#: (method, steps before the cut): everywhere with two of them, inside the second epoch with each.
CUTS = [
    pytest.param(
        method, stop_at, marks=() if method in EVERYWHERE or stop_at == 4 else pytest.mark.slow
    )
    for method in (*EVERYWHERE, "darts_v1", "edd_darts_clip", "lts_darts", "ets_darts", "rs_ws")
    for stop_at in (1, 3, 4, 8)
]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], SearchResult]:
    """A method's whole run; one for all places where it is cut off elsewhere."""

    @functools.cache
    def whole(optimizer: str) -> SearchResult:
        return run(tiny_settings(tmp_path_factory.mktemp("whole"), optimizer=optimizer))

    return whole


@pytest.mark.search
def test_a_run_leaves_its_record(tmp_path: Path) -> None:
    result = run(tiny_settings(tmp_path))
    folder = result.folder
    assert folder == tmp_path / "nasbench201" / "digits" / "edd_darts" / "0"
    rows = read_rows(folder / "record.jsonl")
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert rows[0]["t"] == 1.0
    assert rows[1]["t"] == rows[0]["t_next"] < 1
    for row in rows:
        beta = torch.softmax(torch.tensor(row["logits"]) / row["t"], -1).double()
        expected = -(beta * beta.clamp_min(1e-300).log()).sum(-1).mean()
        assert row["entropy"] == pytest.approx(float(expected), abs=1e-5)
        ops = np.array(row["logits"]).argmax(1).tolist()
        assert row["ops"] == ops
        assert row["index"] == ops_to_index(ops)
        assert row["arch_str"] == ops_to_str(ops)
        assert row["skip_count"] == ops.count(1)
        assert row["none_count"] == ops.count(0)
        assert 0 <= row["opposite_entries"] <= row["opposite_steps"] <= 1
        assert row["forward_norm"] > 0
        assert row["noise_norm"] > 0
        assert 0 <= row["net_val_acc_batch"] <= 100
        assert 0 <= row["net_val_acc_running"] <= 100
        assert row["table"] == Table.open("digits").query(row["index"]).as_dict()
    final = json.loads((folder / "result.json").read_text())
    assert final["arch_str"] == rows[-1]["arch_str"] == result.arch_str
    saved = yaml.safe_load((folder / "config.yaml").read_text())
    assert load(saved) == load(tiny_settings(tmp_path))
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


@pytest.mark.search
def test_two_runs_of_a_seed_are_equal_and_another_seed_differs(tmp_path: Path) -> None:
    first = run(tiny_settings(tmp_path / "a"))
    second = run(tiny_settings(tmp_path / "b"))
    other = run(tiny_settings(tmp_path / "c", seed=1))
    assert rows_of(first.folder) == rows_of(second.folder)
    assert first.rows[0]["logits"] != other.rows[0]["logits"]


@pytest.mark.search
@pytest.mark.parametrize(("optimizer", "stop_at"), CUTS)
def test_a_run_cut_off_at_any_step_resumes_bit_for_bit(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    undisturbed: Callable[[str], SearchResult],
    optimizer: str,
    stop_at: int,
) -> None:
    """Ctrl-C (a real signal) after ``stop_at`` of 9 steps; 3 is an epoch's last step."""
    settings = {"optimizer": optimizer}
    handler = signal.getsignal(signal.SIGINT)
    whole = undisturbed(optimizer)
    original, done = Engine.run_step, []

    def step(engine: Engine) -> None:
        original(engine)
        done.append(None)
        if len(done) == stop_at:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Engine, "run_step", step)
    with pytest.raises(Interrupted) as stop:
        run(tiny_settings(tmp_path / "cut", **settings))
    assert stop.value.code == 130
    monkeypatch.undo()
    torch.manual_seed(99)  # whatever the new process drew before
    resumed = run(tiny_settings(tmp_path / "cut", **settings), resume=True)
    assert rows_of(resumed.folder) == rows_of(whole.folder)
    assert without_timings(resumed.result) == without_timings(whole.result)
    assert signal.getsignal(signal.SIGINT) is handler


@pytest.mark.search
def test_resume_of_a_release_run_keeps_the_stale_gradient(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {
        "search": {
            "variant": "release",
            "batch_size": 16,
            "edd_first_update": 1,
            "edd_interval": 1,
            "edd_dense_from": None,
            "edd_lambda_late": None,
            "edd_late_from": None,
            "grad_clip": 0.1,
        }
    }
    whole = run(tiny_settings(tmp_path / "whole", **settings))
    original = Engine.end_epoch

    def end(engine: Engine) -> dict:
        if engine.epoch == 1:
            raise RuntimeError("power cut")
        return original(engine)

    monkeypatch.setattr(Engine, "end_epoch", end)
    with pytest.raises(RuntimeError, match="power cut"):
        run(tiny_settings(tmp_path / "cut", **settings))
    monkeypatch.undo()
    resumed = run(tiny_settings(tmp_path / "cut", **settings), resume=True)
    assert rows_of(resumed.folder) == rows_of(whole.folder)


@pytest.mark.search
def test_a_torn_and_a_surplus_line_are_cut_on_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(tiny_settings(tmp_path / "whole"))
    original = epochs.checkpoint.save  # type: ignore[attr-defined]
    saves = []

    def save(path: Path, state: dict) -> None:
        saves.append(None)
        if len(saves) == 2:
            raise RuntimeError("power cut")  # the line of epoch 2 is written, its checkpoint not
        original(path, state)

    monkeypatch.setattr(epochs.checkpoint, "save", save)  # type: ignore[attr-defined]
    with pytest.raises(RuntimeError, match="power cut"):
        run(tiny_settings(tmp_path / "cut"))
    monkeypatch.undo()
    folder = tmp_path / "cut" / FOLDER
    assert len(read_rows(folder / "record.jsonl")) == 2
    with (folder / "record.jsonl").open("a") as file:
        file.write('{"epoch": 3, "t"')
    resumed = run(tiny_settings(tmp_path / "cut"), resume=True)
    assert rows_of(resumed.folder) == rows_of(whole.folder)


@pytest.mark.search
def test_resume_of_a_finished_run_changes_nothing(tmp_path: Path) -> None:
    first = run(tiny_settings(tmp_path))
    record = (first.folder / "record.jsonl").read_bytes()
    again = run(tiny_settings(tmp_path), resume=True)
    assert (again.folder / "record.jsonl").read_bytes() == record
    assert without_timings(again.result) == without_timings(first.result)


@pytest.mark.search
def test_resume_with_nothing_there_begins(tmp_path: Path) -> None:
    assert len(run(tiny_settings(tmp_path), resume=True).rows) == 3


@pytest.mark.search
def test_resume_of_a_finished_run_without_its_checkpoint_keeps_the_record(tmp_path: Path) -> None:
    first = run(tiny_settings(tmp_path))
    record = (first.folder / "record.jsonl").read_bytes()
    (first.folder / "checkpoint.pt").unlink()
    (first.folder / "checkpoint.previous.pt").unlink()
    with pytest.raises(UserError, match="without its checkpoint"):
        run(tiny_settings(tmp_path), resume=True)
    assert (first.folder / "record.jsonl").read_bytes() == record


@pytest.mark.search
def test_what_a_killed_writer_left_is_swept_away(tmp_path: Path) -> None:
    first = run(tiny_settings(tmp_path))
    (first.folder / ".checkpoint.pt.abc123").write_bytes(b"half")
    run(tiny_settings(tmp_path), resume=True)
    assert not list(first.folder.glob(".*"))


@pytest.mark.search
def test_a_checkpoint_whose_state_does_not_fit_is_named(tmp_path: Path) -> None:
    first = run(tiny_settings(tmp_path))
    state = torch.load(first.folder / "checkpoint.pt", weights_only=True)
    del state["engine"]["logits"]
    checkpoint.save(first.folder / "checkpoint.pt", state)
    with pytest.raises(UserError, match="does not fit"):
        run(tiny_settings(tmp_path), resume=True)


@pytest.mark.search
def test_resume_refuses_data_of_another_size(tmp_path: Path, monkeypatch: Any) -> None:
    run(tiny_settings(tmp_path))
    original = loop.open_data  # type: ignore[attr-defined]

    def fewer(*arguments: Any) -> Any:
        data = original(*arguments)
        train = dataclasses.replace(
            data.train, images=data.train.images[:40], labels=data.train.labels[:40]
        )
        return dataclasses.replace(data, train=train)

    monkeypatch.setattr(loop, "open_data", fewer)
    with pytest.raises(UserError, match=r"images\.train was 48 there and is 40 now"):
        run(tiny_settings(tmp_path), resume=True)


@pytest.mark.search
@pytest.mark.parametrize("anneal", ["epoch", "step"])
def test_the_learning_rate_follows_the_cosine(tmp_path: Path, anneal: str) -> None:
    result = run(tiny_settings(tmp_path, search={"anneal": anneal, "learning_rate_min": 0.005}))
    # The rate recorded is that of an epoch's last step, the third of three.
    last = 2 / 3 if anneal == "step" else 0.0
    for row in result.rows:
        done = (row["epoch"] - 1 + last) / 3
        expected = 0.005 + 0.02 * (1 + math.cos(math.pi * done)) / 2
        assert row["learning_rate"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.search
def test_resume_refuses_other_settings(tmp_path: Path) -> None:
    run(tiny_settings(tmp_path))
    with pytest.raises(UserError, match=r"search\.edd_lambda was 0\.06 there and is 0\.12 now"):
        run(tiny_settings(tmp_path, search={"edd_lambda": 0.12}), resume=True)


@pytest.mark.search
def test_a_used_folder_is_not_overwritten_unasked(tmp_path: Path) -> None:
    first = run(tiny_settings(tmp_path))
    record = (first.folder / "record.jsonl").read_bytes()
    with pytest.raises(UserError, match="already holds a run"):
        run(tiny_settings(tmp_path))
    assert (first.folder / "record.jsonl").read_bytes() == record
    assert len(run(tiny_settings(tmp_path), force=True).rows) == 3
    with pytest.raises(UserError, match="give one of them"):
        run(tiny_settings(tmp_path), force=True, resume=True)


@pytest.mark.search
def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Engine.run_step

    def step(engine: Engine) -> None:
        if engine.epoch == 1 and engine.step == 2:
            with torch.no_grad():
                engine.supernet.head.linear.weight.fill_(float("nan"))
        original(engine)

    monkeypatch.setattr(Engine, "run_step", step)
    with pytest.raises(Diverged, match="not a finite number in epoch 2"):
        run(tiny_settings(tmp_path, search={"checkpoint_seconds": 0}))
    monkeypatch.undo()
    folder = tmp_path / FOLDER
    state = torch.load(folder / "checkpoint.pt", weights_only=True)
    assert (state["engine"]["epoch"], state["engine"]["step"]) == (1, 2)
    assert all(torch.isfinite(value).all() for value in state["engine"]["supernet"].values())
    assert len(read_rows(folder / "record.jsonl")) == 1
    # The fault was ours: the kept checkpoint goes on to the end of an unbroken run.
    whole = run(tiny_settings(tmp_path / "whole"))
    resumed = run(tiny_settings(tmp_path), resume=True)
    assert rows_of(resumed.folder) == rows_of(whole.folder)


@pytest.mark.search
def test_a_huge_learning_rate_diverges_with_advice(tmp_path: Path) -> None:
    settings = tiny_settings(tmp_path, search={"learning_rate": 1e18, "clip": "off", "epochs": 5})
    with pytest.raises(Diverged, match=r"try a lower search\.learning_rate"):
        run(settings)


@pytest.mark.search
def test_the_table_is_recorded_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_table(tmp_path / "table.npz")
    with monkeypatch.context() as patched:
        patched.setattr(loop, "open_table", lambda _: None)
        without = run(tiny_settings(tmp_path / "without"))
    given = run(tiny_settings(tmp_path / "with", table=str(path)))
    table = Table.open(path)
    for row, bare in zip(given.rows, without.rows, strict=True):
        found = row["table"]["datasets"]["cifar10"]
        assert found["val"]["value"] == pytest.approx(row["index"] / SIZE * 100)
        assert found["test"]["rank"] == row["index"] + 1
        assert found == table.query(row["arch_str"]).as_dict()["datasets"]["cifar10"]
        stripped = {key: value for key, value in row.items() if key != "table"}
        assert without_timings(stripped) == without_timings(bare)


@pytest.mark.search
def test_the_result_says_where_the_final_architecture_stands(tmp_path: Path) -> None:
    with (tmp_path / "said").open("w+") as said:
        found = run(tiny_settings(tmp_path), console=Console(file=said, width=200))
        said.seek(0)
        text = said.read()
    final = json.loads((found.folder / "result.json").read_text())["standing"]
    table = Table.open("digits")
    test = table.column("digits__test").astype(float)
    assert final["dataset"] == "digits"
    assert final["test"]["rank"] == 1 + (test > test[found.index]).sum()
    assert final["test"]["regret"] == pytest.approx(test.max() - test[found.index])
    assert final["random_search"]["lookups"] == 3  # as many as epochs
    assert f"rank {final['test']['rank']} (better than" in text
    assert "random search with 3 look-ups, expected" in text


def test_the_engine_never_sees_a_table() -> None:
    """What trains and chooses has no way to a table."""
    from naslib_edd.engine import engine, state

    for module in (engine, state):
        assert "naslib_edd.tables" not in Path(module.__file__ or "").read_text()


@pytest.mark.parametrize(
    ("ops", "words"),
    [
        ((1,) * 6, "no convolution"),
        ((4, 1, 4, 1, 4, 1), "no convolution"),  # skips and pools: 54.49 % on CIFAR-10
        ((1, 3, 3, 1, 0, 0), "no convolution"),  # those two lie on no path to the output
        ((3, 0, 3, 0, 0, 3), None),
        ((3, 0, 0, 0, 3, 0), None),
        ((1, 1, 1, 1, 1, 2), None),
    ],
)
def test_collapse_is_named(ops: tuple[int, ...], words: str | None) -> None:
    row = {"ops": ops, "skip_count": ops.count(1), "none_count": ops.count(0)}
    warning = warning_of(row["ops"])
    assert (warning is None) if words is None else (warning is not None and words in warning)


def test_a_cell_that_is_cut_off_is_named() -> None:
    ops = (3, 3, 3, 0, 0, 0)
    warning = warning_of(ops)
    assert warning is not None
    assert "cut off" in warning


@pytest.mark.search
def test_plain_and_fast_supernets_learn_the_same(tmp_path: Path) -> None:
    """Same function, other rounding and other draws of the weights: both learn."""
    results = [
        run(tiny_settings(tmp_path / kind, search={"supernet": kind, "epochs": 8}))
        for kind in ("fast", "plain")
    ]
    for result in results:
        assert result.rows[-1]["train_loss"] < result.rows[0]["train_loss"]


def test_config_round_trip_is_what_a_checkpoint_compares(tmp_path: Path) -> None:
    config = load(tiny_settings(tmp_path))
    assert load(json.loads(json.dumps(as_dict(config)))) == config
