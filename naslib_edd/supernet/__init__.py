"""What supernets of all spaces share: their base class, layers, kernels."""
