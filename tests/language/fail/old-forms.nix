rec { __overrides = 1; }  ### "`__overrides` must be a set, not an integer: 1"
---
let { a = 1; }  ### "attribute 'body' is missing"
---
[ 1 or 2 ]  ### "undefined variable 'or'"
---
let or = 1; in or  ### "`or` cannot stand alone as a value"
---
let x = 1; in x or 2  ### "undefined variable 'or'"
---
1 or  ### "undefined variable 'or'"
---
rec { __overrides = abort "x"; a = 1; }  ### "evaluation aborted: x"
---
rec { a = 1; b = a; __overrides = { a = b; }; }  ### "infinite recursion: b -> a -> b"
