"""Training from a pool of scenes on the device, for a GPU that waits for nobody.

Processes paint scenes into shared memory; the pool takes them over to the device, where
they are cut, turned and exposed anew, prompted and corrected. Which scenes a step sees
depends on how fast they were painted, so that two runs are alike, not the same.
"""
