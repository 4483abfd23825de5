# One of two images that share their stages: dynbuild lock -c api.nix
let
  shared = import ./stages.nix;
  python = shared.python { requirements = ./api/requirements.txt; };
in
shared.image {
  expose = [ 8000 ];
  cmd = [ "gunicorn" "--bind" "0.0.0.0:8000" "api:app" ];
  stages = [
    python
    (shared.application { source = ./api; dependencies = [ python ]; })
  ];
}
