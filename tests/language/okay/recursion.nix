let s = with s; { a = 1; }; in s.a
---
let even = n: if n == 0 then true else odd (n - 1); odd = n: if n == 0 then false else even (n - 1); in even 100
---
let fix = f: let x = f x; in x; in fix (self: { a = self.b; b = 1; })
