builtins.match "\\d" "a"  ### "the regular expression '\\d' is wrong: 'd' cannot be escaped; use a class like [[:digit:]], or [ ] around what is meant as it is"
---
builtins.match "*" "a"  ### "the regular expression '*' is wrong: there is nothing for '*' to repeat"
---
builtins.match "a{" "a"  ### "the regular expression 'a{' is wrong: a number must follow '{'"
---
builtins.match "a{,2}" "a"  ### "the regular expression 'a{,2}' is wrong: a number must follow '{'"
---
builtins.match ")" "a"  ### "the regular expression ')' is wrong: a ')' closes nothing"
---
builtins.match "(" "a"  ### "the regular expression '(' is wrong: a '(' is not closed"
---
builtins.match "[" "a"  ### "the regular expression '[' is wrong: it ends too early"
---
builtins.match "[]" "a"  ### "the regular expression '[]' is wrong: it ends too early"
---
builtins.match "[a" "a"  ### "the regular expression '[a' is wrong: it ends too early"
---
builtins.match "[z-a]" "a"  ### "the regular expression '[z-a]' is wrong: a range in [ ] is the wrong way round"
---
builtins.match "[[:foo:]]" "a"  ### "the regular expression '[[:foo:]]' is wrong: there is no class [:foo:]"
---
builtins.match "a{2,1}" "a"  ### "the regular expression 'a{2,1}' is wrong: {2,1} is the wrong way round"
---
builtins.match "\\" "a"  ### "the regular expression '\\' is wrong: it ends too early"
---
builtins.match "+" "a"  ### "the regular expression '+' is wrong: there is nothing for '+' to repeat"
---
builtins.match "a|*" "a"  ### "the regular expression 'a|*' is wrong: there is nothing for '*' to repeat"
---
builtins.match "(*)" "a"  ### "the regular expression '(*)' is wrong: there is nothing for '*' to repeat"
---
builtins.match "(?:a)" "a"  ### "the regular expression '(?:a)' is wrong: there is nothing for '?' to repeat"
---
builtins.match "[[:alpha:]" "a"  ### "the regular expression '[[:alpha:]' is wrong: it ends too early"
---
builtins.match "[a-c-e]" "a"  ### "the regular expression '[a-c-e]' is wrong: two ranges in [ ] share an end"
---
builtins.match "{1}" "a"  ### "the regular expression '{1}' is wrong: there is nothing for '{' to repeat"
---
builtins.match "\\n" "a"  ### "the regular expression '\\n' is wrong: 'n' cannot be escaped; use a class like [[:digit:]], or [ ] around what is meant as it is"
---
builtins.match "\\1" "a"  ### "the regular expression '\\1' is wrong: '1' cannot be escaped; use a class like [[:digit:]], or [ ] around what is meant as it is"
---
builtins.match "(a)\\1" "a"  ### "the regular expression '(a)\\1' is wrong: '1' cannot be escaped; use a class like [[:digit:]], or [ ] around what is meant as it is"
---
builtins.match "a{99999}" "a"  ### "the regular expression is too complex"
---
builtins.match "\\-" "a"  ### "the regular expression '\\-' is wrong: '-' cannot be escaped; use a class like [[:digit:]], or [ ] around what is meant as it is"
---
builtins.match "\\/" "a"  ### "the regular expression '\\/' is wrong: '/' cannot be escaped; use a class like [[:digit:]], or [ ] around what is meant as it is"
---
builtins.match "[a-\\]" "a"  ### "the regular expression '[a-\\]' is wrong: a range in [ ] is the wrong way round"
---
builtins.match "\\]" "a"  ### "the regular expression '\\]' is wrong: ']' cannot be escaped; use a class like [[:digit:]], or [ ] around what is meant as it is"
---
builtins.match "\\}" "a"  ### "the regular expression '\\}' is wrong: '}' cannot be escaped; use a class like [[:digit:]], or [ ] around what is meant as it is"
---
builtins.match "[a-[:digit:]]" "a"  ### "the regular expression '[a-[:digit:]]' is wrong: a range in [ ] is the wrong way round"
---
builtins.match "a{ 1}" "a"  ### "the regular expression 'a{ 1}' is wrong: a number must follow '{'"
---
builtins.match "^*a" "a"  ### "the regular expression '^*a' is wrong: there is nothing for '*' to repeat"
---
builtins.match "$*a" "a"  ### "the regular expression '$*a' is wrong: there is nothing for '*' to repeat"
---
builtins.match "[a--]" "a"  ### "the regular expression '[a--]' is wrong: a range in [ ] is the wrong way round"
---
builtins.match "[[:word:]]" "a"  ### "the regular expression '[[:word:]]' is wrong: there is no class [:word:]"
---
builtins.match "a{1,a}" "a"  ### "the regular expression 'a{1,a}' is wrong: a '{' is not closed"
---
builtins.match "a{1" "a"  ### "the regular expression 'a{1' is wrong: a '{' is not closed"
---
builtins.match "a{-1}" "a"  ### "the regular expression 'a{-1}' is wrong: a number must follow '{'"
---
builtins.match "^+a" "a"  ### "the regular expression '^+a' is wrong: there is nothing for '+' to repeat"
---
builtins.match "(a))" "a"  ### "the regular expression '(a))' is wrong: a ')' closes nothing"
---
builtins.match "[[.aa.]]" "a"  ### "the regular expression '[[.aa.]]' is wrong: 'aa' is not one character"
---
builtins.match "[a-b-c]" "a"  ### "the regular expression '[a-b-c]' is wrong: two ranges in [ ] share an end"
