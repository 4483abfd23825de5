# Several images of a team, of one lock: dynbuild build -t 'team-{image}'
let
  shared = import ./stages.nix;
  python = shared.python { requirements = ./requirements.txt; };
in
{
  images = {
    # What they have in common is built once, whatever each adds, and in what order.
    common = {
      publish = false;
      base = "debian:bookworm-slim";
      user = "app";
      workdir = "/app";
      labels."org.opencontainers.image.vendor" = "Example";
      apt_packages = [
        "ca-certificates"
        "python3-venv"
      ];
      stages = [ python ];
    };

    api = {
      extends = "common";
      expose = [ 8000 ];
      cmd = [
        "gunicorn"
        "--bind"
        "0.0.0.0:8000"
        "api:app"
      ];
      stages = [
        (shared.application {
          source = ./api;
          dependencies = [ python ];
        })
      ];
    };

    worker = {
      extends = "common";
      apt_packages = [ "ffmpeg" ];
      cmd = [
        "python"
        "worker.py"
      ];
      stages = [
        (shared.application {
          source = ./worker;
          dependencies = [ python ];
        })
      ];
    };

    # The api with what helps to look into it: dynbuild realize debug -t team-debug
    debug = {
      extends = "api";
      publish = false;
      apt_packages = [
        "curl"
        "strace"
      ];
      cmd = [ "bash" ];
    };
  };
}
