"""What goes into an estimator: spectra and scenes, checked, and what they know of their bands."""
