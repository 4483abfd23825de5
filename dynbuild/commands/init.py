"""``init``: a declaration to start from, in every syntax."""

from dynbuild.declaration.syntax import Syntax

_TOML = """\
# What the image needs. `dynbuild lock` resolves it, `dynbuild realize -t NAME` makes
# the image. All fields: docs/declaration.md, or `dynbuild schema`; editors have them by
# `dynbuild lsp`.
base = "debian:stable-slim"
user = "app"
apt_packages = ["ca-certificates", "python3"]
workdir = "/app"
cmd = ["python3", "-m", "http.server", "8000"]
expose = [8000]

[[stages]]
name = "content"
commands = [
    "mkdir -p /app",
    "echo 'It works.' > /app/index.html",
]

# A stage sees the packages and the stages that it names, nothing else.
# [[stages]]
# name = "app"
# dependencies = ["content"]
# copy = [{ from = "src", to = "/app/" }]
"""

_YAML = """\
# What the image needs. `dynbuild lock` resolves it, `dynbuild realize -t NAME` makes
# the image. All fields: docs/declaration.md, or `dynbuild schema`; editors have them by
# `dynbuild lsp`.
base: debian:stable-slim
user: app
apt_packages: [ca-certificates, python3]
workdir: /app
cmd: [python3, -m, http.server, "8000"]
expose: [8000]

stages:
  - name: content
    commands:
      - mkdir -p /app
      - echo 'It works.' > /app/index.html

  # A stage sees the packages and the stages that it names, nothing else.
  # - name: app
  #   dependencies: [content]
  #   copy: [{ from: src, to: /app/ }]
"""

_JSON = """\
{
  "base": "debian:stable-slim",
  "user": "app",
  "apt_packages": ["ca-certificates", "python3"],
  "workdir": "/app",
  "cmd": ["python3", "-m", "http.server", "8000"],
  "expose": [8000],
  "stages": [
    {
      "name": "content",
      "commands": ["mkdir -p /app", "echo 'It works.' > /app/index.html"]
    }
  ]
}
"""

_NIX = """\
# What the image needs. `dynbuild lock` resolves it, `dynbuild realize -t NAME` makes
# the image. All fields: docs/declaration.md, or `dynbuild schema`; the language:
# docs/language.md.
{
  base = "debian:stable-slim";
  user = "app";
  apt_packages = [ "ca-certificates" "python3" ];
  workdir = "/app";
  cmd = [ "python3" "-m" "http.server" "8000" ];
  expose = [ 8000 ];

  stages = [
    {
      name = "content";
      commands = [
        "mkdir -p /app"
        "echo 'It works.' > /app/index.html"
      ];
    }
    # A stage sees the packages and the stages that it names, nothing else.
    # {
    #   name = "app";
    #   dependencies = [ "content" ];
    #   copy = [ { from = ./src; to = "/app/"; } ];
    # }
  ];
}
"""

STARTERS: dict[Syntax, str] = {
    "toml": _TOML,
    "yaml": _YAML,
    "json": _JSON,
    "nix": _NIX,
}
"""Declarations of the same small image, by syntax."""
