import ./tight.nix  ### "infinite recursion: /tight.nix -> /tight.nix"
---
import ./nowhere.nix  ### "'/nowhere.nix' does not exist"
---
import ./broken.nix  ### "a value is missing after `=`"
---
import ./unbound.nix  ### "undefined variable 'undefined_name'"
---
import ./data.json  ### "an attribute is bound with `=`, not with `:`"
---
import 1  ### "a string is needed, but this is an integer: 1"
---
import "set.nix"  ### "'builtins.import' needs an absolute path, but this is 'set.nix'"
---
builtins.readFile ./dir  ### "'/dir' is a directory"
---
builtins.readFile ./nowhere  ### "'/nowhere' does not exist"
---
builtins.readDir ./data.json  ### "'/data.json' is not a directory"
---
builtins.readFileType ./nowhere  ### "'/nowhere' does not exist"
---
builtins.hashFile "sha256" ./nowhere  ### "'/nowhere' does not exist"
