"""What servers of packages want to know: from secrets, into files of memory alone.

A script reads the secrets that it is given and writes what its manager reads. Values
are in no argument of a program, no log and no layer.
"""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from dynbuild.quote import shell
from dynbuild.steps.model import Group, Index
from dynbuild.steps.run import Mount, ScratchMount, SecretMount

_FOLDER = "/run/logins"
NETRC = f"{_FOLDER}/netrc"
_NPMRC = f"{_FOLDER}/npmrc"

# A netrc has no spelling for blanks that all of its readers know, nor for quotes.
_ASKED = r"""password=$(cat @secret@)
case $password in
  '' | *[[:space:]\"\\]*)
    echo @complaint@ >&2
    exit 1
    ;;
esac"""

# What has no = of a setting is a token by itself.
_EITHER = """secret=$(cat @secret@)
case $secret in
  *_auth*=* | *_password*=*) printf '%s\\n' "$secret" ;;
  *) printf '%s\\n' @login@:_authToken="$secret" ;;
esac >> @npmrc@"""


def mounts(group: Group) -> tuple[Mount, ...]:
    """Return the secrets of a group's indexes, and where their logins are written."""
    secrets = dict.fromkeys(index.secret for index in group.indexes)
    found = [SecretMount(id_, None, None) for id_ in secrets if id_ is not None]
    writes = found or _is_of_npm(group)
    return (ScratchMount(_FOLDER), *found) if writes else ()


def netrc(group: Group, usual: str, machine: Callable[[Index], str]) -> list[str]:
    """Return lines that write a netrc: that at the ``usual`` path, then the logins.

    There are none where no server wants to know who asks.
    """
    private = [index for index in group.indexes if index.secret is not None]
    if not private:
        return []
    return [*_begun(usual, NETRC), *dict.fromkeys(_netrc(private, machine))]


def _netrc(private: list[Index], machine: Callable[[Index], str]) -> Iterator[str]:
    for index in private:
        if index.username is None:
            yield f"cat {_path(index)} >> {NETRC}\necho >> {NETRC}"
        else:
            words = f"{shell(machine(index))} {shell(index.username)}"
            form = r"'machine %s login %s password %s\n'"
            wrote = f'printf {form} {words} "$password" >> {NETRC}'
            yield f"{_password(index)}\n{wrote}"


def npmrc(group: Group) -> list[str]:
    """Return lines that write an npmrc, if a group's packages come from registries."""
    if not _is_of_npm(group):
        return []
    lines = _begun("/root/.npmrc", _NPMRC)
    lines.append(f"export NPM_CONFIG_USERCONFIG={_NPMRC}")
    for index in group.indexes:
        if index.scope is None:
            lines.append(f"export NPM_CONFIG_REGISTRY={shell(index.url)}")
        else:
            said = shell(f"{index.scope}:registry={index.url}")
            lines.append(f"printf '%s\\n' {said} >> {_NPMRC}")
    for index in group.indexes:
        if index.secret is not None:
            lines += _npm_login(index)
    return lines


def _npm_login(index: Index) -> list[str]:
    address = urlsplit(index.url)
    login = f"//{address.netloc}{address.path.rstrip('/')}/"
    if index.username is None:
        text = _EITHER.replace("@secret@", _path(index)).replace("@npmrc@", _NPMRC)
        return [text.replace("@login@", shell(login))]
    user = shell(f"{login}:username={index.username}")
    said = f'{user} {shell(login)}:_password="$password"'
    return [
        f"password=$(printf %s \"$(cat {_path(index)})\" | base64 | tr -d '\\n')",
        f"printf '%s\\n' {said} >> {_NPMRC}",
    ]


def _is_of_npm(group: Group) -> bool:
    return group.manager == "npm" and bool(group.indexes)


def _begun(usual: str, path: str) -> list[str]:
    """Return a line that begins a file with what the image has at the usual path."""
    return [f"cat {usual} > {path} 2> /dev/null || : > {path}", f"echo >> {path}"]


def _path(index: Index) -> str:
    return shell(f"/run/secrets/{index.secret}")


def _password(index: Index) -> str:
    complaint = f"dynbuild: the secret {index.secret} is no password that a netrc can"
    text = _ASKED.replace("@secret@", _path(index))
    return text.replace(
        "@complaint@", shell(f"{complaint} have: it is empty, or has blanks or quotes")
    )
