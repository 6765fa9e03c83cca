"""From settings to parts: which supernet, relaxation, temperature and steps a config names."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from naslib_edd import temperature as temperatures
from naslib_edd.bilevel import FirstOrder, Meters
from naslib_edd.data import Batches, SearchData, resolve
from naslib_edd.errors import UserError
from naslib_edd.relaxation import Gumbel, Relaxation, SnSoftmax, Softmax
from naslib_edd.settings import SearchSettings
from naslib_edd.supernet import FastSupernet, PlainSupernet, Supernet
from naslib_edd.temperature import EDD, Constant, Schedule, Temperature


def make_supernet(search: SearchSettings, *, classes: int) -> Supernet:
    """The supernet of a config, its weights drawn from torch's global generator."""
    if search.partial_channels > 1:
        raise UserError(
            "partial channels (search.partial_channels, pc_darts, edd_pc_darts) run on NASLib's "
            "engine only: add --engine naslib"
        )
    engine = {"fast": FastSupernet, "plain": PlainSupernet}[search.supernet]
    return engine(
        channels=search.channels,
        cells=search.cells,
        classes=classes,
        running=search.running_statistics,
    )


def make_relaxation(
    search: SearchSettings, *, generator: torch.Generator | None = None
) -> Relaxation:
    """The relaxation of a config; those that sample draw from the generator.

    Raises:
        UserError: it samples, and the host has no generator for it.
    """
    if search.relaxation == "softmax":
        return Softmax()
    if search.relaxation in ("gumbel", "sn_gumbel"):
        if generator is None:
            raise UserError(
                f"search.relaxation: {search.relaxation} (gdas, ets_gdas, edd_gdas) runs on "
                "NASLib's engine only: add --engine naslib"
            )
        return Gumbel(generator=generator, s=search.s if search.relaxation == "sn_gumbel" else None)
    return SnSoftmax(s=search.s, noise_at_one=search.noise_at_one)


def make_batches(
    search: SearchSettings, *, data: SearchData, seed: int, half: Literal["train", "val"]
) -> Batches:
    """The batches of one half, augmented and sampled as the config says."""
    info, train = resolve(data.name), half == "train"
    return Batches(
        data.train if train else data.val,
        batch_size=search.batch_size,
        seed=seed,
        stream=half,
        augment=search.augment if train else search.augment_val,
        pad=info.pad,
        flip=info.flip,
        drop_last=False,
        mean=data.mean,
        std=data.std,
        replace=not train and search.val_sampling == "replace",
    )


def make_bilevel(
    search: SearchSettings, *, supernet: Supernet, logits: Tensor, meters: Meters | None = None
) -> FirstOrder:
    """The steps of a config, with SGD for the weights and Adam for the logits."""
    return FirstOrder(
        supernet=supernet,
        logits=logits,
        relaxation=make_relaxation(search),
        weight_optimizer=torch.optim.SGD(
            supernet.parameters(),
            lr=search.learning_rate,
            momentum=search.momentum,
            nesterov=search.nesterov,
            weight_decay=search.weight_decay,
        ),
        logit_optimizer=torch.optim.Adam(
            [logits],
            lr=search.arch_learning_rate,
            betas=(search.arch_beta1, search.arch_beta2),
            weight_decay=search.arch_weight_decay,
        ),
        order=search.order,
        clip=search.clip,
        grad_clip=search.grad_clip,
        stale_logits=search.clip_stale_logits,
        meters=meters,
    )


def make_temperature(search: SearchSettings, *, edges: int) -> Temperature:
    """The temperature controller of a config, for a cell of so many edges."""
    kind, epochs = search.temperature, search.epochs
    if kind == "constant":
        return Constant(t0=search.t0)
    if kind == "edd":
        return EDD(
            decay=search.edd_lambda,
            momentum=search.edd_rho,
            t0=search.t0,
            logit_scale=search.logit_scale,
            first_update=search.edd_first_update,
            interval=search.edd_interval,
            dense_from=search.edd_dense_from,
            count=search.edd_count,
            late_decay=search.edd_lambda_late,
            late_from=search.edd_late_from,
            reduction=search.edd_reduction,
            edges=edges,
            entropy_of=search.edd_entropy_of,
            t0_exp=search.edd_t0_exp,
        )
    if kind == "pcd":
        return Schedule(
            temperatures=temperatures.pcd_schedule(
                epochs=epochs,
                warmup=search.pcd_warmup,
                strength=search.pcd_strength,
                logit_scale=search.logit_scale,
            )
        )
    if kind == "lpcd":
        return Schedule(
            temperatures=temperatures.lpcd_schedule(epochs=epochs, warmup=search.pcd_warmup)
        )
    if kind == "lts":
        return Schedule(
            temperatures=temperatures.linear_schedule(
                t0=search.t0, t_end=search.t_end, steps=epochs
            )
        )
    return Schedule(
        temperatures=temperatures.exponential_schedule(
            t0=search.t0, t_end=search.t_end, steps=epochs, logit_scale=search.logit_scale
        )
    )
