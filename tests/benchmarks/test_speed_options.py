"""The command line of ``benchmarks/speed.py``: what it takes, refuses, and writes down."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
import speed
import torch
from racing.record import command
from racing.steps import Shape
from speed import ISAS, METHODS, read
from tiny_race import TINY

from naslib_edd.supernet.native.targets import NEON, PLAIN, target

pytestmark = pytest.mark.benchmark


def test_defaults_are_the_shape_of_the_goals() -> None:
    options = read([])
    assert options.shape == Shape(channels=16, cells=5, batch_size=64, size=32)
    assert options.methods == list(METHODS) and options.device == "cpu"
    assert (options.repeats, options.sampled_repeats, options.warmup) == (7, 60, 2)
    assert options.threads >= 1 and options.rivals == [] and options.allocator == "keep"
    assert not (options.memory or options.curves or options.startup or options.check)
    assert not (options.auto or options.isa or options.pieces)


def test_a_method_named_twice_races_once() -> None:
    assert read(["--methods", "gdas", "edd_darts", "gdas"]).methods == ["gdas", "edd_darts"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--size", "10"], "multiple of 4"),
        (["--channels", "0"], "whole number of 1 or more"),
        (["--batch-size", "1"], "whole number of 2 or more"),
        (["--repeats", "1.5"], "whole number of 1 or more"),
        (["--methods", "dart_v1"], "did you mean 'darts_v1'"),
        (["--autodl", "nowhere"], "no checkout of AutoDL-Projects"),
        (["--autodl", "nowhere", "--methods", "edd_darts"], "add it to --methods"),
        (["--naslib", "nowhere"], "no checkout of NASLib: there is no such folder"),
        (["--naslib", "nowhere", "--methods", "edd_darts"], "darts_v1 or gdas; add it"),
        (["--fast"], "unrecognized arguments"),
        (["--device", "tpu"], "invalid choice"),
        (["--isa", "mmx"], "invalid choice"),
        (["--pieces", "0"], "whole number of 1 or more"),
        (["--out", "."], "is a folder"),
    ],
)
def test_bad_input_gives_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert speed.main([*TINY, *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("speed.py: ") and words in error and error.count("\n") == 1


def test_cuda_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert speed.main([*TINY, "--device", "cuda"]) == 2
    assert "no CUDA device" in capsys.readouterr().err


def test_ctrl_c_and_a_full_gpu_are_no_tracebacks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(error: BaseException) -> int:
        def run(_: object) -> None:
            raise error

        monkeypatch.setattr(speed, "run", run)
        return speed.main(TINY)

    assert fail(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == "speed.py: stopped; the same command goes on\n"
    assert fail(torch.cuda.OutOfMemoryError()) == 2
    assert "take a lower --batch-size" in capsys.readouterr().err


def test_a_gpu_has_two_batch_sizes_and_no_curves(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert read(["--device", "cuda"]).batch_sizes == [64, 256]
    assert read(["--device", "cuda", "--batch-size", "32"]).batch_sizes == [32]
    assert read([]).batch_sizes == [64]
    assert speed.main(["--device", "cuda", "--curves"]) == 2
    assert "are of a CPU" in capsys.readouterr().err


@pytest.mark.parametrize("equals", [True, False])
def test_a_record_names_no_folder_of_the_machine(tmp_path: Path, equals: bool) -> None:
    given = {"--autodl": "/a=b/c", "--naslib": "/d", "--out": str(tmp_path / "x=y.json")}
    words = [f"{key}={value}" for key, value in given.items()]
    if not equals:
        words = [word for pair in given.items() for word in pair]
    options = read(["--out", given["--out"]])
    options.arguments, options.autodl, options.naslib = words, "/a=b/c", "/d"
    told = command(options).removeprefix("python benchmarks/speed.py ")
    told = told.replace("=", " ", 3 if equals else 0)
    assert told == "--autodl AutoDL-Projects --naslib NASLib --out x=y.json"


def test_an_instruction_set_is_a_process_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only where PyTorch uses another one; and where the processor has no such, that is said."""
    ran: list[tuple[list[str], dict[str, str]]] = []

    def start(command: list[str], *, env: dict[str, str], check: bool) -> SimpleNamespace:
        ran.append((command, env))
        return SimpleNamespace(returncode=7)

    monkeypatch.setattr(subprocess, "run", start)
    monkeypatch.setattr(speed, "target", lambda: PLAIN)
    assert speed.main([*TINY, "--isa", "avx2"]) == 7
    ((again, environment),) = ran
    assert again[1:] == [speed.__file__, *TINY, "--isa", "avx2"]
    assert environment == {**os.environ, **ISAS["avx2"]}
    assert ISAS["avx2"] == {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}
    for name, value in ISAS["avx2"].items():
        monkeypatch.setenv(name, value)
    assert speed.main([*TINY, "--isa", "avx2"]) == 2 and len(ran) == 1
    assert "this processor has plain at most" in capsys.readouterr().err


@pytest.mark.slow  # builds the kernels for a plain processor
@pytest.mark.skipif(target() is NEON, reason="x86 only")
def test_held_to_less_than_the_processor_has(tmp_path: Path) -> None:
    """A real process: PyTorch, oneDNN and the kernels are held, and the record says to what."""
    out = tmp_path / "speed.json"
    assert speed.main([*TINY, "--methods", "gdas", "--isa", "plain", "--out", str(out)]) == 0
    record = json.loads(out.read_text(encoding="utf-8"))
    assert record["isa"] == record["settings"]["isa"] == "plain"
