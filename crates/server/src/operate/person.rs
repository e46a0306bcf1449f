//! `csvp person`: what is stored about a person.
//!
//! Nobody signs in yet, so a person is a text that names one: an e-mail address, a customer number. Every stored original
//! is read as the records that it was read as before, and every cell is looked at, of records that were rejected or
//! skipped too; upper and lower case are the same. What cannot be read as records is named, so that nobody takes silence
//! for an answer.

mod search;

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use csvp_store::{Hold, ListUploads, UploadRecord};
use serde::Serialize;
use uuid::Uuid;

use self::search::{Found, Search};
use super::{OperateError, Operator};
use crate::api::Timestamp;

/// Uploads read from the database at once.
const PAGE: u64 = 200;
/// Shortest text that is searched for, in characters: less would name everybody.
const MIN_TEXT: usize = 3;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PersonReport {
    /// What was searched for.
    pub contains: String,
    /// When.
    pub made_at: Timestamp,
    /// Uploads that were searched, or could not be.
    pub searched: u64,
    /// Records that name the person.
    pub records: u64,
    /// Uploads that name the person.
    pub uploads: Vec<PersonUpload>,
    /// Uploads that could not be searched, and why.
    pub unread: Vec<Unread>,
}

/// An upload that names the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PersonUpload {
    /// The upload.
    pub upload: Uuid,
    /// Its file name.
    pub name: String,
    /// When it came.
    pub created_at: Timestamp,
    /// Records that name the person.
    pub records: u64,
    /// Whether its file name does.
    pub in_name: bool,
    /// The matters that hold it; while there is one it cannot be erased.
    pub holds: Vec<String>,
    /// The file of the export with its records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// An upload that could not be searched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// The upload.
    pub upload: Uuid,
    /// Its file name.
    pub name: String,
    /// Why.
    pub why: String,
}

impl Operator {
    /// Uploads that name a person. Changes nothing; the audit log says that someone looked, not for whom.
    ///
    /// # Errors
    /// The text is too short, or database or objects do not answer.
    pub async fn find_person(&self, contains: &str) -> Result<PersonReport, OperateError> {
        check_text(contains)?;
        let report = self.search(contains, None).await?;
        self.audit_person("person.find", "done").await?;
        Ok(report)
    }

    /// Writes every record that names a person into a new folder: a file for each upload, one JSON object a line with its
    /// place, and `manifest.json`. The audit log has it before any of them is written: an export that breaks off leaves
    /// records too.
    ///
    /// # Errors
    /// As [`Operator::find_person`]; the folder is there already, or cannot be written.
    pub async fn export_person(&self, contains: &str, folder: &Path) -> Result<PersonReport, OperateError> {
        let failed = |source| OperateError::File { path: folder.display().to_string(), source };
        if folder.exists() {
            return Err(OperateError::refused(
                format!("expected a folder that is not there yet, found `{}`", folder.display()),
                "name another one with `--output`",
            ));
        }
        check_text(contains)?;
        self.audit_person("person.export", "begun").await?;
        csvp_store::make_dirs(folder).map_err(failed)?;
        let report = self.search(contains, Some(folder)).await?;
        let path = folder.join("manifest.json");
        let failed = |source| OperateError::File { path: path.display().to_string(), source };
        let file = create_private(&path).map_err(failed)?;
        let mut out = BufWriter::new(file);
        serde_json::to_writer_pretty(&mut out, &report).map_err(|error| failed(error.into()))?;
        out.write_all(b"\n").and_then(|()| out.flush()).map_err(failed)?;
        Ok(report)
    }

    async fn search(&self, contains: &str, folder: Option<&Path>) -> Result<PersonReport, OperateError> {
        let wanted = contains.trim().to_lowercase();
        let mut report = PersonReport {
            contains: contains.trim().to_owned(),
            made_at: Timestamp(self.meta().now().await?),
            searched: 0,
            records: 0,
            uploads: Vec::new(),
            unread: Vec::new(),
        };
        let mut list = ListUploads { limit: PAGE, ..ListUploads::default() };
        loop {
            let page = self.meta().list_uploads(self.tenant(), &list).await?;
            for record in &page.items {
                self.search_upload(record, &wanted, folder, &mut report).await?;
            }
            list.before = page.next;
            if list.before.is_none() {
                return Ok(report);
            }
        }
    }

    async fn search_upload(
        &self,
        record: &UploadRecord,
        wanted: &str,
        folder: Option<&Path>,
        report: &mut PersonReport,
    ) -> Result<(), OperateError> {
        report.searched += 1;
        let upload = &record.upload;
        let (id, name) = (upload.id.as_uuid(), upload.name.clone());
        let in_name = name.to_lowercase().contains(wanted);
        let file = folder.map(|folder| folder.join(format!("{id}.ndjson")));
        let search = Search { wanted: wanted.to_owned(), file: file.clone() };
        let records = match search.run(self, record).await? {
            Found::Records(records) => records,
            Found::Missing if self.meta().was_deleted(self.tenant(), upload.id).await? => {
                // Since its row was read.
                report.searched -= 1;
                return Ok(());
            }
            Found::Missing => {
                let why = "its original is not there; `csvp fsck` says more".to_owned();
                report.unread.push(Unread { upload: id, name: name.clone(), why });
                0
            }
            Found::Unread(why) => {
                report.unread.push(Unread { upload: id, name: name.clone(), why });
                0
            }
        };
        if records == 0 && !in_name {
            return Ok(());
        }
        report.records += records;
        report.uploads.push(PersonUpload {
            upload: id,
            name,
            created_at: Timestamp(upload.created_at),
            records,
            in_name,
            holds: record.holds.iter().map(|hold: &Hold| hold.name.clone()).collect(),
            file: file.filter(|_| records > 0).map(|_| format!("{id}.ndjson")),
        });
        Ok(())
    }

    async fn audit_person(&self, action: &str, result: &str) -> Result<(), OperateError> {
        Ok(self.meta().audit_tenant(self.tenant(), action, result, &self.origin()).await?)
    }
}

fn check_text(contains: &str) -> Result<(), OperateError> {
    if contains.trim().chars().count() >= MIN_TEXT {
        return Ok(());
    }
    Err(OperateError::refused(
        format!("expected at least {MIN_TEXT} characters to search for, found `{contains}`"),
        "name the person by an e-mail address or a number",
    ))
}

/// A new file that its owner alone may read: it holds what is known about a person.
fn create_private(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    File::options().write(true).create_new(true).mode(0o600).open(path)
}
