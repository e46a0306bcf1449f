//! Writes made-up valid files, each with the table that it holds as JSON beside it, for readers that are no Rust crates:
//! `cargo run -p csvp-testkit --example generate FOLDER COUNT` (see `tools/differential.sh`).

use csvp_testkit::generate::Generated;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let folder = std::path::PathBuf::from(args.next().ok_or("expected a folder")?);
    let count: u64 = args.next().ok_or("expected a count")?.parse()?;
    std::fs::create_dir_all(&folder)?;
    for seed in 0..count {
        let Generated { rows, bytes, delimiter } = Generated::new(seed);
        std::fs::write(folder.join(format!("{seed:06}.csv")), bytes)?;
        let table = serde_json::json!({ "delimiter": delimiter, "rows": rows });
        std::fs::write(folder.join(format!("{seed:06}.json")), table.to_string())?;
    }
    Ok(())
}
