"""What :class:`CudaGraph` asks of ``torch.cuda``, in its order; a recorder stands for the GPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch

from naslib_edd.bilevel.graphed import CudaGraph


class Stream:
    def __init__(self, name: str, calls: list[str]) -> None:
        self.name, self.calls = name, calls

    def wait_stream(self, other: Stream) -> None:
        self.calls.append(f"{self.name} waits for {other.name}")


class Native:
    def __init__(self, calls: list[str]) -> None:
        self.calls = calls

    def register_generator_state(self, _: torch.Generator) -> None:
        self.calls.append("generator")

    def replay(self) -> None:
        self.calls.append("replay")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    heard: list[str] = []

    def block(word: str) -> Any:
        @contextmanager
        def inside(subject: Any, **options: Any) -> Iterator[None]:
            on = options.get("stream") or subject
            heard.append(f"{word} {getattr(on, 'name', on)}")
            yield
            heard.append(f"end {word}")

        return inside

    monkeypatch.setattr(torch.cuda, "Stream", lambda _: Stream("side", heard))
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: Stream("main", heard))
    monkeypatch.setattr(torch.cuda, "CUDAGraph", lambda: Native(heard))
    for word in ("device", "stream", "graph"):
        monkeypatch.setattr(torch.cuda, word, block(word))
    monkeypatch.setattr(torch.cuda, "set_stream", lambda s: heard.append(f"back to {s.name}"))
    return heard


def test_streams_wait_for_each_other_and_one_is_for_all(calls: list[str]) -> None:
    graph = CudaGraph(device=torch.device("cuda:1"), generators=[torch.Generator()])
    graph.run(lambda: calls.append("work"))
    assert calls == [
        "generator",
        *("device cuda:1", "side waits for main", "stream side", "work", "end stream"),
        *("main waits for side", "end device"),
    ]
    calls.clear()
    graph.capture(lambda: calls.append("work"))
    graph.replay()
    assert calls == [
        *("device cuda:1", "graph side", "work", "end graph", "back to main", "end device"),
        *("device cuda:1", "replay", "end device"),
    ]


def test_a_capture_that_fails_gives_the_stream_back(calls: list[str]) -> None:
    def fail() -> None:
        raise RuntimeError("operation not permitted when stream is capturing")

    with pytest.raises(RuntimeError, match="not permitted"):
        CudaGraph(device=torch.device("cuda:1")).capture(fail)
    assert calls[-1] == "back to main"
