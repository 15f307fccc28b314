"""What stands on every card of pictures, and what makes a version."""

LIBRARIES = ("numpy", "onnx", "onnxruntime", "pillow", "torch")
LIMITS = [
    "It says what pictures of a folder look like, not why: light, camera or a scale bar tell a class as well as a defect.",
    "A picture is drawn small before it is looked at: what fades at that size is not seen (--size).",
    "It always names the nearest of its classes; a picture that lies far from all learned ones is flagged.",
    "Figures hold for pictures like those held out: another tool, layer or magnification has to be tried first.",
    "People decide: the model is there to order what to look at, not to scrap or release by itself.",
]
METHOD = (
    "A small residual network learned from three fifths of the pictures, was stopped and calibrated by a fifth, and is "
    "judged on the last fifth, which nothing was chosen by. Groups, copies and near twins stay on one side. Accuracy and "
    "recall with exact intervals (Clopper and Pearson 1934), AUC of two classes by DeLong et al. 1988. What each place "
    "adds, with the base, sums to the score."
)
NETWORK = "a small residual network"
