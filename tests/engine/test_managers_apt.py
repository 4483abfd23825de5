"""Package logs of apt in real builds, edit after edit, against a repository we make."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.engine.managers import AptRepository, Image, make_base, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.space import Space

OWN = {"own-tool", "own-shared"}
LOOSE = {"own-loose"}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AptRepository]:
    """Packages as people have them: chains, virtual ones, odd names, epochs."""
    made = AptRepository(tmp_path_factory.mktemp("apt") / "repository")
    for name in ("own-tool", "own-loose", "own-shared", "lib1", "plain", "t++"):
        made.add(name)
    made.add("app", Depends="lib1, lib.2+")
    made.add("lib.2+", "1:1.0-1")
    made.add("fan", Recommends="liked")
    made.add("liked")
    made.add("postman", Provides="post-agent (= 3), other-agent")
    made.add("meta", Section="metapackages", Depends="lib1")
    for version in ("1:1.0-1", "1:1.2-1", "1:2.0-1"):
        made.add("many", version, conffiles={"/etc/many.conf": f"as of {version}\n"})
    for architecture in ("amd64", "i386"):
        same = {"Architecture": architecture, "Multi_Arch": "same"}
        made.add("both", files={f"/usr/lib/{architecture}/both": ""}, **same)
    made.publish()
    with served(made.folder) as address:
        made.address = address
        yield made
    made.stop()


@pytest.fixture(scope="module")
def base(
    engine: dict[str, str], debian_base: str, repository: AptRepository
) -> Iterator[str]:
    """A Debian that knows our repository alone, and has packages in every state."""
    dockerfile = f"""\
FROM {debian_base}
COPY <<KEY /etc/apt/trusted.gpg.d/test.asc
{repository.key(armoured=True).decode()}
KEY
RUN rm /etc/apt/sources.list.d/* && \
    echo 'deb {repository.address} stable main' \
      > /etc/apt/sources.list && \
    apt-get update && apt-get install -y own-tool own-loose own-shared && \
    apt-mark auto own-loose own-shared && \
    rm -rf /var/lib/apt/lists/* /var/log/apt/* /var/log/*.log \
      /var/lib/dpkg/*-old /var/cache/debconf/*-old
"""
    tag = make_base(engine, dockerfile, f"managers-base-{uuid4().hex[:12]}")
    yield tag
    Image(None, engine, tag, tag).forget()  # type: ignore[arg-type]  # only removed


@pytest.fixture
def image(built: Space, engine: dict[str, str], base: str) -> Iterator[Image]:
    made = Image(built, engine, base)
    yield made
    made.forget()


def packages(*specs: str) -> str:
    listed = ", ".join(f'"{spec}"' for spec in specs)
    return f"apt_packages = [{listed}]"


def test_a_history_of_edits(image: Image) -> None:
    image.edit(packages("app", "t++", "many=1:1.*"))
    first = image.look()
    assert first.complaints == ""
    assert first.leftovers == []
    assert first.installed["many"] == "1:1.2-1"
    assert {"app", "t++", "many"} <= first.manual
    assert not {"lib1", "lib.2+"} & first.manual
    base = image.look().installed.keys() - {"app", "t++", "many", "lib1", "lib.2+"}

    # Remove one, add one, respecify one downward, declare what the base has.
    image.edit(
        packages("app", "lib1", "many=1:1.0-1", "own-tool", "own-loose", "liked")
    )
    second = image.look()
    assert second.complaints == ""
    assert second.leftovers == []
    assert second.installed.keys() - base == {"app", "lib1", "lib.2+", "many", "liked"}
    assert second.installed["many"] == "1:1.0-1"

    # Remove one that a declared one needs, and the base's own; respecify upward.
    image.edit(packages("app", "many"))
    third = image.look()
    assert third.complaints == ""
    assert third.leftovers == []
    assert third.installed.keys() - base == {"app", "lib1", "lib.2+", "many"}
    assert third.installed["many"] == "1:2.0-1"
    assert third.installed.keys() >= OWN | LOOSE
    assert "own-tool" in third.manual
    assert not {"own-loose", "own-shared", "lib1"} & third.manual

    # Remove all but one, and take one back.
    image.edit(packages("t++"))
    fourth = image.look()
    assert fourth.complaints == ""
    assert fourth.leftovers == []
    assert fourth.installed.keys() - base == {"t++"}
    assert fourth.installed.keys() >= OWN | LOOSE

    image.edit("")
    last = image.look()
    assert last.complaints == ""
    assert last.installed.keys() == base
    assert last.manual == first.manual - {"app", "t++", "many"}
    assert image.space.read("dynbuild.lock").count('"t++" = ["1 t++", ') == 1


def test_a_layer_holds_nothing_but_what_was_asked_for(image: Image) -> None:
    image.edit(packages("plain", "many"))
    installed = {path for path in image.layers()[-1] if not path.endswith("/")}
    image.edit(packages("plain"))
    removed = {path for path in image.layers()[-1] if not path.endswith("/")}
    database = {
        "/var/lib/apt/extended_states",
        "/var/lib/dpkg/status",
        "/var/lib/dpkg/lock",
        "/var/lib/dpkg/lock-frontend",
        "/var/lib/dpkg/triggers/Lock",
        "/var/lib/dpkg/triggers/Unincorp",
    }
    files = {f"/var/lib/dpkg/info/{name}.list" for name in ("plain", "many")}
    files |= {f"/var/lib/dpkg/info/{name}.md5sums" for name in ("plain", "many")}
    files |= {f"/usr/share/{name}/version" for name in ("plain", "many")}
    files |= {"/etc/many.conf", "/var/lib/dpkg/info/many.conffiles"}
    assert installed - database == files
    gone = {path for path in removed - database if "/.wh." not in path}
    assert gone == set()


def test_what_an_environment_script_changed_and_installed_stays(image: Image) -> None:
    """A changed configuration file asks no question; recommended packages stay."""
    image.edit(packages("many=1:1.0-1", "plain"))
    scripts = (
        'env_scripts = ["echo ours > /etc/many.conf", '
        '"apt-get update && apt-get install -y fan -o APT::Install-Recommends=1"]'
    )
    image.edit(packages("many=1:1.0-1", "plain") + f"\n{scripts}")
    image.edit(packages("many=1:1.2-1") + f"\n{scripts}")
    inside = image.look()
    assert inside.complaints == ""
    assert inside.installed["many"] == "1:1.2-1"
    assert "plain" not in inside.installed
    assert inside.installed.keys() >= {"fan", "liked"}
    assert image.run("cat /etc/many.conf") == "ours\n"


def test_names_that_several_packages_have(image: Image) -> None:
    """A virtual package is there by what provides it, and goes with it."""
    image.edit(packages("post-agent", "meta", "lib.2+"))
    first = image.look()
    assert {"postman", "meta"} <= first.manual
    assert "lib1" not in first.manual

    image.edit(packages("other-agent"))
    second = image.look()
    assert second.complaints == ""
    assert "postman" in second.manual
    assert not {"meta", "lib1", "lib.2+"} & second.installed.keys()

    image.edit(packages("plain"))
    assert "postman" not in image.look().installed


def test_a_package_of_another_architecture(image: Image) -> None:
    image.edit(packages("both:i386", "both", "plain"))
    inside = image.look()
    assert inside.complaints == ""
    assert {"both", "both:i386"} <= inside.manual
    image.edit(packages("both", "plain:amd64"))
    inside = image.look()
    assert inside.complaints == ""
    assert inside.installed.keys() >= {"both", "plain"}
    assert "both:i386" not in inside.installed
    image.edit(packages("both:i386"))
    assert not {"both", "plain"} & image.look().installed.keys()


def test_upgrades(image: Image, repository: AptRepository) -> None:
    name = f"moving-{uuid4().hex[:8]}"
    repository.add(name, "1.0")
    repository.publish()
    image.edit(packages(name, "many=1:1.*"))
    assert image.look().installed[name] == "1.0"

    repository.add(name, "1.1")
    repository.publish()
    image.edit(packages(name, "many=1:1.*"))
    assert image.look().installed[name] == "1.0"
    image.edit(packages(name, "many=1:1.*"), "--upgrade-packages")
    inside = image.look()
    assert inside.complaints == ""
    assert (inside.installed[name], inside.installed["many"]) == ("1.1", "1:1.2-1")
    assert "2 ^" in image.space.read("dynbuild.lock")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("node.js", "E: Unable to locate package node.js"),
        ("many=3*", "E: Version '3*' for 'many' was not found"),
        ("many/unstable", "E: Release 'unstable' for 'many' was not found"),
    ],
)
def test_a_package_that_is_not_there(image: Image, spec: str, said: str) -> None:
    done = image.fails(packages("plain", spec))
    assert said in done.err
    assert "apt.1" in done.err


def test_what_the_base_has_is_seen_there(image: Image) -> None:
    """Neither group writes dpkg's database; the second one looks for the first's."""
    image.edit(packages("own-tool"))
    image.edit(packages("own-tool", "own-loose"))
    written = image.layers()[-1]
    assert "/var/lib/apt/extended_states" in written
    assert "/var/lib/dpkg/status" not in written


@pytest.mark.parametrize("otherwise", ["exit 1", "echo none > /seen"])
def test_a_package_that_has_to_make_way_for_another(
    image: Image, repository: AptRepository, otherwise: str
) -> None:
    """apt removes what conflicts: what lacks a declared package is not recorded.

    Nor is what was built on that, whether it failed or saw that something is missing.
    """
    name = f"rival-{uuid4().hex[:8]}"
    repository.add(name, "1", Conflicts="plain")
    repository.publish()
    image.edit(packages("plain", "many=1:1.0-1"))
    looks = f"cp /usr/share/plain/version /seen || {otherwise}"
    stage = f'[[stages]]\nname = "above"\ncommands = ["{looks}"]'
    declared = packages("plain", "many=1:1.0-1", name) + f"\n{stage}"
    lacking = "declared, but not there after its installation:\n    plain\n"
    for _ in range(2):
        done = image.fails(declared)
        assert f"error[DB0510]: apt: {name} failed: exit code 1" in done.err
        assert lacking in done.err

    # The builder's cache still has what lacks it.
    repository.add(name, "2")
    repository.publish()
    image.edit(declared)
    inside = image.look()
    assert inside.installed.keys() >= {"plain", "many", name}
    assert inside.complaints == ""
    assert image.run("cat /seen /usr/share/plain/version") == "1\n" * 2


@pytest.fixture
def third_party(tmp_path: Path) -> Iterator[AptRepository]:
    made = AptRepository(tmp_path / "third-party", suites=("stable", "beta"))
    made.add("dynbuild-test-tool", "1.0")
    made.add("dynbuild-test-tool", "2.0", suite="beta")
    made.publish()
    with served(made.folder) as address:
        made.address = address
        yield made
    made.stop()


def source(third_party: AptRepository, *suites: str, key: str) -> str:
    listed = ", ".join(f'"{suite}"' for suite in suites)
    return (
        f'apt_sources = [{{ uri = "{third_party.address}", suites = [{listed}], '
        f'components = ["main"], key = "{key}" }}]'
    )


def test_a_third_party_source(image: Image, third_party: AptRepository) -> None:
    image.space.write("keys/tool.asc", third_party.key(armoured=True))
    tool = "dynbuild-test-tool"
    declared = source(third_party, "stable", "beta", key="keys/tool.asc")
    image.edit(f'apt_packages = ["{tool}/stable", "plain"]\n{declared}')
    inside = image.look()
    assert inside.complaints == ""
    assert inside.leftovers == []
    assert inside.installed[tool] == "1.0"

    image.edit(f'apt_packages = ["{tool}", "plain"]\n{declared}')
    assert image.look().installed[tool] == "2.0"

    image.edit(f'apt_packages = ["plain"]\n{declared}')
    inside = image.look()
    assert inside.complaints == ""
    assert tool not in inside.installed
    assert "plain" in inside.manual


def test_a_binary_key(image: Image, third_party: AptRepository) -> None:
    image.space.write("tool.gpg", third_party.key(armoured=False))
    declared = source(third_party, "stable", key="tool.gpg")
    image.edit(f'apt_packages = ["dynbuild-test-tool"]\n{declared}')
    assert image.look().installed["dynbuild-test-tool"] == "1.0"


def test_a_key_of_another_form_than_its_name(
    image: Image, third_party: AptRepository
) -> None:
    image.space.write("tool.asc", third_party.key(armoured=False))
    done = image.fails(source(third_party, "stable", key="tool.asc"))
    assert "the key tool.asc is not an ASCII-armoured one" in done.err
    image.space.write("tool.gpg", third_party.key(armoured=True))
    done = image.fails(source(third_party, "stable", key="tool.gpg"))
    assert "the key tool.gpg is not a binary one" in done.err


def test_a_source_that_another_key_signed(
    image: Image, third_party: AptRepository, tmp_path: Path
) -> None:
    other = AptRepository(tmp_path / "other")
    image.space.write("tool.asc", other.key(armoured=True))
    other.stop()
    declared = source(third_party, "stable", key="tool.asc")
    done = image.fails(f'apt_packages = ["plain"]\n{declared}')
    assert "NO_PUBKEY" in done.err
