"""One recipe per embedded data set: `cut(package)` turns an unpacked source package into the text of each split."""
