"""What an image has installed, by the files that lie in it in the end."""

from hypothesis import given
from hypothesis import strategies as st

from dynbuild.explain.installed import (
    BASE,
    Contents,
    PackageChange,
    Part,
    Problem,
    compared,
    compared_files,
    contents,
)
from dynbuild.inside.model import Package, Reading
from dynbuild.link.entries import ancestors
from dynbuild.link.model import WriteSet, Written

STATUS = "var/lib/dpkg/status"
FILE = Written("file", 0o644)
GONE = Written("whiteout")
HIDING = Written("opaque")


def deb(name: str, version: str = "1", *needs: str) -> Package:
    return Package("deb", name, version, "amd64", needs=needs)


def npm(name: str, version: str) -> Package:
    return Package("npm", name, version)


def part(step: str, files: dict[str, Reading], **more: Written) -> Part:
    """A step that writes files which say something, and others."""
    writes = dict.fromkeys(files, FILE) | more
    return Part(step, writes, files)


def status(step: str, *packages: Package) -> Part:
    return part(step, {STATUS: Reading(packages)})


def brought(found: Contents) -> dict[str, str]:
    return {
        f"{one.package.name} {one.package.version}": one.step for one in found.packages
    }


def test_variables_of_dnf() -> None:
    """Files of variables go before what the database says, dnf's before yum's."""
    said = {
        "etc/dnf/vars/stream": Reading(variable="9-stream"),
        "etc/yum/vars/stream": Reading(variable="8"),
        "etc/yum/vars/empty": Reading(),
        "var/lib/rpm/rpmdb.sqlite": Reading(variable="9"),
    }
    found = contents([part(BASE, said)]).variables
    assert found == {"stream": "9-stream", "releasever": "9"}
    said["etc/dnf/vars/releasever"] = Reading(variable="9.4")
    assert contents([part(BASE, said)]).variables["releasever"] == "9.4"


def test_a_database_replaces_the_one_below_it() -> None:
    found = contents(
        [
            status(BASE, deb("libc6"), deb("old")),
            status("apt.1", deb("libc6"), deb("old"), deb("curl")),
            status("apt.2", deb("libc6", "2"), deb("curl"), deb("jq")),
        ]
    )
    assert brought(found) == {"libc6 2": "apt.2", "curl 1": "apt.1", "jq 1": "apt.2"}
    assert found.changes == {
        BASE: (
            PackageChange("deb", "libc6", "amd64", (), ("1",)),
            PackageChange("deb", "old", "amd64", (), ("1",)),
        ),
        "apt.1": (PackageChange("deb", "curl", "amd64", (), ("1",)),),
        "apt.2": (
            PackageChange("deb", "jq", "amd64", (), ("1",)),
            PackageChange("deb", "libc6", "amd64", ("1",), ("2",)),
            PackageChange("deb", "old", "amd64", ("1",), ()),
        ),
    }


def test_a_package_that_came_again_was_brought_by_the_later_step() -> None:
    jq = deb("jq")
    found = contents([status("apt.1", jq), status("apt.2"), status("apt.3", jq)])
    assert brought(found) == {"jq 1": "apt.3"}


def test_a_file_of_one_package_stays_until_it_is_removed_or_hidden() -> None:
    def module(at: str, name: str) -> dict[str, Reading]:
        return {f"{at}/node_modules/{name}/package.json": Reading((npm(name, "1"),))}

    below = part("npm.1", module("a", "x") | module("b", "y") | module("c", "z"))
    above = part(
        "tidy", {}, **{"a/node_modules": GONE, "b": HIDING, "d": Written("directory")}
    )
    assert brought(contents([below, above])) == {"z 1": "npm.1"}
    alone = Part("link", {"c": Written("symlink", content="/tmp")}, {})
    assert brought(contents([below, above, alone])) == {}
    same = Part("touch", {"a/node_modules/x/package.json": FILE}, {})
    assert "x 1" in brought(contents([below, same]))
    root = Part("new", {"": HIDING}, {})
    assert brought(contents([below, root])) == {}


def test_a_package_in_two_places_was_brought_by_the_first() -> None:
    one = part("npm.1", {"a": Reading((npm("x", "1"),))})
    two = part("npm.2", {"b": Reading((npm("x", "1"), npm("x", "2")))})
    found = contents([one, two])
    assert [(x.package.version, x.step, x.path) for x in found.packages] == [
        ("1", "npm.1", "a"),
        ("1", "npm.1", "b"),
        ("2", "npm.2", "b"),
    ]
    moved = part("npm.3", {}, a=GONE)
    assert contents([one, two, moved]).changes.keys() == {"npm.1", "npm.2"}


def test_a_licence_is_that_of_the_copyright_file() -> None:
    text = "usr/share/doc/curl/copyright"
    own = Package("npm", "curl", "1", licence="MIT")
    files = {
        STATUS: Reading((deb("curl"), deb("jq"))),
        text: Reading(licence="curl"),
        "p": Reading((own,)),
    }
    found = contents([part(BASE, files)])
    assert [one.package.licence for one in found.packages] == ["curl", "", "MIT"]


def test_what_is_not_known_is_said() -> None:
    files = {
        "etc/os-release": Reading(distribution=("debian", "12")),
        STATUS: Reading(problem="it cannot be read"),
    }
    found = contents([part(BASE, files), Part("apt.1", {}, None)])
    assert found.unknown == ("apt.1",)
    assert found.distribution == ("debian", "12")
    assert found.problems == (Problem(BASE, STATUS, "it cannot be read"),)
    assert contents([]) == Contents()


def test_two_images_are_compared_by_versions() -> None:
    before = contents([status(BASE, deb("a"), deb("b")), part("x", {"p": Reading()})])
    after = contents([status(BASE, deb("b", "2"), deb("b", "3"), deb("c"))])
    assert compared(before, after) == (
        PackageChange("deb", "a", "amd64", ("1",), ()),
        PackageChange("deb", "b", "amd64", ("1",), ("2", "3")),
        PackageChange("deb", "c", "amd64", (), ("1",)),
    )
    assert compared(after, after) == ()


def test_files_are_compared_as_they_lie_in_the_end() -> None:
    directory = Written("directory", 0o755)
    before: list[WriteSet] = [
        {"": directory, "a": FILE, "b": FILE, "d": directory},
        {"b": GONE},
    ]
    after: list[WriteSet] = [
        {"": directory, "a": Written("file", 0o755), "c": FILE, "d": HIDING},
        {"d": Written("directory", 0o755)},
    ]
    assert compared_files(before, after) == (("~", "a"), ("+", "c"))
    assert compared_files(after, before) == (("~", "a"), ("-", "c"))


PATHS = ("a", "a/p", "a/q", "b/p")
STEPS = st.lists(
    st.dictionaries(
        st.sampled_from(PATHS),
        st.sampled_from([GONE, HIDING, Written("directory")])
        | st.lists(st.sampled_from("xyz"), max_size=2, unique=True),
        max_size=3,
    ),
    max_size=5,
)


@given(STEPS)
def test_what_is_installed_is_what_the_files_say(
    steps: list[dict[str, Written | list[str]]],
) -> None:
    """A tree that is changed file by file has the same packages."""
    tree: dict[str, list[str]] = {}
    parts = []
    for number, files in enumerate(steps):
        said = {
            path: Reading(tuple(deb(name) for name in names))
            for path, names in files.items()
            if isinstance(names, list)
        }
        writes = {
            path: one if isinstance(one, Written) else FILE
            for path, one in files.items()
        }
        parts.append(Part(str(number), writes, said))
        over = {path for path, one in writes.items() if one.kind != "directory"}
        for path in [*tree]:
            if path in over or not over.isdisjoint(ancestors(path)):
                del tree[path]
        tree |= {path: names for path, names in files.items() if path in said}  # type: ignore[misc]
    found = contents(parts)
    there = {one.package.name for one in found.packages}
    assert there == {name for names in tree.values() for name in names}
    history: dict[str, int] = {}
    for changes in found.changes.values():
        for one in changes:
            history[one.name] = history.get(one.name, 0) + len(one.after)
            history[one.name] -= len(one.before)
    assert {name for name, count in history.items() if count} == there
    assert set(history.values()) <= {0, 1}
