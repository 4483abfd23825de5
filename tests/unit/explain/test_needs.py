"""Why a package is installed: by way of what it is needed."""

from dynbuild.explain.installed import BASE, Contents, InstalledPackage
from dynbuild.explain.needs import why_installed
from dynbuild.inside.model import Kind, Package
from dynbuild.lockfile.order import Placed
from dynbuild.steps.model import Freshen, Group, Install, Script, Upgrade


def there(step: str, name: str, *needs: str, kind: Kind = "deb") -> InstalledPackage:
    return InstalledPackage(Package(kind, name, "1", "amd64", needs=needs), step, "x")


def group(id_: str, seq: int, *names: str, declared: tuple[str, ...] = ()) -> Placed:
    actions = {name: Install(name) for name in names}
    of = dict.fromkeys((*names, *declared), "")
    return Placed(id_, Group(id_.partition(".")[0], actions, of), seq, ())


ORDER = (
    group("apt.1", 1, "git", "libc6:i386"),
    group("pip.2", 2, "flask"),
    Placed("script.3", Script("true"), 3, ()),
    group("apt.4", 4, "curl", declared=("git", "missing")),
)
FOUND = Contents(
    (
        there(BASE, "libc6"),
        there("apt.1", "git", "libcurl3", "libc6", "gone"),
        there("apt.1", "libcurl3", "libssl3", "libc6"),
        there("apt.1", "libssl3", "libc6", "git"),
        there("apt.1", "lonely"),
        there("pip.2", "Flask", "markup-safe", kind="pypi"),
        there("pip.2", "Markup_Safe", kind="pypi"),
        there("script.3", "odd"),
        there("apt.4", "curl", "curl"),
    )
)


def test_the_shortest_way_from_a_declared_package() -> None:
    (why,) = why_installed("libssl3", FOUND, ORDER)
    assert (why.seq, why.declared) == (1, False)
    assert why.chain == ("git", "libcurl3", "libssl3")
    assert why.needed_by == ("libcurl3",)


def test_a_declared_package_is_its_own_reason() -> None:
    (why,) = why_installed("curl", FOUND, ORDER)
    assert (why.seq, why.declared, why.chain) == (4, True, ("curl",))
    assert why.needed_by == ()


def test_a_package_of_the_base_has_no_seq() -> None:
    (why,) = why_installed("libc6:amd64", FOUND, ORDER)
    assert (why.seq, why.declared, why.chain) == (None, False, ())
    assert why.needed_by == ("git", "libcurl3", "libssl3")


def test_what_nothing_needs_has_no_way() -> None:
    (why,) = why_installed("lonely", FOUND, ORDER)
    assert (why.seq, why.chain, why.needed_by) == (1, (), ())


def test_what_a_command_installed_is_declared_nowhere() -> None:
    (why,) = why_installed("odd", FOUND, ORDER)
    assert (why.installed.step, why.declared, why.chain) == ("script.3", False, ())


def test_names_of_pip_have_many_spellings() -> None:
    (why,) = why_installed("MARKUP.safe", FOUND, ORDER)
    assert why.chain == ("flask", "markup-safe")
    assert why_installed("markupsafe", FOUND, ORDER) == ()


def test_an_architecture_may_be_named_where_a_group_does() -> None:
    foreign = Contents((there("apt.1", "libc6"),))
    (why,) = why_installed("libc6", foreign, ORDER)
    assert why.declared
    upgraded = (Placed("apt.1", Group("apt", {"libc6": Upgrade()}, {}), 1, ()),)
    assert why_installed("libc6", foreign, upgraded)[0].declared


def test_what_nobody_declares_has_the_way_of_what_needs_it() -> None:
    there_ = Contents((there("apt.2", "app", "lib"), there("apt.2", "lib")))
    step = Group("apt", {"lib": Freshen()}, {"app": "app"})
    (found,) = why_installed("lib", there_, [Placed("apt.2", step, 2, ())])
    assert (found.chain, found.declared) == (("app", "lib"), False)
