"""The programs of npm's groups whose versions are written down, or are to be.

They run in the step, by the Node.js that npm needs itself.
"""

from dynbuild.steps.managers.came import BEGINNING, UNKNOWN, UNSERVED
from dynbuild.steps.managers.presence import DIFFERS

CAME = "var/lib/dynbuild/came/npm"
"""Where a group says what came: lines of package, version, digest, and mark."""

BELOW = "/node_modules/"
FOLDER = "/run/versions"

# Archives are told by what is in them: npm names their files in more than one way. What
# a package bundles is a part of its own archive. No link is followed below a package,
# and nothing that comes from a registry is a key of an object with a prototype.
_TELLING = rf"""const fs = require('fs'), path = require('path');
const crypto = require('crypto'), child = require('child_process');
const http = require('http'), zlib = require('zlib');
const folder = '{FOLDER}', empty = () => Object.create(null);
function named(where, links = false) {{
  if (!fs.existsSync(where)) return [];
  const inside = (at) => fs.readdirSync(at, {{ withFileTypes: true }})
    .filter((one) => one.isDirectory() || (links && one.isSymbolicLink()))
    .map((one) => one.name).sort();
  const names = inside(where).filter((name) => !name.startsWith('.'));
  return [].concat(...names.map((name) => !name.startsWith('@') ? [name]
    : inside(path.join(where, name)).map((one) => name + '/' + one)));
}}
// A version may have a "v" before it, which npm takes away.
function clean(one) {{
  const version = String(one.version || '').trim().replace(/^[v=]+/, '');
  return one.name && version ? {{ ...one, version }} : null;
}}
function manifest(root, at) {{
  try {{
    const place = path.join(root, at, 'package.json');
    return clean(JSON.parse(fs.readFileSync(place, 'utf8')));
  }} catch (error) {{
    return null;
  }}
}}
function tops(root) {{
  const found = empty();
  for (const name of named(root, true)) {{
    const one = manifest(root, name);
    if (one) found[name] = one.version;
  }}
  return found;
}}
// What a package consists of: itself, and all below it. What one that bundles has below
// may be in its own archive: that one is told beside.
function tree(root, at, holder, found) {{
  const one = manifest(root, at);
  if (!one) return found;
  found[at] = {{ one, holder }};
  const of = one.bundleDependencies || one.bundledDependencies;
  const bundles = of && (of === true || of.length);
  for (const name of named(path.join(root, at, 'node_modules')))
    tree(root, at + '{BELOW}' + name, bundles ? at : holder, found);
  return found;
}}
// Of an archive the package.json right below its only directory, the packages that it
// bundles, and whether it says itself which versions it wants.
function read(tar) {{
  const bundled = new Set();
  let own = null, shrinkwrap = false;
  for (let at = 0; at + 512 <= tar.length;) {{
    const text = (from, to) => tar.toString('utf8', at + from, at + to).split('\0')[0];
    const size = parseInt(text(124, 136).trim() || '0', 8);
    if (!(size >= 0)) throw new Error('an archive has a file of no size');
    const above = text(257, 262) === 'ustar' ? text(345, 500) : '';
    const parts = (above ? above + '/' : '') + text(0, 100);
    const name = parts.split('/').slice(1).join('/');
    if (name === 'package.json' && !own)
      own = clean(JSON.parse(tar.toString('utf8', at + 512, at + 512 + size)));
    shrinkwrap = shrinkwrap || name === 'npm-shrinkwrap.json';
    if (/^node_modules\/.*\/package\.json$/.test(name))
      bundled.add(name.slice(0, -'/package.json'.length));
    at += 512 + Math.ceil(size / 512) * 512;
  }}
  if (!own) throw new Error('an archive has no package.json');
  return {{ own, bundled, shrinkwrap }};
}}
// Packages of one batch have files of different names: @a/b and a-b have one.
function batches(specs) {{
  const found = [];
  for (const spec of specs) {{
    const file = spec.replace(/[@\/]/g, '-').replace(/^-/, '');
    const free = found.find((one) => !one.has(file));
    if (free) free.set(file, spec);
    else found.push(new Map([[file, spec]]));
  }}
  return found.map((one) => [...one.values()]);
}}
// The archives of packages, as npm has them in its cache or gets them again. What is
// configured is what counts for global packages: no .npmrc of a directory above.
function fetched(specs, how = '--prefer-offline') {{
  const archives = empty();
  for (const batch of batches(specs)) {{
    const place = fs.mkdtempSync(path.join(folder, 'archives-'));
    const words = ['pack', '--global', how, '--loglevel=error', '--', ...batch];
    const done = child.spawnSync('npm', words,
      {{ cwd: place, encoding: 'utf8', maxBuffer: 1 << 28 }});
    if (done.status !== 0) {{
      const said = done.stderr || String(done.error);
      const lost = /(?:No matching version found for |404 +')([^\s']+)/.exec(said);
      return {{ said, lost: lost ? lost[1].replace(/\.$/, '') : '' }};
    }}
    try {{
      for (const name of fs.readdirSync(place)) {{
        const file = path.join(place, name), data = fs.readFileSync(file);
        const inside = read(zlib.gunzipSync(data, {{ maxOutputLength: 1 << 29 }}));
        const digest = (kind) => crypto.createHash(kind).update(data);
        archives[inside.own.name + '@' + inside.own.version] = {{
          ...inside, file, sum: digest('sha256').digest('hex'),
          integrity: 'sha512-' + digest('sha512').digest('base64'),
        }};
      }}
    }} catch (error) {{
      return {{ said: String(error), lost: '' }};
    }}
  }}
  return {{ archives }};
}}
function needs(one) {{
  const {{ peerDependencies, dependencies, optionalDependencies }} = one;
  return {{ ...peerDependencies, ...dependencies, ...optionalDependencies }};
}}
// What is below a directory of global packages, as lines: the place, the version, and
// the digest, or why there is none. What an address names has no archive in a registry;
// and a package has another name only where what needs it says so.
function lines(root, names, archives, get) {{
  const found = empty(), direct = new Set(), aliases = new Set();
  for (const name of names) tree(root, name, null, found);
  for (const {{ one }} of Object.values(found))
    for (const [name, spec] of Object.entries(needs(one))) {{
      const alias = /^npm:(@?[^@]+)/.exec(spec);
      if (alias) aliases.add(name + ' ' + alias[1]);
      else if (/[/:]/.test(spec)) direct.add(name);
    }}
  const last = (at) => at.split('{BELOW}').pop();
  const spec = (at) => found[at].one.name + '@' + found[at].one.version;
  const fits = (at) => found[at].one.name === last(at)
    || aliases.has(last(at) + ' ' + found[at].one.name);
  // What bundles is fetched before it is known what it bundles.
  const places = Object.keys(found).sort(), open = new Set(places);
  const bundled = new Set();
  while (open.size) {{
    const next = [...open].filter((at) => !open.has(found[at].holder));
    const wanted = [];
    for (const at of next) {{
      open.delete(at);
      const {{ holder }} = found[at], by = holder && archives[spec(holder)];
      const below = holder && at.slice(holder.length + 1);
      if (bundled.has(holder) || (by && by.bundled.has(below))) bundled.add(at);
      else if (!direct.has(last(at)) && fits(at)) wanted.push(spec(at));
    }}
    get([...new Set(wanted)].filter((one) => !archives[one]), archives);
  }}
  return places.filter((one) => !bundled.has(one)).map((at) => {{
    const {{ one }} = found[at], archive = archives[spec(at)];
    const version = one.name === last(at) ? one.version : spec(at);
    const lacking = direct.has(last(at)) ? '-address' : '-other';
    const known = !direct.has(last(at)) && fits(at) && archive;
    return {{ at, version, sum: known ? archive.sum : lacking }};
  }});
}}
"""

# The registry has these archives alone, so that npm has no choice. A package for other
# platforms is not there, as if it could not be installed: it is optional. What is left
# beside is what NOTE tells.
_SERVING = r"""function newer(one, other) {
  const numbers = (version) => version.split(/[-+]/)[0].split('.').map(Number);
  const [a, b] = [numbers(one), numbers(other)];
  for (let at = 0; at < 3; at++) if (a[at] !== b[at]) return a[at] > b[at];
  return !one.includes('-') && other.includes('-');
}
// Whatever may be a tag is one: npm itself takes no version or range for a tag.
function tagged(archives, wanted) {
  const specs = wanted.map((spec) => spec.slice(1).split('@')[1] || '');
  for (const { own } of Object.values(archives))
    for (const spec of Object.values(needs(own)))
      specs.push(spec.replace(/^npm:@?[^@]*@?/, ''));
  return new Set(['latest', ...specs.filter((one) => one && !/[\s:\/]/.test(one))]);
}
function installed(archives, wanted, end) {
  const has = empty(), files = empty(), tags = tagged(archives, wanted);
  for (const [spec, one] of Object.entries(archives)) {
    const { name, version } = one.own;
    has[name] = has[name] || { name, 'dist-tags': empty(), versions: empty() };
    has[name].versions[version] = one;
    for (const tag of tags) {
      const before = has[name]['dist-tags'][tag];
      if (!before || newer(version, before)) has[name]['dist-tags'][tag] = version;
    }
    // Archives have the usual addresses: what is written in packages names these.
    one.place = name + '/-/' + path.basename(name) + '-' + version + '.tgz';
    files[one.place] = one.file;
  }
  const server = http.createServer((request, answer) => {
    let asked;
    try {
      asked = decodeURIComponent(request.url.split('?')[0]).slice(1);
    } catch (error) {
      return answer.writeHead(400).end('{}');
    }
    if (files[asked]) return answer.end(fs.readFileSync(files[asked]));
    if (!has[asked]) return answer.writeHead(404).end('{}');
    const versions = empty();
    for (const [version, one] of Object.entries(has[asked].versions)) {
      const tarball = 'http://127.0.0.1:' + server.address().port + '/' + one.place;
      const dist = { tarball, integrity: one.integrity };
      versions[version] = { ...one.own, _hasShrinkwrap: one.shrinkwrap, dist };
    }
    answer.setHeader('Content-Type', 'application/json');
    answer.end(JSON.stringify({ ...has[asked], versions }));
  });
  server.listen(0, '127.0.0.1', () => {
    const registry = 'http://127.0.0.1:' + server.address().port + '/';
    const scopes = new Set(Object.keys(has).filter((name) => name.startsWith('@'))
      .map((name) => name.split('/')[0]));
    const words = ['install', '-g', '--registry=' + registry, '--noproxy=127.0.0.1',
      '--cache=' + path.join(folder, 'cache'),
      ...[...scopes].map((scope) => '--' + scope + ':registry=' + registry),
      '--', ...wanted];
    const stdio = ['ignore', 'inherit', 'inherit'];
    const run = child.spawn('npm', words, { stdio });
    run.on('error', () => end(1));
    run.on('exit', (status) => {
      const served = Object.entries(archives).map(([spec, { sum, bundled }]) =>
        [spec, { sum, bundled: [...bundled] }]);
      if (status === 0)
        fs.writeFileSync(path.join(folder, 'served'), JSON.stringify(served));
      end(status === 0 ? 0 : 1);
    });
  });
}
module.exports = { tops, lines, fetched, installed, folder, fs, path, child, empty };
"""

BEFORE = rf"""cat > {FOLDER}/there.js <<'NODE'
{_TELLING}{_SERVING}NODE
export root
node - > {FOLDER}/before <<'NODE'
const {{ tops }} = require('{FOLDER}/there.js');
console.log(JSON.stringify(tops(process.env.root)));
NODE"""

# What a registry says of an archive may not be what is in it, and a script may write
# what it likes. So packages are resolved at a place of their own, without scripts, and
# what is installed comes from these archives, as it does in each later build. Where
# that is not to be had it comes as it always does, and no digest is known of it.
NOTED = rf"""cat > {FOLDER}/first.js <<'NODE'
const there = require('{FOLDER}/there.js');
const {{ tops, lines, fetched, installed, folder, fs, path, child, empty }} = there;
const specs = process.argv.slice(2), first = path.join(folder, 'first');
function unknown(why, said) {{
  fs.writeFileSync(path.join(folder, 'why'), JSON.stringify(why));
  console.error('dynbuild: no versions will be known of this: ' + said);
  process.exit(1);
}}
const named = (spec) => spec[0] + spec.slice(1).split('@')[0];
const said = (...words) =>
  child.execFileSync('npm', words, {{ encoding: 'utf8' }}).trim();
if (Number(said('--version').split('.')[0]) < 7)
  unknown({{ all: '-old' }}, 'npm is older than 7');
const own = path.join(first, 'lib', 'node_modules');
for (const spec of specs) {{
  const name = named(spec), at = path.join(own, name);
  fs.mkdirSync(path.dirname(at), {{ recursive: true }});
  const before = path.join(process.env.root, name);
  if (fs.existsSync(before)) child.execFileSync('cp', ['-a', before, at]);
}}
const words = ['install', '-g', '--ignore-scripts', '--prefix=' + first,
  '--globalconfig=' + said('config', 'get', 'globalconfig', '--global'),
  '--loglevel=error', '--', ...specs];
const done = child.spawnSync('npm', words, {{ encoding: 'utf8', maxBuffer: 1 << 28 }});
if (done.status !== 0) unknown({{ all: '-failed' }}, done.stderr || String(done.error));
const archives = empty();
const found = lines(own, Object.keys(tops(own)), archives, (wanted, into) => {{
  const got = fetched(wanted);
  if (got.said) console.error(got.said);
  Object.assign(into, got.archives);
}});
const lacking = found.filter(({{ sum }}) => sum.startsWith('-'));
if (lacking.length) {{
  const why = lacking.map(({{ at, sum }}) => [at, sum]);
  unknown({{ of: why }}, why[0][0] + ' has no archive in a registry');
}}
const text = found.map(({{ at, version, sum }}) => [at, version, sum].join(' '));
// What is asked for has to be what these archives are. One that is there in several
// versions is asked for by its own.
const wanted = specs.map((spec) => {{
  const name = named(spec), all = Object.values(archives);
  if (all.filter(({{ own }}) => own.name === name).length < 2) return spec;
  return name + '@' + found.find(({{ at }}) => at === name).version;
}});
child.execFileSync('rm', ['-rf', first]);
installed(archives, wanted, (status) => {{
  if (status) unknown({{ all: '-failed' }}, 'these archives alone cannot be installed');
  fs.writeFileSync(path.join(folder, 'lock'), text.join('\n') + '\n');
  process.exit(0);
}});
NODE
noted() {{ node {FOLDER}/first.js "$@" || npm install -g "$@"; }}"""

# Nobody is asked here: the digests are those of the archives that were served.
NOTE = rf"""# What came is left to be read, with the digests of what npm installed.
node - @ASKED@ <<'NODE'
const {{ tops, lines, folder, fs, path, empty }} = require('{FOLDER}/there.js');
const read = (name, other) => fs.existsSync(path.join(folder, name))
  ? fs.readFileSync(path.join(folder, name), 'utf8') : other;
const before = JSON.parse(read('before')), now = tops(process.env.root);
const asked = new Set(process.argv.slice(2)), archives = empty();
const locked = read('lock', '').trim().split('\n').map((line) => line.split(' '));
const told = new Set([...asked, ...locked.map((line) => line[0])]);
for (const [spec, one] of JSON.parse(read('served', '[]')))
  archives[spec] = {{ ...one, bundled: new Set(one.bundled) }};
const names = Object.keys(now)
  .filter((name) => told.has(name) || before[name] !== now[name]);
const known = new Set(locked.map(([at, version]) => at + ' ' + version));
// What is written down has a digest; of the others the one that is why says so.
const why = JSON.parse(read('why', '{{"all":"-changed"}}')), text = ['{BEGINNING}'];
const lacking = new Map(why.of || []);
for (const {{ at, version, sum }} of lines(process.env.root, names, archives, () => 0))
  text.push([at, version,
    known.has(at + ' ' + version) ? sum : lacking.get(at) || why.all || '-',
    asked.has(at) ? 'manual' : 'auto'].join(' '));
fs.mkdirSync(path.dirname('/{CAME}'), {{ recursive: true }});
fs.writeFileSync('/{CAME}', text.join('\n') + '\n');
NODE"""

INSTALL = rf"""cat > {FOLDER}/lock <<'LOCK'
@lock@
LOCK
node - <<'NODE'
const {{ fetched, installed, folder, fs, path, empty }} = require('{FOLDER}/there.js');
const text = fs.readFileSync(path.join(folder, 'lock'), 'utf8');
const sums = empty(), wanted = [];
for (const line of text.trim().split('\n')) {{
  const [at, version, ...known] = line.split(' '), name = at.split('{BELOW}').pop();
  const spec = version.includes('@') ? version : name + '@' + version;
  if (!at.includes('{BELOW}')) wanted.push(spec);
  sums[spec] = [...(sums[spec] || []), ...known];
}}
const unknown = Object.keys(sums).filter((spec) => !sums[spec].length);
for (const spec of unknown) console.error('{UNKNOWN} ' + spec);
if (unknown.length) process.exit(1);
// A cache may have another archive than is served now, or know of no such version.
const archives = Object.assign(empty(), fetched(Object.keys(sums)).archives);
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
for (const spec of Object.keys(archives)) if (!sums[spec]) delete archives[spec];
installed(archives, wanted, (status) => process.exit(status));
NODE"""
