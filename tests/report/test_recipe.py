import pytest

from naslib_edd.config.loading import as_dict, load
from naslib_edd.report import reduction
from naslib_edd.report.recipe import comparable, other_settings


def config(dataset="cifar10", optimizer="edd_darts", seed=0, **search):
    given = {"optimizer": optimizer, "dataset": dataset, "seed": seed, "search": search}
    return as_dict(load(given))


def test_the_full_recipe_is_not_reduced():
    assert reduction(config()) is None
    assert reduction(config(), images=(25_000, 25_000)) is None
    assert reduction(config(split="halves", optimizer="darts_v1")) is None
    assert reduction(config(limit_train=25_000, limit_val=30_000)) is None
    assert reduction(config("cifar100")) is None


def test_everything_that_is_smaller_is_told():
    small = config(channels=8, cells=1, limit_train=10_000, limit_val=10_000, epochs=10)
    assert reduction(small, data_note="CIFAR-10 (JPEG)") == (
        "reduced: C=8, N=1, 10k/10k images, 10 epochs, CIFAR-10 (JPEG)"
    )


@pytest.mark.parametrize(
    "search, told",
    [
        ({"channels": 8}, "reduced: C=8"),
        ({"cells": 2}, "reduced: N=2"),
        ({"epochs": 49}, "reduced: 49 epochs"),
        ({"limit_train": 1234}, "reduced: 1234/25k images"),
        ({"limit_val": 5000}, "reduced: 25k/5k images"),
        ({"split": "fraction", "train_portion": 0.7}, "reduced: 35k/15k images"),
        ({"split": "all"}, "another size: 50k/50k images"),
        ({"split": "all", "limit_train": 1000}, "reduced: 1k/50k images"),
        ({"channels": 32}, "another size: C=32"),
        ({"channels": 32, "cells": 1}, "reduced: C=32, N=1"),
    ],
)
def test_one_change_at_a_time(search, told):
    assert reduction(config(**search)) == told


def test_the_number_of_images_that_were_there_counts():
    assert reduction(config(), images=(500, 500)) == "reduced: 500/500 images"
    limited = config(limit_train=10_000)
    assert reduction(limited, images=(500, 25_000)) == "reduced: 500/25k images"


def test_digits_are_reduced_data_and_have_no_note():
    assert reduction(config("digits")) == "reduced: digits"
    assert reduction(config("Digits"), data_note="JPEG", images=(600, 600)) == "reduced: digits"
    assert reduction(config("digits", limit_val=100)) == "reduced: 600/100 images, digits"


def test_limits_of_other_sets():
    assert reduction(config("svhn", limit_val=2000)) == "reduced: all/2k images"
    assert reduction(config("svhn"), images=(36_628, 36_629)) is None
    told = reduction(config("svhn", limit_val=2000), images=(36_628, 2000))
    assert told == "reduced: 36628/2k images"


def test_a_note_alone_is_a_label():
    assert reduction(config(), data_note="CIFAR-10 (JPEG)") == "reduced: CIFAR-10 (JPEG)"


def test_other_settings_are_those_off_the_method():
    assert other_settings(config()) == {}
    assert other_settings(config(optimizer="darts_v1")) == {}
    small = config(channels=8, epochs=2, limit_val=9, supernet="plain", eval_statistics="batch")
    assert other_settings(small) == {}
    assert other_settings(config(variant="release")) == {"variant": "release"}
    changed = config(optimizer="pcd_darts", batch_size=32, pcd_warmup=0)
    assert other_settings(changed) == {"batch_size": 32, "pcd_warmup": 0}


def test_an_unknown_method_of_another_version_is_compared_with_the_defaults():
    given = config(batch_size=32)
    given["optimizer"], given["search"]["brand_new"] = "tomorrow", 1
    assert other_settings(given)["brand_new"] == 1
    assert other_settings(given)["batch_size"] == 32


def test_runs_that_differ_by_seed_are_comparable():
    assert comparable(config(seed=1)) == comparable(config(seed=2, supernet="plain"))
    assert comparable(config()) != comparable(config(edd_lambda=0.12))
    assert comparable(config()) != comparable(config("cifar100"))
