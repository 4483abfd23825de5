{ inherit (x) a; a = 1; }  ### "attribute 'a' is already defined at /case.nix:1:15" ### "undefined variable 'x'"
---
let a = 1; a = 2; in a  ### "attribute 'a' is already defined at /case.nix:1:5"
---
rec { "${"a"}" = 1; b = a; }  ### "undefined variable 'a'"
---
{ inherit (builtins) ${"len" + "gth"}; }  ### "a dynamic attribute cannot be inherited"
---
let a = b; in 1  ### "undefined variable 'b'"
---
rec { a = c; }  ### "undefined variable 'c'"
---
{ inherit a; }  ### "undefined variable 'a'"
---
let x = 1; in { inherit x; inherit x; }  ### "attribute 'x' is already defined at /case.nix:1:25"
---
let a = 1; b = 2; a = 3; in a  ### "attribute 'a' is already defined at /case.nix:1:5"
---
{ inherit (x) or; }  ### "undefined variable 'x'"
