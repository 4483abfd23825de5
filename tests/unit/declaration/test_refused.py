"""Declarations that would make something else than they say, refused with a reason."""

import pytest

from dynbuild.declaration.load import load
from dynbuild.errors import DeclarationError
from dynbuild.spans import Source

STAGE = '[[stages]]\nname = "s"\ncommands = ["true"]\n'
UNPACKED = f'{STAGE}add = [{{ url = "https://x.test/a", to = "/a", unpack = true }}]'
EACH = f'{STAGE}add = [{{ url = "https://x.test/${{TARGETARCH}}", to = "/a" }}]'
LATE = 'a = "x"\nv = { late = true, default = "HOME" }\n'

REFUSED = {
    "a file below a file": (
        f'{STAGE}files = {{ "/a" = "x", "/a/b" = "y" }}',
        "DB0142",
        "'/a/b' is below '/a', which is a file",
    ),
    "a file above a file": (
        f'{STAGE}files = {{ "/a/b/c" = "x", "//a" = "y" }}',
        "DB0142",
        "'/a/b/c' is below '//a', which is a file",
    ),
    "a label with an equals sign": (
        'labels = { "a=b" = "c" }',
        "DB0143",
        "name a label",
    ),
    "an annotation with an equals sign": (
        'annotations = { "a=b" = "c" }',
        "DB0143",
        "name an annotation",
    ),
    "an annotation without a name": (
        'annotations = { " " = "c" }',
        "DB0143",
        "an annotation has a name",
    ),
    "an annotation of two lines": (
        'annotations = { a = "b\\nc" }',
        "DB0143",
        "annotations",
    ),
    "nothing set up": ("[[setup]]\n", "DB0128", "this sets nothing up"),
    "a setup that is no list": ("setup = 1\n", "DB0111", "expected a list for setup"),
    "a setup that is no table": (
        "setup = [1]\n",
        "DB0111",
        "expected a table for setup",
    ),
    "what is said of all in a stage": (
        f"{STAGE}env_scripts = []",
        "DB0110",
        "unknown key 'env_scripts'",
    ),
    "something set up twice": (
        '[[setup]]\ncommands = ["a"]\n[[setup]]\ncommands = ["a"]\n',
        "DB0130",
        "set up already",
    ),
    "an empty command of a setup": (
        '[[setup]]\ncommands = [" "]\n',
        "DB0129",
        "is empty",
    ),
    "half a command of a setup": (
        '[[setup]]\ncommands = ["if a"]\n',
        "DB0154",
        "a command is one entry",
    ),
    "a setup with files of a stage": (
        f'[[setup]]\ncopy = [{{ stage = "s", from = "/a", to = "/b" }}]\n{STAGE}',
        "DB0135",
        "only files of the project",
    ),
    "a setup with files of an image": (
        '[[setup]]\ncopy = [{ image = "busybox", from = "/a", to = "/b" }]\n',
        "DB0135",
        "only files of the project",
    ),
    "a setup with files of nowhere": (
        '[[setup]]\ncopy = [{ from = "../a", to = "/b" }]\n',
        "DB0136",
        "leaves the project",
    ),
    "a setup that would delete": (
        '[[setup]]\ncopy = [{ from = "a", to = "/b/.wh.a" }]\n',
        "DB0157",
        "deletes a file",
    ),
    "a setup with a file that cannot be written": (
        '[[setup]]\nfiles = { "a" = "x" }\n',
        "DB0142",
        "no file can be written",
    ),
    "a download that would be cloned": (
        f'{STAGE}add = [{{ url = "https://x.test/a.git", to = "/a" }}]',
        "DB0167",
        "address of a repository",
    ),
    "a download with a password": (
        f'{STAGE}add = [{{ url = "https://u:p@x.test/a", to = "/a" }}]',
        "DB0167",
        "a password would stand in the lock",
    ),
    "a download by a variable of the machine": (
        f'{STAGE}add = [{{ url = "https://x.test/${{HOME}}", to = "/a" }}]',
        "DB0167",
        "it has no such variable",
    ),
    "a download with a fragment": (
        f'{STAGE}add = [{{ url = "https://x.test/a#b", to = "/a" }}]',
        "DB0167",
        "never asked for",
    ),
    "a download of a file of the project": (
        f'{STAGE}add = [{{ url = "a", to = "/a" }}]',
        "DB0167",
        "is not the address of a file",
    ),
    "a download without a name": (
        f'{STAGE}add = [{{ url = "https://x.test/", to = "/a/" }}]',
        "DB0167",
        "names no file",
    ),
    "a mode of what is unpacked": (
        f"{UNPACKED[:-3]}, mode = '755' }}]",
        "DB0167",
        "modes that are in the archive",
    ),
    "a download that would be a whiteout": (
        f'{STAGE}add = [{{ url = "https://x.test/a", to = "/x/.wh.y" }}]',
        "DB0157",
        "deletes a file",
    ),
    "no sha256": (
        f'{STAGE}add = [{{ url = "https://x.test/a", to = "/a", sha256 = "ab" }}]',
        "DB0168",
        "is no sha256",
    ),
    "digests by platform of one content": (
        f'{UNPACKED[:-3]}, sha256 = {{ "linux/amd64" = "{"ab" * 32}" }} }}]',
        "DB0168",
        "is the same on all platforms",
    ),
    "a digest of no platform": (
        f'{EACH[:-3]}, sha256 = {{ amd64 = "{"ab" * 32}" }} }}]',
        "DB0168",
        "is not a platform",
    ),
    "a mount that would be a whiteout": (
        f'{STAGE}mounts = [{{ from = "d", to = "/x/.wh.y" }}]',
        "DB0157",
        "deletes a file",
    ),
    "a stage without a name is copied from": (
        f'{STAGE}copy = [{{ stage = "", from = "/a", to = "/b" }}]',
        "DB0122",
        "there is no stage ''",
    ),
    "one file under two names": (
        f'{STAGE}files = {{ "/a" = "x", "//b/../a" = "y" }}',
        "DB0142",
        "are one file",
    ),
    "a home with a colon": (
        'user = { name = "u", home = "/a:/bin/b" }',
        "DB0142",
        "has a colon",
    ),
    "a shell with a colon": (
        'user = { name = "u", shell = "/bin/sh:x" }',
        "DB0142",
        "has a colon",
    ),
    "a home that is written in a roundabout way": (
        'user = { name = "u", home = "/srv/.." }',
        "DB0142",
        "is no home",
    ),
    "a value that names a late argument": (
        f'[args]\n{LATE.replace("x", "${args.v}")}[env]\nA = "${{args.a}}"',
        "DB0166",
        "names a late one",
    ),
    "a value that completes the name of a late argument": (
        f'[args]\n{LATE.replace("x", "$")}[labels]\nl = "${{args.a}}{{args.v}}"',
        "DB0166",
        "names a late one",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_with_a_reason(case: str) -> None:
    text, code, message = REFUSED[case]
    with pytest.raises(DeclarationError) as refused:
        load(Source("dynbuild.toml", text), "toml")
    (only,) = refused.value.diagnostics
    assert (only.code, message in only.message) == (code, True), only.message


def test_an_argument_beside_a_late_one_is_put_in() -> None:
    text = f'[args]\n{LATE}[labels]\nl = "${{args.a}} ${{args.v}} $${{args.a}}"'
    loaded = load(Source("dynbuild.toml", text), "toml")
    assert loaded.declaration.labels == {"l": "x ${args.v} ${args.a}"}
