"""The verbs of the library, as `import sim` gives them."""
