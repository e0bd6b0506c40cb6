import chains


def test_all_is_sorted_and_there():
    assert chains.__all__ == sorted(chains.__all__)
    assert all(hasattr(chains, name) for name in chains.__all__)
