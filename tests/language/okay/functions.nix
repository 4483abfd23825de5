let x=[1]; in [x ((y: y) x)]
---
let f = x: x; in [(f == f) ([f] == [f]) ({a=f;} == {a=f;})]
---
let f = x: x; in f {a=1;}.a
---
({a, b ? a + 1}: a + b) { a = 1; }
---
({a ? b, b ? 2}: a + b) {}
---
(args@{a, ...}: args) { a = 1; b = 2; }
---
({a, ...}@args: args.b) { a = 1; b = 2; }
---
(args@{a ? 1}: args) {}
---
({}: 1) {}
---
({...}: 1) {a=1;}
---
(x: y: x + y) 1 2
---
{ __functor = self: x: self.y + x; y = 1; } 2
---
(x: x) == (x: x)
---
1 |> (x: x + 1) |> (x: x * 2)
---
(x: x + 1) <| (x: x * 2) <| 3
---
{ a ? 1 }: a
---
let f = { a, b ? a, ... }@args: [ a b (args ? b) (args.c or 1) ]; in f { a = 1; c = 5; }
---
let f = x: [ x x ]; in f (f 1)
---
(a: { a }: a) 1 { a = 2; }
---
({ a, b }@c: { d }: a + d) { a = 1; b = 2; } { d = 3; }
---
({ a ? 1, }: a) { }
---
let f = x: -x; in f 1 + f (-1)
---
(x: x.a or 5) { }
---
builtins.isFunction { __functor = 1; }
---
__functionArgs ({ a }: 1)
---
{ a = x: x; } == { a = x: x; }
---
let f = x: x; in f == f
---
let a = { f = x: x; }; in a == a
---
let a = { f = x: x; }; in a.f == a.f
---
{ __functor = self: x: self.a + x; a = 1; } 5
---
let f = a: b: c: a + b + c; in f 1 2 3
---
let compose = f: g: x: f (g x); inc = x: x + 1; in compose inc inc 1
---
let fix = f: let x = f x; in x; in (fix (self: { a = 1; b = self.a + 1; })).b
---
x@{ y }: x
---
(x: x) { }.a or 3
---
(x: { a = x; b = x; }) [ 1 ]
---
({ x ? [ 1 ] }: [ x x ]) { }
---
(x: y: x - y) 5 3
---
({ a, b ? 2 }: a + b) { a = 1; }
---
({ a, b ? a * 2, c ? b + 1 }: [ a b c ]) { a = 1; }
---
({ a, ... }@args: builtins.attrNames args) { a = 1; z = 2; }
---
(args@{ a ? 1, b ? 2 }: args) { a = 5; }
---
builtins.functionArgs ({ a, b ? 1 }@c: 1)
---
let apply = f: x: f x; in apply (x: x * 2) 4
---
let curry = f: a: b: f { inherit a b; }; in curry ({ a, b }: a + b) 1 2
---
let f = { __functor = self: arg: self.base + arg; base = 10; }; in f 5
---
let f = x: x; in builtins.typeOf f
---
[ (x: x) ({ a }: a) builtins.add (builtins.add 1) ]
---
(a: b: c: [ a b c ]) 1 2 3
---
((x: x) (x: x)) 3
---
let compose = builtins.foldl' (f: g: x: g (f x)) (x: x); in compose [ (x: x + 1) (x: x * 2) ] 3
---
1 |> builtins.add 2 |> toString
---
builtins.length <| [ 1 2 3 ]
