"""Parts that do not go together are refused before anything runs, with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from naslib_edd.config.loading import load
from naslib_edd.config.settings.relaxation import SAMPLED
from naslib_edd.errors import UserError


@pytest.mark.parametrize("relaxation", SAMPLED)
@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ({"selection": "perturbation"}, "nothing would be left of the edge"),
        ({"early_stop": "eigenvalue"}, "it would be another's at each sample"),
        ({"perturbation": "adversarial"}, "trains one sampled operation an edge"),
    ],
)
def test_a_sample_is_no_mixture(relaxation: str, part: dict[str, Any], reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        load({"optimizer": "darts_v1", "search": {**part, "relaxation": relaxation}})


@pytest.mark.parametrize("relaxation", ["sigmoid", "linear"])
@pytest.mark.parametrize("kind", ["random", "adversarial"])
def test_a_moved_beta_stays_on_a_simplex(relaxation: str, kind: str) -> None:
    search = {"perturbation": kind, "relaxation": relaxation}
    with pytest.raises(UserError, match=f"{relaxation} do not sum to 1"):
        load({"optimizer": "darts_v1", "search": search})


@pytest.mark.parametrize("part", [{"selection": "perturbation"}, {"early_stop": "eigenvalue"}])
def test_sn_softmax_is_a_mixture(part: dict[str, Any]) -> None:
    found = load({"optimizer": "edd_darts", "search": part}).search
    assert found.relaxation == "sn_softmax"
