"""A registry of npm that is only files, which a test makes in more than one state."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from dynbuild.steps.managers.npm_registry import BEFORE
from tests.engine.test_managers_npm import publish

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Registry:
    """A registry of tiny packages, which a test makes in more than one state."""

    folder: Path
    address: str

    def add(self, name: str, version: str, **more: object) -> None:
        """Publish a version; the archives of the others stay as they are."""
        place = self.folder / name
        before = json.loads(place.read_text()) if place.exists() else {"versions": {}}
        publish(self.folder, self.address, name, {version: more})
        document = json.loads(place.read_text())
        document["versions"] = {**before["versions"], **document["versions"]}
        place.write_text(json.dumps(document))

    def drop(self, name: str, version: str) -> None:
        place = self.folder / name
        document = json.loads(place.read_text())
        del document["versions"][version]
        place.write_text(json.dumps(document))

    def lists(self, *specs: str) -> str:
        return f'npm_registry = "{self.address}"\nnpm_packages = {json.dumps(specs)}'


PROGRAMS = f"""\
set -eu
mkdir -p /run/versions /shim
root=$(npm root -g)
{BEFORE}
echo 'module.exports.read = read;' >> /run/versions/there.js
node - <<'NODE'
const tar = Buffer.alloc(2048);
tar.write('package/package.json');
tar.write('-0001000', 124);
try {{
  require('/run/versions/there.js').read(tar);
}} catch (error) {{
  console.log(error.message);
}}
NODE
cat > /shim/npm <<'NPM'
#!/usr/bin/env node
const at = process.argv.find((one) => one.startsWith('--registry=')).slice(11);
const get = (name, then) => require('http').get(at + name, then);
get('%zz', (bad) => {{
  console.log(bad.statusCode);
  get('constructor', (good) => console.log('constructor', good.statusCode));
}});
NPM
chmod +x /shim/npm
PATH="/shim:$PATH" node - <<'NODE'
const {{ installed, empty }} = require('/run/versions/there.js');
const own = {{ name: 'constructor', version: '1.0.0' }};
const one = {{ own, bundled: new Set(), file: '/none' }};
installed(Object.assign(empty(), {{ one }}), [], process.exit);
NODE
"""
"""What no registry should serve, and what no client should ask for."""


def tag(registry_: Registry, name: str, tag_: str, version: str) -> None:
    place = registry_.folder / name
    document = json.loads(place.read_text())
    document["dist-tags"][tag_] = version
    place.write_text(json.dumps(document))


def bundled(registry_: Registry, name: str, inner: str, **more: object) -> None:
    """Publish a package that has another one in its own archive."""
    registry_.add(name, "1.0.0", bundleDependencies=[inner], **more)
    document = json.loads((registry_.folder / name).read_text())
    manifest = {k: v for k, v in document["versions"]["1.0.0"].items() if k != "dist"}
    within = {"name": inner, "version": "1.0.0"}
    content = {"": manifest, f"node_modules/{inner}/": within}
    packed(registry_, name, "1.0.0", content)


def packed(
    registry_: Registry, name: str, version: str, content: dict[str, dict[str, object]]
) -> None:
    """Publish another archive of a version: a package.json in each directory."""
    place = registry_.folder / name
    document = json.loads(place.read_text())
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for folder, said in content.items():
            data = json.dumps(said).encode()
            member = tarfile.TarInfo(f"package/{folder}package.json")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    data = out.getvalue()
    file = f"{uuid4().hex}.tgz"
    (registry_.folder / file).write_bytes(data)
    digest = base64.b64encode(hashlib.sha512(data).digest()).decode()
    document["versions"][version]["dist"] = {
        "tarball": f"{registry_.address}/{file}",
        "integrity": f"sha512-{digest}",
    }
    place.write_text(json.dumps(document))


def archive_of(registry_: Registry, name: str) -> str:
    document = json.loads((registry_.folder / name).read_text())
    (newest, *_) = document["versions"].values()
    return str(newest["dist"]["tarball"]).rpartition("/")[2]
