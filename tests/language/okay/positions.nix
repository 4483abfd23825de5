__curPos.line
---
  (
    __curPos).column
---
(builtins.unsafeGetAttrPos "b" {
  a = 1;
    b = 2;
}).line
---
let s = { x.y = 1; }; in (builtins.unsafeGetAttrPos "y" s.x).column
---
builtins.unsafeGetAttrPos "x" (builtins.mapAttrs (n: v: v) { x = 1; })
---
(builtins.unsafeGetAttrPos "b" ({ a = 1; } // { b = 2; })).column
---
(builtins.unsafeGetAttrPos "a" ({ a = 1; } // { b = 2; })).column
---
(builtins.unsafeGetAttrPos "n" (builtins.listToAttrs [ { name = "n"; value = 1; } ])).column
---
(builtins.unsafeGetAttrPos "a" (builtins.removeAttrs { a = 1; b = 2; } [ "b" ])).column
---
(builtins.unsafeGetAttrPos "a" (builtins.intersectAttrs { a = 1; } { a = 2; })).column
---
(builtins.unsafeGetAttrPos "a" (builtins.functionArgs ({ a }: 1))).column
---
let a = 1; in (builtins.unsafeGetAttrPos "a" { inherit a; }).column
---
(builtins.unsafeGetAttrPos "a" { inherit ({ a = 1; }) a; }).column
---
(builtins.unsafeGetAttrPos "ab" { ${"a" + "b"} = 1; }).column
---
builtins.unsafeGetAttrPos "z" { a = 1; }
---
(builtins.unsafeGetAttrPos "a" ({ a = 1; } // { a = 2; })).column
---
builtins.unsafeGetAttrPos "a" (builtins.groupBy (x: x) [ "a" ])
---
builtins.unsafeGetAttrPos "a" (builtins.zipAttrsWith (n: v: v) [ { a = 1; } ])
