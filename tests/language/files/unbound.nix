{ a = undefined_name; }
