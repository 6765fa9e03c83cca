"""Many searches: a grid over methods, seeds and settings, that resumes and can be watched."""
