"""The signature record: who signed a document, drawn by Typst in a child."""
