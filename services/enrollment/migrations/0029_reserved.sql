-- The number of a change that is built beside 0030; whichever comes later to the same line brings its own statements.
SELECT;
