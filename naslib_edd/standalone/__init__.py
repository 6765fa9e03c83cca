"""Architectures trained on their own, many at once: what a benchmark table is made of.

:mod:`classes` says which architectures are worth training, :mod:`network` stacks many of them into
one network, :mod:`plain` is its slow twin, :mod:`digits` the protocol of the table NB201-Digits.
"""
