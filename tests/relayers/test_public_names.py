import relayers


def test_all_is_sorted_and_there():
    assert relayers.__all__ == sorted(relayers.__all__)
    assert all(hasattr(relayers, name) for name in relayers.__all__)
