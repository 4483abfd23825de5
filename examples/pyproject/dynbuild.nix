# Package lists that are computed from pyproject.toml: it is said once what is needed.
let
  inherit (builtins)
    concatStringsSep
    fromTOML
    head
    match
    readFile
    ;

  pyproject = fromTOML (readFile ./pyproject.toml);
  inherit (pyproject) project;

  # ">=3.11" names the oldest Python that will do; it is the one that is taken.
  version = head (match ">=([0-9.]+)" project.requires-python);
  packages = project.dependencies ++ project.optional-dependencies.postgres;
  quoted = concatStringsSep " " (map (package: "'${package}'") packages);
in
{
  base = "python:${version}-slim-bookworm";
  user = "app";
  apt_packages = pyproject.tool.image.apt;
  workdir = "/app";
  cmd = [
    "gunicorn"
    "${project.name}:app"
  ];
  labels."org.opencontainers.image.version" = project.version;

  stages = rec {
    dependencies = {
      commands = [ "pip install ${quoted}" ];
      cache_mounts = [ "/root/.cache/pip" ];
    };
    application = {
      dependencies = [ dependencies ];
      copy = [
        {
          from = ./hello.py;
          to = "/app/";
        }
      ];
    };
  };
}
