"""The kernels of a sampled path (``sampled.h``) as functions of tensors."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor


class Term(NamedTuple):
    """What arrives at a node along one edge: C channels of a batched tensor, normalised or not."""

    batched: Tensor  # [B, E·C, H, W], channels-last
    place: int = 0
    gain: Tensor | None = None  # 1/deviation [C]; None: the tensor as it is
    mean: Tensor | None = None  # [C]


class SampledKernels:
    """On tensors [B, C, H, W] in channels-last memory, on a CPU."""

    def combine(
        self, terms: Sequence[Term], *, like: Tensor, value: bool, rectified: bool
    ) -> tuple[Tensor | None, Tensor | None]:
        """Σ gain·(x − mean) over one to three terms, of like's shape, and its ReLU: what is asked.

        The value is the term itself where there is nothing to do.
        """
        only = terms[0] if len(terms) == 1 else None
        if only and only.gain is None and only.batched.shape == like.shape:
            return only.batched, only.batched.relu() if rectified else None
        out = torch.empty_like(like) if value else None
        positive = torch.empty_like(like) if rectified else None
        pointers, strides = _slices(terms, like.shape[1])
        gains, means = [term.gain for term in terms], [term.mean for term in terms]
        self._pass("combine", like, len(terms), pointers, strides, gains, means, out, positive)
        return out, positive

    def arriving(self, grad: Tensor, terms: Sequence[Term]) -> tuple[Tensor, Tensor]:
        """Σg [C] and, for each term, Σg·(x − mean) [terms, C], over batch and pixels."""
        channels = grad.shape[1]
        total, along = grad.new_empty(channels), grad.new_empty(len(terms), channels)
        pointers, strides = _slices(terms, channels)
        means = [term.mean for term in terms]
        self._pass("arriving", grad, len(terms), grad, pointers, strides, means, total, along)
        return total, along

    def gather(
        self, behind: Sequence[Tensor], rectified: Tensor | None, past: Sequence[Tensor]
    ) -> Tensor:
        """Σ behind where rectified > 0, + Σ past: up to two tensors, up to three, not both none."""
        out = torch.empty_like((*behind, *past)[0])
        first, second = [*behind, None, None][:2]
        self._pass("gather", out, len(past), first, second, rectified, past, out)
        return out

    def _pass(self, name: str, of: Tensor, edges: int, *arguments: Any) -> None:
        raise NotImplementedError


def _slices(terms: Sequence[Term], channels: int) -> tuple[Any, Any]:
    """Where each term begins, and the numbers from pixel to pixel."""
    many = len(terms)
    begin = (
        term.batched.data_ptr() + term.place * channels * term.batched.element_size()
        for term in terms
    )
    strides = (term.batched.shape[1] for term in terms)
    return (ctypes.c_void_p * many)(*begin), (ctypes.c_int64 * many)(*strides)


def address(given: Any) -> Any:
    """Of a tensor's memory, or an array of those of several; an array of C's as it is."""
    if given is None or isinstance(given, ctypes.Array):
        return given
    if isinstance(given, Tensor):
        return given.data_ptr()
    return (ctypes.c_void_p * len(given))(
        *(None if one is None else one.data_ptr() for one in given)
    )
