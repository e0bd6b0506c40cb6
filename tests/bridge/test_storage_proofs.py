from bridge.storage_proofs import without_shared

A, B, C, D = b"a", b"b", b"c", b"d"


def test_each_proof_keeps_what_the_one_before_did_not_show():
    assert without_shared([[A, B, C], [A, B, D], [A, D], [A, D]]) == [[A, B, C], [D], [D], []]


def test_a_node_lower_down_is_not_shared_with_another_place():
    assert without_shared([[A, B], [A, C, B], [B]]) == [[A, B], [C, B], [B]]


def test_only_the_proof_just_before_counts():
    assert without_shared([[A, B], [A, C], [A, B]]) == [[A, B], [C], [B]]


def test_nothing_and_one():
    assert without_shared([]) == []
    assert without_shared([[A, B]]) == [[A, B]]
