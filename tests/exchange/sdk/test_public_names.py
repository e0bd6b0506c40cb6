from exchange import sdk


def test_every_public_name_is_there_and_sorted():
    assert sdk.__all__ == sorted(sdk.__all__)
    assert all(hasattr(sdk, name) for name in sdk.__all__)
