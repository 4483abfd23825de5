"""Which values of a declaration are paths of the project."""

from dynbuild.declaration.syntax.paths import takes_a_path


def test_copies_and_keys_name_files_of_the_project() -> None:
    for path in (
        ("stages", 0, "copy", 0, "from"),
        ("stages", 0, "mounts", 1, "from"),
        ("apt_sources", 0, "key"),
        ("setup", 0, "copy", 0, "from"),
        ("images", "api", "stages", 0, "copy", 0, "from"),
    ):
        assert takes_a_path(path), path
    assert not takes_a_path(("setup", 0, "copy", 0, "to"))
    assert not takes_a_path(("env", "from"))
