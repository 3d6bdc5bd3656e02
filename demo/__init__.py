"""A county to look at: made-up disputes with lives like real ones, told by made-up agencies over the real doors."""
