"""NAS-Bench-201: its encoding, its space, and the networks that search it."""
