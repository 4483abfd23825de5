# The other one: it needs ffmpeg, and no port.
let
  shared = import ./stages.nix;
  python = shared.python { requirements = ./worker/requirements.txt; };
in
shared.image {
  apt_packages = [ "ffmpeg" ];
  cmd = [ "python" "worker.py" ];
  stages = [
    python
    (shared.application { source = ./worker; dependencies = [ python ]; })
  ];
}
