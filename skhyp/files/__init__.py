"""Files that are there whole or not at all, and by what data and models are known again."""
