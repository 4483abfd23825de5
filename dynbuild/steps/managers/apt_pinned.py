"""apt's groups whose versions are written down, or are to be.

A group that notes leaves in its layer what came: of each package the version, the
digest that the signed index has of its archive, and whether it was chosen by name. One
that is pinned installs these versions, and leaves the same; what it left is compared.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from dynbuild.steps.managers.came import (
    BEGINNING,
    UNSERVED,
    Came,
    Pinning,
    acted,
    digests_differ,
    versions_differ,
)
from dynbuild.steps.managers.presence import ReadText
from dynbuild.steps.managers.script import fill, freshened
from dynbuild.steps.model import Group, Install
from dynbuild.steps.pinned import ALL, CHOSEN, NOBODY, Pinned

NAME = r"[a-z0-9][a-z0-9+.-]+(?::[a-z0-9-]+)?"
VERSION = r"[A-Za-z0-9][A-Za-z0-9.+~:-]{0,255}"
"""What packages and versions of Debian consist of (policy 5.6.1, 5.6.12)."""

CAME = "var/lib/apt/dynbuild-came"
"""Where a group says what came: lines of package, version, digest, and mark."""

STALE = "dynbuild: the cache had another archive of this, which is removed: run again:"

_STATUS = "var/lib/dpkg/status"
_FIELD = re.compile(r"^(Package|Status|Architecture|Version): *(.*)$", re.MULTILINE)

BEFORE = r"""installed() {
  dpkg-query -W -f '${db:Status-Status} ${Architecture} ${Package} ${Version}\n' |
    awk -v own="$(dpkg --print-architecture)" '$1 == "installed" {
      print ($2 == own || $2 == "all" ? $3 : $3 ":" $2), $4, $2 }' | LC_ALL=C sort
}
# What is known of packages, given as name=version: each with digest, architecture.
known() {
  xargs -r apt-cache show 2> /dev/null |
    awk -v own="$(dpkg --print-architecture)" -v RS= -F '\n' '{
      for (i = 1; i <= NF; i++) if (split($i, word, ": ") == 2) of[word[1]] = word[2]
      name = of["Package"]; arch = of["Architecture"]
      if (arch != own && arch != "all") name = name ":" arch
      print name, of["Version"], of["SHA256"] ? of["SHA256"] : "-", arch
      split("", of) }' | LC_ALL=C sort -u
}
archive() {
  echo "$cache/archives/${1%%:*}_$(printf %s "$2" | sed 's/:/%3a/g')_$3.deb"
}
installed > /tmp/before
apt-mark showmanual | LC_ALL=C sort > /tmp/manual"""

# apt trusts an archive that it has by its name and size: what was installed of another
# one is no more to be trusted than that.
NOTE = rf"""# What came is left to be read, with the digests that the signed index has.
installed | LC_ALL=C comm -13 /tmp/before - > /tmp/came
awk '{{ print $1 "=" $2 }}' /tmp/came | known > /tmp/known
apt-mark showmanual > /tmp/marked
awk 'FILENAME ~ /known/ {{ sums[$1 " " $2] = sums[$1 " " $2] " " $3; next }}
  FILENAME ~ /marked/ {{ manual[$1]; next }}
  {{ print $1, $2, $3, ($1 in manual ? "manual" : "auto") sums[$1 " " $2] }}
' /tmp/known /tmp/marked /tmp/came > /tmp/noted
while read -r name version architecture mark sums; do
  file=$(archive "$name" "$version" "$architecture")
  sum=-
  for one in $sums; do
    [ "$one" != - ] || continue
    if [ ! -e "$file" ] || echo "$one  $file" | sha256sum -c --status; then
      sum=$one
    elif [ "$sum" = - ]; then
      sum=stale
    fi
  done
  if [ "$sum" = stale ]; then
    rm -f "$file"
    echo "{STALE} $name $version" >&2
    exit 1
  fi
  echo "$name $version $sum $mark"
done < /tmp/noted > /tmp/lines
{{ echo "{BEGINNING}"; cat /tmp/lines; }} > /{CAME}"""

_INSTALL = "apt-get install -y -q --no-install-recommends"

_SERVED = rf"""set -- @WORDS@
printf '%s\n' "$@" | LC_ALL=C sort > /tmp/words
known < /tmp/words > /tmp/wanted
awk '{{ print $1 "=" $2 }}' /tmp/wanted | LC_ALL=C sort -u |
  LC_ALL=C comm -23 /tmp/words - | sed '/^$/d; s/^/{UNSERVED} /' > /tmp/unserved
[ ! -s /tmp/unserved ] || {{ cat /tmp/unserved >&2; exit 1; }}
# apt trusts an archive that it has by its name and size: here its digest counts.
while read -r name version sum architecture; do
  file=$(archive "$name" "$version" "$architecture")
  [ ! -e "$file" ] || echo "$sum  $file" | sha256sum -c --status || rm -f "$file"
done < /tmp/wanted
@install@ "$@"
# What nobody asked for by name keeps the mark that it had.
printf '%s\n' @NAMES@ | LC_ALL=C sort -u > /tmp/named
printf '%s\n' @WISHED@ | cat - /tmp/manual | LC_ALL=C sort -u > /tmp/marked
LC_ALL=C comm -23 /tmp/named /tmp/marked | xargs -r apt-mark auto"""


# A merged history may freshen what is gone: it does not come back, nor what its newest
# version had brought along.
_PRESENT = r"""awk '{ print $1 }' /tmp/before | LC_ALL=C sort > /tmp/there
printf '%s\n' @FRESH@ | LC_ALL=C sort | LC_ALL=C comm -23 - /tmp/there > /tmp/absent
for word in "$@"; do
  shift
  grep -qxF "${word%%=*}" /tmp/absent || set -- "$@" "$word"
done"""
_UNASKED = f"""{_PRESENT}
printf '%s\\n' @FRESH@ | LC_ALL=C sort | LC_ALL=C comm -12 - /tmp/there | grep -q . ||
  set --"""


def install(group: Group, pinned: Pinned) -> str:
    """Return lines that install the very versions that are written down."""
    found, fresh = pinned.packages, freshened(group)
    older = " --allow-downgrades" if asks_for_older(group) else ""
    begin, rest = _SERVED.split("\n", 1)
    if fresh:
        present = _PRESENT if [*acted(group)] or group.upgrades else _UNASKED
        begin = f"{begin}\n{fill(present, FRESH=fresh)}"
    return fill(
        f"{begin}\n{rest}".replace("@install@", f"{_INSTALL}{older}"),
        WORDS=[f"{name}={version}" for name, version in found.items()],
        NAMES=found,
        WISHED=sorted({*acted(group), *pinned.chosen}),
    )


def asks_for_older(group: Group) -> bool:
    """Whether a version may become lower: a spec names a version or a release."""
    return any(
        isinstance(action, Install) and re.search("[=/]", action.spec)
        for action in group.actions.values()
    )


def _asked(group: Group) -> frozenset[str]:
    """Return what has to have a version: what is asked for, and all if upgraded."""
    every = (ALL,) if group.upgrades else ()
    return frozenset({*acted(group), *freshened(group), *every})


def is_older(one: str, other: str) -> bool:
    """Whether a version of Debian is older than another; what is none, is."""
    # Most locks have no versions to compare.
    from univers.debian import Version, compare_versions  # noqa: PLC0415

    if not (Version.is_valid(one) and Version.is_valid(other)):
        return one != other
    return bool(compare_versions(one, other) < 0)


def versions_of(
    group: Group, noted: tuple[Came, ...], there: Mapping[str, str]
) -> dict[str, str]:
    """Return what to write down of a group: what came, and what it was asked for.

    ``there`` has the versions of all that is installed after it. What is freshened and
    not there has none.
    """
    versions = {one.name: one.version for one in noted}
    asked, fresh = [*acted(group)], freshened(group)
    known = {*asked, *fresh}
    chosen = [one.name for one in noted if one.chosen and one.name not in known]
    for name in asked:
        others = f"{CHOSEN}{','.join(chosen)}" if chosen else NOBODY
        versions.setdefault(name, there.get(name, others))
    for name in fresh:
        versions.setdefault(name, there.get(name, NOBODY))
    if group.upgrades:
        versions[ALL] = NOBODY
    return versions


def _compared(
    group: Group, pinned: Pinned, brought: tuple[Came, ...], text: ReadText
) -> Iterator[str]:
    there = _installed(text(_STATUS))
    if freshened(group):
        # Merged histories may freshen what went with what needed it, below or here.
        asked = {*acted(group)}
        left = {
            name: one
            for name, one in pinned.versions.items()
            if name in there or name in asked
        }
        pinned = replace(pinned, versions=left)
    yield from versions_differ(pinned, brought, there)
    yield from digests_differ(pinned, brought, "the index")


def _installed(status: str) -> dict[str, str]:
    """Return the versions in dpkg's database; foreign ones by name and architecture."""
    stanzas = [dict(_FIELD.findall(one)) for one in status.split("\n\n")]
    there = [one for one in stanzas if one.get("Status", "").endswith(" installed")]
    own = {one.get("Architecture") for one in there if one.get("Package") == "dpkg"} | {
        "all"
    }
    return {
        one["Package"]
        if one.get("Architecture") in own
        else f"{one['Package']}:{one.get('Architecture')}": one.get("Version", "")
        for one in there
        if "Package" in one
    }


PINNING = Pinning(
    notes=CAME,
    name=NAME,
    version=VERSION,
    asked=_asked,
    asks_for_older=asks_for_older,
    is_older=is_older,
    written=versions_of,
    compared=_compared,
    since=9,
    teller="the index",
    needed="its source has to name a SHA256 of each archive",
)
