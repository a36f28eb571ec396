"""FocalClick: a coarse SegFormer over a crop, then a refiner where a click fell."""
