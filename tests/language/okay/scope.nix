let x={a=1;}; in [x x]
---
let x=[1]; in [x x]
---
{ a = rec { b = c; c = 1; }; a.d = 2; }
---
rec { a = { x = b; }; a.y = 1; b = 3; }
---
let x = 1; in { inherit x; y = rec { inherit x; z = x; }; }
---
rec { x = 1; y = { inherit x; }; }
---
let x = 1; in rec { inherit x; }
---
let a = { b = 1; c = 2; }; in { inherit (a) b c; inherit (a); inherit; }
---
let x-y = 1; x' = 2; in x-y + x'
---
let __x = 1; in __x
---
let x = { inherit y; }; y = 3; in x
---
let inherit ({ a = 1; b = 2; }) a b; in [ a b ]
---
rec { inherit (x) a; x = { a = 1; }; b = a; }
---
let x = { a = x; }; in x
---
let x = [ x 1 ]; in x
---
let l = [ [ 1 ] ]; in l ++ l
---
let "a b" = 1; in { inherit "a b"; }
---
let a.b = 1; a.c = 2; in a
---
let a = rec { b = 1; c = b; }; a.d = 5; in a
---
let y = 1; in { a = { inherit y; }; a.z = 2; }
---
let a = { }; a = { b = 1; }; in a
---
rec { a = 1; b = { a = 2; c = a; }; }
---
let in 1
---
rec { }
---
let
  a = 1;
  # c
in
  a
---
let a = 5; in a -1
---
let a = 5; in a - 1
---
let a-1 = 5; in a-1
---
let m = builtins.map; in [ m ] == [ m ]
---
let x = rec { a = b; b = [ 1 ]; }; in x
---
let x = rec { b = [ 1 ]; a = b; }; in x
---
let a = b; b = [ 1 ]; in [ a b ]
---
let s = { x = [ 1 ]; }; in { inherit (s) x; y = s.x; }
---
let x = 1; in let y = x + 1; in let x = 10; in [ x y ]
---
let x = 1; f = y: x + y; in let x = 100; in f 1
---
rec { x = 1; y = let x = 2; in x; z = x; }
---
let x = "outer"; in { x = "inner"; inherit (rec { y = x; x = "rec"; }) y; }
---
let a = 1; in rec { inherit a; b = a; }
---
let x = 1; in rec { x = 2; y = { inherit x; }; }
---
(x: (x: x) 2 + x) 1
---
let map = 1; in map
---
let true = false; in true
---
with { true = 5; }; true
---
with { builtins = 5; }; builtins ? map
---
with { a = 1; b = 2; }; with { b = 3; }; [ a b ]
---
let b = 1; in with { b = 2; }; b
---
with { f = x: x; }; f 3
---
(with { x = 1; }; y: x + y) 2
---
let x = 5; in with { y = x; }; let x = 6; in [ x y ]
---
({ x, ... }@all: with all; [ x y ]) { x = 1; y = 2; }
---
let f = x: derivation x; g = fetchTarball; h = scopedImport; i = __nixPath; j = ~/x; k = ~/${j}/y; in 1
---
with { fetchTarball = 1; }; { inherit ({ derivation = 2; }) derivation; }
---
let placeholder = x: x; in placeholder 3
