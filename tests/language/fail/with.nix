with 1; a  ### "`with` needs a set, not an integer"
---
with {}; a  ### "undefined variable 'a'"
---
with null; x  ### "`with` needs a set, not null"
