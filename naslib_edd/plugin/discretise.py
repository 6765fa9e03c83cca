"""From the logits to a discretised NASLib graph."""

from __future__ import annotations

from typing import Any

from naslib_edd.plugin.adapted import Adapted
from naslib_edd.plugin.layout import ROW
from naslib_edd.plugin.strongest import show_strongest, strongest


def final_architecture(optimizer: Adapted) -> Any:
    """A parsed graph with one operation an edge, made of a clone; the supernet is left alone.

    The space has its say first (NB301 keeps two edges a node, and never ``none``), told of the
    edge weights where there are some (:mod:`naslib_edd.plugin.strongest`). An operation keeps its
    weights, but for partial channels: there it is made anew with all channels.
    """
    chosen = optimizer.chosen()
    graph = optimizer.graph.clone().unparse()
    if hasattr(optimizer.graph, "auxiliary_output"):
        # NB301's unparse forgets it, and puts an auxiliary head in the place of the only one.
        graph.auxiliary_output = optimizer.graph.auxiliary_output
    relaxation = optimizer.parts.relaxation
    logits = optimizer.logits.detach()
    if relaxation.edge_weights(logits) is not None:
        kept = strongest(logits, relaxation=relaxation, layout=optimizer.layout)
        show_strongest(graph, optimizer.scope, kept)
    graph.prepare_discretization()

    def discretise(edge: Any) -> None:
        if not edge.data.has(ROW):
            return
        alpha = edge.data.alpha
        number = chosen[edge.data[ROW]]
        # The space may have ruled an operation out, by a logit of minus infinity.
        if alpha.isneginf().any():
            number = int(alpha.argmax())
        edge.data.set("op", edge.data.op.selected(number))

    graph.update_edges(discretise, scope=optimizer.scope, private_edge_data=True)
    graph.prepare_evaluation()
    graph.parse()
    return graph
