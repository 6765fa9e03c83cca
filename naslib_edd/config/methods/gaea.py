"""GAEA: exponentiated gradient on the simplex of operations, bilevel or on one level (ERM)."""

from __future__ import annotations

from naslib_edd.config.methods.method import Method, Values

_PAPER = "Li et al. 2021, Geometry-Aware Gradient Algorithms for Neural Architecture Search"
_RELEASE = "liamcli/gaea_release"
_AGREES = f"agrees with {_RELEASE} at 1604615 (tests/golden/gaea.npz)"

_SIMPLEX: Values = {
    "relaxation": "simplex",
    "arch_optimizer": "exponentiated_gradient",
    "arch_learning_rate": 0.1,
    "arch_init": 0.0,  # every operation equally likely
    "order": "logits_first",
    "nesterov": False,
    "weight_decay": 3e-4,
}
#: Of its search on NAS-Bench-201.
_BILEVEL: Values = {**_SIMPLEX, "channels": 24, "epochs": 25, "anneal_epochs": 50}
_ERM: Values = {**_BILEVEL, "bilevel": "single_level", "train_images": "all"}
_PC_DARTS: Values = {
    **_SIMPLEX,
    "partial_channels": 4,
    "edge_learning_rate": 0.1,
    "batch_size": 256,
    "learning_rate": 0.1,
    "learning_rate_min": 0.0,
}

_SELECTION = "the last epoch's cell, not the one of the epoch whose supernet validates best"
_ERM_SELECTION = (
    "within a batch of the logits images are drawn with replacement, the release shuffles anew"
)
_PC_NOTES = {"relaxation": "the logits are log-probabilities", "arch_init": "uniform at first"}
_NOTES = {**_PC_NOTES, "anneal_epochs": "the learning rate stops half-way down its cosine"}
_ERM_NOTES = {**_NOTES, "train_images": "both steps train on both halves"}

METHODS = (
    Method(
        name="gaea_bilevel",
        title="GAEA DARTS: exponentiated gradient on the simplex of operations.",
        values=_BILEVEL,
        notes=_NOTES,
        source=f"{_PAPER}; {_RELEASE}, edarts on NAS-Bench-201",
        status=_AGREES,
        differs=_SELECTION,
    ),
    Method(
        name="gaea_bilevel_no_none",
        title="GAEA DARTS without `none`, as its authors recommend.",
        values={**_BILEVEL, "exclude_none": True},
        notes=_NOTES,
        source=f"{_PAPER}; {_RELEASE}, its recommended search.exclude_zero=true",
        status=_AGREES,
        differs=_SELECTION,
    ),
    Method(
        name="gaea_erm",
        title="GAEA-ERM: GAEA on one level, weights and architecture trained on all "
        "training images.",
        values=_ERM,
        notes=_ERM_NOTES,
        source=f"{_PAPER}; {_RELEASE}, search.single_level=true",
        status=_AGREES,
        differs=_ERM_SELECTION,
    ),
    Method(
        name="gaea_erm_no_none",
        title="GAEA-ERM without `none`, as its authors recommend.",
        values={**_ERM, "exclude_none": True},
        notes=_ERM_NOTES,
        source=f"{_PAPER}; {_RELEASE}, search.single_level=true search.exclude_zero=true",
        status=_AGREES,
        differs=_ERM_SELECTION,
    ),
    Method(
        name="gaea_pc_darts",
        title="GAEA PC-DARTS: partial channels; the edge weights are a simplex a node, too.",
        values=_PC_DARTS,
        notes=_PC_NOTES,
        source=f"{_PAPER}; {_RELEASE}, eedarts",
        status=_AGREES,
        differs="the release searches the DARTS space with it; its recipe is kept, the network is "
        f"NAS-Bench-201's (C=16, N=5); {_SELECTION}; {_ERM_SELECTION}",
    ),
)
