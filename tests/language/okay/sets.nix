builtins.unsafeGetAttrPos "a" {a=1;}
---
builtins.functionArgs ({a,b?1,...}: 1)
---
builtins.functionArgs (x: 1)
---
builtins.listToAttrs [{name="a";value=1;}{name="a";value=2;}]
---
builtins.attrNames {b=1;a=2;}
---
builtins.attrValues {b=1;a=2;}
---
builtins.intersectAttrs {a=1;b=2;} {b=3;c=4;}
---
builtins.removeAttrs {a=1;b=2;} ["a" "c"]
---
builtins.catAttrs "a" [{a=1;}{b=2;}{a=3;}]
---
builtins.zipAttrsWith (n: vs: {inherit n vs;}) [{a=1;}{a=2;b=3;}]
---
builtins.mapAttrs (n: v: n + v) {a="x";}
---
builtins.attrValues (let l = [ 1 ]; in { a = l; b = l; })
---
builtins.mapAttrs (n: v: v) (let l = [ 1 ]; in { a = l; b = l; })
---
builtins.mapAttrs 1 { }
---
builtins.zipAttrsWith (n: v: v) [ ]
---
builtins.unsafeDiscardStringContext "a"
---
builtins.mapAttrs 1 {}
