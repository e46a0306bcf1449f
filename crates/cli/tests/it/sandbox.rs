//! A folder with files to try commands on, and the snapshot of what a command did.

use std::path::{Path, PathBuf};

use csvp_testkit::{Csvp, Ran, snapshot_filters};

/// The program under test.
pub(crate) fn csvp() -> Csvp {
    Csvp::at(env!("CARGO_BIN_EXE_csvp"))
}

/// A temporary folder; it goes away with the value.
pub(crate) struct Sandbox {
    folder: tempfile::TempDir,
}

/// Four good records.
pub(crate) const CLEAN: &str = "id,name,price,day\n1,tea,2.50,2024-01-31\n2,coffee,3.75,2024-02-01\n\
                                3,milk,1.20,2024-02-02\n4,sugar,0.95,2024-02-03\n";

/// A record with a field less, a stray quote, a quote that never closes, a record with a field more.
pub(crate) const BROKEN: &str = "id,name,city\n1,\"Smith, John\",Leeds\n2,Jones\n3,\"Brown\",Bath\n\
                                 4,5\" pipe,Hull\n5,\"White,Kent\n6,\"Green\",York,extra\n7,\"Black\",Ely\n\
                                 8,\"multi\nline\",Rye\n9,\"Grey\",Deal,\n";

/// A contract that `CLEAN` keeps.
pub(crate) const SCHEMA: &str = r#"{"fields": [
  {"name": "id", "type": "integer", "constraints": {"required": true, "unique": true}},
  {"name": "name", "type": "string", "constraints": {"minLength": 3}},
  {"name": "price", "type": "number", "constraints": {"maximum": 3}},
  {"name": "day", "type": "date"}
], "primaryKey": "id"}"#;

impl Sandbox {
    /// A folder with the usual files and these.
    pub(crate) fn new(files: &[(&str, &[u8])]) -> Self {
        let sandbox = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        let schema = SCHEMA.replace("\"maximum\": 3}", "\"maximum\": 30}");
        let usual: [(&str, &[u8]); 4] = [
            ("clean.csv", CLEAN.as_bytes()),
            ("broken.csv", BROKEN.as_bytes()),
            ("schema.json", schema.as_bytes()),
            ("strict.json", SCHEMA.as_bytes()),
        ];
        for (name, bytes) in usual.iter().chain(files) {
            std::fs::write(sandbox.path(name), bytes).expect("a file in the temporary folder");
        }
        sandbox
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs `csvp` in the folder; arguments are separated by blanks.
    pub(crate) fn run(&self, line: &str) -> Ran {
        csvp().in_folder(self.folder()).run(line.split_whitespace())
    }

    /// The same with something on standard input.
    pub(crate) fn run_with(&self, line: &str, input: &[u8]) -> Ran {
        csvp().in_folder(self.folder()).run_with(line.split_whitespace(), input)
    }

    /// Runs and compares with the snapshot of this name.
    #[track_caller]
    pub(crate) fn snapshot(&self, name: &str, line: &str) -> Ran {
        let ran = self.run(line);
        self.assert(name, line, &ran);
        ran
    }

    /// Compares with the snapshot of this name.
    #[track_caller]
    pub(crate) fn assert(&self, name: &str, line: &str, ran: &Ran) {
        let mut settings = insta::Settings::clone_current();
        for (pattern, with) in snapshot_filters(self.folder()) {
            settings.add_filter(&pattern, with);
        }
        settings.set_description(format!("csvp {line}"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, ran.snapshot()));
        assert!(!ran.stdout.contains(&0x1b) && !ran.stderr.contains(&0x1b), "colours in a pipe: csvp {line}");
        assert!(!ran.stderr().contains("panicked"), "a panic: csvp {line}");
    }
}
