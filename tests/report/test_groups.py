import pytest

from naslib_edd.errors import UserError
from naslib_edd.report import group_runs, load_runs
from naslib_edd.report.groups import name_among, shared_reduction


def groups(*folders, labels=None, **options):
    return group_runs(load_runs(folders, labels), **options)


def config(dataset="cifar10", optimizer="edd_darts", name=None, **search):
    return {"optimizer": optimizer, "dataset": dataset, "name": name, "search": search}


def test_seeds_are_gathered_in_order(make_run):
    (group,) = groups(make_run("b", seed=3), make_run("a", seed=1), make_run("c", seed=2))
    assert [run.seed for run in group.runs] == [1, 2, 3]
    assert group.title == "edd_darts, reduced: 3 epochs"


def test_the_same_run_twice_is_refused(make_run):
    with pytest.raises(UserError, match=r"a and .*b are the same run \(edd_darts, seed 4\)"):
        groups(make_run("a", seed=4), make_run("b", seed=4))


def test_unequal_settings_of_one_label_part_it_and_are_named(make_run):
    found = groups(
        make_run("a", config=config(edd_lambda=0.06)),
        make_run("b", config=config(edd_lambda=0.12)),
        make_run("c", config=config(edd_lambda=0.12), seed=1),
        make_run("d", config=config(optimizer="darts_v1")),
    )
    assert [group.label for group in found] == [
        "edd_darts, edd_lambda=0.06", "edd_darts, edd_lambda=0.12", "darts_v1"
    ]  # fmt: skip
    assert [len(group.runs) for group in found] == [1, 2, 1]


def test_a_label_over_two_data_sets_is_parted(make_run):
    found = groups(make_run("a"), make_run("b", config=config("cifar100")))
    assert [group.label for group in found] == ["edd_darts, cifar10", "edd_darts, cifar100"]


def test_sizes_part_a_label_by_the_reduction_alone(make_run):
    found = groups(make_run("a"), make_run("b", config=config(channels=8)), make_run("c", epochs=5))
    assert [group.title for group in found] == [
        "edd_darts, reduced: 3 epochs",
        "edd_darts, reduced: C=8, 3 epochs",
        "edd_darts, reduced: 5 epochs",
    ]


def test_runs_with_other_numbers_of_images_are_parted(make_run):
    found = groups(
        make_run("a", result={"images": {"train": 25_000, "val": 25_000}}),
        make_run("b", result={"images": {"train": 100, "val": 100}}),
    )
    assert [group.reduction for group in found] == [
        "reduced: 3 epochs", "reduced: 100/100 images, 3 epochs"
    ]  # fmt: skip


def test_the_data_note_is_part_of_the_label(make_run):
    (group,) = groups(make_run("a"), data_note="CIFAR-10 (JPEG)", labels={"edd_darts": "EDD"})
    assert group.title == "EDD, reduced: 3 epochs, CIFAR-10 (JPEG)"


def test_what_all_reductions_share_is_told_once(make_run):
    """And each name tells the rest; nothing of a reduction is lost."""
    small = {"channels": 8, "limit_train": 1000}
    runs = [
        make_run("a", config={"optimizer": "gdas", "dataset": "cifar10", "search": small}),
        make_run("b", config={"optimizer": "drnas", "dataset": "cifar10", "search": small}),
        make_run(
            "c", epochs=2, config={"optimizer": "gdas", "search": small, "dataset": "cifar10"}
        ),
    ]
    groups = [group for at in runs for group in group_runs(load_runs([at]))]
    shared = shared_reduction(groups)
    names = [name_among(group, groups) for group in groups]
    assert shared is not None and shared.startswith("reduced: C=8") and "epochs" not in shared
    assert names == ["gdas, 3 epochs", "drnas, 3 epochs", "gdas, 2 epochs"]
    for group, name in zip(groups, names, strict=True):
        told = {*shared.removeprefix("reduced: ").split(", "), *name.split(", ")[1:]}
        assert told == set(group.reduction.removeprefix("reduced: ").split(", "))
