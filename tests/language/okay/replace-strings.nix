builtins.replaceStrings ["" "a"] ["-" "b"] "ab"
---
builtins.replaceStrings ["a"] [(throw "x")] "bcd"
---
builtins.replaceStrings ["a"] [1] "bcd"
---
builtins.replaceStrings [ "a" "b" ] [ "b" "a" ] "abab"
---
builtins.replaceStrings [ "" ] [ "X" ] ""
---
builtins.replaceStrings [ "a" ] [ "" ] "aaa"
---
builtins.replaceStrings [ "oo" "a" ] [ "a" "oo" ] "foobar"
---
builtins.replaceStrings [ "a" "a" ] [ "1" "2" ] "a"
