//! A linear model of the rows at the start of a file: preamble, header or body?
//!
//! The weights were fitted (multinomial logistic regression) to rows of about 1,400 public tables whose lines are
//! labelled: spreadsheet exports with titles and several header rows, and plain delimited files with and without a
//! header. Class "body" is the reference; a weight above 0 speaks for the class. The order is that of
//! [`features`](super::features::features).

use super::features::N_FEATURES;

const PREAMBLE: [f32; N_FEATURES] = [
    10.204, -0.813, -4.524, -2.014, 2.093, -5.403, -5.288, 2.372, -4.931, 1.660, 0.379, -1.507, -7.077,
    -1.901, -0.508, 4.309, -2.057, -0.278, -0.979, -1.280, -1.960, 1.601, -0.320, 4.271, -1.563, 0.278,
    1.833, -0.522, -0.685, -0.666, -0.568, -5.858, -1.101, -7.302, 0.540, -0.016, 0.683, -0.231, 2.457,
    -0.281, 0.469, 1.012, 0.630, -1.302, -2.311, -1.072, 0.372, -8.522, 0.640, 0.991, 1.015, 1.905, 1.277,
    -16.035,
];

const HEADER: [f32; N_FEATURES] = [
    0.775, -0.707, -3.897, 1.560, 0.912, -1.931, -0.144, 1.922, -2.511, -0.697, -0.703, -0.357, 1.236,
    -2.068, 0.853, 0.729, 0.002, -0.813, 0.107, -1.576, -1.856, 0.818, 0.865, 3.543, -2.258, -0.081, -0.953,
    -5.460, -1.780, 0.459, -1.260, -3.545, 2.238, 1.645, 1.652, -1.401, 0.087, -1.761, -1.341, 1.577, 3.784,
    3.373, 3.288, -0.999, -4.452, -3.490, -1.838, -2.891, 1.030, 0.695, 0.037, 0.911, 5.474, -17.707,
];

/// What a row can be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LogProbabilities {
    pub(super) preamble: f32,
    pub(super) header: f32,
    pub(super) body: f32,
}

/// The logarithm of the probability of each class.
pub(super) fn judge(features: &[f32; N_FEATURES]) -> LogProbabilities {
    let dot = |weights: &[f32; N_FEATURES]| weights.iter().zip(features).map(|(w, f)| w * f).sum::<f32>();
    let (preamble, header) = (dot(&PREAMBLE), dot(&HEADER));
    let largest = preamble.max(header).max(0.0);
    let sum = (preamble - largest).exp() + (header - largest).exp() + (-largest).exp();
    let norm = largest + sum.ln();
    LogProbabilities { preamble: preamble - norm, header: header - norm, body: -norm }
}
