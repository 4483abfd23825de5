"""The dynbuild language: a pure, lazy subset of Nix."""
