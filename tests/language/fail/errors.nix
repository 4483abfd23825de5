{ a = { b = 1; }; }.a.c  ### "attribute 'c' is missing"
---
{ apt_packages = 1; }.apt_package  ### "attribute 'apt_package' is missing"
---
let pythn = 1; in python  ### "undefined variable 'python'"
---
({ python ? 1, user }: user) { pyhton = 2; user = 1; }  ### "this function is called with an unexpected argument 'pyhton'"
---
({ user }: user) { usr = 1; }  ### "this function is called without its argument 'user'"
---
let
  mk = { name, version ? "1" }: name;
in
  mk { nme = "x"; }  ### "the function 'mk' is called without its argument 'name'"
---
let
  a = 1;
  b = a + c;  ### "undefined variable 'c'"
  d = e;  ### "undefined variable 'e'"
in
  b
---
{
  a = 1;
  b = 2;
  a = 3;  ### "attribute 'a' is already defined at /case.nix:2:3"
  b.c = 4;  ### "attribute 'b' is already defined at /case.nix:3:3"
}
---
[ 1 2 ] + 3  ### "an integer cannot be added to a list: [ 1 2 ] + 3"
---
{ a = 1; } ++ [ 2 ]  ### "`++` needs lists, but this is a set: { a = 1; }"
---
[ 1 ] // { }  ### "`//` needs sets, but this is a list: [ 1 ]"
---
"a" < 1  ### "a string cannot be compared with an integer: \"a\", 1"
---
builtins.elemAt [ 1 2 3 ] 7  ### "'builtins.elemAt': there is no element 7 in a list of 3"
---
builtins.nosuch  ### "attribute 'nosuch' is missing"
---
lenght [ 1 ]  ### "undefined variable 'lenght'"
---
length [ 1 ]  ### "undefined variable 'length'"
---
True  ### "undefined variable 'True'"
---
None  ### "undefined variable 'None'"
---
builtins.hashString "sha265" "x"  ### "unknown hash algorithm 'sha265'"
---
builtins.match "a{,2}" "a"  ### "the regular expression 'a{,2}' is wrong: a number must follow '{'"
---
let f = x: y: z: throw "deep"; in f 1 2 3  ### "deep"
---
{ a = 1; ${"a" + ""} = 2; }  ### "attribute 'a' is already defined at /case.nix:1:3"
---
with { ab = 1; }; abc  ### "undefined variable 'abc'"
---
{ __functor = self: x: throw "functor"; } 1  ### "functor"
---
(x: x) 1 2  ### "this is called as if it were a function, but it is an integer: 1"
---
"x" 1  ### "this is called as if it were a function, but it is a string: \"x\""
---
assert 1 + 1 == 3; 1  ### "this assertion is false: 2 == 3"
---
if "x" then 1 else 2  ### "a condition needs a Boolean, but this is a string: \"x\""
---
!"x"  ### "`!` needs a Boolean, but this is a string: \"x\""
---
1 && true  ### "`&&` needs a Boolean, but this is an integer: 1"
---
"${{ a = 1; }}"  ### "a string is needed, but this is a set: { a = 1; }"
---
"n: ${5}"  ### "a string is needed, but this is an integer: 5"
---
throw "the declaration says ${"no"}"  ### "the declaration says no"
---
abort "stop"  ### "evaluation aborted: stop"
---
builtins.fromJSON "{"  ### "the JSON is wrong at line 1, column 2: a key in double quotes must stand here"
---
builtins.genericClosure { }  ### "'builtins.genericClosure' needs a set with an attribute 'startSet'"
---
builtins.listToAttrs [ { value = 1; } ]  ### "attribute 'name' is missing"
---
1 / 0  ### "division by zero"
---
9223372036854775807 + 1  ### "integer overflow in adding 9223372036854775807 + 1"
---
99999999999999999999  ### "99999999999999999999 does not fit into 64 bits"
---
1.0e999  ### "1.0e999 is out of the range of a float"
---
[ 1 (2 ]  ### "`]` does not close `(`"
