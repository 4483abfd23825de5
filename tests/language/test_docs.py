"""The reference page is true: its examples run, its tables are those of the code."""

import re

import pytest

from dynbuild.lang import MemoryFiles, evaluate, to_nix
from dynbuild.spans import Source
from tests.language.docs import PAGE, examples, generated

TEXT = PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize(("source", "value"), examples(TEXT))
def test_example(source: str, value: str) -> None:
    assert to_nix(evaluate(Source("/dynbuild.nix", source))) == value


STAND_IN = r"""
let
  merge = a: b: builtins.mapAttrs (
    name: value:
    if a ? ${name} && b ? ${name} && builtins.isAttrs value
    then merge a.${name} b.${name}
    else b.${name} or value
  ) (a // b);
  defaults = options:
    if options ? default then options.default
    else builtins.mapAttrs (_: defaults) options;
in
rec {
  mkOption = option: option;
  types = { port = 1; attrs = 2; str = 3; listOf = x: x; attrsOf = x: x; };
  evalModules = { modules }:
    let
      read = module: if builtins.isPath module then import module else module;
      called = module:
        if builtins.isFunction module then module { inherit lib config; } else module;
      all = map (module: called (read module)) modules;
      lib = { inherit mkOption types; };
      config = builtins.foldl' merge { } (
        map (module: defaults (module.options or { })) all
        ++ map (module: module.config or (removeAttrs module [ "options" ])) all
      );
    in { inherit config; };
}
"""
"""What of nixpkgs' library the page uses, so that its words are run without a copy."""


def test_the_modules_of_the_page_give_a_declaration() -> None:
    part = TEXT.split("<!-- begin: modules -->")[1].split("<!-- end: modules -->")[0]
    declaration, module = re.findall(r"```nix\n(.*?)```", part, re.DOTALL)
    files = MemoryFiles(
        {"/modules/web.nix": module, "/vendor/nixpkgs/lib/default.nix": STAND_IN}
    )
    value = to_nix(evaluate(Source("/dynbuild.nix", declaration), files=files))
    assert value == (
        '{ base = "debian:12"; env = { PORT = "8080"; }; '
        'stages = [ { apt_packages = [ "nginx" ]; name = "web"; } ]; }'
    )


def test_tables_are_up_to_date() -> None:
    assert generated(TEXT) == TEXT
