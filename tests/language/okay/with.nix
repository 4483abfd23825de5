with { a = 1; }; with { a = 2; }; a
---
let a = 3; in with { a = 1; }; a
---
with { a = 1; }; let b = a; in with { a = 2; b = 3; }; [a b]
---
with 1; 2
---
let a = { b = { c = 1; }; }; in with a; with b; c
---
let x = 1; f = with { x = 2; }; y: x + y; in f 1
---
with builtins; with { length = x: 1; }; length [ ]
---
with null; 1
---
with { }; let a = b; in 1
---
with { x = [ 1 ]; }; [ x x ]
---
let s = { x = [ 1 ]; }; in with s; { inherit x; y = x; }
