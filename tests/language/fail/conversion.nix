"${{ __toString = s: 1; }}"  ### "a string is needed, but this is an integer: 1"
---
toString {}  ### "a string is needed, but this is a set: { }"
---
toString (x: x)  ### "a string is needed, but this is a function"
---
[ __toString ]  ### "undefined variable '__toString'"
