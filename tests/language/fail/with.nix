with 1; a  ### "`with` needs a set, not an integer, to find 'a' in"
---
with {}; a  ### "undefined variable 'a'"
---
with null; x  ### "`with` needs a set, not null, to find 'x' in"
