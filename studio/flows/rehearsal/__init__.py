"""Running a version with every write captured, signing what it would do, and going live as signed."""
