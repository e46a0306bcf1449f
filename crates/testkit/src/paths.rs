//! Where tests find things.

use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).map(Path::to_path_buf).unwrap_or_else(|| here.to_path_buf())
}

/// A folder of the public test suites that are kept beside the repository, since the licences of some forbid to pass
/// them on.
///
/// # Panics
/// It is not there: a test without its data has not passed.
pub fn dev_data(set: &str) -> PathBuf {
    let folder = repository().join("../shared/data/dev").join(set);
    assert!(folder.is_dir(), "expected the test data in {}", folder.display());
    folder
}

/// Looks at each file of a set of the public test suites.
///
/// # Panics
/// `check` has found faults; all of them are told.
pub fn check_dev_data(set: &str, check: impl Fn(&Path) -> Vec<String>) {
    let mut faults = Vec::new();
    for file in files_under(&dev_data(set)) {
        faults.extend(check(&file).into_iter().map(|fault| format!("{}: {fault}", file.display())));
    }
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

/// Makes one test for each set of the public test suites, which looks at its files with the function that is named.
#[macro_export]
macro_rules! dev_data_tests {
    ($check:ident) => {
        $crate::dev_data_tests! { @sets $check
            commons_csv "commons-csv"
            csv_spectrum "csv-spectrum"
            csv_test_data "csv-test-data"
            csvlint "csvlint"
            dialect "dialect"
            lineclass "lineclass"
            messytables_horror "messytables-horror"
            papaparse "papaparse"
            pollock "pollock"
            suragh "suragh"
            taharat "taharat"
        }
    };
    (@sets $check:ident $($name:ident $set:literal)*) => {$(
        #[test]
        fn $name() {
            $crate::check_dev_data($set, $check);
        }
    )*};
}

/// All files under a folder, in the order of their names.
///
/// # Panics
/// A folder cannot be read.
pub fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let entries =
        std::fs::read_dir(folder).unwrap_or_else(|error| panic!("cannot list {}: {error}", folder.display()));
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_under(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}
