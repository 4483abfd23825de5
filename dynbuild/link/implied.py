"""What a step lays claim to beyond the paths that it writes.

Two steps may undo or outdate one another without a path in common:

- Of a Python distribution there may be one version in a directory, and its metadata
  lie in another place for each version (the recording of installed projects, PEP 376
  and its successors). Files of two versions need not overlap.
- A file that is generated from others is outdated by a step that only brings another
  of these: a package that comes later, and whose installation generates it anew, has
  to see them, as it does in a plain build (ldconfig(8), update-ca-certificates(8),
  update-ca-trust(8)).
- What is in byte-code does not matter, but for the source that it was made of.

A claim is written at a path of its own, or at that of the generated file, and commutes
as what is written does.
"""

import re

from dynbuild.link.model import WriteSet, Written
from dynbuild.link.uncounted import byte_code, compiled_from

_DISTRIBUTION = re.compile(
    r"(?P<site>.*[-]packages)/(?P<name>[^/]+?)-(?P<version>\d[^/]*?)"
    r"(?:-py\d[^/]*)?\.(?:dist|egg)-info(?:/|\Z)",
    re.DOTALL,
)
_CERTIFICATES = re.compile(
    r"etc/ca-certificates\.conf\Z|usr/(?:local/)?share/ca-certificates/"
)
_GENERATED = {
    "etc/ld.so.cache": re.compile(
        r"etc/ld\.so\.conf(?:\.d/.+)?\Z"
        r"|(?:usr/(?:local/)?)?lib(?:32|64)?/(?:[^/]+-linux-[^/]+/)?(?:lib|ld)[^/]*\.so",
        re.DOTALL,
    ),
    "etc/ssl/certs/ca-certificates.crt": _CERTIFICATES,
    "etc/ssl/certs/java/cacerts": _CERTIFICATES,
    "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem": re.compile(
        r"etc/pki/ca-trust/source/|usr/share/pki/ca-trust-source/"
    ),
}
_SOURCE = Written("file", new=True)
"""What a step writes at a generated file of which it brings a source: no such file."""

_ROOTS = ("etc/ld.so", "etc/ca-", "etc/pki/", "usr/", "lib")
_GONE = frozenset({"whiteout", "opaque", "directory"})


def implied_paths(writes: WriteSet) -> dict[str, Written]:
    """The claims of what is written, by paths at which nothing of it is written."""
    found: dict[str, Written] = {}
    for path, written in writes.items():
        # Most paths are none of this: words are looked for faster than patterns.
        if path.endswith((".py", ".pyc")):
            found |= _compiled(path, written, writes)
        if path.endswith(".pyc"):
            continue
        if "-packages/" in path:
            match = _DISTRIBUTION.match(path) if "-info" in path else None
            if match is not None and written.kind not in _GONE:
                name = re.sub(r"[-_.]+", "-", match["name"]).lower()
                at = f"{match['site']}/{name}-*.dist-info"
                claim = Written("file", content=match["version"], new=True)
                if found.setdefault(at, claim) != claim:
                    found[at] = Written("file", new=False)
        elif path.startswith(_ROOTS) and written.kind != "directory":
            for generated, sources in _GENERATED.items():
                if generated not in writes and sources.match(path):
                    found[generated] = _SOURCE
    return found


def _compiled(path: str, written: Written, writes: WriteSet) -> dict[str, Written]:
    """What byte-code says of its source, and a source of what is made of it."""
    if path.endswith(".py"):
        claim = compiled_from(path, written)
    else:
        claim = byte_code(path, writes) if written.kind == "file" else None
    return dict([claim]) if claim else {}
