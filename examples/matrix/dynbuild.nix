# A matrix as a function: one declaration, an image for each version of Python.
#
#   for version in 3.11 3.12 3.13; do
#     dynbuild build --argstr python $version -t tests:$version
#   done
{
  python ? "3.12",
  debug ? false,
}:
let
  supported = [
    "3.11"
    "3.12"
    "3.13"
  ];

  # What a version needs beyond the others.
  extra = {
    "3.11" = [ "tomli-w" ];
    "3.13" = [ "legacy-cgi" ];
  };
in
assert builtins.elem python supported || throw "no Python ${python} in the matrix";
{
  base = "python:${python}-slim-bookworm";
  user = "tester";
  pip_packages = [ "pytest" ] ++ extra.${python} or [ ];
  workdir = "/tests";
  cmd = [
    "pytest"
  ]
  ++ (
    if debug then
      [
        "-vv"
        "--pdb"
      ]
    else
      [ ]
  );

  stages = [
    {
      name = "tests";
      copy = [
        {
          from = ./tests;
          to = "/tests/";
        }
      ];
    }
  ];
}
