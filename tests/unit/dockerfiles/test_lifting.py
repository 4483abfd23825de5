import pytest

from tests.dockerfiles import translated

APT = (
    "RUN apt-get update && apt-get install -y --no-install-recommends git curl "
    "&& rm -rf /var/lib/apt/lists/*"
)


def test_an_installation_at_the_head_is_a_list() -> None:
    found = translated(f"""
        FROM debian:bookworm-slim
        ENV PYTHONUNBUFFERED=1
        WORKDIR /app
        COPY app.conf /app/app.conf
        # For the checkout
        {APT}
        RUN git version
        """)
    assert found.data["apt_packages"] == ["curl", "git"]
    assert "# For the checkout\napt_packages" in found.text
    assert [*found.stages] == ["git-version"]
    assert set(found.outcomes.values()) == {"translated"}


def test_lists_in_cache_mounts() -> None:
    paths = ("/var/lib/apt", "/var/cache/apt")
    mounts = " ".join(f"--mount=type=cache,target={path}" for path in paths)
    found = translated(
        f"FROM debian\nRUN {mounts} apt-get update && "
        "apt-get install -y --no-install-recommends git\n"
    )
    assert found.data["apt_packages"] == ["git"]


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        ("RUN curl x", "may decide what the packages do"),
        ("COPY x /etc/apt/preferences", "may decide what the packages do"),
        ("RUN mkdir -p /x\nRUN a\nCOPY y /z", "may decide what the packages do"),
        ("COPY --from=a:b / /", "may decide what the packages do"),
        ("ENV http_proxy=x", "a package may read $http_proxy"),
        ("ARG SOME=x", "a package may read $SOME"),
        ("USER app", "it does not run as root"),
        (f"{APT}\nRUN true", "another one before it is the list already"),
    ],
)
def test_what_stands_before_an_installation(before: str, reason: str) -> None:
    found = translated(f"FROM debian\n{before}\n{APT}\n")
    last = max(found.outcomes)
    assert found.outcomes[last] == "differs"
    assert reason in found.reason(last)


def test_what_an_installation_is_besides() -> None:
    found = translated(f"FROM debian\n{APT.replace('RUN', 'RUN --network=host')}\n")
    assert "network, a secret or a mount" in found.reason(2)
    more = translated(f"FROM debian\n{APT} && x\n")
    assert "`x` is more than an installation" in more.reason(2)


def test_packages_that_are_removed_later() -> None:
    for line in ("RUN apt-get purge -y git", "RUN <<E\ndpkg -r git\nE"):
        found = translated(f"FROM debian\n{APT}\n{line}\n")
        assert "packages are removed later" in found.reason(2)


def test_an_installation_in_a_stage_that_others_are_made_of() -> None:
    base = f"FROM debian AS base\n{APT}\n"
    build = "FROM base AS build\nRUN make\n"
    shared = translated(f"{base}{build}FROM base\nCOPY --from=build /x /y\n")
    # Both stand on the packages, in Docker as here.
    assert shared.data["apt_packages"] == ["curl", "git"]
    final = translated(
        f"FROM debian AS base\n{build}FROM base\n{APT}\nCOPY --from=build /x /y\n"
    )
    assert "another build stage starts from the same image" in final.reason(5)
    copied = translated(
        f"{base}FROM base AS other\nFROM base\nCOPY --from=base /x /y\n"
    )
    assert "has nothing else" in copied.reason(2)
    side = translated(
        f"FROM debian AS base\nFROM base AS a\n{APT}\nFROM base\nCOPY --from=a /x /y\n"
    )
    assert "its build stage is not part of the image" in side.reason(3)


OWN = """
    FROM gcc AS build
    COPY a.c /src/a.c
    RUN apt-get update && apt-get install -y --no-install-recommends make bison \\
        && rm -rf /var/lib/apt/lists/*
    RUN make -C /src
    FROM debian
    COPY --from=build /src/a /usr/bin/a
    """


def test_an_installation_of_a_build_stage_is_a_stage_of_packages() -> None:
    found = translated(OWN)
    listing, build = (one for one in found.data["stages"] if one.get("base") == "gcc")
    assert listing["apt_packages"] == ["bison", "make"]
    assert "commands" not in listing
    assert build["dependencies"] == [listing["name"]]
    assert build["commands"] == ["make -C /src"]
    assert found.outcomes[3] == "translated"


def test_so_it_is_on_the_base_of_the_image() -> None:
    found = translated(OWN.replace("gcc", "debian"))
    listing, build = (one for one in found.data["stages"] if "base" in one)
    assert (listing["base"], build["base"]) == ("debian", "debian")
    assert listing["apt_packages"] == ["bison", "make"]
    assert "apt_packages" not in found.data


def test_not_what_stands_on_the_image_or_on_another_list() -> None:
    apt = "RUN apt-get update && apt-get install -y --no-install-recommends make"
    lists = "rm -rf /var/lib/apt/lists/*"
    found = translated(f"""
        FROM debian AS base
        RUN touch /a
        FROM base AS build
        {apt} && {lists}
        FROM gcc AS other
        {apt} && {lists}
        {apt} bison && {lists}
        RUN make
        FROM base
        COPY --from=build /usr/bin/make /usr/bin/make
        COPY --from=other /x /x
        """)
    assert "and stands on one that is" in found.reason(4)
    assert found.outcomes[6] == "translated"
    assert "another one before it is the list" in found.reason(7)
