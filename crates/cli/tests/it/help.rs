//! Help texts, version, completions.

use crate::sandbox::Sandbox;

#[test]
fn help_of_every_verb() {
    let sandbox = Sandbox::new(&[]);
    // The small tool has no `serve` and no `migrate`, so its list of verbs is another.
    sandbox.snapshot(if cfg!(feature = "serve") { "help" } else { "help_small_tool" }, "--help");
    for (name, line) in [
        ("help_check", "check --help"),
        ("help_count", "count --help"),
        ("help_parse", "parse --help"),
        ("help_detect", "detect --help"),
        ("help_convert", "convert --help"),
        ("help_profile", "profile --help"),
        ("help_schema", "schema --help"),
        ("help_schema_infer", "schema infer --help"),
        ("help_schema_check", "schema check --help"),
        ("help_completions", "completions --help"),
        ("version", "--version"),
    ] {
        assert_eq!(sandbox.snapshot(name, line).code, Some(0), "csvp {line}");
    }
}

#[cfg(feature = "serve")]
#[test]
fn help_of_the_service() {
    let sandbox = Sandbox::new(&[]);
    for (name, line) in [
        ("help_serve", "serve --help"),
        ("help_migrate", "migrate --help"),
        ("help_fsck", "fsck --help"),
        ("help_retention", "retention --help"),
        ("help_retention_set", "retention set --help"),
        ("help_retention_run", "retention run --help"),
        ("help_retention_bucket_rules", "retention bucket-rules --help"),
        ("help_hold", "hold --help"),
        ("help_hold_set", "hold set --help"),
        ("help_erase", "erase --help"),
        ("help_person", "person --help"),
        ("help_person_export", "person export --help"),
        ("help_worker", "worker --help"),
        ("help_jobs", "jobs --help"),
        ("help_jobs_list", "jobs list --help"),
        ("help_jobs_retry", "jobs retry --help"),
        ("help_backup", "backup --help"),
        ("help_backup_list", "backup list --help"),
        ("help_backup_verify", "backup verify --help"),
        ("help_backup_prune", "backup prune --help"),
        ("help_restore", "restore --help"),
        ("help_dr_drill", "dr drill --help"),
    ] {
        assert_eq!(sandbox.snapshot(name, line).code, Some(0), "csvp {line}");
    }
}

#[test]
fn no_verb_shows_the_help_and_exits_2() {
    let ran = Sandbox::new(&[]).run("");
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr().contains("Usage: csvp"), "{}", ran.stderr());
}

#[test]
fn completions_know_every_verb() {
    let sandbox = Sandbox::new(&[]);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = sandbox.run(&format!("completions {shell}"));
        assert_eq!((ran.code, ran.stderr()), (Some(0), String::new()), "{shell}");
        for verb in ["check", "count", "parse", "detect", "convert", "profile", "schema", "completions"] {
            assert!(ran.stdout().contains(verb), "{shell} does not know {verb}");
        }
    }
}
