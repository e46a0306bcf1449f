//! libFuzzer around the fuzz targets of `csvp-fuzz`; `FUZZ_TARGET` says which. See `tools/fuzz.sh`.
#![no_main]

use std::sync::OnceLock;

use csvp_fuzz::{TARGETS, Target};
use libfuzzer_sys::fuzz_target;

fn target() -> &'static Target {
    static CHOSEN: OnceLock<&Target> = OnceLock::new();
    CHOSEN.get_or_init(|| {
        let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        TARGETS
            .iter()
            .find(|target| target.name == name)
            .unwrap_or_else(|| panic!("expected one of {names:?} in FUZZ_TARGET, found `{name}`"))
    })
}

fuzz_target!(|input: &[u8]| (target().run)(input));
