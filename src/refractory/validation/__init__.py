"""Says whether a case has the form that reasoning needs: SHACL, told as findings."""
