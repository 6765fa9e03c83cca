"""Instruction sets: which is taken, and every one that can run here held to the same numbers."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from naslib_edd.supernet.native import build, targets
from naslib_edd.supernet.native.targets import (
    AVX2,
    AVX512,
    NEON,
    PLAIN,
    Target,
    no_bf16,
    processor,
    target,
)

HERE = Path(__file__).parent
CAPABILITY = {"AVX512": AVX512, "AVX2": AVX2, "DEFAULT": PLAIN, "NO AVX": PLAIN}
CPUINFO = """\
processor\t: {number}
BogoMIPS\t: 50.00
Features\t: fp asimd{features}
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x1
CPU part\t: {part}
CPU revision\t: 1

"""


@pytest.mark.parametrize("capability", list(CAPABILITY))
def test_as_pytorch_is_held_to(capability: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    assert target() is CAPABILITY[capability]
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    assert target() is NEON


def test_cores_of_arm_are_told_apart(tmp_path: Path) -> None:
    def told(*cores: str, features: str = "") -> str:
        path = tmp_path / "cpuinfo"
        blocks = [CPUINFO.format(number=n, part=c, features=features) for n, c in enumerate(cores)]
        path.write_text("".join(blocks), encoding="utf-8")
        return processor(path)

    assert told("0xd0c") == told("0xd0c", "0xd0c")
    different = {
        told("0xd0c"),
        told("0xd40"),
        told("0xd0c", "0xd40"),
        told("0xd0c", features=" sve"),
    }
    assert len(different) == 4
    assert processor(tmp_path / "none")


@pytest.mark.parametrize(
    ("of", "flags", "onednn", "words"),
    [
        (AVX512, "avx512f avx512_bf16", "", None),
        (AVX512, "avx512f amx_bf16", "AVX512_CORE_BF16", None),
        (NEON, "asimd bf16", "", None),
        (AVX512, "avx512f", "", "neither AVX512-BF16 nor AMX"),
        (AVX2, "avx512f avx512_bf16", "", "held to avx2"),
        (AVX512, "avx512f avx512_bf16", "avx2", "ONEDNN_MAX_CPU_ISA=AVX2"),
    ],
)
def test_where_bf16_is_of_use(
    of: Target, flags: str, onednn: str, words: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "target", lambda: of)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", onednn)
    told = no_bf16(f"flags\t: fpu {flags}")
    assert told is None if words is None else words in str(told)


def test_flags_are_part_of_the_key() -> None:
    if shutil.which("g++") is None:
        pytest.skip("no g++")
    assert len({build.key(one) for one in (AVX512, AVX2, PLAIN)}) == 3


def compile_all(compiler: str, out: Path, *flags: str) -> None:
    words = [compiler, *build.FLAGS, "-O1", *flags, f"-I{build.SOURCE.parent}"]
    subprocess.run([*words, str(HERE / "all_kernels.cpp"), "-o", str(out)], check=True)


def test_the_program_of_all_kernels_is_of_today() -> None:
    """It runs in slow tests only; that it compiles is seen in every run."""
    if shutil.which("g++") is None:
        pytest.skip("no g++")
    words = ["g++", "-std=c++17", "-fsyntax-only", "-w"]
    source = str(HERE / "all_kernels.cpp")
    done = subprocess.run(
        [*words, f"-I{build.SOURCE.parent}", source], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


Found = list[tuple[str, float]]


def numbers(*command: str) -> Found:
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines = [line.rsplit(" ", 1) for line in told.splitlines()]
    return [(name, float(value)) for name, value in lines]


def check_equal(found: Found, wanted: Found) -> None:
    assert [name for name, _ in found] == [name for name, _ in wanted]
    assert len(found) > 100_000
    for bits, tolerance in (("64", 1e-11), ("32", 1e-5)):
        got, due = (
            torch.tensor([v for name, v in one if name.startswith(bits)], dtype=torch.float64)
            for one in (found, wanted)
        )
        torch.testing.assert_close(got, due, rtol=tolerance, atol=tolerance)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Found]:
    """Of the plain registers, which the float64 twins hold below."""
    if shutil.which("g++") is None:
        pytest.skip("no g++")
    program = tmp_path_factory.mktemp("plain") / "program"
    compile_all("g++", program)
    yield numbers(str(program))


@pytest.mark.process
@pytest.mark.slow
def test_neon_emulated(tmp_path: Path, plain: Found) -> None:
    """Cross-compiled for 64-bit ARM and run by an emulator: right, and not measured."""
    compiler = shutil.which("aarch64-linux-gnu-g++")
    if compiler is None:
        pytest.skip("no cross compiler aarch64-linux-gnu-g++")
    program = tmp_path / "program"
    compile_all(compiler, program, "-static")
    emulator = shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64")
    if emulator is None:
        pytest.skip("compiled for NEON, neither run nor measured: there is no qemu-aarch64")
    check_equal(numbers(emulator, str(program)), plain)


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("of", [AVX2, AVX512], ids=["avx2", "avx512"])
def test_x86_as_the_plain_registers(of: Target, tmp_path: Path, plain: Found) -> None:
    if not runs(of):
        pytest.skip(f"this processor has no {of.name}")
    program = tmp_path / "program"
    compile_all("g++", program, *of.flags)
    check_equal(numbers(str(program)), plain)


def runs(of: Target) -> bool:
    """Whether this processor can."""
    told = processor().split()
    needed = {"avx2": {"avx2", "fma"}, "avx512": {"avx512f"}, "neon": {"asimd"}, "plain": set()}
    return needed[of.name] <= set(told)


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("of", [AVX512, AVX2, PLAIN], ids=["avx512", "avx2", "plain"])
def test_held_to_the_float64_twins(
    of: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All tests of kernels, of the fused node and of sampled cells, built for this one."""
    if not runs(of) or shutil.which("g++") is None:
        pytest.skip(f"no {of.name} here, or no g++")
    capability = {"avx512": "avx512", "avx2": "avx2", "plain": "default"}[of.name]
    for name, value in {
        "ATEN_CPU_CAPABILITY": capability,
        "NASLIB_EDD_KERNELS": "1",
        "XDG_CACHE_HOME": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    files = [
        *(str(HERE / f"test_{name}.py") for name in ("kernels", "sampled_kernels", "convolutions")),
        *(
            str(HERE.parents[1] / "spaces" / "nb201" / f"test_{name}.py")
            for name in ("fused", "sampled_native")
        ),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files],
        capture_output=True, text=True, check=False, cwd=HERE.parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    assert "skipped" not in done.stdout
    assert list(tmp_path.glob("naslib_edd/*.so"))
