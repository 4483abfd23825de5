let x=[1]; in [x (builtins.seq x x) x]
---
if true then 2 else abort "x"
---
assert true; 1
---
false && (abort "x")
---
true || (abort "x")
---
false -> (abort "x")
---
builtins.tryEval (throw "x")
---
builtins.tryEval (assert false; 1)
---
builtins.seq [1 (throw "q")] 1
---
builtins.foldl' (a: b: b) (throw "x") [1 2]
---
builtins.foldl' (a: b: 1) 0 [(throw "x")]
---
builtins.throw or 1
---
builtins ? throw
---
{ a = throw "x"; } ? a
---
({ a ? throw "x" }: 1) { }
---
builtins.genericClosure { startSet = [ ]; operator = throw "x"; }
---
builtins.sort (a: b: throw "x") [ 1 ]
---
builtins.zipAttrsWith (n: v: throw "x") [ { a = 1; } ] ? a
---
builtins.catAttrs "a" [ { a = throw "q"; } ] == 1
---
(builtins.tryEval (throw "a" + "b")).success
---
builtins.tryEval (let x = throw "a"; in x)
---
let x = builtins.tryEval (throw "a"); in [ x x ]
---
assert (1 == 1); "ok"
---
let x = assert false; 1; in builtins.tryEval x
---
builtins.seq (map { __functor = 1; } [1]) 1
---
{ a = [ 1 ]; }.a or (throw "x")
---
builtins.tryEval <nowhere>
---
({ pkgs ? import <nowhere> { } }: 1) { }
