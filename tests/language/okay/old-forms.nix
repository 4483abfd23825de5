let { body = 1; }
---
let { x = later; later = 3; body = x; }
---
let { body.x = 1; }.x
---
(let { body = x: x; }) 2
---
rec { a = b; b = 1; __overrides = { b = 2; c = 3; }; }
---
rec { a.b = 1; __overrides.a = 2; c = a; }
---
let x = 1; in rec { inherit x; __overrides.x = 2; y = x; }
---
rec { inherit (z) a; z.a = 1; __overrides.z.a = 2; }
---
rec { ${"x"} = a; a = 1; __overrides.a = 2; __overrides.x = 3; }
---
{ a = 1; __overrides = { a = 2; }; }
---
let __overrides = { a = 2; }; a = 1; in a
---
let { body = a; a = 1; __overrides = { a = 2; }; }
---
rec { __overrides = { b = a + 1; }; a = 1; b = 9; }
---
let or = 1; in [ (x: x) or ]
---
let or = x: x; f = x: x 3; in f or
---
let or = 1; in { a = 2; }.b or (x: x) or
---
let or = 1; in (x: x * 2) (x: x + 1) or
---
with { or = 3; }; (x: x) or
---
let or = 1; in { inherit or; }.or
---
let fold = a: b: c: [ (a 1) b c ]; or = x: x; in fold or 2 3
