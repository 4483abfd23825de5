import ./set.nix
---
(import ./function.nix { }).y
---
import ./function.nix { x = 5; }
---
import ./dir
---
import (./. + "/dir")
---
import "${toString ./.}/dir/default.nix"
---
let a = import ./set.nix; b = import ./set.nix; in a == b
---
builtins.readFile ./dir/hello.txt
---
builtins.fromJSON (builtins.readFile ./data.json)
---
(builtins.fromTOML (builtins.readFile ./pyproject.toml)).project
---
builtins.readDir ./dir
---
builtins.readFileType ./dir
---
builtins.readFileType ./dir/hello.txt
---
map builtins.pathExists [ ./dir ./dir/hello.txt ./nowhere ./dir/nowhere ]
---
map builtins.pathExists [ ./gone (toString ./gone + "/") (toString ./gone + "/.") ./gone/x ]
---
builtins.pathExists (./dir + "/")
---
builtins.hashFile "sha256" ./dir/hello.txt
---
(import ./cycle.nix).b
---
builtins.map (p: baseNameOf p) [ ./dir/hello.txt ./dir ]
---
dirOf ./dir/hello.txt
---
(import ./set.nix).here
---
builtins.typeOf ./set.nix
---
./dir/../set.nix
---
builtins.toString ./dir/hello.txt
---
builtins.unsafeGetAttrPos "a" (import ./set.nix)
---
import ./links/far/over/use.nix
---
import ./links/far/over/same.nix
---
import ./links/one.nix
---
import ./links/folder
---
import ./links/short
