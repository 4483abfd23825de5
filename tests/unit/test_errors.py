"""Foreign text in messages."""

from dynbuild.errors import inert


def test_foreign_text_cannot_pass_for_ours() -> None:
    said = inert("first\nerror[DB0101]: made up\x1b[2K\x07")
    assert said == "first\n    error[DB0101]: made up\\x1b[2K\\x07"
