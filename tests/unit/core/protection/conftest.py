from tests.protection_world import planted

__all__ = ["planted"]
