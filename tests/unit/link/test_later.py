"""What is found when somebody looks, and not before."""

from dynbuild.link.lazy import LazyReads


def test_reads_are_a_sequence_like_any_other() -> None:
    looked: list[None] = []

    def find() -> tuple[str, ...]:
        looked.append(None)
        return ("a", "b")

    reads = LazyReads(find)
    assert not looked
    assert (list(reads), reads[0], reads[1:], len(reads)) == (
        ["a", "b"],
        "a",
        ("b",),
        2,
    )
    assert looked
    assert reads == ("a", "b")
    assert reads != ("a",)
    assert reads != 1
    assert hash(reads) == hash(("a", "b"))
