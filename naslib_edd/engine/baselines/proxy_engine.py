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
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from naslib_edd import spaces
from naslib_edd.config.settings import Config
from naslib_edd.data import SearchData
from naslib_edd.data.sampling import generator, stable_seed
from naslib_edd.engine.baselines.engine import NoMeters, TableSearch
from naslib_edd.engine.baselines.proxies import Under, jacov, nwot, synflow
from naslib_edd.engine.baselines.random_search import random_search
from naslib_edd.engine.build.batches import make_batches
from naslib_edd.engine.build.relaxation import allowed_in
from naslib_edd.selection import cheapest_removals, costliest_removal
from naslib_edd.spaces import Kept
from naslib_edd.supernet.layers import Statistics


class ProxyEngine(TableSearch):
    """The state of a search by a proxy.

    Args:
        config: a checked config of one of the two strategies.
        data: the images whose training half is looked at.
        device: where networks and images are.

    Attributes:
        scored: architectures scored so far.
        images: the same as ``data``, which is never None here.
        best, best_score: the best of them, and its score.
    """

    def __init__(self, *, config: Config, data: SearchData, device: torch.device) -> None:
        search = config.search
        self.config, self.device = config, device
        self.data: SearchData | None = data
        self.images = data
        self.meters = NoMeters()
        self.epochs, self.epoch, self.step = search.epochs, 0, 0
        self.space = spaces.get(config.search_space)
        layout = self.space.layout
        columns = search.columns_in(layout)
        self.queries = search.epochs if search.queries is None else search.queries
        if self.space.size is not None:
            self.queries = min(self.queries, int(self.space.made_of(columns).sum()))
        self.scored, self.best_score = 0, -math.inf
        self.chosen: Kept | None = None
        self.batches = make_batches(search, data=data, seed=config.seed, half="train")
        self.allowed = allowed_in(search, layout)
        #: nodes that keep some of their edges only
        self.nodes = layout.losing
        #: the operations decided of the candidate under way: −1 where none is, None: gone
        self.ops: list[int | None] = [-1] * layout.edges
        if self.decides:
            plain = replace(
                search,
                supernet="plain",
                running_statistics=True,
                partial_channels=1,
                precision="fp32",
            )
            self.supernet = self._drawn(
                "supernet", lambda: self.space.supernet(plain, classes=data.classes)
            )
        else:
            self._order = self._random(columns)

    @property
    def decides(self) -> bool:
        """Whether a supernet is decided edge by edge."""
        return self.config.search.strategy == "zero_cost_pt"

    @property
    def steps(self) -> int:
        """Decisions of a candidate, or the architectures scored in this epoch."""
        return len(self.ops) + len(self.nodes) if self.decides else super().steps

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
            arch = tuple(self.ops)
            number = self.space.index(arch)
            extra = {
                "candidate": self.space.text(arch) if number is None else number,
                "candidate_score": _number(self._score(arch)),
            }
            self.ops = [-1] * len(self.ops)
        self.epoch, self.step = self.epoch + 1, 0
        assert self.chosen is not None
        return {
            "epoch": self.epoch,
            "scored": self.scored,
            "steered_by": self.config.search.proxy,
            "proxy_score": _number(self.best_score),
            **extra,
            **self.space.row(self.chosen),
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
            f"networks: C={search.channels}, {self.space.depth.format(search.cells)}, "
            f"{self.device}",
        ]

    def state_dict(self) -> dict[str, Any]:
        """How far it is; networks and batches follow from the seed."""
        return {
            "epoch": self.epoch,
            "step": self.step,
            "scored": self.scored,
            "best": None if self.chosen is None else list(self.chosen),
            "best_score": self.best_score,
            "ops": list(self.ops),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`."""
        self.epoch, self.step, self.scored = state["epoch"], state["step"], state["scored"]
        best, self.best_score = state["best"], state["best_score"]
        if isinstance(best, int):  # checkpoints had its number once, −1 for none
            best = None if best < 0 else self.space.numbered(best)
        self.chosen = None if best is None else tuple(best)
        self.ops = list(state["ops"])

    def _decide(self) -> None:
        """The next edge's operation: what is missed most; then the edges that a node loses."""
        config, done, layout = self.config, self.step, self.space.layout
        draws = generator(config.seed, "zero_cost_pt", self.epoch)
        order = torch.randperm(layout.edges, generator=draws)
        logits = config.search.arch_init * torch.randn(self.allowed.shape, generator=draws)
        beta = logits.masked_fill(~self.allowed, -torch.inf).softmax(-1)
        for row, op in enumerate(self.ops):
            if op is None:
                beta[row] = 0.0
            elif op >= 0:
                beta[row] = torch.eye(len(layout.operations))[op]
        images, _ = self.batches.batch(self.epoch, done)

        def score(weights: Tensor) -> float:
            return self._proxy(Under(self.supernet, weights.to(self.device)), images, "running")

        if done < layout.edges:
            edge = int(order[done])
            barred = layout.none if layout.thinned else None
            free = self.allowed[edge].tolist()
            candidates = [op for op, open_ in enumerate(free) if open_ and op != barred]
            self.ops[edge], _ = costliest_removal(beta, edge, candidates, score)
            return
        node = self.nodes[done - layout.edges]
        gone, _ = cheapest_removals(beta, layout.nodes[node], layout.keep(node), score)
        for row in gone:
            self.ops[row] = None

    def _random(self, columns: Collection[int]) -> list[Kept]:
        """The architectures to score, in order."""
        config, strategy = self.config, self.config.search.strategy
        if self.space.size is None:
            draws = generator(config.seed, strategy)
            return self.space.sampled(self.allowed, self.queries, draws)
        random = np.random.default_rng(stable_seed(config.seed, strategy))
        order = random_search(random, columns, space=self.space)
        return [
            self.space.numbered(number)
            for number, _ in zip(order, range(self.queries), strict=False)
        ]

    def _score(self, arch: Kept) -> float:
        """The score of an architecture's own network, which is kept if it is the best."""
        network = self._drawn("network", lambda: self.space.network(arch, **self._size()))
        rounds = self.config.search.proxy_rounds if self.decides else 1
        total = 0.0
        for number in range(rounds):
            # Candidates are compared on the same batches.
            images, _ = self.batches.batch(self.epochs, number)
            total += self._proxy(network, images, "batch")
        self.scored += 1
        if self.chosen is None or total > self.best_score:
            self.chosen, self.best_score = arch, total
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
