"""Every address, for everybody: the table docs/access-matrix.csv and the test that keeps it true."""
