{ a = 1; here = ./data.json; }
