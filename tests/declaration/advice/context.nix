# What commands mean of the project, in the language: the hint is written in it.
let
  app = {
    name = "app";
    commands = [ "cp -r . /app" "pip3 install flask" ];
  };
in
{
  base = "debian:bookworm-slim";
  apt_packages = [ "python3-pip" ];
  stages = [ app ];
}
