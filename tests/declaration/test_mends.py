"""Every hint has a mend for editors, or a reason why a person has to do what it says.

The hints are those of all mistakes that have a file here: of the reference of errors,
of declarations, of warnings, and of the language. Whoever adds a mistake adds its file,
and finds here whether its hint needs a mend or a reason.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dynbuild.declaration.load import load
from dynbuild.declaration.syntax import Syntax, decode, syntax_of
from dynbuild.errors import DeclarationError, Diagnostic, Edit
from dynbuild.lang import evaluate, force_deep
from dynbuild.spans import Source
from tests.declaration.test_docs import BLOCK, SECTIONS
from tests.language.corpus import memory_files
from tests.language.messages import FOLDER as MESSAGES
from tests.language.messages import read

HERE = Path(__file__).parent
CHOICE = "there is more than one way, and only the author knows which is meant"
INVENTED = "something has to be thought of: a name, a path, a value, a text"
ELSEWHERE = "it is done outside of the text, or in several places of it"
MOVED = "lines move between tables, whose order and comments are the author's"
REWRITTEN = "the expression has to be written anew, not a part of it replaced"
COMPUTED = "what is wrong is computed, and may be written at any distance"
UNCLEAR = "the text breaks off, and where it was meant to end nobody can tell"
SECRET = "what stands there may be a secret, which no editor is sent"
ADVICE = "it explains, and names nothing to write"

REASONS: dict[str, list[tuple[str, str]]] = {
    "DB0101": [
        (r"write (key = value|\"key\": value|key: value|\[|\{ a|another)", UNCLEAR),
        (r"write (it there|one, or)|remove it, or|end it with|separate items", UNCLEAR),
        (r"TOML and YAML do", CHOICE),
        (r"JSON has no (NaN|Infinity)|both halves", INVENTED),
        (r"quotes|line endings|one key = value|indent|join the two", UNCLEAR),
        (r"line break in a text|\"\"\" for text|xXX|resolve the conflict", UNCLEAR),
        (r"write \\\\ for a backslash|line break", UNCLEAR),
    ],
    "DB0102": [(r"keep one of the two|remove this name", CHOICE)],
    "DB0103": [(r"has 64 bits|.", CHOICE)],
    "DB0104": [(r"one declaration|.", ELSEWHERE)],
    "DB0105": [(r"put the key in quotes", SECRET), (r"that starts with \{", INVENTED)],
    "DB0110": [(r"belongs in|belongs at", MOVED), (r"known here", CHOICE)],
    "DB0111": [
        (r"remove the key, or give", CHOICE),
        (r"with '(from|id)'|list of tables|write a list$", INVENTED),
        (r"put it in quotes|toString", COMPUTED),
        (r"a name with dots", REWRITTEN),
        (r"write a list: ", SECRET),
        (r"write \S+ ?[=:] |write \"?\w+\"?: |write fields", INVENTED),
        (r"write a text in quotes|a table of its fields", INVENTED),
    ],
    "DB0112": [(r"default = |add it: ", INVENTED)],
    "DB0115": [(r"write another", INVENTED)],
    "DB0116": [
        (r"as the image's sources name it", INVENTED),
        (r"^keep one", CHOICE),
    ],
    "DB0113": [(r"did you mean", COMPUTED)],
    "DB0120": [(r"or another name", CHOICE)],
    "DB0121": [(r"name of its own|rename one", INVENTED)],
    "DB0122": [(r"add the stage", INVENTED)],
    "DB0123": [(r"remove one", COMPUTED)],
    "DB0124": [(r"remove it", COMPUTED)],
    "DB0125": [(r"remove one of these", CHOICE)],
    "DB0126": [(r"name the dependencies|stand alone", CHOICE)],
    "DB0127": [(r"copy what it needs", CHOICE)],
    "DB0128": [(r"give it commands", INVENTED)],
    "DB0129": [(r"remove it", COMPUTED)],
    "DB0131": [(r"keep the list|are for apt_packages", CHOICE)],
    "DB0132": [(r"keep one", COMPUTED)],
    "DB0133": [
        (r"write name|such as|packages only|name each|copy the file", INVENTED),
        (r"Debian's names|before each of them", CHOICE),
        (r"in pip_index", SECRET),
        (r"remove", COMPUTED),
    ],
    "DB0134": [(r"such as|one word for each", INVENTED)],
    "DB0135": [(r"keep one", CHOICE)],
    "DB0136": [(r"inside the project|download it", INVENTED)],
    "DB0137": [(r"such as|any character", INVENTED)],
    "DB0138": [(r"copy it instead|keep one", CHOICE), (r"such as", INVENTED)],
    "DB0139": [(r"write the number", INVENTED)],
    "DB0140": [(r"start from|write", INVENTED)],
    "DB0141": [(r"write", COMPUTED)],
    "DB0142": [(r"write an absolute path|keep one", INVENTED)],
    "DB0143": [(r"one line|as a list|remove it|without", REWRITTEN)],
    "DB0144": [(r"write \[", COMPUTED)],
    "DB0149": [(r"up to 65535", INVENTED)],
    "DB0150": [
        (r"of its own|lower-case letter|name a user|name the one", INVENTED),
        (r"remove it", CHOICE),
    ],
    "DB0152": [(r"ORGANIZATION|secure = false|write", INVENTED)],
    "DB0153": [(r"who has read it", ELSEWHERE)],
    "DB0154": [(r"complete it|one entry|backslash", REWRITTEN)],
    "DB0155": [(r"write one of them out", CHOICE)],
    "DB0156": [(r"copy it, and name it|without quotes", INVENTED)],
    "DB0157": [(r"otherwise", INVENTED)],
    "DB0159": [(r"copy the directory", CHOICE)],
    "DB0160": [(r"name a stage as text", CHOICE)],
    "DB0161": [(r"copy it, and name it|.", INVENTED)],
    "DB0162": [(r"--argstr", CHOICE)],
    "DB0166": [(r"can name it", CHOICE)],
    "DB0167": [(r"clone it", REWRITTEN)],
    "DB0168": [(r"leave it out", CHOICE)],
    "DB0169": [
        (r"keep one", CHOICE),
        (r'add secret = "ID": each build gives', SECRET),
        (r"as in @team", INVENTED),
    ],
    "DB0170": [(r"write an image that|name one", MOVED)],
    "DB0171": [(r"write a letter|rename one", INVENTED)],
    "DB0172": [(r"remove one of these|extends names", CHOICE)],
    "DB0173": [(r"stand on its|for those of|as well", CHOICE)],
    "DB0174": [(r"say it in|give this one", CHOICE)],
    "DB0175": [(r"build_only", CHOICE)],
    "DB0176": [(r"copy what it needs", CHOICE)],
    "DB0177": [(r"name a user of that base", INVENTED)],
    "DB0178": [(r"remove one|name one, such as", CHOICE)],
    "DB0200": [(r"add its platform to platforms", CHOICE)],
    "DB0199": [(r"let .* be so too", CHOICE)],
    "DB0179": [(r"for the image", CHOICE)],
    "DB0180": [(r"keep the id alone", SECRET)],
    "DB0181": [(r"docker run -e|name it in secrets", SECRET)],
    "DB0182": [(r".", REWRITTEN)],
    "DB0189": [(r"do it in a stage|write a list|run as one", CHOICE)],
    "DB0187": [(r"give it to", REWRITTEN)],
    "DB0188": [(r"username = ", SECRET)],
    "DB0190": [(r"copy it in this stage", COMPUTED)],
    "DB0191": [(r"^add ", CHOICE)],
    "DB0192": [(r"use pip_packages|remove it|declare them", REWRITTEN)],
    "DB0193": [(r"build_only|declare them", REWRITTEN)],
    "DB0194": [(r"or another base", CHOICE)],
    "DB0195": [(r"write variables|workdir", MOVED)],
    "DB0198": [(r"move the stages", MOVED)],
    "DB0201": [
        (r"write (if|let|name|argument|map|else|\(|stage|a -)", REWRITTEN),
        (r"write [\w.]+ = \{", REWRITTEN),
        (r"write .* for a function|it takes|write \{|write f a b", REWRITTEN),
        (r"bind another|multiply|without spaces|one of the comparisons", REWRITTEN),
        (r"use parentheses|between two single quotes|dynbuild\.", REWRITTEN),
        (r"a function is written|put the bindings|is written \{", REWRITTEN),
        (r"meant for the shell|write the value as it is", CHOICE),
        (r"rename (it|the variable)|write one, or|write a name after", INVENTED),
        (r"remove it, or open|before it, or remove|what is missing", CHOICE),
        (r"an expression is|a set is written|@all", ADVICE),
        (r"end (it|the list) with|a comment starts with", UNCLEAR),
    ],
    "DB0202": [(r".", ELSEWHERE)],
    "DB0203": [
        (r"no loops|is bound by|a function is|what follows its colon", REWRITTEN),
        (r"use `|import <dynbuild>|no package set|to give a default", REWRITTEN),
        (r"there are no blocks|write `else if`", REWRITTEN),
        (r"this is a Dockerfile", ELSEWHERE),
    ],
    "DB0210": [
        (r"it is called as|swapped", REWRITTEN),
        (r"joined by|join strings|several lines|taken by a dot", REWRITTEN),
        (r"convert|no quotes|compare it|select an attribute", COMPUTED),
        (r"put a call in parentheses|__functor|a version is text", CHOICE),
        (r"an element is taken", COMPUTED),
    ],
    "DB0211": [(r"it has |did you mean", COMPUTED)],
    "DB0212": [(r"must not need", CHOICE)],
    "DB0213": [(r"have an end", ADVICE)],
    "DB0214": [(r"DYNBUILD_MAX", ADVICE)],
    "DB0215": [(r"it takes", CHOICE)],
    "DB0216": [(r"more steps", ADVICE)],
    "DB0218": [(r"float or a string", CHOICE)],
    "DB0219": [(r"did you mean|without quotes|.", COMPUTED)],
    "DB0220": [(r"as text|.", CHOICE)],
    "DB0223": [(r".", ELSEWHERE)],
    "DB0615": [(r"mkdir -p", COMPUTED)],
}
"""By code, hints without a mend: a pattern of the hint, and why it is a person's."""

Case = tuple[str, Syntax, str]


def cases() -> Iterator[Case]:
    """All texts with a mistake that have a file, with the syntax that each is in."""
    for code, section in SECTIONS.items():
        for suffix, text in BLOCK.findall(section):
            yield f"{code}.{suffix}", syntax_of(f"x.{suffix}"), text
    for folder in ("mistakes", "advice"):
        for path in sorted((HERE / folder).iterdir()):
            if path.is_file():
                try:
                    text = decode(path.name, path.read_bytes()).text
                except DeclarationError:
                    continue  # no text at all
                yield f"{folder}/{path.name}", syntax_of(path.name), text
    for path in sorted(MESSAGES.glob("*.txt")):
        yield f"messages/{path.name}", "nix", read(path)[0]


def told(name: str, syntax: Syntax, text: str) -> tuple[Diagnostic, ...]:
    try:
        if name.startswith("messages/"):
            source = Source("dynbuild.nix", text)
            force_deep(evaluate(source, files=memory_files()))
            return ()
        return load(Source(f"dynbuild.{syntax}", text), syntax).warnings
    except DeclarationError as error:
        return error.diagnostics


def made(text: str, edits: tuple[Edit, ...]) -> str:
    for edit in sorted(edits, key=lambda edit: -edit.span.start):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


def shifted(one: Diagnostic, edits: tuple[Edit, ...]) -> int:
    """Where a mistake would stand after edits, if they did not mend it."""
    assert one.span
    start = one.span.start
    before = (edit for edit in edits if edit.span.end <= start)
    grown = (len(edit.text) - (edit.span.end - edit.span.start) for edit in before)
    return start + sum(grown)


CASES = list(cases())


@pytest.mark.parametrize(("name", "syntax", "text"), CASES, ids=[c[0] for c in CASES])
def test_a_hint_has_a_mend_or_a_reason(name: str, syntax: Syntax, text: str) -> None:
    found = told(name, syntax, text)
    for one in found:
        if one.hint and not one.mends:
            reasons = REASONS.get(one.code, [])
            assert any(re.search(known, one.hint) for known, _ in reasons), one
        for mend in one.mends:
            if any(edit.span.source.text != text for edit in mend.edits):
                continue  # of an imported file
            after = told(name, syntax, made(text, mend.edits))
            if all(other.severity == "warning" for other in found):
                assert all(other.severity == "warning" for other in after), mend
            there = shifted(one, mend.edits)
            left = {(o.code, o.message, o.span and o.span.start) for o in after}
            assert (one.code, one.message, there) not in left, mend


def test_each_reason_is_of_a_hint_that_is() -> None:
    used = {one.code for case in CASES for one in told(*case) if one.hint}
    assert set(REASONS) - used <= {"DB0112", "DB0113", "DB0141", "DB0187"}
