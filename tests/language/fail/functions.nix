({a}: a) {}  ### "this function is called without its argument 'a'"
---
({a}: a) {a=1;b=2;}  ### "this function is called with an unexpected argument 'b'"
---
({a}: a) 1  ### "this function takes a set, but is called with an integer: 1"
---
{ __functor = 1; } 2  ### "this is called as if it were a function, but it is an integer: 1"
---
1 |> (x: x) <| 2  ### "|> and <| cannot be mixed"
---
a: b: c  ### "undefined variable 'c'"
---
(x: x or 1) 2  ### "undefined variable 'or'"
---
({ a ? b, b ? a }: a) { }  ### "infinite recursion: the default of a -> the default of b -> the default of a"
---
({ a, a }: a) { a = 1; }  ### "the argument 'a' is there twice"
---
(a@{ a }: a) { a = 1; }  ### "the argument 'a' is there twice"
---
({ , }: 1) { }  ### "unexpected ','; expected a name, a string or `...`"
---
({ ..., a }: 1) { }  ### "`...` comes last in a pattern"
---
let f = { __functor = self: { __functor = s: x: x + 1; }; }; in f 1 2  ### "this is called as if it were a function, but it is an integer: 2"
---
x: y  ### "undefined variable 'y'"
---
{ a ? b }: a  ### "undefined variable 'b'"
---
x@{ y }@z: x  ### "unexpected '@'; expected `:`"
---
{ y }@x@z: x  ### "unexpected '@'; expected `:`"
---
(a: a or) 1  ### "undefined variable 'or'"
