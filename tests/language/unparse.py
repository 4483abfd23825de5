"""Print a syntax tree as a source, with parentheses wherever they might be needed."""

from dynbuild.lang import syntax
from dynbuild.lang.printing import attribute_literal


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return escaped.replace("\r", "\\r")


def _name(name: syntax.AttrName) -> str:
    if isinstance(name, syntax.Name):
        literal = attribute_literal(name.text)
        return f'"{_text(name.text)}"' if literal.startswith('"') else literal
    return f"${{{unparse(name.expression)}}}"


def _path(path: tuple[syntax.AttrName, ...]) -> str:
    return ".".join(map(_name, path))


def _bindings(bindings: syntax.Bindings) -> str:
    texts = []
    for each in bindings:
        if isinstance(each, syntax.Binding):
            texts.append(f"{_path(each.path)} = {unparse(each.value)}; ")
        else:
            origin = f"({unparse(each.origin)}) " if each.origin else ""
            texts.append(f"inherit {origin}{' '.join(map(_name, each.names))}; ")
    return "".join(texts)


def _function(node: syntax.Function) -> str:
    head = ""
    if node.pattern:
        parts = [
            f"{each.name} ? {unparse(each.default)}" if each.default else each.name
            for each in node.pattern.formals
        ]
        parts += ["..."] if node.pattern.ellipsis else []
        head = f"{{ {', '.join(parts)} }}"
        head += f"@{node.whole.text}" if node.whole else ""
    elif node.whole:
        head = node.whole.text
    return f"({head}: {unparse(node.body)})"


def unparse(node: syntax.Expression) -> str:  # noqa: C901, PLR0911, PLR0912  # a table
    match node:
        case syntax.NumberLiteral(value=value):
            return f"{value:.20e}" if isinstance(value, float) else str(value)
        case syntax.String(parts=parts):
            return '"' + "".join(_part(part) for part in parts) + '"'
        case syntax.PathLiteral(parts=parts):
            return "".join(
                p if isinstance(p, str) else f"${{{unparse(p)}}}" for p in parts
            )
        case syntax.Identifier(name=name):
            return name
        case syntax.ListLiteral(items=items):
            return f"[ {' '.join(map(unparse, items))} ]"
        case syntax.AttrSet(bindings=bindings, recursive=recursive):
            return f"{'rec ' if recursive else ''}{{ {_bindings(bindings)}}}"
        case syntax.Let(bindings=bindings, body=body):
            return f"(let {_bindings(bindings)}in {unparse(body)})"
        case syntax.With(scope=scope, body=body):
            return f"(with {unparse(scope)}; {unparse(body)})"
        case syntax.Assert(condition=condition, body=body):
            return f"(assert {unparse(condition)}; {unparse(body)})"
        case syntax.If(condition=condition, then=then, otherwise=otherwise):
            branches = f"then {unparse(then)} else {unparse(otherwise)}"
            return f"(if {unparse(condition)} {branches})"
        case syntax.Function():
            return _function(node)
        case syntax.Call(function=function, arguments=arguments):
            return f"({' '.join(map(unparse, (function, *arguments)))})"
        case syntax.Select(subject=subject, path=path, default=default):
            fallback = f" or {unparse(default)}" if default else ""
            return f"({unparse(subject)}.{_path(path)}{fallback})"
        case syntax.Has(subject=subject, path=path):
            return f"({unparse(subject)} ? {_path(path)})"
        case syntax.Unary(operator=operator, operand=operand):
            return f"({operator} {unparse(operand)})"
        case syntax.Binary(operator=operator, left=left, right=right):
            return f"({unparse(left)} {operator} {unparse(right)})"
        case syntax.Refused(text=text):
            return text


def _part(part: "str | syntax.Expression") -> str:
    return _text(part) if isinstance(part, str) else f"${{{unparse(part)}}}"
