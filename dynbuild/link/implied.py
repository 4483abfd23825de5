"""Implied paths: the paths that a step affects beyond those that it writes.

Two steps may undo or outdate one another without a path in common:

- A directory may hold only one version of a Python distribution, whose metadata lie
  at a different path for each version (the recording of installed projects, PEP 376
  and its successors). Files of two versions need not overlap.
- A file that is generated from others is outdated by a step that only adds another
  of these: a package that comes later, and whose installation regenerates the file,
  has to see them, as it does in a plain build (ldconfig(8),
  update-ca-certificates(8), update-ca-trust(8)).
- The content of byte-code does not matter, except for the source it was compiled from.

An implied path is a path of its own, or that of the generated file, and commutes as
what is written does.
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
"""The implied write at a generated file by a step that brings one of its sources: it
equals no generated file."""

_ROOTS = ("etc/ld.so", "etc/ca-", "etc/pki/", "usr/", "lib")
_GONE = frozenset({"whiteout", "opaque", "directory"})


def implied_paths(writes: WriteSet) -> dict[str, Written]:
    """Return the implied paths of a write set, none of which it writes itself."""
    found: dict[str, Written] = {}
    for path, written in writes.items():
        # Most paths imply nothing, and substring tests are faster than patterns.
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
    """Return the implied path of byte-code or of a Python source, at most one."""
    if path.endswith(".py"):
        claim = compiled_from(path, written)
    else:
        claim = byte_code(path, writes) if written.kind == "file" else None
    return dict([claim]) if claim else {}
