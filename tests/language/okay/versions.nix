builtins.compareVersions "1.0" "1.0.1"
---
map (x: builtins.compareVersions x "1.2") ["1.2" "1.2pre1" "1.10" "1.a" "1" "1.2.0" "2147483648" ""]
---
builtins.splitVersion "1.2pre-3..a"
---
map builtins.parseDrvName ["a-1-2" "a-" "a--1" "nix-js-0.12pre1" "-1" ""]
---
builtins.splitVersion ""
---
builtins.compareVersions "1.0-rc1" "1.0"
---
builtins.parseDrvName "hello-1.2-3"
---
builtins.splitVersion "1.2.3-beta_4"
---
builtins.compareVersions "99999999999" "9999999999"
---
builtins.compareVersions "1.0pre" "1.0"
---
builtins.parseDrvName "a-1-2"
---
builtins.parseDrvName "a-"
---
builtins.parseDrvName "a--1"
---
builtins.compareVersions "9999999999" "19999999999"
---
builtins.compareVersions "2147483648" "2147483650"
---
builtins.compareVersions "2147483648" "3"
