//! The layout of an object for others: as a picture, as a C header, as a Python module.
