"a\n\t\r\\\" ${"$"}{x} $ $$ é"
---
"$${1}"
---
"\${1} \a"
---
builtins.stringLength "é"
---
"a" < "b"
---
1 == "1"
---
"a" + "b" == "ab" && 1 < 2 -> true
---
"\u0041"
---
"${"a"}${"b"}"
---
"a${"b${"c"}"}d"
---
"$" + "$$" + "\$" + "$a" + "$$a"
---
"$\{a}"
---
"a\
b"
---
builtins.warn "x" 1
---
builtins.traceVerbose "x" 1
---
builtins.hasContext "a"
---
builtins.getContext "a"
---
__unsafeGetAttrPos "a" { }
---
"a" == "a" + ""
