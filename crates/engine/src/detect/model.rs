//! A linear model of the rows at the start of a file: preamble, header or body?
//!
//! The weights were fitted (multinomial logistic regression) to rows of about 1,400 public tables whose lines are
//! labelled: spreadsheet exports with titles and several header rows, and plain delimited files with and without a
//! header. Class "body" is the reference; a weight above 0 speaks for the class. The order is that of
//! [`features`](super::features::features).

use super::features::N_FEATURES;

const PREAMBLE: [f32; N_FEATURES] = [
    -4.168, -0.699, -4.219, -0.155, 2.057, -3.953, -1.174, 2.671, -4.877, 1.516, 0.477, -1.973, 6.833,
    -1.794, -0.473, 0.701, -1.921, -0.094, -0.811, -1.307, -2.001, 1.544, -0.261, 3.982, -1.225, 0.165,
    -0.155, -0.538, -0.673, -0.720, -0.290, -5.574, -0.934, -7.810, 0.434, 0.009, 0.884, -0.432, 2.856,
    -0.163, 0.628, 0.504, 0.927, -1.387, -2.284, -0.698, 0.517, -8.228, 0.592, 0.927, 0.993, 1.992,
    1.331, -14.241,
];

const HEADER: [f32; N_FEATURES] = [
    0.690, -0.312, -3.545, 0.328, 1.067, -0.894, 0.143, 1.937, -2.423, -0.658, -0.558, -0.362, 0.430,
    -1.908, 1.050, 0.349, 0.017, -0.772, 0.198, -1.485, -1.950, 0.719, 0.890, 3.333, -1.879, -0.090,
    0.328, -5.406, -1.666, 0.506, -1.362, -3.429, 2.219, 0.619, 1.402, -1.319, 0.168, -1.606, -1.036,
    1.576, 3.751, 3.083, 3.316, -0.885, -4.120, -3.080, -1.624, -3.186, 0.988, 0.720, 0.059, 0.955,
    5.623, -17.425,
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
