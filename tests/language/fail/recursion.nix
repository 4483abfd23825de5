let a = b; b = c; c = a; in a  ### "infinite recursion: a -> b -> c -> a"
---
let x = x; in x  ### "infinite recursion: x -> x"
---
let x = { y = x.y; }; in x.y  ### "infinite recursion: y -> y"
---
let f = n: f (n + 1); in f 0  ### "stack overflow: more than 10,000 calls or values within each other"
---
rec { a = b + 1; b = a + 1; }.a  ### "infinite recursion: a -> b -> a"
---
let xs = [ (builtins.head xs) ]; in builtins.head xs  ### "infinite recursion: this value needs itself"
---
let f = { a ? b, b ? a }: a; in f { }  ### "infinite recursion: the default of a -> the default of b -> the default of a"
---
with { x = x; }; 1  ### "undefined variable 'x'"
---
let s = with s; a; in s  ### "infinite recursion: s -> s"
---
let x = "${x}"; in x  ### "infinite recursion: x -> x"
---
let x = [ x ]; in toString x  ### "stack overflow: more than 10,000 calls or values within each other"
---
let x = { outPath = x; }; in "${x}"  ### "the evaluation is nested too deeply"
---
let x = { __toString = s: s; }; in toString x  ### "the evaluation is nested too deeply"
---
let x = builtins.toJSON { inherit x; }; in x  ### "infinite recursion: x -> x"
---
let a = assert a; true; in a  ### "infinite recursion: a -> a"
---
let x = if x then 1 else 2; in x  ### "infinite recursion: x -> x"
---
let x = { ${x} = 1; }; in x  ### "infinite recursion: x -> x"
---
(let f = x: x x; in f f)  ### "stack overflow: more than 10,000 calls or values within each other"
