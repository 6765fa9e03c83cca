"""Searches by a score of untrained networks: neither a weight is trained nor a table asked.

``proxy_search``: random architectures, each scored by its own network on one batch; the best is
the choice. ``zero_cost_pt``: an untrained supernet is decided edge by edge, in a random order, by
the operation whose removal leaves the lowest score; so are several candidates, an epoch each, and
their own networks are scored on some batches to choose among them.
Sources: Abdelfattah et al. 2021, "Zero-Cost Proxies for Lightweight NAS"; Xiang et al. 2021,
"Zero-Cost Operation Scoring in Differentiable Architecture Search", Algorithm 1.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from naslib_edd.compose.images import make_batches
from naslib_edd.compose.relaxation import make_allowed
from naslib_edd.data import SearchData
from naslib_edd.data.sampling import generator, stable_seed
from naslib_edd.floors.engine import FloorEngine, NoLosses
from naslib_edd.floors.random_search import random_search
from naslib_edd.proxies import Under, jacov, nwot, synflow
from naslib_edd.selection import most_missed
from naslib_edd.settings import Config
from naslib_edd.spaces.nb201 import (
    EDGES,
    NONE,
    OPERATIONS,
    SKIP,
    index_to_ops,
    ops_to_index,
    ops_to_str,
)
from naslib_edd.supernet import build
from naslib_edd.supernet.layers import Statistics
from naslib_edd.supernet.plain import PlainSupernet


class ProxyEngine(FloorEngine):
    """The state of a search by a proxy.

    Args:
        config: a checked config of one of the two strategies.
        data: the images whose training half is looked at.
        device: where networks and images are.

    Attributes:
        scored: architectures scored so far.
        images: the same as ``data``, which is never None here.
        best, best_score: the index of the best of them, and its score.
    """

    def __init__(self, *, config: Config, data: SearchData, device: torch.device) -> None:
        search = config.search
        self.config, self.device = config, device
        self.data: SearchData | None = data
        self.images = data
        self.meters = NoLosses()
        self.epochs, self.epoch, self.step = search.epochs, 0, 0
        size = len(search.columns) ** len(EDGES)
        self.queries = min(search.epochs if search.queries is None else search.queries, size)
        self.scored, self.best, self.best_score = 0, -1, -math.inf
        self.batches = make_batches(search, data=data, seed=config.seed, half="train")
        self.allowed = make_allowed(search, edges=len(EDGES), operations=len(OPERATIONS), none=NONE)
        #: the operations decided of the candidate under way, −1 where none is
        self.ops = [-1] * len(EDGES)
        if self.decides:
            self.supernet = self._drawn("supernet", lambda: PlainSupernet(**self._size()))
        else:
            random = np.random.default_rng(stable_seed(config.seed, search.strategy))
            order = random_search(random, search.columns)
            self._order = [index for index, _ in zip(order, range(self.queries), strict=False)]

    @property
    def decides(self) -> bool:
        """Whether a supernet is decided edge by edge."""
        return self.config.search.strategy == "zero_cost_pt"

    @property
    def steps(self) -> int:
        """Edges of a candidate, or the architectures scored in this epoch."""
        return len(EDGES) if self.decides else super().steps

    def run_step(self) -> None:
        """Decide an edge, or score an architecture."""
        if self.decides:
            self._decide()
        else:
            self._score(self._order[self.scored])
        self.step += 1

    def end_epoch(self) -> dict[str, Any]:
        """Close the epoch; its record: the best architecture so far."""
        extra: dict[str, Any] = {}
        if self.decides:
            candidate = ops_to_index(self.ops)
            extra = {"candidate": candidate, "candidate_score": _number(self._score(candidate))}
            self.ops = [-1] * len(EDGES)
        self.epoch, self.step = self.epoch + 1, 0
        ops = index_to_ops(max(self.best, 0))
        return {
            "epoch": self.epoch,
            "scored": self.scored,
            "steered_by": self.config.search.proxy,
            "proxy_score": _number(self.best_score),
            **extra,
            "arch_str": ops_to_str(ops),
            "ops": list(ops),
            "index": max(self.best, 0),
            "skip_count": ops.count(SKIP),
            "none_count": ops.count(NONE),
        }

    def about(self) -> list[str]:
        """What is about to run, in words."""
        config, search = self.config, self.config.search
        what = (
            f"{self.epochs} candidates of a supernet, {search.proxy_rounds} batches to choose one"
            if self.decides
            else f"{self.queries} architectures over {self.epochs} epochs"
        )
        return [
            f"{config.optimizer} on {config.search_space}, {self.images.name} from "
            f"{self.images.source}: {what}, scored by {search.proxy} on {search.batch_size} "
            f"images, seed {config.seed}; nothing is trained"
            + (f"; going on after epoch {self.epoch}" if self.epoch or self.step else ""),
            f"networks: C={search.channels}, N={search.cells}, {self.device}",
        ]

    def state_dict(self) -> dict[str, Any]:
        """How far it is; networks and batches follow from the seed."""
        return {
            "epoch": self.epoch,
            "step": self.step,
            "scored": self.scored,
            "best": self.best,
            "best_score": self.best_score,
            "ops": list(self.ops),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`."""
        self.epoch, self.step, self.scored = state["epoch"], state["step"], state["scored"]
        self.best, self.best_score = state["best"], state["best_score"]
        self.ops = list(state["ops"])

    def _decide(self) -> None:
        """The next edge of the candidate: the operation that is missed most."""
        config, done = self.config, self.step
        draws = generator(config.seed, "zero_cost_pt", self.epoch)
        edge = int(torch.randperm(len(EDGES), generator=draws)[done])
        logits = config.search.arch_init * torch.randn(self.allowed.shape, generator=draws)
        beta = logits.masked_fill(~self.allowed, -torch.inf).softmax(-1)
        for row, op in enumerate(self.ops):
            if op >= 0:
                beta[row] = torch.eye(len(OPERATIONS))[op]
        images, _ = self.batches.batch(self.epoch, done)
        candidates = [op for op, free in enumerate(self.allowed[edge].tolist()) if free]

        def score(weights: Tensor) -> float:
            return self._proxy(Under(self.supernet, weights.to(self.device)), images, "running")

        self.ops[edge], _ = most_missed(beta, edge, candidates, score)

    def _score(self, index: int) -> float:
        """The score of an architecture's own network, which is kept if it is the best."""
        network = self._drawn("network", lambda: build(index, **self._size()))
        rounds = self.config.search.proxy_rounds if self.decides else 1
        total = 0.0
        for number in range(rounds):
            # Candidates are compared on the same batches.
            images, _ = self.batches.batch(self.epochs, number)
            total += self._proxy(network, images, "batch")
        self.scored += 1
        if self.best < 0 or total > self.best_score:
            self.best, self.best_score = index, total
        return total

    def _proxy(self, network: nn.Module, images: Tensor, statistics: Statistics) -> float:
        kind = self.config.search.proxy
        if kind == "synflow":
            return synflow(network, images)
        return {"nwot": nwot, "jacov": jacov}[kind](network, images, statistics)

    def _size(self) -> dict[str, Any]:
        search = self.config.search
        return {"channels": search.channels, "cells": search.cells, "classes": self.images.classes}

    def _drawn(self, name: str, make: Any) -> Any:
        """A network whose weights follow from the seed; torch's generator stays as it was."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(stable_seed(self.config.seed, name))
            return make().to(self.device)


def _number(score: float) -> float | None:
    """JSON has no infinity."""
    return score if math.isfinite(score) else None
