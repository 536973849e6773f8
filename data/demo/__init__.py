"""A small drawn data set, to try the project with and to test it on."""
