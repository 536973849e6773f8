"""What measures are called, by the names they have in the code."""

MEASURE_NAMES = {
    "accuracy": "Accuracy",
    "recall_fake": "Recall of fakes",
    "precision_fake": "Precision of fakes",
    "f1_fake": "F1 of fakes",
    "false_positive_rate": "False positive rate",
    "recall_real": "Recall of reals",
    "precision_real": "Precision of reals",
    "f1_real": "F1 of reals",
    "auc": "AUC",
    "average_precision": "Average precision",
    "equal_error_rate": "Equal error rate",
    "recall_at_fpr_1_percent": "Recall at 1 % false positives",
    "recall_at_fpr_01_percent": "Recall at 0.1 % false positives",
    "expected_calibration_error": "Expected calibration error",
    "brier": "Brier score",
    "log_loss": "Log loss",
}
