"""What stands under the figures: what is drawn, and how to read it."""

DIFFERENCES = (
    "Change in test error, in percentage points: right of zero is worse. Point: mean over paired "
    "seeds and images. Line: 95 % interval. Grey band: the margin, inside which a difference is "
    "too small to matter."
)
ERRORS = (
    "Large point and line: mean test error with its 95 % interval over seeds and images. Small "
    "grey points: the networks of single seeds. To compare variants use the figure of changes: "
    "pairing makes it sharper than two intervals side by side."
)
CURVES = (
    "Error by epoch, mean over seeds, with a band from the best to the worst seed; logarithmic "
    "axes, where no error at all is drawn at half an image. The error in training is measured "
    "during the epoch, while the weights change. The final trainings use all training images, so "
    "nothing is left to validate them on: the validation curves are of tuning, where the chosen "
    "settings were trained with other seeds on fewer images."
)
ARCHITECTURES = (
    "Layers to scale, as in figure 2 of the paper. Stacked squares are feature maps, {side} "
    "pixels a unit; bars are layers of units, a pixel for {units} and one at least. Lines lead "
    "from what one unit reads of the layer before. Blue with a thick outline and a bold name: "
    "wiring, activation, shapes or counts are not those of the same layer of {baseline}. Dashed: "
    "a layer of {baseline} that is absent."
)
ROBUSTNESS = (
    "Error by strength of a corruption, with 95 % intervals over seeds and images; the first "
    "point of a panel is the error at strength 0. No network was trained on corrupted digits."
)
SAMPLES = (
    "Test error by number of training images, with 95 % intervals over seeds and images; both "
    "axes are logarithmic, and no error at all is drawn at half an image. The last points are "
    "the final networks. Few images were seen more often than many: see the text."
)
TUNING = (
    "Best validation error so far, by trial of each variant's sweep; one seed a trial; "
    "logarithmic axis, where no error at all is drawn at half an image. A mark stands where a "
    "trial was better than all before it. Trial 0 has the defaults, the others the points of one "
    "design, the same for all variants. A trial is short: the best of them were trained again."
)
IDEAS = (
    "What each idea adds to the error, in percentage points, as a mean over the orders in which "
    "they can be added: left of zero it helps. Line: 95 % interval over seeds and images."
)
COSTS = (
    "Test error by what a network costs, with 95 % intervals over seeds and images; cost on a "
    "logarithmic axis. Dashed: from one variant to the next that no other beats, in that none "
    "errs less and costs no more. Intervals overlap more than paired changes do."
)
STAGES = (
    "Error of a linear classifier on each stage's activations, trained and untrained, with 95 % "
    "intervals over seeds and images; logarithmic axis. In a network that is trained it falls "
    "from stage to stage where each adds something."
)
KERNELS = (
    "Weights from the image to units of the first layer, of the first seed's network: dark is "
    "positive, light negative, the grey between them zero. In each of the six maps of C1 two "
    "units, a third and two thirds down the diagonal; of a perceptron the first six units, which "
    "see the whole digit."
)
MAPS = (
    "The six maps of C1, of the first seed's network, for a training image, and for the same "
    "image moved four pixels to the right. Dark is high."
)
MISTAKES = (
    "Test images that more than half of the networks of every variant misread. Under each: what "
    "it is, and what most networks of the baseline that misread it take it for."
)
FIGURE_8 = " In a frame: those that the paper's figure 8 shows, misread by the paper's network."
CONFUSIONS = (
    "How often a network of each variant takes one digit for another, mean over its networks, of "
    "all test images. What is read right, the diagonal, is left out."
)
