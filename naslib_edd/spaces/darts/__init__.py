"""The DARTS space and its four small kin, S1 to S4: ``search_space: darts``, ``s1`` … ``s4``."""
