"a
b"
---
"ab"
---
''ab''
---
''  a  b''
---
1 # x
+ 1
---
1 # x+ 1
---
[
1
]
---
/* 
 */ 1
---
''
  a''\r
  b''
---
''  a''
---
"a\b"
---
''''
---
"
"
---
"${"
"}"
---
"$
"
---
{ a = 1;
}.a
---


__curPos.line
---
[__curPos.line
__curPos.line
 __curPos.column]
