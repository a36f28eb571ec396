"""NIfTI, NRRD and MetaImage: voxels with their place in the patient."""
