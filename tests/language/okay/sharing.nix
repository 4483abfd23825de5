let a = { x = a; y = b; }; b = { z = a; }; in [ a b ]
---
let s = { e = { }; l = [ ]; }; in [ s.e s.e s.l s.l ]
---
[ (let x = { a = 1; }; in x) ] ++ (let y = [ 1 ]; in [ y y ])
---
let y = { a = [ 1 ]; }; in [ y.a y.a ]
---
builtins.map (x: x) (let l = [ 1 ]; in [ l l ])
---
builtins.filter (x: true) (let l = [ 1 ]; in [ l l ])
---
builtins.sort (a: b: a < b) (let l = [ 1 ]; in [ l l ])
---
let l = [ 1 ]; in { a = l; inherit l; }
---
let l = [ 1 ]; in if true then [ l (if true then l else l) ] else 1
---
let l = {}; in [ l l ]
---
let b = [ 1 ]; a = b; in [ a b ]
---
let s = { x = [ 1 ]; }; in [ s.x s.x ]
