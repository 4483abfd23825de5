"""npm's groups whose versions are written down, or are to be.

npm has no lock for what is global. A group that notes leaves in its layer what each of
its packages has below itself, with the digests of the archives. One that is pinned
fetches these archives, compares them, and has npm install from a registry that has
nothing else: one of its own, on loopback, for as long as it runs.
"""

from collections.abc import Iterator, Mapping

from dynbuild.steps.managers.came import (
    BEGINNING,
    UNKNOWN,
    UNSERVED,
    Came,
    Pinning,
    acted,
    came,
    digests_differ,
    versions_differ,
)
from dynbuild.steps.managers.presence import DIFFERS, ReadText
from dynbuild.steps.managers.script import fill
from dynbuild.steps.model import Group, Install
from dynbuild.steps.pinned import NOBODY, Pinned
from dynbuild.steps.run import ScratchMount

CAME = "var/lib/dynbuild/came/npm"
"""Where a group says what came: lines of package, version, digest, and mark."""

_ONE = r"(?:@[A-Za-z0-9~._-]+/)?[A-Za-z0-9~._-]+"
NAME = rf"{_ONE}(?:/node_modules/{_ONE})*"
VERSION = rf"(?:{_ONE}@)?[0-9][A-Za-z0-9.+-]*"
"""Where a package is below the global ones, and its version; before that its own name,
where it is there under another one."""

_BELOW = "/node_modules/"
_FOLDER = "/run/versions"
MOUNT = ScratchMount(_FOLDER)

# Archives are told by what is in them: npm names their files in more than one way. What
# a package bundles is a part of its own archive.
BEFORE = rf"""cat > {_FOLDER}/there.js <<'NODE'
const fs = require('fs'), path = require('path'), zlib = require('zlib');
const crypto = require('crypto'), child = require('child_process');
const root = process.env.root, folder = '{_FOLDER}';
function named(where) {{
  if (!fs.existsSync(where)) return [];
  const names = fs.readdirSync(where).filter((name) => !name.startsWith('.'));
  return [].concat(...names.sort().map((name) => !name.startsWith('@') ? [name]
    : fs.readdirSync(path.join(where, name)).sort().map((one) => name + '/' + one)));
}}
function manifest(at) {{
  try {{
    return JSON.parse(fs.readFileSync(path.join(root, at, 'package.json'), 'utf8'));
  }} catch (error) {{
    return null;
  }}
}}
function tops() {{
  const found = {{}};
  for (const name of named(root)) {{
    const one = manifest(name);
    if (one) found[name] = one.version;
  }}
  return found;
}}
// What a package consists of: itself, and all below it. What one that bundles has below
// may be in its own archive: that one is told beside.
function tree(at, holder, found) {{
  const one = manifest(at);
  if (!one || !one.name || !one.version) return found;
  found[at] = {{ one, holder }};
  const of = one.bundleDependencies || one.bundledDependencies;
  const bundles = of && (of === true || of.length);
  for (const name of named(path.join(root, at, 'node_modules')))
    tree(at + '{_BELOW}' + name, bundles ? at : holder, found);
  return found;
}}
// The archives of packages, as npm has them in its cache or gets them again.
function fetched(specs, how = '--prefer-offline') {{
  const place = path.join(folder, 'archives' + how);
  fs.mkdirSync(place, {{ recursive: true }});
  if (specs.length) {{
    const words = ['pack', how, '--loglevel=error', ...specs];
    const done = child.spawnSync('npm', words,
      {{ cwd: place, encoding: 'utf8', maxBuffer: 1 << 28 }});
    if (done.status !== 0) {{
      const said = done.stderr || String(done.error);
      const lost = /(?:No matching version found for |404 +')([^\s']+)/.exec(said);
      return {{ said, lost: lost ? lost[1].replace(/\.$/, '') : '' }};
    }}
  }}
  const archives = {{}};
  for (const name of fs.readdirSync(place)) {{
    const file = path.join(place, name), data = fs.readFileSync(file);
    const inside = read(zlib.gunzipSync(data));
    const digest = (kind) => crypto.createHash(kind).update(data);
    archives[inside.own.name + '@' + inside.own.version] = {{
      ...inside, file, sum: digest('sha256').digest('hex'),
      integrity: 'sha512-' + digest('sha512').digest('base64'),
    }};
  }}
  return {{ archives }};
}}
// Of an archive the package.json right below its only directory, the packages that it
// bundles, and whether it says itself which versions it wants.
function read(tar) {{
  const bundled = new Set();
  let own = null, shrinkwrap = false;
  for (let at = 0; at + 512 <= tar.length;) {{
    const text = (from, to) => tar.toString('utf8', at + from, at + to).split('\0')[0];
    const size = parseInt(text(124, 136).trim() || '0', 8);
    const above = text(257, 262) === 'ustar' ? text(345, 500) : '';
    const parts = (above ? above + '/' : '') + text(0, 100);
    const name = parts.split('/').slice(1).join('/');
    if (name === 'package.json' && !own)
      own = JSON.parse(tar.toString('utf8', at + 512, at + 512 + size));
    shrinkwrap = shrinkwrap || name === 'npm-shrinkwrap.json';
    if (/^node_modules\/.*\/package\.json$/.test(name))
      bundled.add(name.slice(0, -'/package.json'.length));
    at += 512 + Math.ceil(size / 512) * 512;
  }}
  return {{ own, bundled, shrinkwrap }};
}}
function needs(one) {{
  const {{ peerDependencies, dependencies, optionalDependencies }} = one;
  return {{ ...peerDependencies, ...dependencies, ...optionalDependencies }};
}}
module.exports = {{ tops, tree, fetched, needs, folder, fs, path, child }};
NODE
export root
node - > {_FOLDER}/before <<'NODE'
const {{ tops }} = require('{_FOLDER}/there.js');
console.log(JSON.stringify(tops()));
NODE"""

# What an address names has no archive in a registry.
NOTE = rf"""# What came is left to be read, with the digests of what npm installed.
node - @ASKED@ <<'NODE'
const there = require('{_FOLDER}/there.js');
const {{ tops, tree, fetched, needs, folder, fs, path }} = there;
const before = JSON.parse(fs.readFileSync(path.join(folder, 'before'), 'utf8'));
const now = tops(), asked = new Set(process.argv.slice(2)), found = {{}};
const lock = path.join(folder, 'lock');
const locked = fs.existsSync(lock) ? fs.readFileSync(lock, 'utf8').split('\n') : [];
const told = new Set([...asked, ...locked.map((line) => line.split(' ')[0])]);
for (const name of Object.keys(now).sort())
  if (told.has(name) || before[name] !== now[name]) tree(name, null, found);
const direct = new Set();
for (const {{ one }} of Object.values(found))
  for (const [name, spec] of Object.entries(needs(one)))
    if (!spec.startsWith('npm:') && /[/:]/.test(spec)) direct.add(name);
const last = (at) => at.split('{_BELOW}').pop();
const spec = (at) => found[at].one.name + '@' + found[at].one.version;
// What bundles is fetched before it is known what it bundles.
const places = Object.keys(found).sort(), open = new Set(places), bundled = new Set();
const archives = {{}};
while (open.size) {{
  const next = [...open].filter((at) => !open.has(found[at].holder));
  const wanted = [];
  for (const at of next) {{
    open.delete(at);
    const {{ holder }} = found[at], by = holder && archives[spec(holder)];
    const below = holder && at.slice(holder.length + 1);
    if (bundled.has(holder) || (by && by.bundled.has(below))) bundled.add(at);
    else if (!direct.has(last(at))) wanted.push(spec(at));
  }}
  const got = fetched([...new Set(wanted)].filter((one) => !archives[one]));
  if (got.said) console.error(got.said);
  Object.assign(archives, got.archives);
}}
const lines = ['{BEGINNING}'];
for (const at of places.filter((one) => !bundled.has(one))) {{
  const {{ one }} = found[at], mark = asked.has(at) ? 'manual' : 'auto';
  const version = one.name === last(at) ? one.version : spec(at);
  const archive = !direct.has(last(at)) && archives[spec(at)];
  lines.push([at, version, archive ? archive.sum : '-', mark].join(' '));
}}
fs.mkdirSync(path.dirname('/{CAME}'), {{ recursive: true }});
fs.writeFileSync('/{CAME}', lines.join('\n') + '\n');
NODE"""

# The registry has the versions of the lock alone, so that npm has no choice. A package
# for other platforms is not there, as if it could not be installed: it is optional.
_INSTALL = rf"""cat > {_FOLDER}/lock <<'LOCK'
@lock@
LOCK
node - <<'NODE'
const there = require('{_FOLDER}/there.js');
const {{ fetched, needs, folder, fs, path, child }} = there;
const http = require('http');
const text = fs.readFileSync(path.join(folder, 'lock'), 'utf8');
const sums = {{}}, tops = [];
for (const line of text.trim().split('\n')) {{
  const [at, version, ...known] = line.split(' '), name = at.split('{_BELOW}').pop();
  const spec = version.includes('@') ? version : name + '@' + version;
  if (!at.includes('{_BELOW}')) tops.push(spec);
  sums[spec] = [...(sums[spec] || []), ...known];
}}
const unknown = Object.keys(sums).filter((spec) => !sums[spec].length);
for (const spec of unknown) console.error('{UNKNOWN} ' + spec);
if (unknown.length) process.exit(1);
// A cache may have another archive than is served now, or know of no such version.
const archives = fetched(Object.keys(sums)).archives || {{}};
const fits = (spec) => archives[spec] && sums[spec].includes(archives[spec].sum);
const others = Object.keys(sums).filter((spec) => !fits(spec));
if (others.length) {{
  const again = fetched(others, '--prefer-online');
  if (!again.archives) {{
    console.error(again.said);
    if (again.lost) console.error('{UNSERVED} ' + again.lost);
    process.exit(1);
  }}
  Object.assign(archives, again.archives);
}}
for (const spec of Object.keys(sums)) {{
  if (fits(spec)) continue;
  console.error('{DIFFERS}\n' + spec + ' is not the archive of dynbuild.sum');
  process.exit(1);
}}
const numbers = (version) => version.split(/[-+]/)[0].split('.').map(Number);
function newer(one, other) {{
  const [a, b] = [numbers(one), numbers(other)];
  for (let at = 0; at < 3; at++) if (a[at] !== b[at]) return a[at] > b[at];
  return !one.includes('-') && other.includes('-');
}}
const tags = new Set(['latest']);
for (const {{ own }} of Object.values(archives))
  for (const spec of Object.values(needs(own)))
    if (/^[a-z][a-z-]*$/.test(spec) && spec !== 'x') tags.add(spec);
const has = {{}};
for (const [spec, one] of Object.entries(archives)) {{
  const {{ name, version }} = one.own;
  has[name] = has[name] || {{ name, 'dist-tags': {{}}, versions: {{}} }};
  has[name].versions[version] = one;
  for (const tag of tags) {{
    const before = has[name]['dist-tags'][tag];
    if (!before || newer(version, before)) has[name]['dist-tags'][tag] = version;
  }}
}}
// Archives have the usual addresses: what is written in packages names these.
const files = {{}};
for (const {{ own, file }} of Object.values(archives))
  files[own.name + '/-/' + path.basename(own.name) + '-' + own.version + '.tgz'] = file;
const own = (of, name) => Object.prototype.hasOwnProperty.call(of, name);
const server = http.createServer((request, answer) => {{
  const asked = decodeURIComponent(request.url.split('?')[0]).slice(1);
  if (own(files, asked)) return answer.end(fs.readFileSync(files[asked]));
  if (!own(has, asked)) return answer.writeHead(404).end('{{}}');
  const versions = {{}};
  for (const [version, one] of Object.entries(has[asked].versions)) {{
    const place = Object.keys(files).find((name) => files[name] === one.file);
    const tarball = 'http://127.0.0.1:' + server.address().port + '/' + place;
    const dist = {{ tarball, integrity: one.integrity }};
    versions[version] = {{ ...one.own, _hasShrinkwrap: one.shrinkwrap, dist }};
  }}
  answer.setHeader('Content-Type', 'application/json');
  answer.end(JSON.stringify({{ ...has[asked], versions }}));
}});
server.listen(0, '127.0.0.1', () => {{
  const registry = 'http://127.0.0.1:' + server.address().port + '/';
  const scopes = new Set(Object.keys(has).filter((name) => name.startsWith('@'))
    .map((name) => name.split('/')[0]));
  const words = ['install', '-g', '--registry=' + registry, '--noproxy=127.0.0.1',
    '--cache=' + path.join(folder, 'cache'),
    ...[...scopes].map((scope) => '--' + scope + ':registry=' + registry), ...tops];
  const run = child.spawn('npm', words, {{ stdio: ['ignore', 'inherit', 'inherit'] }});
  run.on('error', () => process.exit(1));
  run.on('exit', (status) => process.exit(status === 0 ? 0 : 1));
}});
NODE"""


def install(pinned: Pinned) -> Iterator[str]:
    """Yield lines that install the very versions that are written down."""
    if pinned.packages:
        lock = [
            " ".join([at, version, *sorted(pinned.sums.get(f"{at} {version}", ()))])
            for at, version in pinned.packages.items()
        ]
        yield _INSTALL.replace("@lock@", "\n".join(lock))


def note(group: Group) -> str:
    """Return lines that leave what came in the layer."""
    return fill(NOTE, ASKED=[*acted(group)])


def _asked(group: Group) -> frozenset[str]:
    """Return what has to have a version: what a group installs or upgrades."""
    return frozenset(acted(group))


def _asks_for_older(group: Group) -> bool:
    """Whether a version may become lower: a spec names one."""
    return any(
        isinstance(action, Install) and "@" in action.spec[1:]
        for action in group.actions.values()
    )


def is_older(one: str, other: str) -> bool:
    """Whether a version is older than another (semver.org); what is none, is."""
    # Most locks have no versions to compare.
    from univers.versions import SemverVersion  # noqa: PLC0415

    mine, others = one.rpartition("@")[2], other.rpartition("@")[2]
    if not (SemverVersion.is_valid(mine) and SemverVersion.is_valid(others)):
        return one != other
    return bool(SemverVersion(mine) < SemverVersion(others))


def owner(at: str) -> str:
    """Return the package that holds another one; one that is global holds itself."""
    return at.partition(_BELOW)[0]


def _written(
    group: Group, noted: tuple[Came, ...], there: Mapping[str, str]
) -> dict[str, str]:
    """Return what to write down of a group: what came, and what it was asked for."""
    del there
    versions = {one.name: one.version for one in noted}
    for name in acted(group):
        versions.setdefault(name, NOBODY)
    return versions


def differs(group: Group, text: ReadText) -> tuple[str, ...]:
    """Return how what came differs from what is written down, a line each."""
    pinned = group.pinned
    if pinned is None or pinned.noting:
        return ()
    try:
        noted = came(text(CAME), NAME, VERSION)
    except ValueError:
        return ("it does not say what came",)
    there = {one.name: one.version for one in noted}
    return (
        *versions_differ(pinned, noted, there),
        *digests_differ(pinned, noted, "the registry"),
    )


PINNING = Pinning(
    notes=CAME,
    name=NAME,
    version=VERSION,
    asked=_asked,
    asks_for_older=_asks_for_older,
    is_older=is_older,
    written=_written,
    differs=differs,
    since=10,
    teller="npm",
    needed="what a dependency names by address, and not by version, has none",
    stands_on=r"(?:lib)?node.*|npm",
    owner=owner,
)
