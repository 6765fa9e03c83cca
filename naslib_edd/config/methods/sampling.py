"""Random search with weight sharing, and the baselines that only ask the table."""

from __future__ import annotations

from naslib_edd.config.methods.method import Method

METHODS = (
    Method(
        name="rs_ws",
        title="Random search with weight sharing (Li & Talwalkar 2019), on CIFAR-10.",
        values={"relaxation": "uniform", "best_of": 100, "best_of_before": 10},
        source="Li & Talwalkar 2019; NB201's release of it, D-X-Y/AutoDL-Projects (RANDOM-NAS)",
        status="verified against its equations (tests/selection/test_best_of_samples.py, "
        "tests/relaxation/test_uniform.py)",
        differs="10 architectures after each epoch but the last, where the release draws 100; the "
        "validation batches are search.eval_batch_size images in their own order (the release "
        "shuffles), by default with the batch's own statistics; 50 epochs where its script has 250",
    ),
    Method(
        name="random_search",
        title="Random search by look-ups in the table alone; needs a table. "
        "search.queries: how many.",
        values={"strategy": "random_search"},
        source="Li & Talwalkar 2019; Dong & Yang 2020 (NB201's RANDOM)",
        status="verified against its definition (tests/engine/baselines/test_random_search.py)",
        differs="the number of look-ups is given, not the seconds of training; drawn without "
        "replacement; the table's accuracy is the mean over its seeds",
        hosts=("builtin",),
    ),
    Method(
        name="local_search",
        title="Local search by look-ups in the table alone (White et al. 2021); needs a table.",
        values={"strategy": "local_search"},
        source="White et al. 2021, Local Search is State of the Art for Neural Architecture Search "
        "Benchmarks",
        status="verified against its definition (tests/engine/baselines/test_local_search.py)",
        differs="an architecture is looked up once: what is known already costs no look-up; it "
        "starts anew from a random architecture where no neighbour is better; the table's accuracy "
        "is the mean over its seeds",
        hosts=("builtin",),
    ),
)
