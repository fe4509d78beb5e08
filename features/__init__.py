"""The features that come with fusion, one file each: the file's stem is the feature's name."""
