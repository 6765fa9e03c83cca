"""Methods that the field has published since 2019 and users compare with, each by one part."""

from __future__ import annotations

from naslib_edd.config.methods.darts import METHODS as DARTS
from naslib_edd.config.methods.method import Method
from naslib_edd.config.methods.perturbed import RECIPE

_V1 = DARTS[0].values

METHODS = (
    Method(
        name="snas",
        title="SNAS: a soft sample of each edge's operations (Xie et al. 2019), on CIFAR-10.",
        values={
            "relaxation": "concrete",
            "temperature": "lts",
            "t0": 1.0,
            "t_end": 0.03,
            "bilevel": "single_level",
            "logit_batch": "same",
            "train_images": "all",
            "arch_weight_decay": 1e-3,
            "weight_decay": 3e-4,
            "nesterov": False,
            "epochs": 150,
        },
        source="Xie et al. 2019, SNAS: Stochastic Neural Architecture Search, eq. 5",
        status="verified against its equations (tests/relaxation/test_concrete.py)",
        differs="assumed, for the paper gives no temperatures: t from 1 to .03 in equal steps; no "
        "resource constraint; weights and logits step one after the other on the same images "
        "(there in one round of back-propagation); the largest logits are the cell",
    ),
    Method(
        name="reinmax",
        title="ReinMax: one-hot samples, second-order straight-through gradient (Liu "
        "et al. 2023), on CIFAR-10.",
        values={**_V1, "relaxation": "reinmax"},
        source="Liu et al. 2023, Bridging Discrete and Backpropagation: Straight-Through and "
        "Beyond; microsoft/ReinMax",
        status="verified against its equations (tests/relaxation/test_reinmax.py)",
        differs="our reading as a search: GDAS' weights recipe with tau = 1 throughout; every "
        "operation is computed, as the gradient needs dl/dD of all of them (the sampled one alone "
        "counts in the forward pass)",
    ),
    Method(
        name="darts_aer",
        title="DARTS-AER: a penalty on the entropy of the weights (Jing et al. 2023), on CIFAR-10.",
        values={**_V1, "entropy_penalty": 0.2},
        source="Jing, Chen & Xu 2023, An Architecture Entropy Regularizer for Differentiable "
        "Neural Architecture Search; kunjing96/DARTS-AER, DARTS-V1-AER",
        status="verified against its equations "
        "(tests/bilevel/regularisers/test_entropy_penalty.py)",
        differs="the release adds 1e-9 inside the logarithm of the entropy",
    ),
    Method(
        name="lambda_darts",
        title="Lambda-DARTS: the cells' gradients are aligned (Movahedi et al. 2023), on CIFAR-10.",
        values={**_V1, "alignment": 0.25, "arch_learning_rate": 1e-4},
        source="Movahedi et al. 2023, Lambda-DARTS: Mitigating Performance Collapse by Harmonizing "
        "Operation Selection among Cells; dr-faustus/Lambda-DARTS, its NAS-Bench-201 script",
        status="verified against its equations (tests/bilevel/test_aligned.py)",
        differs="50 epochs (its script's name says 100); the cells' gradients come from a pass of "
        "their own, and the three passes of the alignment leave running statistics alone (the "
        "release's move them)",
        hosts=("builtin",),
    ),
    Method(
        name="oles",
        title="OLES: operations stop training once they overfit (Jiang et al. 2023), on CIFAR-10.",
        values={**RECIPE, "operation_stop": 0.4, "supernet": "plain"},
        source="Jiang et al. 2023, Operation-Level Early Stopping for Robustifying Differentiable "
        "NAS; PasaLab/oles",
        status="verified against its equations (tests/bilevel/test_operation_stop.py)",
        differs="the release has no NAS-Bench-201: its threshold and 20 steps of the DARTS space; "
        "the cosine is the paper's, of an operation's whole gradient on the two batches of a step "
        "(the release's validation gradient has the last training gradient added to it, which is "
        "not cleared, and its cosines are of single filters' entries)",
        hosts=("builtin",),
    ),
    Method(
        name="zero_cost_pt",
        title="Zero-Cost-PT: an untrained supernet, decided by nwot (Xiang et al. "
        "2021), on CIFAR-10.",
        values={
            "strategy": "zero_cost_pt",
            "proxy": "nwot",
            "epochs": 10,
            "proxy_rounds": 100,
            "batch_size": 256,
            "split": "halves",
        },
        source="Xiang et al. 2021, Zero-Cost Operation Scoring in Differentiable Architecture "
        "Search; zerocostptnas/zerocost_operation_score",
        status="verified against its definition (tests/engine/baselines/test_proxy_engine.py, "
        "tests/engine/baselines/proxies/test_nwot.py)",
        differs="each epoch is a candidate; the batch norms of the candidates' own networks go by "
        "the batch when they are scored (the release's by untrained running statistics, as here "
        "in the supernet)",
        hosts=("builtin",),
    ),
    *(
        Method(
            name=proxy,
            title=f"The best of random cells by {score}, on CIFAR-10.",
            values={"strategy": "proxy_search", "proxy": proxy, "queries": 100},
            source=source,
            status=f"verified against its equations (tests/proxies/test_{proxy}.py)",
            differs=f"a baseline: the best of 100 random architectures by this score, each on one "
            f"batch of search.batch_size images{differs}",
            hosts=("builtin",),
        )
        for proxy, score, source, differs in (
            (
                "nwot",
                "nwot, untrained (Mellor et al. 2021)",
                "Mellor et al. 2021, Neural Architecture Search without Training",
                "; the batch norms go by the batch",
            ),
            (
                "synflow",
                "synflow, untrained (Abdelfattah et al. 2021)",
                "Tanaka et al. 2020, Pruning neural networks without any data by iteratively "
                "conserving synaptic flow; Abdelfattah et al. 2021, Zero-Cost Proxies for "
                "Lightweight NAS",
                ", of which only the size counts; the logarithm of the score",
            ),
            (
                "jacov",
                "the Jacobian's covariance, untrained (Mellor et al. 2020)",
                "Mellor et al. 2020 (first version); jacob_cov in Abdelfattah et al. 2021, "
                "Zero-Cost Proxies for Lightweight NAS",
                "; the batch norms go by the batch",
            ),
        )
    ),
)
