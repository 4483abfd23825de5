{ a = throw "never"; b = 1; }.b
---
builtins.length [ (throw "never") (abort "never") ]
---
(x: 1) (throw "never")
---
let x = throw "never"; in 1
---
builtins.head (map (x: x) [ 1 (throw "never") ])
---
builtins.elemAt (builtins.genList (n: if n == 1 then throw "never" else n) 3) 2
---
(builtins.mapAttrs (n: v: throw "never") { a = 1; }) ? a
---
({ a, b ? throw "never" }: a) { a = 1; }
---
let inherit (throw "never") a; in 1
---
{ inherit (throw "never") a; b = 2; }.b
---
let f = { a ? b, b }: a; in f { b = 3; }
---
let ones = { head = 1; tail = ones; }; in ones.tail.tail.head
---
let nats = n: { head = n; tail = nats (n + 1); }; take = n: s: if n == 0 then [ ] else [ s.head ] ++ take (n - 1) s.tail; in take 4 (nats 0)
---
false && throw "never"
---
true || throw "never"
---
false -> throw "never"
---
if false then throw "never" else 1
---
({ a = 1; } // { b = throw "never"; }).a
---
builtins.attrNames { a = throw "never"; }
---
[ (throw "never") ] ++ [ 1 ] == 1
---
builtins.tryEval [ (throw "kept") ] ? value
---
builtins.seq { a = throw "never"; } 1
---
builtins.foldl' (acc: x: acc + 1) 0 [ (throw "never") (throw "never") ]
---
let x = { a = x.b; b = 1; }; in x.a
---
builtins.intersectAttrs { a = throw "never"; } { a = 1; }
---
builtins.removeAttrs { a = throw "never"; b = 1; } [ "a" ]
---
builtins.concatLists [ [ 1 ] (map (x: x) [ 2 ]) ]
