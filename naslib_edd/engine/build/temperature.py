"""The temperature controller of a config."""

from __future__ import annotations

from naslib_edd import temperature as temperatures
from naslib_edd.config.settings import SearchSettings
from naslib_edd.engine.build.own import own_part
from naslib_edd.spaces import Layout
from naslib_edd.temperature import EDD, Constant, Schedule, Temperature


def make_temperature(
    search: SearchSettings, *, edges: int, layout: Layout | None = None
) -> Temperature:
    """The temperature controller of a config.

    Args:
        search: the settings.
        edges: rows of the logits.
        layout: of the space, for a temperature of one's own; NAS-Bench-201's by default.
    """
    if search.own_temperature is not None:
        own: Temperature = own_part("temperature", search, layout=layout)
        return own
    kind, epochs = search.temperature, search.epochs
    steps = max(epochs - (search.t_end_in == "last_epoch"), 1)
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
            temperatures=temperatures.linear_schedule(t0=search.t0, t_end=search.t_end, steps=steps)
        )
    return Schedule(
        temperatures=temperatures.exponential_schedule(
            t0=search.t0, t_end=search.t_end, steps=steps, logit_scale=search.logit_scale
        )
    )
