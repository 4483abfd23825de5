builtins.replaceStrings ["a"] [] "bcd"  ### "'builtins.replaceStrings' needs two lists of one length"
