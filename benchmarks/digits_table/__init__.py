"""How the table NB201-Digits was made: architectures trained on their own, many at once.

:mod:`classes` says which architectures are worth training, :mod:`network` stacks many of them into
one network, :mod:`plain` is its slow twin, :mod:`digits` the protocol; :mod:`build` and
:mod:`assemble` make the table of it.
"""
