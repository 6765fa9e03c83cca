"""More epochs for a finished run: the longer run bit for bit, or refused with the reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from helpers import every, rows_of, run, tiny_settings

from naslib_edd.config.loading import load
from naslib_edd.config.longer import depends_on_epochs
from naslib_edd.config.methods import METHODS
from naslib_edd.errors import UserError

pytestmark = pytest.mark.search


def test_a_finished_run_goes_on_as_if_it_had_been_longer(tmp_path: Path) -> None:
    fixed: dict[str, Any] = {"anneal_epochs": 4}
    run(tiny_settings(tmp_path / "a", search={**fixed, "epochs": 2}))
    longer = run(tiny_settings(tmp_path / "a", search={**fixed, "epochs": 4}), resume=True)
    whole = run(tiny_settings(tmp_path / "b", search={**fixed, "epochs": 4}))
    assert rows_of(longer.folder) == rows_of(whole.folder)
    assert longer.result["epochs"] == 4


def test_a_schedule_over_all_epochs_is_refused_by_name(tmp_path: Path) -> None:
    run(tiny_settings(tmp_path, search={"epochs": 2}))
    with pytest.raises(UserError, match=r"learning rate's cosine.*search\.anneal_epochs"):
        run(tiny_settings(tmp_path, search={"epochs": 4}), resume=True)


def test_fewer_epochs_are_another_run(tmp_path: Path) -> None:
    run(tiny_settings(tmp_path, search={"epochs": 2}))
    with pytest.raises(UserError, match=r"search\.epochs was 2 there and is 1 now"):
        run(tiny_settings(tmp_path, search={"epochs": 1}), resume=True)


@pytest.mark.parametrize("method", every(4, METHODS))
def test_where_it_is_not_refused_the_first_epochs_do_not_know_the_length(
    method: str, tmp_path: Path
) -> None:
    """The rows of a short run are the first of a longer one, wherever that is promised."""
    found = {"optimizer": method, "dataset": "digits", "search": {"anneal_epochs": 4}}
    if depends_on_epochs(load(found).search):
        pytest.skip("refused: a schedule of this method depends on the number of epochs")
    made = [
        run(
            tiny_settings(
                tmp_path / str(epochs),
                optimizer=method,
                search={"anneal_epochs": 4, "epochs": epochs, "channels": 4},
            )
        )
        for epochs in (1, 2)
    ]
    assert rows_of(made[0].folder) == rows_of(made[1].folder)[:1]
