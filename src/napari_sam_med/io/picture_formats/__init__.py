"""PNG, JPEG, TIFF and BMP: pixels without a place in the patient."""
