''a'''b ''${x} ''\n ''\x $ $$ $${a} ' '''  ### "this string is not closed"
---
''
 ''\n  b  ### "this string is not closed"
