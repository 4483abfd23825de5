"""apt's archives as they were at a time, for the script of one group alone.

The image keeps the sources that it has; what is in scratch names the same archives in a
service of snapshots. apt before 2.9 knows of none by itself. What is not an archive of
the distribution, and has no mirror in the declaration, stays as it is. Signatures are
checked as ever, by the keys that the image has; only until when an index is valid does
not count there, since it was.
"""

from collections.abc import Mapping

from dynbuild.quote import shell

NEWER = "dynbuild: installed, and newer than the snapshot has it:"
"""The beginning of the line that names what the base or a step before has newer."""

UNDATED = "dynbuild: no snapshots are known of:"
"""The beginning of the line that names archives which can only be had as they are."""

# Of a line, or of a paragraph, each address is replaced that has snapshots. Services
# have the same layout: the archive, below it the time.
_REWRITE = r"""BEGIN {
  while ((getline line < "/tmp/mirrors") > 0) {
    if (split(line, word, " ") == 2) mirror[bare(word[1])] = word[2]
  }
}
function bare(uri) {
  sub(/^https?:\/\//, "", uri); sub(/\/+$/, "", uri)
  sub(/\/[0-9]+T[0-9]+Z$/, "", uri)
  return uri
}
function place(uri,   host, path, name) {
  if (uri !~ /^https?:\/\//) return ""
  path = bare(uri)
  if (path in mirror) { sub(/\/+$/, "", mirror[path]); return mirror[path] }
  host = path; sub(/[:\/].*/, "", host); sub(/^[^\/]*/, "", path)
  name = path; sub(/.*\//, "", name)
  if (host ~ /(^|\.)debian\.(org|net)$/) {
    if (host ~ /^security\./ && path == "") name = "debian-security"
    if (name ~ /^debian(-security|-ports)?$/)
      return "http://snapshot.debian.org/archive/" name
  }
  if (host ~ /(^|\.)ubuntu\.com$/ && host !~ /^esm\./ && name ~ /^ubuntu(-ports)?$/)
    return "https://snapshot.ubuntu.com/ubuntu"
  return ""
}
# The log of a build is for everybody: nobody's login is in it.
function shown(uri) { sub(/\/\/[^\/]*@/, "//***@", uri); return uri }
function then(uri) {
  if (place(uri) != "") { moved++; return place(uri) "/" at }
  print shown(uri) >> "/tmp/unmoved"
  return uri
}
function line_of(text,   head, options) {
  match(text, /^[ \t]*deb(-src)?[ \t]+/)
  head = substr(text, 1, RLENGTH); text = substr(text, RLENGTH + 1)
  options = ""
  if (match(text, /^\[[^]]*\][ \t]*/)) {
    options = substr(text, 1, RLENGTH); text = substr(text, RLENGTH + 1)
  }
  match(text, /^[^ \t]+/)
  before = moved
  text = then(substr(text, 1, RLENGTH)) substr(text, RLENGTH + 1)
  if (moved > before) {
    sub(/\][ \t]*$/, "", options); sub(/^\[/, "", options)
    options = "[" options " check-valid-until=no] "
  }
  print head options text
}
function words_of(text,   count, word, i) {
  count = split(text, word, /[ \t]+/)
  for (i = 1; i <= count; i++) if (word[i] != "") printf " %s", then(word[i])
  printf "\n"
}
function ended() {
  if (inside && moved > before) print "Check-Valid-Until: no"
  inside = 0
}
FILENAME ~ /\.sources$/ && /^#/ { next }
FILENAME ~ /\.sources$/ && /^[Uu][Rr][Ii][Ss]:/ {
  inside = 1; before = moved
  printf "%s", substr($0, 1, 5); words_of(substr($0, 6)); next
}
FILENAME ~ /\.sources$/ && inside && /^[ \t]+[^ \t]/ { words_of($0); next }
FILENAME ~ /\.sources$/ { ended(); print; next }
/^[ \t]*deb(-src)?[ \t]/ { line_of($0); next }
{ print }
END { ended(); if (moved) print moved >> "/tmp/moved" }
"""

_SOURCES = rf"""# The image's archives as they were at a time, for this script alone.
printf '%s\n' @MIRRORS@ > /tmp/mirrors
cat > /tmp/snapshot.awk <<'AWK'
{_REWRITE.rstrip()}
AWK
eval "$(apt-config shell list Dir::Etc::sourcelist/f parts Dir::Etc::sourceparts/d)"
mkdir -p /tmp/sources.d "$cache/snapshots/partial"
: > /tmp/sources.list
for file in "$list" "$parts"*.list "$parts"*.sources; do
  [ -f "$file" ] || continue
  into=/tmp/sources.d/${{file##*/}}
  [ "$file" != "$list" ] || into=/tmp/sources.list
  awk -v at=@at@ -f /tmp/snapshot.awk "$file" > "$into"
done
if [ ! -s /tmp/moved ]; then
  echo "{UNDATED}" $(cat /tmp/unmoved 2> /dev/null || :) >&2
  exit 1
fi
cat >> /tmp/apt.conf <<CONF
Dir::Etc {{ sourcelist "/tmp/sources.list"; sourceparts "/tmp/sources.d"; }};
Dir::State::Lists "$cache/snapshots"; APT::Get::List-Cleanup "true";
CONF"""


# Of others the release says whose it is: nothing of the distribution may be of now.
_CHECK = rf"""if grep -lxE 'Origin: (Debian|Ubuntu)( .*)?' "$cache"/snapshots/*Release \
  2> /dev/null | sed 's,.*/,,' | grep -v _@at@_ > /tmp/others; then
  sed 's/^/{UNDATED} /' /tmp/others >&2
  exit 1
fi
# Where it fails, what is newer than the snapshot is the likely reason: it is named.
explain() {{
  [ "$?" != 0 ] || return 0
  dpkg-query -W -f '${{binary:Package}}\n' | xargs -r env LC_ALL=C apt-cache policy |
    awk '/^[^ ]/ {{ name = $1; sub(/:$/, "", name); have = "" }}
      / \*\*\* / {{ have = $2; others = 0; next }}
      have != "" && /^      / && $2 !~ /^\/var\/lib\/dpkg/ {{ others++ }}
      have != "" && /^     [^ ]/ {{
        if (!others) print "{NEWER} " name " " have " (it has " $1 ")"
        have = "" }}' >&2
}}
trap explain EXIT"""


def sources(at: str, mirrors: Mapping[str, str]) -> str:
    """Return lines that let apt ask for its archives as they were at a time."""
    words = [shell(f"{archive} {place}") for archive, place in sorted(mirrors.items())]
    # What people wrote comes last: nothing of it is replaced.
    return _SOURCES.replace("@at@", at).replace("@MIRRORS@", " ".join(words) or "''")


def check(at: str) -> str:
    """Return lines that fail where an archive of the distribution is as it is now."""
    return _CHECK.replace("@at@", at)
