builtins.match "." "é"
---
builtins.match ".." "é"
---
builtins.match "[^a]" "é"
---
builtins.match "(a*)*" "b"
---
builtins.match "(a*)*b" "b"
---
builtins.match "(a*)+b" "b"
---
builtins.match "((a)|b)*" "ab"
---
builtins.match "(a|ab)(c|bcd)(d*)" "abcd"
---
builtins.split "(a|ab)(c|bcd)?" "xabcdy"
---
builtins.split "" "abc"
---
builtins.split "x*" "axxb"
---
builtins.split "^a" "aab"
---
builtins.split "(^|,)" "a,b"
---
builtins.split "a$" "aaa"
---
builtins.match ".*" "a\nb"
---
builtins.match "(x)?(y)?z" "yz"
---
builtins.match "(a?)(ab)?" "ab"
---
builtins.split "(a|b)*" "aabbc"
---
builtins.match "a||b" "a"
---
builtins.match "()" "a"
---
builtins.match "a**" "a"
---
builtins.match "a{2}" "a"
---
builtins.match "}" "a"
---
builtins.match "[]a]" "a"
---
builtins.match "\\(" "a"
---
builtins.match "^a$" "a"
---
builtins.match "a^" "a"
---
builtins.match "[\\]]" "a"
---
builtins.match "|" "a"
---
builtins.match "a+?" "a"
---
builtins.match "a*?" "a"
---
builtins.match "[a-]" "a"
---
builtins.match "[-a]" "a"
---
builtins.match "[^-a]" "a"
---
builtins.match "[[.a.]]" "a"
---
builtins.match "[[=a=]]" "a"
---
builtins.match "a{1}{2}" "a"
---
builtins.match "." "a"
---
builtins.match "a{1001}" "a"
---
builtins.match "[+--]" "a"
---
builtins.match "\\." "a"
---
builtins.split "a{0}" "xy"
---
builtins.match "^^a$$" "a"
---
builtins.match "(a{2}){2}" "aaaa"
---
builtins.match "((a{2}){2}|b)" "aaaa"
---
builtins.match "(a){0}b" "b"
---
builtins.match "((a){2}|b){2,}" "aabaa"
---
builtins.match "(a{0,2}){3}" "aa"
---
builtins.match "((a*)(b*))*" "ab"
---
builtins.match "((a*)|b)*" "ab"
---
builtins.match "((a*)|b)*" "abb"
---
builtins.match "(a|b*)*" "ab"
---
builtins.split "(b*)*" "ab"
---
builtins.match "((|a)b?)*" "ab"
---
builtins.match "(a*){2}" "a"
---
builtins.match "(a*){2,}" "a"
---
builtins.match "(a*)+" ""
---
builtins.match "(a?)*?" ""
---
builtins.match "\\{" "a"
---
builtins.match "\\|" "a"
---
builtins.match "\\^" "a"
---
builtins.match "[[:digit:]a]" "a"
---
builtins.match "[a[:digit:]-]" "a"
---
builtins.match "[]-a]" "a"
---
builtins.match "[^]]" "a"
---
builtins.match "[a^]" "a"
---
builtins.match "a{0}" "a"
---
builtins.match "(^a)" "a"
---
builtins.match "a|^" "a"
---
builtins.match "(|a)" "a"
---
builtins.match "[--a]" "a"
---
builtins.match "[a\\-z]" "a"
---
builtins.match "[[:d:]]" "a"
---
builtins.match "[[:w:]]" "a"
---
builtins.match "a$b" "a"
---
builtins.match "[[:ALPHA:]]" "a"
---
builtins.match "[a-a]" "a"
