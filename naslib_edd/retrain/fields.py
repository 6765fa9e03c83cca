"""Every field of a retraining run's ``record.jsonl`` and ``result.json``.

The reference of what it writes; a test holds it against runs.
"""

from __future__ import annotations

from naslib_edd.storage.record_fields import Field

_VAL = "`split` other than `all`"
_EMA = "`ema` above 0"
ROW: dict[str, Field] = {
    "epoch": Field("number", "from 1"),
    "learning_rate": Field("number", "of this epoch"),
    "drop_path": Field("number", "probability in this epoch"),
    "train_loss": Field("number", "mean of its training images, without the auxiliary head's"),
    "train_acc": Field("%", "of the augmented images, as it trained on them"),
    "val_acc": Field("% or null", f"after the epoch; null without validation images ({_VAL})"),
    "test_acc": Field("% or null", "after the epoch; null where `evaluate_every` passes it over"),
    "seconds": Field("s", "of the epoch, its evaluation included"),
}
RESULT: dict[str, Field] = {
    "arch_str": Field("text", "the architecture, as its search space writes it"),
    "index": Field("number or null", "its number, where the space numbers its architectures"),
    "space": Field("text", "the search space"),
    "from": Field("text", "the run's folder that it is of, or `the command line`"),
    "recipe": Field("text", "the recipe's name"),
    "changed": Field("object", "settings off the recipe"),
    "settings": Field("object", "every setting"),
    "images": Field("object", "the set's name, source, classes, size, and images a part"),
    "params_M": Field("millions", "weights, without the auxiliary head's"),
    "flops_M": Field("millions", "multiply-adds of convolutions and linear layers, an image"),
    "epochs": Field("number", "trained"),
    "train_loss": Field("number", "of the last epoch"),
    "train_acc": Field("%", "of the last epoch"),
    "val_acc": Field("% or null", "of the last weights"),
    "test_acc": Field("%", "of the last weights: what papers report"),
    "val_acc_ema": Field("% or null", "of the weights' average", _EMA),
    "test_acc_ema": Field("%", "of the weights' average", _EMA),
    "best": Field(
        "object",
        "of best.pt: `epoch`, its `test_acc`, and `by`: `val`, or `test` where there are no "
        "validation images. Chosen by test images, its accuracy is too good: do not report it",
    ),
    "processes": Field("number", "that trained together"),
    "files": Field("texts", "of weights and whole networks, in the run's folder"),
    "seconds": Field("s", "of all epochs"),
    "ran_on": Field("objects", "on what it ran, an entry for each change"),
}
