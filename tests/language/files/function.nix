{ x ? 1 }: { inherit x; y = x + 1; }
