rec { self = import ./cycle.nix; a = 1; b = self.a; }
