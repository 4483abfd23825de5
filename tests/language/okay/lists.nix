let inherit (builtins) map; in map (x: x) [1]
---
builtins.sort (a: b: a < b) [3 1 2]
---
builtins.sort (a: b: a.k < b.k) [{k=2;v=1;}{k=1;v=2;}{k=2;v=3;}{k=1;v=4;}]
---
builtins.foldl' (a: b: a + b) 0 [1 2 3]
---
builtins.genList (x: x * x) 5
---
builtins.groupBy (x: if x > 1 then "big" else "small") [1 2 3]
---
builtins.partition (x: x > 1) [1 2 3]
---
builtins.concatMap (x: [x x]) [1 2]
---
builtins.concatLists [[1][2 3]]
---
builtins.elemAt [1 2] 1
---
builtins.tail [1 2 3]
---
builtins.filter (x: x > 1) [1 2 3]
---
builtins.all (x: x > 1) [2 3]
---
builtins.any (x: x > 2) [2 3]
---
map (a: builtins.hashString a "abc") ["md5" "sha1" "sha256" "sha512"]
---
let y = [ 1 ]; z = map (x: y) [ 1 2 ]; in z
---
let l = [ [ 1 ] ]; in [ (builtins.head l) (builtins.head l) (builtins.elemAt l 0) ]
---
let f = x: y: x + y; in map (f 1) [ 1 2 ]
---
builtins.foldl' (acc: x: acc + x) "" [ "a" "b" ]
---
builtins.genericClosure { startSet = [ { key = [ 1 ]; } { key = [ 1 ]; } ]; operator = x: [ ]; }
---
map (x: x) [ ]
---
map 1 [ ]
---
builtins.filter 1 [ ]
---
builtins.all (x: x) [ ]
---
builtins.concatMap (x: x) [ [ 1 ] [ 2 ] ]
---
builtins.elem (x: x) [ (x: x) ]
---
let f = x: x; in builtins.elem f [ f ]
---
let f = { __functor = self: x: x; }; in map f [ 1 2 ]
---
builtins.sort 1 []
---
builtins.filter 1 []
---
builtins.genericClosure { startSet = [ ]; }
---
builtins.map {} []
---
builtins.all { __functor = s: x: true; } [1]
---
builtins.sort { __functor = s: a: b: a < b; } [2 1]
---
[ map ] == [ map ]
---
builtins.genericClosure { startSet = [ { key = { }; } ]; operator = x: [ ]; }
---
builtins.length (builtins.genericClosure { startSet = [ { key = x: x; } ]; operator = x: [ ]; })
---
let f = x: x; in [ f ] <= [ f ]
---
let f = x: x; in [ f 1 ] < [ f 2 ]
