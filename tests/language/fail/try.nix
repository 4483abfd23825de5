assert false; 1  ### "this assertion is false"
---
assert 1; 1  ### "an assertion needs a Boolean, but this is an integer: 1"
---
true && (abort "x") || false  ### "evaluation aborted: x"
---
builtins.tryEval (abort "x")  ### "evaluation aborted: x"
---
builtins.tryEval (1 + "a")  ### "a string cannot be added to an integer: 1 + \"a\""
---
builtins.tryEval { a = throw "x"; }  ### "x"
---
builtins.deepSeq [1 (throw "q")] 1  ### "q"
---
builtins.seq (throw "q") 1  ### "q"
---
builtins.foldl' (a: b: 1) (throw "x") []  ### "x"
---
builtins.foldl' (_: x: x) null [(throw "x") 1]  ### "x"
---
builtins.length (builtins.genList (throw "x") 3)  ### "x"
---
builtins.abort "x"  ### "evaluation aborted: x"
---
{ a = throw "x"; } ? a.b  ### "x"
---
{ a = throw "x"; }.a.b or 1  ### "x"
---
{ a = throw "x"; }.a or 1  ### "x"
---
(throw "x").a or 1  ### "x"
---
builtins.seq (map 1 [ 1 ]) 1  ### "'builtins.map' needs a function, but this is an integer: 1"
---
builtins.length (map (throw "x") [ 1 ])  ### "x"
---
builtins.tryEval (builtins.head [ ])  ### "'builtins.head': the list is empty"
---
builtins.tryEval (throw { })  ### "a string is needed, but this is a set: { }"
---
throw 1  ### "a string is needed, but this is an integer: 1"
---
abort { __toString = s: "q"; }  ### "evaluation aborted: q"
---
builtins.seq (map {} [1]) 1  ### "'builtins.map' needs a function, but this is a set: { }"
---
builtins.seq (builtins.genList {} 1) 1  ### "'builtins.genList' needs a function, but this is a set: { }"
