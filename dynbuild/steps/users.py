"""The script that creates the users of an image."""

from textwrap import indent

from dynbuild.quote import shell
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import User
from dynbuild.steps.run import BASE_MOUNT

_NOWHERE = "/nonexistent"
"""The home of a user that has none, as in Debian and Fedora."""


def account_of(name: str, user: User | None) -> User | None:
    """Return the declared user of a name, whichever it is."""
    accounts = () if user is None else (user, *user.others)
    return next((one for one in accounts if one.name == name), None)


def home_of(user: User) -> str:
    """Return a user's home, or nothing if it has none."""
    return f"/home/{user.name}" if user.home is None else user.home


def user_script(user: User) -> str:
    accounts = (user, *user.others)
    lines = ["set -eu"]
    for account in accounts:
        lines += _created(account)
    # Behind all: a group that is missing might take the number of another's own.
    for account in accounts:
        lines += _joined(account) if account.groups else []
    if user.sudo:
        rule = shell(f"{user.name} ALL=(ALL:ALL) NOPASSWD: ALL")
        place = shell(f"/etc/sudoers.d/{user.name}")
        lines += [_install_sudo(), f"echo {rule} > {place}", f"chmod 0440 {place}"]
    return "\n".join(lines)


def _created(user: User) -> list[str]:
    name, uid, login = shell(user.name), user.uid, shell(user.shell)
    group, gid = user.group or user.name, uid if user.gid is None else user.gid
    advice = shell(f'dynbuild: declare user = {{ name = "{user.name}", uid = N }}:')
    own_gid = f"s/^{group}:[^:]*:\\([0-9]*\\):.*/\\1/p"
    home, system = home_of(user), " --system" if user.system else ""
    kept = " --create-home" if home else f" --no-create-home --home-dir {_NOWHERE}"
    if home and user.home is not None:
        kept += f" --home-dir {shell(home)}"
    above = shell(home.rpartition("/")[0] or "/")
    # Small bases have no tool for it: there the files are written as by useradd.
    return [
        f"if ! id -u {name} > /dev/null 2>&1; then",
        f"  other=$(sed -n 's/^\\([^:]*\\):[^:]*:{uid}:.*/\\1/p' /etc/passwd)",
        '  [ -z "$other" ] || {',
        *_whose("    ", '"^$other:"'),
        f'    echo {advice} \\\n      "$where $other has uid {uid}" >&2',
        "    exit 1",
        "  }",
        f"  has_group() {{ grep -q {shell(f'^{group}:')} /etc/group; }}",
        "  if command -v useradd > /dev/null; then",
        f"    has_group || groupadd{system} --gid {gid} {shell(group)}",
        # useradd makes a home, not what is above it.
        *([] if user.home in {None, ""} else [f"    mkdir -p {above}"]),
        f"    useradd{system} --uid {uid} --gid {shell(group)} --no-log-init{kept} \\",
        f"      --shell {login} {name}",
        "  else",
        f"    home={shell(home or _NOWHERE)}",
        f"    has_group || echo {shell(f'{group}:x:{gid}:')} >> /etc/group",
        f"    gid=$(sed -n {shell(own_gid)} /etc/group)",
        f"    printf '%s:x:%s:%s::%s:%s\\n' {name} {uid} \"$gid\" $home {login} \\",
        "      >> /etc/passwd",
        "    [ ! -e /etc/shadow ] ||",
        f"      echo {shell(f'{user.name}:!::0:99999:7:::')} >> /etc/shadow",
        *(["    mkdir -p $home", f"    chown {uid}:$gid $home"] if home else []),
        "  fi",
        "fi",
        f'[ "$(id -u {name})" = {uid} ] || {{',
        *_whose("  ", shell(f"^{user.name}:")),
        f'  echo {advice} \\\n    "$where N is $(id -u {name})" >&2',
        "  exit 1",
        "}",
        *(_in_group(user, gid) if user.gid is not None else []),
    ]


def _in_group(user: User, gid: int) -> list[str]:
    """Return lines that refuse a group that is there under another number."""
    name, group = shell(user.name), user.group or user.name
    advice = shell(f"dynbuild: the group {group} of {user.name} is there: gid = N,")
    return [
        f'[ "$(id -g {name})" = {gid} ] || {{',
        f'  echo {advice} "where N is $(id -g {name})" >&2',
        "  exit 1",
        "}",
    ]


def _joined(user: User) -> list[str]:
    """Return lines that make a user a member of groups, which may not be there yet."""
    name = shell(user.name)
    return [
        f"for group in {' '.join(map(shell, user.groups))}; do",
        f'  case " $(id -nG {name}) " in *" $group "*) continue ;; esac',
        '  grep -q "^$group:" /etc/group ||',
        "    if command -v groupadd > /dev/null; then",
        f'      groupadd{" --system" if user.system else ""} "$group"',
        "    else",
        "      free=1000",
        '      while grep -q "^[^:]*:[^:]*:$free:" /etc/group; do',
        "        free=$((free + 1))",
        "      done",
        '      echo "$group:x:$free:" >> /etc/group',
        "    fi",
        "  if command -v usermod > /dev/null; then",
        f'    usermod --append --groups "$group" {name}',
        "  else",
        f'    sed -i -e "/^$group:.*[^:]\\$/s/\\$/,{user.name}/" \\',
        f'      -e "/^$group:.*:\\$/s/\\$/{user.name}/" /etc/group',
        "  fi",
        "done",
    ]


def _install_sudo() -> str:
    """Return a command that installs sudo by the manager of the base's system."""
    systems = {
        manager.programs[0]: manager.system
        for manager in MANAGERS.values()
        if manager.system
    }
    word, lines = "if", ["command -v sudo > /dev/null || {"]
    for system in systems.values():
        for program, script in system.sudo.items():
            test = f"  {word} command -v {program} > /dev/null; then"
            if "\n" in script:
                lines += [test, indent(script, "    ")]
            else:
                lines.append(f"{test} {script}")
            word = "elif"
    *others, last = systems
    lacks = f"the base has no {', '.join(others)} or {last}"
    return "\n".join(
        [
            *lines,
            "  else",
            f"    echo 'dynbuild: sudo = true needs sudo, and {lacks}' >&2",
            "    exit 1",
            "  fi",
            "}",
        ]
    )


def _whose(margin: str, pattern: str) -> list[str]:
    """Return lines that find out whether a user is from the base or a later step."""
    return [
        f"{margin}where='in the base'",
        f"{margin}grep -qs {pattern} {BASE_MOUNT}/etc/passwd ||",
        f"{margin}  where='by what a package, a script or a stage did,'",
    ]
