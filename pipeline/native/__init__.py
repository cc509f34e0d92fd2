"""The CPU path: kernels in C, their compilation, and networks that are trained with them."""
