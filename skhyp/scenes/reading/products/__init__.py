"""Agencies' products: the files of one sensor as they are delivered, one module a product."""
