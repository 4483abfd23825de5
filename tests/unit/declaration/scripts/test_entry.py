"""Entries by their grammar: what is complete, what waits, and what is hidden."""

import pytest

from dynbuild.declaration.scripts.entry import CommandEntry, incomplete, read_entry

COMPLETE = r"""
true
a && b
if a; then b; fi
for f in a b; do echo $f; done
for f; do x; done
for f do x; done
for ((i=0;i<3;i++)); do echo $i; done
while read l; do echo "$l"; done < f
until a; do b; done
case $x in a) b;; c|d) e ;; *) f; esac
case $x in (a) b;; esac
f() { a; b; }
f () { a; }
function f { a; }
function f() { a; }
f() ( a )
( a; b )
{ a; b; }
((a+b))
[[ $x == y && -f "$z" ]] && echo
[[ $x =~ ^(a|b)$ ]]
[[ -f x ]]; a
x=$((1 + (2*3)))
x=$(a $(b "c)") )
x=`a`
x="a $(b "c" 'd)') e"
echo "${x:-"y"}" ${y#'}'}
echo 'it'\''s'
echo $'it\'s'
x=(a b "c d")
rm !(a|b)
diff <(a) <(b)
a > f 2>&1
a &> f
a <<< "x"
! a
time a
a & b
a &
echo a # it's
echo a#b
x=y
export X=$(a)
echo {a,b} }
find . -name x -exec rm {} \;
echo if then
a | while read x; do y; done
a || { b; exit 1; }
set -- a "$@"; for x in "$@"; do :; done
trap 'rm -f x' EXIT
awk '{ print $1 }' f
python3 -c "print('x')"
test -n "${x%%[!0-9]*}"
echo ${#x} $# $$ $! $?
: > file
> file
exec 3>&1
A=b make
select x in a b; do break; done
"""

LINES = [
    "if a\nthen b\nelif c; then d\nelse e; fi > x",
    "echo \\\n  b",
    "cat <<EOF\nit's $(\nEOF",
    "cat <<-'E F' > x\n\ta\"\n\tE F",
    "cat <<A <<B\n1\nA\n2\nB",
    "if a; then cat <<X; fi\ny\nX",
    "for x\nin a b\ndo c\ndone",
    "x=$(cat <<E\nit's )\nE\n)",
    "a &&\n  b",
    "a |\n# c\nb",
    "f()\n{\n a\n}",
    "case x in\n  a)\n    b\n    ;;\n  *) c\nesac",
    "# only",
    "",
    "\n\n",
    "cat <<''\nx\n\ny",
    "cat <<E\nE",
    "x=( a # it's\n b )",
    "cat <<\\E | b\n'\nE",
    "cat <<'E'\nx\\\nE",
    "! > a",
    "! > a b",
    "cat <<E\nx\\\\\nE",
    "cat <<E\nx\\\nE\nE",
    "cat <<$E\nx\\\\\n$E",
    "a |\\\n| b",
    "if a; then :; elif b; then c && d; fi",
    "x=1 y=2",
    "{ a; } > f 2> g",
    "f() a",
    "a & b & wait",
    "case x in a) ;& b) ;; esac",
    "echo $'a\\'b' \"$'\" ${x}",
    "select x in a\ndo b; done",
    "[[ a ]] || [[ b < c ]]",
    '[ "$x" ]; echo ]]',
    "time { a; }",
    "a `b \\` c` d",
    'echo "a `b` ${c} $((d))"',
]

WAITING = {
    "f() > x; a &&": "ends in `&&`",
    "a &&": "ends in `&&`",
    "$(a) &&": "ends in `&&`",
    "`a` ||": "ends in `||`",
    "'' |": "ends in `|`",
    '"${a}" |&': "ends in `|&`",
    "! >": "ends in `>`",
    "a ||": "ends in `||`",
    "a |": "ends in `|`",
    "a |&": "ends in `|&`",
    "a \\": "ends in a backslash",
    "a \\\n": "ends in a backslash",
    "if a; then": "opens `then` and does not close it",
    "if a": "opens `if` and does not close it",
    "if a; then b; else": "opens `else` and does not close it",
    "for x in a; do": "opens `do` and does not close it",
    "for x in a": "opens `for` and does not close it",
    "for x": "opens `for` and does not close it",
    "while a; do b": "opens `do` and does not close it",
    "case x in": "opens `case` and does not close it",
    "case x in a) b;;": "opens `case` and does not close it",
    "case x": "opens `case` and does not close it",
    "f()": "ends in `f()`",
    "f() {": "opens `{` and does not close it",
    "function f": "ends in `f()`",
    "{ a;": "opens `{` and does not close it",
    "( a": "opens `(` and does not close it",
    "$(a": "opens `$(` and does not close it",
    "x=$(a": "opens `$(` and does not close it",
    '"a': 'opens `"` and does not close it',
    "'a": "opens `'` and does not close it",
    "`a": "opens ` and does not close it",
    "${x": "opens `${` and does not close it",
    "$((1+2": "opens `$((` and does not close it",
    "cat <<E": "opens a here-document and has no line 'E' to end it",
    "cat <<E\nx": "opens a here-document and has no line 'E' to end it",
    "cat <<E\nx\nE ": "opens a here-document and has no line 'E' to end it",
    "a >": "ends in `>`",
    "a <": "ends in `<`",
    "[[ a": "opens `[[` and does not close it",
    "x=(a": "opens `(` and does not close it",
    "! ": "ends in `!`",
    "a && !": "ends in `!`",
    "!": "ends in `!`",
    "a > \\": "ends in a backslash",
    "cat <<E\nx\\\nE": "opens a here-document and has no line 'E' to end it",
    "cat <<-E\n\\\n\tE": "opens a here-document and has no line 'E' to end it",
    "cat <<$E\nx\\\n$E": "opens a here-document and has no line '$E' to end it",
    "cat <<-E\nx": "opens a here-document and has no line 'E' to end it",
    "if a; then cat <<X\ny\nX": "opens `then` and does not close it",
    "((1": "opens `((` and does not close it",
    "a; if b; then c": "opens `then` and does not close it",
    "a &&\n": "ends in `&&`",
    "$'a": "opens $' and does not close it",
    "a &&  # note": "ends in `&&`",
    "x='": "opens `'` and does not close it",
}

UNKNOWN = [
    "f() > x",
    "a && fi",
    "fi",
    "a; }",
    "a )",
    "a ;; b",
    "echo (a)",
    '"${x:-\'}"',
    "a | ; b",
    "&& a",
    "a > \n b",
    "case x ; in",
    "if a; done",
    "{ if a; }",
    "{ " * 300,
]

HIDING = {
    "a && b\nc": ("list",),
    "a && b; c": ("list",),
    "a && b": (),
    "[ -f x ] && b\nc": (),
    "a && b || c\nd": (),
    "for f in x; do a && b; done": ("loop",),
    "if a; then b && c; fi\nd": ("list",),
    "if a; then b && c; fi": (),
    "if a && b; then c; fi; d": (),
    "f() { a && b; }\nf\nc": (),
    "f() { a && b; c; }": ("list",),
    "( a && b )\nc": (),
    "{ a && b; }\nc": ("list",),
    "curl x | sh": ("pipe",),
    "echo x | sh": (),
    "curl x | sh || exit 1": (),
    "X=$(curl x | grep y)": ("pipe",),
    "export X=$(a)": ("assignment",),
    'export X="$(a)"': ("assignment",),
    "export X=`a`": ("assignment",),
    "export X=a": (),
    "X=$(a)\nexport X": (),
    "if curl x | grep y; then z; fi": (),
    "while a && b; do c; done": (),
    "case x in a) b && c;; esac\nd": ("list",),
    "case x in a) b && c;; esac": (),
    "a && b &\nc": (),
    "f() { local x=$(a); }": ("assignment",),
    "a\nb && c": (),
    "x=$(a && b)\nc": (),
    "curl x | sh && cd y": ("pipe",),
    "cd x && curl y | tar z": (),
    "curl x | tar x && cd y": (),
    "if a; then b && c; else d; fi; e": ("list",),
}


@pytest.mark.parametrize("text", [*COMPLETE.strip().split("\n"), *LINES])
def test_complete(text: str) -> None:
    assert read_entry(text).missing is None


@pytest.mark.parametrize("text", WAITING)
def test_waiting(text: str) -> None:
    assert read_entry(text).missing == WAITING[text]


@pytest.mark.parametrize("text", UNKNOWN)
def test_what_cannot_be_followed_is_left_to_the_shell(text: str) -> None:
    assert read_entry(text) == CommandEntry()


@pytest.mark.parametrize("text", HIDING)
def test_hiding(text: str) -> None:
    assert read_entry(text) == CommandEntry(None, HIDING[text])


def test_entries_that_belong_together() -> None:
    texts = ["true", "a &&", "b", "if c; then", "d", "fi", "true", "cat <<E", "x"]
    assert list(incomplete(texts)) == [
        (1, 3, "ends in `&&`"),
        (3, 6, "opens `then` and does not close it"),
        (7, 9, "opens a here-document and has no line 'E' to end it"),
    ]
    many = list(incomplete(["(", *["a"] * 100]))
    assert many == [(0, 50, "opens `(` and does not close it")]
