"""torchvision's transforms (v2), the extra ``vision``."""

from __future__ import annotations

from typing import Any

from naslib_edd.errors import UserError


def vision(what: str) -> Any:
    """``torchvision``.

    Args:
        what: what needs it, for the error.

    Raises:
        UserError: it is not installed, or does not fit this PyTorch.
    """
    try:
        import torchvision
        from torchvision.transforms import v2  # noqa: F401
    except ImportError:
        raise UserError(
            f"{what} needs torchvision, which is not installed: pip install 'naslib-edd[vision]'"
        ) from None
    except Exception as error:  # built for another PyTorch: it raises nearly anything
        words = " ".join(str(error).split())[:200]
        raise UserError(
            f"{what} needs torchvision, and the one that is installed does not fit this PyTorch "
            f"({words}); install the one of the same build"
        ) from None
    return torchvision


def policy_of(name: str) -> Any:
    """The transform of a ``policy``, of uint8 images [3, H, W]; None for ``none``."""
    if name == "none":
        return None
    v2 = vision(f"policy={name}").transforms.v2
    if name == "trivial":
        return v2.TrivialAugmentWide()
    if name == "rand":
        return v2.RandAugment()
    return v2.AutoAugment(policy=v2.AutoAugmentPolicy.CIFAR10)
