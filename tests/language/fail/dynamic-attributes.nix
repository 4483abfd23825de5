{ a = 1; ${"a" + ""} = 2; }  ### "attribute 'a' is already defined at /case.nix:1:3"
---
{ ${"a" + ""} = 1; ${"a" + ""} = 2; }  ### "attribute 'a' is already defined at /case.nix:1:3"
---
let ${"a" + ""} = 1; in 1  ### "`let` cannot define a dynamic attribute"
---
{ ${1} = 1; }  ### "the name of an attribute must be a string, not an integer: 1"
---
rec { ${"b" + ""} = 1; c = b; }  ### "undefined variable 'b'"
---
{ ${"a"} = 1; a = 2; }  ### "attribute 'a' is already defined at /case.nix:1:3"
