"""An experiment-tracked ablation study of LeNet-5 (LeCun, Bottou, Bengio, Haffner 1998)."""
