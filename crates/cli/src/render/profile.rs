//! Statistics of all columns for people.

use std::io::Write;

use csvp_report::{ColumnReport, Profile, Report};

use super::text::{count, grouped, size};

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const MOST_TOP: usize = 5;

/// Prints one paragraph per column.
pub(crate) fn print(out: &mut impl Write, report: &Report, name: &str) -> anyhow::Result<()> {
    writeln!(
        out,
        "{name}: {}, {}, {}",
        size(report.file.size_bytes),
        count(report.counts.data_records(), "record"),
        count(report.columns.len() as u64, "column"),
    )?;
    for column in &report.columns {
        writeln!(out, "\n{}. {}: {}", column.number, column.name, column.column_type)?;
        if let Some(profile) = &column.profile {
            print_column(out, column, profile)?;
        }
    }
    Ok(())
}

fn print_column(out: &mut impl Write, column: &ColumnReport, profile: &Profile) -> anyhow::Result<()> {
    let about =
        profile.distinct_error.map(|error| format!(" (± {:.1} %)", error * 100.0)).unwrap_or_default();
    let exceptions = match column.exceptions {
        0 => String::new(),
        n => format!(", {} not of the type", grouped(n)),
    };
    writeln!(
        out,
        "   {} values, {} nulls, {} distinct{about}{exceptions}",
        grouped(profile.values),
        grouped(profile.nulls),
        grouped(profile.distinct),
    )?;
    if let (Some(min), Some(max)) = (&profile.min, &profile.max) {
        writeln!(out, "   from {} to {}", short(min), short(max))?;
    }
    if let (Some(mean), Some(deviation)) = (profile.mean, profile.standard_deviation) {
        writeln!(out, "   mean {mean:.6}, standard deviation {deviation:.6}")?;
    }
    if let Some(quantiles) = &profile.quantiles {
        let values = [quantiles.p05, quantiles.p25, quantiles.p50, quantiles.p75, quantiles.p95];
        let values: Vec<String> = values.iter().map(|value| format!("{value:.6}")).collect();
        writeln!(
            out,
            "   5 25 50 75 95 %: {} (± {:.0} %)",
            values.join("  "),
            quantiles.relative_error * 100.0
        )?;
    }
    if !profile.histogram.is_empty() {
        writeln!(out, "   {}", bars(&profile.histogram.iter().map(|bin| bin.count).collect::<Vec<_>>()))?;
    }
    if let (Some(min), Some(max), Some(mean)) = (profile.min_length, profile.max_length, profile.mean_length)
    {
        writeln!(out, "   length {min} to {max}, mean {mean:.1}")?;
    }
    let top: Vec<String> = profile
        .top
        .iter()
        .filter(|value| value.count > 1)
        .take(MOST_TOP)
        .map(|value| format!("{} ({})", short(&value.value), grouped(value.count)))
        .collect();
    if !top.is_empty() {
        writeln!(out, "   most frequent: {}", top.join(", "))?;
    }
    if let Some(order) = &profile.sorted {
        writeln!(out, "   {order}")?;
    }
    for hint in &profile.pii {
        writeln!(out, "   looks like {}: {} values", hint.kind, grouped(hint.values))?;
    }
    Ok(())
}

fn bars(counts: &[u64]) -> String {
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let bar =
        |count: u64| if count == 0 { ' ' } else { BARS[((count * 8).div_ceil(most) - 1).min(7) as usize] };
    counts.iter().map(|&count| bar(count)).collect()
}

fn short(text: &str) -> String {
    let text = text.escape_debug().to_string().replace("\\\"", "\"").replace("\\'", "'");
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}
