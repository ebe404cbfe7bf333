"""What wrong programs are made of: operators that are right unless they are given other parts."""
