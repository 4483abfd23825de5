./a < ./b
---
./foo + "bar"
---
./foo + /bar
---
./foo + "/../bar"
---
/* a */ 1 # x
---
-7 / 2
---
7 / -2
---
5 / 2.0
---
{a=1;} // {a=2;b=3;} // {c=1;}
---
./a == ./a
---
"a" == ./a
---
map baseNameOf ["a//" "/" "" "a/b" "a/b/" ./x]
---
map dirOf ["a//b" "/a" "a" "" "/a/b/" /a /a/b]
---
map builtins.typeOf [1 1.5 "a" null true [] {} (x: x) builtins.add ./x]
---
/.
---
let y = { a = [ 1 ]; }; z = y // { b = y.a; }; in z
---
./x/${"y"}/z
---
./${"y"}
---
./${"y"}z/${"w"}.txt
---
/${"tmp"}/x
---
./x${"y"}
---
1 + 2 * 3 - 4 / 2
---
{ a = 1; } // { b = 1; } // { a = 2; } == { a = 2; b = 1; }
---
builtins.toPath "/a/../b"
---
./a == "/tmp/a"
---
# comment
1 /* x */ + /* y **/ 2
---
/***/ 1
---
/* a /* b */ 1
---
6 / 3
---
baseNameOf "a//"
---
baseNameOf "/"
---
dirOf "a//b"
---
dirOf "/a"
---
dirOf /a
---
builtins.baseNameOf /a/b
---
/a${ "b" }/c${
"d" }
