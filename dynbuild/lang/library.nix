# The library of dynbuild, `import <dynbuild>`: functions that declarations write again
# and again. It is written in the language itself, and reads only the files it is given.
let
  inherit (builtins)
    attrNames
    concatMap
    foldl'
    fromJSON
    fromTOML
    getAttr
    isAttrs
    map
    readFile
    ;

  optional = condition: value: if condition then [ value ] else [ ];

  # An npm package as `npm_packages` has it.
  npmPackage = ranges: name: "${name}@${getAttr name ranges}";

  npmPackages = ranges: map (npmPackage ranges) (attrNames ranges);
in
{
  # What a pyproject.toml says of its project, for `pip_packages` and `env`.
  fromPyproject =
    file:
    let
      data = fromTOML (readFile file);
      project = data.project or (throw "${baseNameOf file} has no [project]");
      groups = data.dependency-groups or { };
      extras = project.optional-dependencies or { };
    in
    {
      name = project.name or (throw "${baseNameOf file} names no project");
      version = project.version or null;
      python = project.requires-python or null;
      packages = project.dependencies or [ ];
      inherit extras;
      # A group may include another: { include-group = "test" }.
      groups = builtins.mapAttrs (
        _:
        let
          listed =
            members:
            concatMap (
              member: if isAttrs member then listed (getAttr member.include-group groups) else [ member ]
            ) members;
        in
        listed
      ) groups;
    };

  # What a package.json says, for `npm_packages`.
  fromPackageJson =
    file:
    let
      data = fromJSON (readFile file);
    in
    {
      name = data.name or null;
      version = data.version or null;
      node = data.engines.node or null;
      packages = npmPackages (data.dependencies or { });
      devPackages = npmPackages (data.devDependencies or { });
      scripts = data.scripts or { };
    };

  # All combinations: of { python = [ "3.12" "3.13" ]; debian = [ "12" ]; } the list
  # [ { debian = "12"; python = "3.12"; } { debian = "12"; python = "3.13"; } ].
  matrix =
    axes:
    foldl' (
      made: name: concatMap (set: map (value: set // { ${name} = value; }) (getAttr name axes)) made
    ) [ { } ] (attrNames axes);

  # A list with what is wanted only sometimes: optional (arch == "amd64") "intel-mkl".
  inherit optional;
}
