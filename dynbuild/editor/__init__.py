"""What an editor is told of a declaration, as functions of its text and of facts."""
