"""The one place where text becomes shell words and Dockerfile words.

Nothing that a declaration or a lock says may become an instruction, an expansion or
a second word. Each function is the inverse of how its place is read, and raises
``UnfitError`` for what that place cannot hold at all. How BuildKit reads was measured
with Docker 28.5; tests/engine/test_quoting.py measures it again.
"""

import json
import re
from collections.abc import Iterable, Sequence
from typing import NewType

StageName = NewType("StageName", str)
"""The name of a build stage in a Dockerfile; not the id of the step that it builds."""


class UnfitError(ValueError):
    """A text that has no spelling in its place; the message says what is in the way."""


MAX_LINE = 60_000
"""Bytes of one line: BuildKit reads lines of at most 64 KiB."""

MAX_SCRIPT = 120_000
"""Bytes of one script: it is one argument of the shell, which Linux limits to 128 KiB
(execve(2), MAX_ARG_STRLEN)."""

_UNSEEN = re.compile(
    "[\0-\x08\x0a-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5"
    "\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ud800-\udfff"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U000e0000-\U000e0fff]"
)
"""Invisible characters: controls, odd blanks, direction marks, fillers. Not as Python's
version of Unicode has it, so that every Python emits the same."""

_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
_CONTROLS = re.compile(r"[\0-\x1f\x7f]")
_LINE_ENDS = re.compile(r"[\n\r\0]")


# Shell


def shell(text: str) -> str:
    """One word of a POSIX shell (POSIX.1-2017, XCU 2.2.2: single quotes)."""
    if "\0" in text:
        raise UnfitError("a NUL character has no place in a shell script")
    if _PLAIN.fullmatch(text):
        return text
    return "'" + text.replace("'", "'\"'\"'") + "'"


def words(texts: Sequence[str]) -> str:
    """Several shell words."""
    return " ".join(map(shell, texts))


def operand(text: str) -> str:
    """A word of one line that no command takes for an option."""
    if not text.strip() or text.startswith("-"):
        raise UnfitError(f"{text!r} would not be read as a name")
    if _UNSEEN.search(text) or "\t" in text:
        raise UnfitError(f"{text!r} has characters that cannot be seen")
    return text


# Lists in JSON


def exec_form(texts: Sequence[str]) -> str:
    """The JSON form of ENTRYPOINT, CMD, SHELL and HEALTHCHECK; nothing expands."""
    if any("\0" in text for text in texts):
        raise UnfitError("a NUL character has no place in a command line")
    return _UNSEEN.sub(_json_escape, json.dumps(list(texts), ensure_ascii=False))


def command(texts: Sequence[str]) -> str:
    """The JSON form of what cannot be empty: a shell, a health check."""
    if not texts or not texts[0]:
        raise UnfitError("a command line begins with the name of a program")
    return exec_form(texts)


def shell_line(text: str) -> str:
    """The shell form of HEALTHCHECK, in which a Dockerfile changes nothing."""
    if _LINE_ENDS.search(text):
        raise UnfitError("it has a line end")
    if not text or text != text.strip():
        raise UnfitError("it is empty, or has blanks around it")
    if text.endswith("\\"):
        raise UnfitError("it ends in a backslash, which would join the next line to it")
    if text.startswith("[") and _begins_with_a_list(text):
        raise UnfitError("it begins with a list, which would be taken for a program's")
    return text


def _begins_with_a_list(text: str) -> bool:
    """Whether BuildKit reads JSON from the beginning of a text, whatever follows."""
    try:
        json.JSONDecoder().raw_decode(text)
    except RecursionError:
        return True
    except ValueError:
        return False
    return True


def volumes(paths: Sequence[str]) -> str:
    """The JSON form of VOLUME, in which variables mean themselves."""
    for path in paths:
        if path.strip() != path or not path:
            raise UnfitError(f"{path!r} has blanks around it, which Docker takes away")
    return exec_form([_unexpanded(path) for path in paths])


def copy_paths(
    sources: Sequence[str], target: str, variables: Sequence[str] = ()
) -> str:
    """Sources and target of COPY; globs and all but some variables mean themselves."""
    return _copied(sources, target, variables, "(?!)")


def copy_patterns(
    sources: Sequence[str], target: str, variables: Sequence[str] = ()
) -> str:
    """As ``copy_paths``, but ``*``, ``?`` and brackets around plain text are globs."""
    return _copied(sources, target, variables, r"[*?]|\[\^?[A-Za-z0-9._*?-]+\]")


def _copied(
    sources: Sequence[str], target: str, variables: Sequence[str], globs: str
) -> str:
    """Sources and target of COPY.

    A source may name a heredoc or a URL, and is a pattern for two matchers: only
    brackets with a backslash mean the same to both.
    """
    if not all(sources) or not target:
        raise UnfitError("a copy has a source and a target")
    for source in sources:
        if _CONTROLS.search(source):
            raise UnfitError(
                f"{source!r} has control characters: BuildKit cannot ask for it"
            )
    patterns = [
        re.sub(
            rf"(?P<glob>{globs})|^[!\ufeff]|[*?\[\\^<:]|^\s+|\s+$", _bracketed, source
        )
        for source in sources
    ]
    words = [re.sub("[*?]", "", pattern) for pattern in patterns]
    if all(map(_PLAIN.fullmatch, [*words, target])) and sources[0][0] != "-":
        return " ".join([*patterns, target])
    return exec_form([_unexpanded(text, variables) for text in [*patterns, target]])


def download(url: str, target: str) -> str:
    """The address and the target of ADD: nothing expands, and nothing is cloned."""
    host, path = r"[A-Za-z0-9.-]+(?::[0-9]{1,5})?", r"/[A-Za-z0-9._~:/?@!()&*+,;=%-]*"
    _named(url, rf"https?://{host}(?:{path})?", "the address of a file, in plain ASCII")
    if url.partition("?")[0].rstrip("/").endswith(".git"):
        raise UnfitError(f"{url!r} is the address of a repository")
    if not target:
        raise UnfitError("a download has a target")
    if _PLAIN.fullmatch(target):
        return f"{url} {target}"
    return exec_form([url, _unexpanded(target)])


def _bracketed(match: re.Match[str]) -> str:
    if match["glob"]:
        return match[0]
    return "".join(
        f"[\\{c}]" if c.isascii() and not c.isspace() else f"[{c}]" for c in match[0]
    )


def _unexpanded(text: str, variables: Sequence[str] = ()) -> str:
    """Escape a text against BuildKit's quotes, backslashes and other variables."""
    kept = "".join(rf"(?!\{{{name}\}})" for name in variables)
    return re.sub(rf"""([\\"']|\${kept})""", r"\\\1", text)


def _json_escape(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1]


# Words


def value(text: str) -> str:
    """A double-quoted value of ENV or LABEL, or an argument that Docker expands."""
    if _LINE_ENDS.search(text):
        raise UnfitError(f"{text!r} has a line end, which a Dockerfile cannot hold")
    escaped = re.sub(r'([\\"$])', r"\\\1", text)
    return f'"{escaped}"'


def argument(text: str) -> str:
    """The one argument of WORKDIR, USER or STOPSIGNAL."""
    if not text:
        raise UnfitError("an instruction has an argument")
    # What begins with -- would be a flag.
    return text if _PLAIN.fullmatch(text) and text[0] != "-" else value(text)


def label(text: str) -> str:
    """The name of a label; Docker ends it at the first ``=``, even inside quotes."""
    if not text or "=" in text:
        raise UnfitError(f"{text!r} cannot name a label: it is empty or has a =")
    return text if _PLAIN.fullmatch(text) and text[0] != "-" else value(text)


def flag(text: str) -> str:
    """The value of a flag such as ``--chown``, or of an option of ``--mount``.

    BuildKit reads flags byte by byte, so that only ASCII comes out as it went in.
    """
    if not re.fullmatch(r"""[!#%&(-\[\]-~]+""", text):
        raise UnfitError(
            f"{text!r} is not what a Dockerfile flag can hold: no blanks, no quotes, "
            "no $, no backslash, ASCII only"
        )
    return text


def option(text: str) -> str:
    """The value of one option among several, which commas separate."""
    if "," in text:
        raise UnfitError(f"{text!r} has a comma, which ends an option")
    return flag(text)


def bound(path: str) -> str:
    """The source of a bind mount, which is one path and no pattern of several."""
    if re.search(r"[*?\[]", path):
        raise UnfitError(f"{path!r} would be read as a pattern")
    return option(path)


# Names


def variable(text: str) -> str:
    """The name of a variable, which is never quoted."""
    return _named(text, r"[A-Za-z_][A-Za-z0-9_]*", "the name of a variable")


def stage(text: str) -> StageName:
    """The name of a build stage; Docker wants it in lower case."""
    unreserved = r"(?!(?:scratch|context)$)[a-z][a-z0-9._-]*"
    wanted = "a name that Docker takes for a stage"
    return StageName(_named(text.lower(), unreserved, wanted))


def user(text: str) -> str:
    """The name of a user that is created."""
    return _named(text, r"[a-z_][a-z0-9_-]{0,31}", "a name that useradd takes")


def account(text: str) -> str:
    """The user that a script runs as, by name or number, and perhaps its group."""
    one = r"(?:[A-Za-z_][A-Za-z0-9_.-]*|[0-9]{1,10})"
    return _named(text, rf"{one}(?::{one})?", "a user, or user:group")


def name(text: str) -> str:
    """A word of a configuration file, which blanks would end."""
    return _named(operand(text), r"\S+", "one word")


def port(text: str) -> str:
    """A port, or a range of them, and perhaps a protocol."""
    return _named(text, r"[0-9]{1,5}(?:-[0-9]{1,5})?(?:/[a-z]+)?", "a port")


def duration(text: str) -> str:
    """A duration as Go reads it, in ASCII: flags are read byte by byte."""
    number = r"[0-9]+(?:\.[0-9]+)?"
    return _named(text, rf"(?:{number}(?:ns|us|ms|s|m|h))+", "a duration")


def reference(text: str) -> str:
    """The full reference of an image, which no stage can be mistaken for."""
    start = r"(?=.*[/:])(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9])"
    full = rf"{start}[A-Za-z0-9._/:-]*(?:@sha256:[0-9a-f]{{64}})?"
    return _named(text, full, "a full reference of an image")


def _named(text: str, pattern: str, what: str) -> str:
    if not re.fullmatch(pattern, text):
        raise UnfitError(f"{text!r} is not {what}")
    return text


# Lines


def comment(text: str) -> str:
    """Text for a comment line: what nobody sees, line ends among it, is escaped."""
    shown = _UNSEEN.sub(lambda match: _escape(match[0]), text)
    return shown.replace("\t", "\\t")


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode()


def unseen(lines: Iterable[str]) -> tuple[str, ...]:
    """The code points, as ``U+202E``, that a reviewer of these lines does not see."""
    found = {char for line in lines for char in _UNSEEN.findall(line)}
    return tuple(f"U+{ord(char):04X}" for char in sorted(found))


def heredoc(script: str) -> list[str]:
    """Lines of ``<<'WORD'``, the script, and a ``WORD`` that no line of it equals."""
    if "\0" in script:
        raise UnfitError("a NUL character has no place in a shell script")
    if script.startswith("#!"):
        raise UnfitError("BuildKit would not give a script that begins with #! to sh")
    if len(script.encode(errors="surrogatepass")) > MAX_SCRIPT:
        raise UnfitError(
            f"the script has more than {MAX_SCRIPT} bytes: put it in a file and copy it"
        )
    lines = script.split("\n")
    word = _word(lines)
    return [f"<<'{word}'", *lines, word]


def _word(lines: Iterable[str]) -> str:
    """Return a word that no line equals, to end a heredoc with."""
    taken = {line.strip() for line in lines}
    word = "EOF"
    number = 0
    while word in taken:
        number += 1
        word = f"EOF{number}"
    return word


def document(text: str) -> list[str]:
    """Lines of ``<<'WORD'``, a file's text as it is, and the ``WORD`` that ends it."""
    if re.search(r"[\0\r]", text):
        raise UnfitError("a carriage return or a NUL has no place in a written file")
    lines = text.removesuffix("\n").split("\n") if text else []
    word = _word(lines)
    return [f"<<'{word}'", *lines, word]


def written(path: str) -> str:
    """The path of a written file: one word that no shell and no Docker changes."""
    if not re.fullmatch(r"/[A-Za-z0-9_@%+=:,./~-]*[A-Za-z0-9_@%+=:,.~-]", path):
        raise UnfitError(f"{path!r} is not the plain absolute path of a file")
    return path


def line(text: str) -> str:
    """A finished line, as BuildKit can read it."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise UnfitError(f"{text[:40]!r} has half a character in it") from None
    if size > MAX_LINE:
        raise UnfitError(
            f"the line that begins {text[:40]!r} has more than {MAX_LINE} bytes: "
            "break it, or put it in a file and copy that"
        )
    return text
