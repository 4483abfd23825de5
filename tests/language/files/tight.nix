import ./tight.nix + 1
