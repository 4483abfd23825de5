builtins.functionArgs {__functor = s: {a}: 1;}  ### "'builtins.functionArgs' needs a function, not a set: { __functor = <function>; }"
---
builtins.listToAttrs [{name="a";}]  ### "attribute 'value' is missing"
---
builtins.listToAttrs [ { name = 1; value = 2; } ]  ### "'builtins.listToAttrs' needs strings, but this is an integer: 1"
---
builtins.listToAttrs [ 1 ]  ### "'builtins.listToAttrs' needs sets, but this is an integer: 1"
---
builtins.removeAttrs { a = 1; } [ 1 ]  ### "'builtins.removeAttrs' needs strings, but this is an integer: 1"
---
builtins.intersectAttrs { a = 1; } 1  ### "'builtins.intersectAttrs' needs a set, but this is an integer: 1"
---
builtins.attrNames 1  ### "'builtins.attrNames' needs a set, but this is an integer: 1"
---
builtins.mapAttrs 1 {a=1;}.a or 1  ### "'builtins.mapAttrs' needs a set, but this is an integer: 1"
---
builtins.zipAttrsWith 1 []  ### "'builtins.zipAttrsWith' needs a function, but this is an integer: 1"
---
builtins.zipAttrsWith 1 [{a=1;}] ? a  ### "'builtins.zipAttrsWith' needs a function, but this is an integer: 1"
